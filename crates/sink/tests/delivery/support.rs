//! Alerts, a receiver on loopback, and waiting.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use seawall_model::{Action, Alert, AlertContext, Container, ContainerEngine, FieldValue, Pod, Priority};
use seawall_sink::{ChannelReport, SinkSettings, Sinks};

/// What takes a moment is waited for so long: other work may have the machine for a while.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// A plain alert; `number` is in its sentence.
pub(crate) fn alert(number: usize) -> Alert {
    Alert {
        time: format!("2026-11-24T11:27:00.{:09}Z", number % 1_000_000_000),
        rule: "Terminal shell in container".to_owned(),
        priority: Priority::Notice,
        source: "syscall".to_owned(),
        hostname: "node-1".to_owned(),
        tags: vec!["container".to_owned(), "mitre_privilege_escalation".to_owned(), "T1059.004".to_owned()],
        output: format!("shell number {number}"),
        output_fields: BTreeMap::from([
            ("proc.name".to_owned(), FieldValue::Text("bash".to_owned())),
            ("proc.pid".to_owned(), FieldValue::Signed(number as i64)),
            ("proc.aname[2]".to_owned(), FieldValue::Null),
            ("user.uid".to_owned(), FieldValue::Unsigned(u64::from(u32::MAX))),
            ("proc.is_exe_upper_layer".to_owned(), FieldValue::Boolean(true)),
        ]),
        seawall: AlertContext {
            tier: "cgroup-bpf".to_owned(),
            action: Action::Killed,
            container: Some(Container {
                id: "f".repeat(64),
                name: Some("web".to_owned()),
                engine: ContainerEngine::Docker,
                image: Some("nginx:1.27".to_owned()),
                image_tag: Some("1.27".to_owned()),
                image_digest: Some(format!("sha256:{}", "a".repeat(64))),
                pod: Some(Pod {
                    name: "web-0".to_owned(),
                    namespace: "shop".to_owned(),
                    uid: "6ba7b810-9dad-11d1-80b4-00c04fd430c8".to_owned(),
                    ..Pod::default()
                }),
                ..Container::default()
            }),
            lexical_path: Some("./bash".to_owned()),
            resolved_path: Some("/bin/bash".to_owned()),
            count: 1,
            first_time: None,
        },
    }
}

/// An alert that tries to leave every syntax.
pub(crate) fn hostile() -> Alert {
    let nasty = "a]b\"c\\d=e|f\ng\r\x1b[31m\u{202e}h\u{0}\u{2028},é\u{1f980}";
    let mut alert = alert(7);
    alert.rule = format!("rule {nasty}");
    alert.hostname = format!("host {nasty}");
    alert.output = format!("sentence {nasty}");
    alert.tags.push(nasty.to_owned());
    alert.output_fields.insert(format!("fd.{nasty}"), FieldValue::Text(nasty.to_owned()));
    alert.seawall.container.as_mut().unwrap().name = Some(nasty.to_owned());
    alert.seawall.container.as_mut().unwrap().pod.as_mut().unwrap().uid = nasty.to_owned();
    alert
}

pub(crate) fn open(specs: &[&str], settings: SinkSettings) -> Sinks {
    let specs: Vec<_> = specs.iter().map(|s| s.parse().unwrap_or_else(|e| panic!("{s}: {e}"))).collect();
    Sinks::open(&specs, settings).unwrap()
}

/// Every alert is accounted for.
#[track_caller]
pub(crate) fn assert_adds_up(report: &ChannelReport, sent: usize) {
    let sum = report.delivered + report.dropped_total() + report.queued + report.queued_on_disk;
    assert_eq!(sum, sent as u64, "{report:?}");
}

/// Waits until it is true.
#[track_caller]
pub(crate) fn until(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < LONG, "still not: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An address on loopback where nobody listens until the test does. Its host is not 127.0.0.1, whose ports the connections
/// and listeners of other tests take.
pub(crate) fn nobody() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., low] = std::process::id().to_be_bytes();
    let host = Ipv4Addr::new(127, 66, NEXT.fetch_add(1, Relaxed), low.max(1));
    TcpListener::bind((host, 0)).unwrap().local_addr().unwrap()
}

/// The example of this crate, which `cargo test` builds beside the tests.
pub(crate) fn deliver() -> Command {
    let test = std::env::current_exe().unwrap();
    let program: PathBuf = test.parent().unwrap().parent().unwrap().join("examples/deliver");
    assert!(program.exists(), "{} is built by cargo test", program.display());
    Command::new(program)
}

/// Whether a test may go on; says so where it may not.
pub(crate) fn have(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success();
    if !found {
        eprintln!("SKIPPED: {program} is absent (tests/packages.txt)");
    }
    found
}

pub(crate) fn is_root() -> bool {
    let root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    if !root {
        eprintln!("SKIPPED: this test needs root to mount a small disk");
    }
    root
}

/// A request that the receiver saw.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
    /// It was answered with a status from 200 to 299.
    pub(crate) is_taken: bool,
}

/// A receiver: answers each request with what the function says of it, and keeps it.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Receiver {
    pub(crate) fn start(answer: impl Fn(usize, &Seen) -> String + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), answer)
    }

    pub(crate) fn on(address: SocketAddr, answer: impl Fn(usize, &Seen) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let receiver = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, answer) = (Arc::clone(&receiver.seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let mut stream = stream;
                    while let Some(mut request) = read_request(&mut reader) {
                        let number = seen.lock().unwrap().len();
                        let status = answer(number, &request);
                        request.is_taken = status.starts_with("HTTP/1.1 2");
                        seen.lock().unwrap().push(request);
                        if stream.write_all(status.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        receiver
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The numbers of the alerts that it took, as often as it took them.
    pub(crate) fn taken(&self) -> Vec<usize> {
        self.seen().iter().filter(|s| s.is_taken).flat_map(|s| numbers(&s.body)).collect()
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Seen> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line.to_ascii_lowercase());
    }
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { head, body: String::from_utf8(body).unwrap(), is_taken: false })
}

pub(crate) fn status(line: &str) -> String {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n")
}

/// The numbers of the alerts in JSON lines.
pub(crate) fn numbers(text: &str) -> Vec<usize> {
    let number = |line: &str| {
        let alert: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
        let output = alert["output"].as_str().unwrap();
        output.rsplit_once("shell number ").map(|(_, number)| number.parse().unwrap())
    };
    text.lines().filter_map(number).collect()
}
