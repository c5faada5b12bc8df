//! What the guard stops in real containers, with the agent running, killed and gone. The table that comes of it is
//! docs/reference/guard-enforcement.md. Needs root, a kernel that lets programs watch, and dockerd; a machine without says
//! so loudly.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

mod network;
#[path = "../attacks/root.rs"]
mod root;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seawall_decide::Bundle;
use seawall_io::LocalAddress;
use seawall_model::{Action, Alert, ContainerEngine};
use seawall_rules::{Options, RuleSet, SHIPPED};
use seawall_sensor::{
    DirectorySettings, Enforcer, EngineSocket, Guard, Node, SensorOptions, pin_folder, supplied_kinds,
};
use seawall_testkit::Dockerd;
use serde_json::json;

const POLICY: &str = "
apiVersion: seawall/v1
name: test
runtime:
  - id: builders-may
    containers: { labels: ['role=builder'] }
    mode: observe
    deny: [dropped-programs]
  - id: only-told
    containers: { labels: ['role=trial'] }
    mode: dry-run
    deny: [dropped-programs, memory-programs]
  - id: no-drift
    mode: enforce
    deny: [dropped-programs, memory-programs, volume-programs]
";

/// What is tried: a name for the table, a script that prints RAN where the foreign program ran, and whether it is stopped.
const ATTACKS: &[(&str, &str, bool)] = &[
    ("a program is dropped and run", "cp /bin/true /tmp/x; /tmp/x && echo RAN", true),
    (
        "a program of the image is replaced by other content",
        "cp /bin/true /tmp/x; cat /tmp/x > /bin/ls; /bin/ls && echo RAN",
        true,
    ),
    (
        "a file is renamed over a program of the image",
        "cp /bin/true /tmp/x; mv /tmp/x /bin/ls; /bin/ls && echo RAN",
        true,
    ),
    ("a program is run from a volume in memory (tmpfs)", "cp /bin/true /volume/x; /volume/x && echo RAN", true),
    (
        "a program is run from memory (memfd_create)",
        "python3 -c 'import os; f=os.memfd_create(\"x\"); os.write(f, open(\"/bin/true\",\"rb\").read()); os.execve(\"/proc/self/fd/%d\" % f, [\"x\"], {})' && echo RAN",
        true,
    ),
    (
        "it is tried again at once, 200 times",
        "cp /bin/true /tmp/x; i=0; while [ $i -lt 200 ]; do /tmp/x 2>/dev/null && echo RAN; i=$((i+1)); done",
        true,
    ),
    (
        "a dropped script is run by its first line",
        "printf '#!/bin/sh\\necho RAN\\n' > /tmp/s; chmod 755 /tmp/s; /tmp/s",
        false,
    ),
    ("the loader runs a dropped program", "cp /bin/true /tmp/x; /lib64/ld-linux-x86-64.so.2 /tmp/x && echo RAN", false),
    (
        "a dropped library is preloaded",
        "cp /lib/x86_64-linux-gnu/libc.so.6 /tmp/l.so; LD_PRELOAD=/tmp/l.so /bin/true && echo RAN",
        false,
    ),
];

fn options(engine: &Dockerd) -> SensorOptions {
    let address = LocalAddress::Unix(engine.socket());
    SensorOptions {
        kernel: Default::default(),
        kinds: supplied_kinds().into_iter().collect(),
        directory: DirectorySettings {
            engines: vec![EngineSocket { engine: ContainerEngine::Docker, address }],
            docker_folder: engine.data(),
            ..DirectorySettings::below("/")
        },
        containers_only: false,
        identity_wait: Duration::from_millis(500),
    }
}

fn node(engine: &Dockerd, pins: &Path) -> Node {
    let rules = RuleSet::load(SHIPPED, &Options { all_match: true, ..Options::default() }).expect("rules");
    let policy = Bundle::load("policy.yaml", POLICY).expect("a policy");
    Node::start(options(engine), Guard::new(rules, "node", "exec-kill"), Some(policy), pins).expect("started")
}

/// Runs a script in a container; what it printed, and its name.
fn run(engine: &Dockerd, name: &str, role: &str, script: &str) -> String {
    let document = json!({
        "Image": "team/attacked:1", "Cmd": ["/bin/sh", "-c", script], "Labels": {"role": role},
        "HostConfig": {"NetworkMode": "none", "Tmpfs": {"/volume": "exec"}},
    });
    let (status, answer) = engine.ask("POST", &format!("/containers/create?name={name}"), &document);
    assert_eq!(status, 201, "{answer}");
    for (path, expected) in [(format!("/containers/{name}/start"), 204), (format!("/containers/{name}/wait"), 200)] {
        let (status, answer) = engine.ask("POST", &path, &serde_json::Value::Null);
        assert_eq!(status, expected, "{path}: {answer}");
    }
    let log = engine.ask_bytes("GET", &format!("/containers/{name}/logs?stdout=1&stderr=1"));
    engine.ask("DELETE", &format!("/containers/{name}?force=1"), &serde_json::Value::Null);
    log
}

/// Runs scripts while the node watches; what each printed, and the alerts by container.
fn watched(
    node: &mut Node,
    engine: &Dockerd,
    scripts: &[(String, &str, &str)],
) -> (Vec<String>, BTreeMap<String, Vec<Alert>>) {
    let mut alerts: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    let logs = std::thread::scope(|scope| {
        let work = scope.spawn(|| scripts.iter().map(|(n, role, s)| run(engine, n, role, s)).collect::<Vec<_>>());
        let mut end = None;
        while end.is_none_or(|end| Instant::now() < end) {
            node.step(Duration::from_millis(20), &mut |_| {}, &mut |alert| {
                let name = alert.seawall.container.as_ref().and_then(|c| c.name.clone());
                alerts.entry(name.unwrap_or_default()).or_default().push(alert);
            })
            .expect("stepped");
            if end.is_none() && work.is_finished() {
                end = Some(Instant::now() + Duration::from_secs(1));
            }
        }
        work.join().expect("ran")
    });
    (logs, alerts)
}

fn rules(alerts: Option<&Vec<Alert>>) -> String {
    alerts.into_iter().flatten().map(|a| format!("{} {:?}; ", a.rule, a.seawall.action)).collect()
}

/// What a test puts into the kernel goes with it, also where it fails.
struct Pins(PathBuf);

impl Drop for Pins {
    fn drop(&mut self) {
        // A second failure would hide the first.
        let _ = Enforcer::remove(&self.0);
    }
}

fn did(alerts: Option<&Vec<Alert>>, action: Action) -> bool {
    alerts.is_some_and(|all| all.iter().any(|alert| alert.seawall.action == action))
}

#[test]
fn foreign_programs_are_stopped_with_the_agent_and_without() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    engine.import(&root::archive(&folder.path().join("root")), "team/attacked", "1");
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut first = node(&engine, &pins);

    let scripts: Vec<_> =
        ATTACKS.iter().enumerate().map(|(n, (_, script, _))| (format!("attack-{n}"), "web", *script)).collect();
    let (logs, alerts) = watched(&mut first, &engine, &scripts);
    let mut rows = String::new();
    for (n, ((what, _, stopped), log)) in ATTACKS.iter().zip(&logs).enumerate() {
        let alerts = alerts.get(&format!("attack-{n}"));
        let ran = log.contains("RAN");
        assert_eq!(!ran, *stopped, "{what}: {log}");
        assert_eq!(did(alerts, Action::Killed), *stopped, "{what}: {}", rules(alerts));
        // What the engine's own runtime does on the container's way up is not what was tried.
        let detected = alerts.into_iter().flatten().any(|alert| !alert.output.contains("runc"));
        let word = match (stopped, detected) {
            (true, _) => "stopped, told",
            (false, true) => "detected",
            (false, false) => "missed",
        };
        writeln!(rows, "| {what} | {word} |").expect("written");
    }

    // Who may, may; a trial only tells. Ordinary work is let be.
    let drop = "cp /bin/true /tmp/x; /tmp/x && echo RAN";
    let work = "ls / >/dev/null && cat /etc/passwd | head -1 >/dev/null && python3 -c 'print(1)' && echo RAN";
    let others = [("builder", "builder", drop), ("trial", "trial", drop), ("worker", "web", work)];
    let (logs, alerts) = watched(&mut first, &engine, &others.map(|(n, role, s)| (n.to_owned(), role, s)));
    assert!(logs.iter().all(|log| log.contains("RAN")), "{logs:?} {}", rules(alerts.get("trial")));
    assert!(did(alerts.get("trial"), Action::WouldDeny), "{}", rules(alerts.get("trial")));
    for name in ["builder", "worker"] {
        assert!(!did(alerts.get(name), Action::Killed) && !did(alerts.get(name), Action::WouldDeny), "{name}");
    }

    // The agent is gone without a word: what it put into the kernel stays.
    std::mem::forget(first);
    assert!(!run(&engine, "orphan", "web", drop).contains("RAN"));
    // The next one takes it over, and tells what it is asked to.
    let mut second = node(&engine, &pins);
    let (logs, alerts) = watched(&mut second, &engine, &[("taken-over".to_owned(), "web", drop)]);
    assert!(!logs[0].contains("RAN") && did(alerts.get("taken-over"), Action::Killed), "{logs:?}");
    // Only asked to does it go.
    assert!(Enforcer::remove(&pins).expect("removed"));
    assert!(!Enforcer::remove(&pins).expect("nothing left"));
    assert!(run(&engine, "free", "web", drop).contains("RAN"));

    keep(&rows);
}

/// The table is made by this test; it is in the repository so that it can be read.
fn keep(rows: &str) {
    let page = format!(
        "# What the guard stops\n\n<!-- Written by crates/sensor/tests/enforce with SEAWALL_BLESS=1. -->\n\n\
         Each line was tried in a real container whose policy denies dropped, memory and volume programs\n\
         (docs/reference/policy.md#runtime). *Stopped*: the program ended before its first instruction. *Detected*: an alert\n\
         was raised, and it ran.\n\n\
         | what is tried | tier `exec-kill` |\n| --- | --- |\n{rows}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-enforcement.md");
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(&path, page).expect("written");
    } else {
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), page, "bless it with SEAWALL_BLESS=1");
    }
}
