//! What can be answered only when it has happened, namespaces, and what must go on where all of it is denied.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::PoisonError;

use seawall_decide::Bundle;
use seawall_model::{Action, Alert};
use seawall_rules::{Options, RuleSet};
use seawall_sensor::{Guard, Node, SensorError, pin_folder};
use seawall_testkit::Dockerd;
use serde_json::{Value, json};

use super::{OLD_PACKET, PACKET};
use crate::{ALONE, Pins, network, options, root, run};

const POLICY: &str = "
apiVersion: seawall/v1
name: calls
runtime:
  - id: free
    containers: { labels: ['role=free'] }
    mode: observe
    deny: [mounts]
  - id: trial
    containers: { labels: ['role=trial'] }
    mode: dry-run
    deny: [raw-sockets, ptrace, bpf, user-namespaces, namespaces]
    late: [mounts, modules]
  - id: nothing
    mode: enforce
    deny: [raw-sockets, ptrace, bpf, user-namespaces, namespaces]
    late: [mounts, modules]
";

/// What must go on where all of it is denied: a process may look into itself, and begin others.
const ORDINARY: &str = script!(
    r#"
assert call(310, os.getpid(), struct.pack("QQ", where, 6), 1, struct.pack("QQ", place, 6), 1, 0) == 6
f = os.open("/proc/self/mem", 0); read(f)
assert open("/proc/%d/maps" % os.getppid()).read()
import multiprocessing, subprocess, threading
assert subprocess.run(["/bin/true"]).returncode == 0
t = threading.Thread(target=lambda: os.system("/bin/ls / > /dev/null")); t.start(); t.join()
socket.socket(socket.AF_INET, socket.SOCK_DGRAM); socket.socket(socket.AF_UNIX); socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
call(272, 0x600)
with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1]) == [1]
print("DONE")"#
);

/// What is left of a mount: the caller dies, the mount stays where the old call made it.
const MOUNTS: &[(&str, &str, bool)] = &[
    (
        "a file system is mounted",
        script!(
            r#"
os.mkdir("/tmp/m")
os.waitpid(alone(lambda: (c.mount(b"x", b"/tmp/m", b"tmpfs", 0, None), os.write(1, b"LIVES\n"))), 0)
if " /tmp/m tmpfs" in open("/proc/mounts").read(): print("STAYS")"#
        ),
        true,
    ),
    (
        "a file system is mounted by the newer calls",
        script!(
            r#"
def work():
    f = call(430, b"tmpfs", 0)
    call(431, f, 6, ctypes.c_void_p(0), ctypes.c_void_p(0), 0)
    call(429, call(432, f, 0, 0), b"", -100, b"/tmp/m", 4)
    os.write(1, b"LIVES\n")
os.mkdir("/tmp/m")
os.waitpid(alone(work), 0)
if " /tmp/m tmpfs" in open("/proc/mounts").read(): print("STAYS")"#
        ),
        false,
    ),
];

/// What is denied where a policy asks for namespaces.
const SPACES: &[(&str, &str)] = &[
    ("a network namespace is made", script!(r#"call(272, 0x40000000); print("RAN")"#)),
    (
        "a process is made in a mount namespace (clone3)",
        script!(
            r#"
if call(435, struct.pack("8Q", 0x20000, 0, 0, 0, 17, 0, 0, 0), 64) == 0: os.write(1, b"RAN\n"); os._exit(0)
os.wait()"#
        ),
    ),
    ("a namespace is entered (setns)", script!(r#"call(308, os.open("/proc/1/ns/uts", 0), 0) == 0 and print("RAN")"#)),
];

fn start(engine: &Dockerd, pins: &Path, policy: &str) -> Result<Node, SensorError> {
    let rules = RuleSet::load(&[], &Options::default()).expect("no rules");
    let policy = Bundle::load("policy.yaml", policy).expect("a policy");
    Node::start(options(engine), Guard::new(rules, "node", "exec-kill"), Some(policy), pins)
}

/// Does in a container that runs what `docker exec` does; what it printed.
fn exec(engine: &Dockerd, name: &str, script: &str) -> String {
    let command = json!({"Tty": true, "AttachStdout": true, "AttachStderr": true, "Cmd": ["/bin/sh", "-c", script]});
    let (status, answer) = engine.ask("POST", &format!("/containers/{name}/exec"), &command);
    assert_eq!(status, 201, "{answer}");
    let document: Value = serde_json::from_str(&answer).expect("a document");
    let id = document.get("Id").and_then(Value::as_str).expect("an identifier");
    engine.ask("POST", &format!("/exec/{id}/start"), &json!({"Tty": true})).1
}

#[test]
fn calls_are_answered_as_far_as_they_can_be() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    engine.import(&root::archive(&folder.path().join("root")), "team/attacked", "1");
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-calls-{}", std::process::id()));
    let _pins = Pins(pins.clone());

    // What comes too late is not promised.
    for denial in ["mounts", "modules"] {
        let promised = POLICY
            .replace("late: [mounts, modules]", &format!("late: []\n  - {{ id: p, mode: enforce, deny: [{denial}] }}"));
        let refused = start(&engine, &pins, &promised).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(refused.contains(denial) && refused.contains("late: ["), "{refused}");
        assert!(!pins.exists(), "what was brought for a refused policy is gone");
    }

    let mut node = start(&engine, &pins, POLICY).expect("started");
    let idle = json!({
        "Image": "team/attacked:1", "Cmd": ["/bin/sleep", "600"], "Labels": {"role": "web"},
        "HostConfig": {"NetworkMode": "none", "SecurityOpt": ["seccomp=unconfined"], "CapAdd": ["SYS_ADMIN", "SYS_PTRACE"]},
    });
    let (outputs, alerts) = network::watched(&mut node, || {
        let (status, answer) = engine.ask("POST", "/containers/create?name=lives", &idle);
        assert_eq!(status, 201, "{answer}");
        let (status, answer) = engine.ask("POST", "/containers/lives/start", &Value::Null);
        assert_eq!(status, 204, "{answer}");
        // The engine joins the namespaces of a container that the guard knows by now.
        let outputs: Vec<_> = (0..10).map(|_| exec(&engine, "lives", ORDINARY)).collect();
        let (status, answer) = engine.ask("POST", "/containers/lives/stop?t=1", &Value::Null);
        assert_eq!(status, 204, "{answer}");
        outputs
    });
    assert!(outputs.iter().all(|output| output.contains("DONE")), "{outputs:#?}");
    let killed = |alerts: &[Alert]| -> Vec<String> {
        alerts.iter().filter(|a| a.seawall.action == Action::Killed).map(|a| a.output.clone()).collect()
    };
    assert!(killed(&alerts).is_empty(), "{:#?}", killed(&alerts));

    let mut rows = String::new();
    for (n, (what, script, stays)) in MOUNTS.iter().enumerate() {
        let name = format!("mount-{n}");
        let (log, alerts) = network::watched(&mut node, || run(&engine, &name, "web", script));
        let told = killed(&alerts);
        let (free, _) = network::watched(&mut node, || run(&engine, &format!("free-{name}"), "free", script));
        assert!(free.contains("LIVES") && free.contains("STAYS"), "{what}: {free}");
        let is_told = told.iter().any(|t| t.contains("was killed after changing mounts"));
        assert!(is_told && !log.contains("LIVES") && log.contains("STAYS") == *stays, "{what}: {log} {told:?}");
        let word = if *stays { "killed when it was there (`late`), told; the mount stays" } else { "stopped, told" };
        writeln!(rows, "| {what} | {word} |").expect("written");
    }
    for (n, (what, script)) in SPACES.iter().enumerate() {
        let name = format!("space-{n}");
        let (log, alerts) = network::watched(&mut node, || run(&engine, &name, "web", script));
        let told = killed(&alerts);
        let is_told = told.iter().any(|t| t.contains("the policy denies namespaces"));
        assert!(log.contains("TRIED") && !log.contains("RAN") && is_told, "{what}: {log} {told:?}");
        writeln!(rows, "| {what} | stopped, told |").expect("written");
    }

    // A trial only tells, each once.
    for (n, (what, script)) in SPACES.iter().chain(&[("a packet", PACKET), ("32 bits", OLD_PACKET)]).enumerate() {
        let name = format!("trial-{n}");
        let (log, alerts) = network::watched(&mut node, || run(&engine, &name, "trial", script));
        let would: Vec<_> =
            alerts.iter().filter(|a| a.seawall.action == Action::WouldDeny).map(|a| &a.output).collect();
        assert!(log.contains("RAN") && would.len() == 1, "{what}: {log} {would:?} {:?}", killed(&alerts));
    }
    drop(node);
    keep_calls(&rows);
}

/// The section of the page that this test makes.
fn keep_calls(rows: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-enforcement.md");
    let table = format!("| what is tried | tier `exec-kill` |\n| --- | --- |\n{rows}");
    seawall_testkit::keep_section(&page, "exec-kill-calls", &table);
}
