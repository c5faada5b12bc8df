//! Observations as JSON for people: only what matters is written, everything else is as in an ordinary process.
//!
//! `{"kind": "openat", "result": 3, "file": {"name": "/etc/shadow"}, "process": {"name": "cat"},
//!   "ancestors": [{"name": "bash"}], "container": {"id": "…"}}`. `process`, `file`, `socket` and `container` have the
//! fields of the model; `ancestors` are nearest first; `arguments` are numbers, texts, `{"flags": 1}` or
//! `{"absolute": "/x", "given": "x"}`.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use seawall_model::{
    Argument, ArgumentValue, Container, Descriptor, Event, EventKind, File, Lineage, Observation, Process, ProcessKey,
    Socket,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub(crate) struct Observed {
    pub(crate) event: Event,
    table: HashMap<ProcessKey, Process>,
}

impl Lineage for Observed {
    fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.table.get(&key)
    }
}

impl Observed {
    pub(crate) fn observation(&self) -> Observation<'_> {
        Observation { event: &self.event, process: &self.table[&ProcessKey(1)], lineage: self }
    }

    pub(crate) fn read(json: &Value) -> Self {
        let known = [
            "note",
            "kind",
            "result",
            "number",
            "time",
            "file",
            "socket",
            "other",
            "arguments",
            "process",
            "ancestors",
            "container",
        ];
        for key in json.as_object().expect("an object").keys() {
            assert!(known.contains(&key.as_str()), "unknown key {key}");
        }
        let container: Option<Arc<Container>> = json.get("container").map(|c| Arc::new(over(&Container::default(), c)));
        let mut table = HashMap::new();
        let ancestors = json.get("ancestors").and_then(Value::as_array).cloned().unwrap_or_default();
        let chain = std::iter::once(json.get("process").cloned().unwrap_or_else(|| json!({}))).chain(ancestors.clone());
        for (index, one) in chain.enumerate() {
            let key = index as u64 + 1;
            let mut process = process(&one, key);
            process.parent = (index < ancestors.len()).then_some(ProcessKey(key + 1));
            process.container = container.clone();
            table.insert(process.key, process);
        }
        let kind = json["kind"].as_str().and_then(EventKind::from_name).expect("a kind");
        let result = json.get("result").and_then(Value::as_i64).unwrap_or(0);
        let event = Event {
            number: json.get("number").and_then(Value::as_u64).unwrap_or(1),
            time: json.get("time").and_then(Value::as_u64).unwrap_or(1_795_519_620_123_456_789),
            cpu: 0,
            kind,
            result,
            thread: 101,
            virtual_thread: 101,
            process: ProcessKey(1),
            arguments: json.get("arguments").and_then(Value::as_object).map(arguments).unwrap_or_default(),
            descriptor: descriptor(json, result),
        };
        Self { event, table }
    }
}

/// A value of the model with some of its fields given.
fn over<T: Serialize + DeserializeOwned>(base: &T, given: &Value) -> T {
    let mut all = serde_json::to_value(base).expect("serialisable");
    let fields = all.as_object_mut().expect("an object");
    for (key, value) in given.as_object().expect("an object") {
        assert!(fields.contains_key(key), "no field {key}");
        fields.insert(key.clone(), value.clone());
    }
    serde_json::from_value(all).expect("fields of the model")
}

fn process(given: &Value, key: u64) -> Process {
    let pid = 100 + key as u32;
    let mut base = Process {
        key: ProcessKey(key),
        pid,
        ppid: pid + 1,
        virtual_pid: pid,
        group: pid,
        session: pid,
        ..Process::default()
    };
    base.virtual_group = pid;
    base.login_uid = u32::MAX;
    let mut process: Process = over(&base, given);
    if process.command_line.is_empty() {
        let line = [&process.name[..], &process.arguments[..]].join(&b" "[..]);
        process.command_line = line.strip_suffix(b" ").unwrap_or(&line).into();
    }
    process
}

fn descriptor(json: &Value, result: i64) -> Option<Descriptor> {
    if let Some(file) = json.get("file") {
        let mut file: File = over(&File { number: if result < 0 { -1 } else { result }, ..File::default() }, file);
        if file.given.is_empty() {
            file.given = file.name.clone();
        }
        return Some(Descriptor::File(file));
    }
    if let Some(socket) = json.get("socket") {
        let mut given = socket.as_object().expect("an object").clone();
        let mut end = |key: &str| {
            let text = given.remove(key)?;
            let end: SocketAddr = text.as_str().and_then(|t| t.parse().ok()).expect("address:port");
            Some((end.ip(), end.port()))
        };
        let (local, remote) = (end("local"), end("remote"));
        let base = Socket { number: 3, family: 2, kind: 1, protocol: 6, ..Socket::default() };
        let socket = over(&base, &Value::Object(given));
        return Some(Descriptor::Socket(Socket { local, remote, ..socket }));
    }
    json.get("other").map(|name| Descriptor::Other { number: 3, name: name.as_str().expect("a name").into() })
}

fn arguments(given: &Map<String, Value>) -> Vec<(Argument, ArgumentValue)> {
    let value = |value: &Value| match value {
        Value::Number(number) => ArgumentValue::Number(number.as_i64().expect("a number")),
        Value::String(text) => ArgumentValue::Text(text.as_str().into()),
        Value::Object(fields) => match fields.get("flags").and_then(Value::as_u64) {
            Some(bits) => ArgumentValue::Flags(bits),
            None => {
                let text = |key: &str| fields[key].as_str().expect("a path").into();
                ArgumentValue::Path { absolute: text("absolute"), given: text("given") }
            }
        },
        other => panic!("no argument: {other}"),
    };
    given
        .iter()
        .map(|(name, v)| (Argument::from_name(name).unwrap_or_else(|| panic!("no argument {name}")), value(v)))
        .collect()
}
