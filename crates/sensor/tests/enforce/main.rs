//! What the guard stops in real containers, with the agent running, killed and gone. The table that comes of it is
//! docs/reference/guard-enforcement.md. Needs root, a kernel that lets programs watch, and dockerd; a machine without says
//! so loudly.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

mod calls;
mod code;
mod digest;
mod entering;
mod listed;
mod network;
mod ordinary;
#[path = "../attacks/root.rs"]
mod root;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
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

/// What takes a moment is waited for so long: other work may have the machine for a while.
pub(crate) const LONG: Duration = Duration::from_secs(120);

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
    deny:
      - dropped-programs
      - memory-programs
      - volume-programs
      - dropped-libraries
      - memory-libraries
      - dropped-scripts
      - raw-sockets
      - user-namespaces
      - ptrace
      - bpf
";

/// What is tried: a name for the table, a script that prints RAN where the foreign program ran, and whether it is stopped.
const ATTACKS: &[(&str, &str, bool)] = &[
    ("a program is dropped and run", "cp /bin/true /tmp/x; echo TRIED; /tmp/x && echo RAN", true),
    (
        "a program of the image is replaced by other content",
        "cp /bin/true /tmp/x; cat /tmp/x > /bin/ls; echo TRIED; /bin/ls && echo RAN",
        true,
    ),
    (
        "a file is renamed over a program of the image",
        "cp /bin/true /tmp/x; mv /tmp/x /bin/ls; echo TRIED; /bin/ls && echo RAN",
        true,
    ),
    (
        "a program is run from a volume in memory (tmpfs)",
        "cp /bin/true /volume/x; echo TRIED; /volume/x && echo RAN",
        true,
    ),
    (
        "a program is run from memory (memfd_create)",
        "echo TRIED; python3 -c 'import os; f=os.memfd_create(\"x\"); os.write(f, open(\"/bin/true\",\"rb\").read()); os.execve(\"/proc/self/fd/%d\" % f, [\"x\"], {})' && echo RAN",
        true,
    ),
    (
        "it is tried again at once, 200 times",
        "cp /bin/true /tmp/x; echo TRIED; i=0; while [ $i -lt 200 ]; do /tmp/x 2>/dev/null && echo RAN; i=$((i+1)); done",
        true,
    ),
];

fn attacks() -> impl Iterator<Item = &'static (&'static str, &'static str, bool)> {
    ATTACKS.iter().chain(code::ATTACKS).chain(calls::ATTACKS)
}

fn options(engine: &Dockerd) -> SensorOptions {
    let address = LocalAddress::Unix(engine.socket());
    SensorOptions {
        kernel: Default::default(),
        kinds: supplied_kinds().into_iter().collect(),
        directory: DirectorySettings {
            engines: vec![EngineSocket { engine: ContainerEngine::Docker, address }],
            docker_folder: engine.data(),
            // An engine that has other work is waited for.
            stall: LONG,
            ..DirectorySettings::below("/")
        },
        containers_only: false,
        identity_wait: LONG,
    }
}

fn node(engine: &Dockerd, pins: &Path) -> Node {
    let rules = RuleSet::load(SHIPPED, &Options { all_match: true, ..Options::default() }).expect("rules");
    let policy = Bundle::load("policy.yaml", POLICY).expect("a policy");
    Node::start(options(engine), Guard::new(rules, "node", "exec-kill"), Some(policy), pins).expect("started")
}

/// Runs a script in a container, which goes then; what it printed.
fn run(engine: &Dockerd, name: &str, role: &str, script: &str) -> String {
    let log = run_and_keep(engine, name, role, script);
    remove(engine, name);
    log
}

fn remove(engine: &Dockerd, name: &str) {
    engine.ask("DELETE", &format!("/containers/{name}?force=1"), &serde_json::Value::Null);
}

/// Runs a script in a container, which stays, so that the engine can still be asked for it; what it printed.
fn run_and_keep(engine: &Dockerd, name: &str, role: &str, script: &str) -> String {
    // An image of the ordinary ones runs its own work.
    let (image, entry) = match ordinary::IMAGES.iter().any(|image| image.name == name) {
        true => (format!("ordinary/{name}:1"), &["/entrypoint.sh"][..]),
        false => ("team/attacked:1".to_owned(), &[][..]),
    };
    // What the kernel would refuse without the guard is no attack.
    let capabilities = if entry.is_empty() { &["SYS_ADMIN", "SYS_PTRACE"][..] } else { &[] };
    let document = json!({
        "Image": image, "Entrypoint": entry, "Cmd": ["/bin/sh", "-c", script], "Labels": {"role": role},
        "HostConfig": {"NetworkMode": "none", "SecurityOpt": ["seccomp=unconfined"], "Tmpfs": {"/volume": "exec"},
            "CapAdd": capabilities},
    });
    let (status, answer) = engine.ask("POST", &format!("/containers/create?name={name}"), &document);
    assert_eq!(status, 201, "{answer}");
    for (path, expected) in [(format!("/containers/{name}/start"), 204), (format!("/containers/{name}/wait"), 200)] {
        let (status, answer) = engine.ask("POST", &path, &serde_json::Value::Null);
        assert_eq!(status, expected, "{path}: {answer}");
    }
    engine.ask_bytes("GET", &format!("/containers/{name}/logs?stdout=1&stderr=1"))
}

/// Runs scripts while the node watches; what each printed, and the alerts by container.
fn watched(
    node: &mut Node,
    engine: &Dockerd,
    scripts: &[(String, &str, &str)],
) -> (Vec<String>, BTreeMap<String, Vec<Alert>>) {
    let mut alerts: BTreeMap<String, Vec<Alert>> = BTreeMap::new();
    let logs = std::thread::scope(|scope| {
        let work = scope.spawn(|| {
            // A few at once: they mostly wait for the engine.
            let share = scripts.len().div_ceil(3).max(1);
            let run = |part: &[(String, &str, &str)]| {
                part.iter().map(|(name, role, script)| run_and_keep(engine, name, role, script)).collect()
            };
            let parts: Vec<_> =
                scripts.chunks(share).map(|part| scope.spawn(move || -> Vec<_> { run(part) })).collect();
            parts.into_iter().flat_map(|part| part.join().expect("ran")).collect::<Vec<_>>()
        });
        let mut settling = Settling::default();
        while settling.goes_on(work.is_finished(), Duration::from_secs(1)) {
            node.step(Duration::from_millis(20), &mut |_| {}, &mut |alert| {
                let name = alert.seawall.container.as_ref().and_then(|c| c.name.clone());
                alerts.entry(name.unwrap_or_default()).or_default().push(alert);
            })
            .expect("stepped");
        }
        work.join().unwrap_or_else(|_| {
            let told: String =
                alerts.iter().map(|(name, alerts)| format!("{name}: {}\n", rules(Some(alerts)))).collect();
            panic!("a container failed; what was told: {told}")
        })
    });
    for (name, ..) in scripts {
        remove(engine, name);
    }
    (logs, alerts)
}

/// Goes on for a while after some work, and so many steps of it that all that happened was read, whatever else the machine
/// does.
#[derive(Default)]
pub(crate) struct Settling {
    end: Option<Instant>,
    steps: u32,
}

impl Settling {
    pub(crate) fn goes_on(&mut self, is_done: bool, settle: Duration) -> bool {
        if !is_done {
            return true;
        }
        self.steps += 1;
        let end = *self.end.get_or_insert_with(|| Instant::now() + settle);
        self.steps < 40 || Instant::now() < end
    }
}

fn rules(alerts: Option<&Vec<Alert>>) -> String {
    alerts.into_iter().flatten().map(|a| format!("{} {:?} {}; ", a.rule, a.seawall.action, a.output)).collect()
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

/// What one test puts into the kernel holds in the other's containers too.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn the_ordinary_work_of_ten_images_is_let_be() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    let (there, absent): (Vec<_>, Vec<_>) = ordinary::IMAGES.iter().partition(|image| image.is_there());
    assert!(absent.is_empty() || std::env::var("CI").is_err(), "CI needs every image");
    for image in absent {
        eprintln!("SKIPPED: this machine lacks what the image {} is made of", image.name);
    }
    for image in &there {
        engine.import(&image.archive(&folder.path().join(image.name)), &format!("ordinary/{}", image.name), "1");
    }
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-{}-work", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut node = node(&engine, &pins);
    let scripts: Vec<_> = there.iter().map(|image| (image.name.to_owned(), "web", image.work)).collect();
    let (logs, alerts) = watched(&mut node, &engine, &scripts);
    for (image, log) in there.iter().zip(&logs) {
        let alerts = alerts.get(image.name);
        let stopped = did(alerts, Action::Killed) || did(alerts, Action::WouldDeny);
        assert!(log.contains("DONE") && !stopped, "{}: {log} {}", image.name, rules(alerts));
    }
    assert!(!did(alerts.get(""), Action::Killed), "{}", rules(alerts.get("")));
}

#[test]
fn foreign_programs_are_stopped_with_the_agent_and_without() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    engine.import(&root::archive(&folder.path().join("root")), "team/attacked", "1");
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut first = node(&engine, &pins);

    let scripts: Vec<_> =
        attacks().enumerate().map(|(n, (_, script, _))| (format!("attack-{n}"), "web", *script)).collect();
    let (logs, alerts) = watched(&mut first, &engine, &scripts);
    let (mut rows, mut faults) = (String::new(), Vec::new());
    for (n, ((what, _, stopped), log)) in attacks().zip(&logs).enumerate() {
        let alerts = alerts.get(&format!("attack-{n}"));
        let ran = log.contains("RAN");
        // Not the preparation was stopped.
        if !log.contains("TRIED") || ran == *stopped || did(alerts, Action::Killed) != *stopped {
            faults.push(format!("{what}: {log} {}", rules(alerts)));
        }
        // What the engine's own runtime does on the container's way up is not what was tried.
        let detected = alerts.into_iter().flatten().any(|alert| !alert.output.contains("runc"));
        let word = match (stopped, detected) {
            (true, _) => "stopped, told",
            (false, true) => "detected",
            (false, false) => "missed",
        };
        writeln!(rows, "| {what} | {word} |").expect("written");
    }
    assert!(faults.is_empty(), "{faults:#?}");

    // Where nothing is denied each of them does what it says.
    let all: String =
        attacks().enumerate().map(|(n, (_, script, _))| format!("echo; echo CASE{n}; ({script})\n")).collect();
    let (logs, _) = watched(&mut first, &engine, &[("control".to_owned(), "builder", &all)]);
    for (n, (what, ..)) in attacks().enumerate() {
        let part = logs[0].split(&format!("CASE{n}\n")).nth(1).and_then(|rest| rest.split("CASE").next());
        if !part.is_some_and(|part| part.contains("RAN")) {
            faults.push(format!("{what}: {part:?}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");

    // Who may, may; a trial only tells. Ordinary work is let be.
    let drop = "cp /bin/true /tmp/x; /tmp/x && echo RAN";
    let work = "ls / >/dev/null && cat /etc/passwd | head -1 >/dev/null && python3 -c 'print(1)' && echo RAN";
    let others = [("builder", "builder", drop), ("trial", "trial", drop), ("worker", "web", work)];
    let (logs, alerts) = watched(&mut first, &engine, &others.map(|(n, role, s)| (n.to_owned(), role, s)));
    let told: Vec<_> = alerts.values().flatten().map(|alert| &alert.output).collect();
    assert!(logs.iter().all(|log| log.contains("RAN")), "{logs:?} {told:#?}");
    assert!(did(alerts.get("trial"), Action::WouldDeny), "{}", rules(alerts.get("trial")));
    for name in ["builder", "worker"] {
        assert!(!did(alerts.get(name), Action::Killed) && !did(alerts.get(name), Action::WouldDeny), "{name}");
    }

    // The agent is gone without a word: what it put into the kernel stays.
    std::mem::forget(first);
    for (n, script) in [drop, code::SCRIPT, code::LIBRARY, calls::PACKET].iter().enumerate() {
        let log = run(&engine, &format!("orphan-{n}"), "web", script);
        assert!(!log.contains("RAN"), "{script}: {log}");
    }
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

/// The tier's section of the page is made by this test.
fn keep(rows: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-enforcement.md");
    let table = format!("| what is tried | tier `exec-kill` |\n| --- | --- |\n{rows}");
    seawall_testkit::keep_section(&page, "exec-kill", &table);
}
