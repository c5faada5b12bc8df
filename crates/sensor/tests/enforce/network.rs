//! The network of containers, devices and settings: what lists allow and what they do not, by every way that a program has;
//! and the quarantine. Each container gets a pair of interfaces whose other end is in a network namespace of the test's own,
//! so that nothing leaves the machine. The table is docs/reference/guard-network.md.

pub(crate) mod group;
mod names;

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use seawall_decide::Bundle;
use seawall_model::{Action, Alert};
use seawall_rules::{Options, RuleSet};
use seawall_sensor::{Enforcer, Guard, Node, pin_folder, quarantine};
use seawall_testkit::{Dockerd, keep_section};
use serde_json::{Value, json};

use super::{ALONE, LONG, Pins, Settling, options, root};

const POLICY: &str = "
apiVersion: seawall/v1
name: network
runtime:
  - id: free
    containers: { labels: ['role=free'] }
    mode: observe
    deny: []
  - id: trial
    containers: { labels: ['role=trial'] }
    mode: dry-run
    deny: [raw-sockets, host-devices, kernel-settings]
    egress: []
    ingress: []
  - id: listed
    mode: enforce
    deny: [raw-sockets, host-devices, kernel-settings]
    egress:
      - { addresses: [10.77.0.1, 'fd77::1'], ports: [80], protocol: tcp }
      - { addresses: [10.77.0.1], ports: [53], protocol: udp }
    ingress:
      - { addresses: [10.77.0.1], ports: [8080] }
";

/// The other side: answers on ports 80 and 81 by TCP and 53 by UDP at every address, and calls port 8080 of the container,
/// from both of its addresses, for as long as it is there.
const PEER: &str = r#"
import socket, threading, time
def tcp(port):
    s = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 16)
    s.bind(("::", port)); s.listen(64); ready.append(port)
    while True:
        c, _ = s.accept()
        threading.Thread(target=talk, args=(c,), daemon=True).start()
def talk(c):
    try:
        while True:
            data = c.recv(100)
            if not data: return
            c.sendall(data)
    except OSError: pass
def udp():
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.bind(("::", 53)); ready.append(53)
    while True:
        data, who = s.recvfrom(100)
        s.sendto(data, who)
def call(source):
    while True:
        try:
            s = socket.create_connection(("10.77.0.9", 8080), 2, (source, 0))
            s.sendall(source.encode()); s.close()
        except OSError: pass
        time.sleep(0.1)
ready = []
for work, args in [(tcp, (80,)), (tcp, (81,)), (tcp, (53,)), (udp, ()), (call, ("10.77.0.1",)), (call, ("10.77.0.2",))]:
    threading.Thread(target=work, args=args, daemon=True).start()
while len(ready) < 4: time.sleep(0.01)
print("listening", flush=True)
time.sleep(3600)
"#;

/// What a script of a container begins with: it waits for its interface.
const WAIT: &str = r#"
import os, time
deadline = time.time() + 120
while time.time() < deadline:
    try:
        if open("/sys/class/net/eth0/operstate").read().strip() == "up" and "fd77" in os.popen("ip -6 addr show eth0 | grep -v tentative").read(): break
    except OSError: pass
    time.sleep(0.02)
"#;

/// What every script begins with.
const BEGIN: &str = r#"
import os, socket, struct, sys, time
def tcp(address, port, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(20)
    s.connect((address, port)); s.sendall(b"hello")
    if s.recv(5) == b"hello": print("RAN")
def udp(address, port, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(20)
    s.sendto(b"hello", (address, port))
    if s.recv(5) == b"hello": print("RAN")
"#;

/// What is tried: a name for the table, a script that prints RAN where it worked, whether it is refused.
const CASES: &[(&str, &str, bool)] = &[
    ("TCP to an address and port of the list", "tcp('10.77.0.1', 80)", false),
    ("TCP by IPv6 to an address and port of the list", "tcp('fd77::1', 80, socket.AF_INET6)", false),
    ("UDP to an address and port of the list", "udp('10.77.0.1', 53)", false),
    (
        "TCP to itself by loopback",
        "l = socket.socket(); l.bind(('127.0.0.1', 7)); l.listen(); c = socket.socket(); c.connect(('127.0.0.1', 7)); l.accept(); print('RAN')",
        false,
    ),
    ("TCP to an address outside the list", "tcp('10.77.0.2', 80)", true),
    ("TCP to a port outside the list", "tcp('10.77.0.1', 81)", true),
    ("UDP to an address outside the list", "udp('10.77.0.2', 53)", true),
    (
        "UDP to an address outside the list, connected",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('10.77.0.2', 53)); print('RAN')",
        true,
    ),
    ("TCP to a port that the list has for UDP", "tcp('10.77.0.1', 53)", true),
    ("TCP by IPv6 to an address outside the list", "tcp('fd77::2', 80, socket.AF_INET6)", true),
    ("UDP by IPv6 to an address outside the list", "udp('fd77::2', 53, socket.AF_INET6)", true),
    ("TCP to IPv4 in an IPv6 address", "tcp('::ffff:10.77.0.2', 80, socket.AF_INET6)", true),
    ("UDP to IPv4 in an IPv6 address", "udp('::ffff:10.77.0.2', 53, socket.AF_INET6)", true),
    (
        "TCP with data in the first packet (TCP Fast Open)",
        "s = socket.socket(); s.sendto(b'hello', 0x20000000, ('10.77.0.2', 80)); s.recv(5) and print('RAN')",
        true,
    ),
    (
        "Multipath TCP",
        "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); s.connect(('10.77.0.2', 80)); print('RAN')",
        true,
    ),
    (
        "an ICMP echo to an address outside the list",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1); s.settimeout(20); s.sendto(bytes([8,0,0,0,0,0,0,1]), ('10.77.0.2', 0)); s.recv(8) and print('RAN')",
        true,
    ),
    ("a raw socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); print('RAN')", true),
    ("a raw socket by IPv6", "socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58); print('RAN')", true),
    // No hook refuses this one: who tries is killed.
    ("a packet socket", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 768); print('RAN')", true),
    (
        "being called from an address of the list",
        "l = socket.socket(); l.bind(('0.0.0.0', 8080)); l.listen(); l.settimeout(30)\nwhile True:\n  if l.accept()[1][0] == '10.77.0.1': print('RAN'); break",
        false,
    ),
    (
        "being called from an address outside the list",
        "l = socket.socket(); l.bind(('0.0.0.0', 8080)); l.listen(); l.settimeout(10)\nend = time.time() + 5\nwhile time.time() < end:\n  if l.accept()[1][0] == '10.77.0.2': print('RAN'); break",
        true,
    ),
    ("a block device is made", "os.mknod('/tmp/disk', 0o060600, os.makedev(254, 0)); print('RAN')", true),
    (
        "the machine's memory is made as a device (1:1)",
        "os.mknod('/tmp/mem', 0o020600, os.makedev(1, 1)); print('RAN')",
        true,
    ),
    (
        "a device that containers have is opened",
        "open('/dev/null', 'wb').write(b'x'); open('/dev/urandom', 'rb').read(4); print('RAN')",
        false,
    ),
    (
        "the program that handles crashes is set (kernel/core_pattern)",
        "p = '/proc/sys/kernel/core_pattern'; t = open(p, 'rb').read(); os.write(os.open(p, os.O_WRONLY), t); print('RAN')",
        true,
    ),
    (
        "a setting of crashes is set (kernel/panic)",
        "p = '/proc/sys/kernel/panic'; t = open(p, 'rb').read(); os.write(os.open(p, os.O_WRONLY), t); print('RAN')",
        true,
    ),
    (
        "a setting of memory is set (vm/overcommit_memory)",
        "p = '/proc/sys/vm/overcommit_memory'; t = open(p, 'rb').read(); os.write(os.open(p, os.O_WRONLY), t); print('RAN')",
        true,
    ),
    (
        "a setting of the container's own network is set",
        "p = '/proc/sys/net/ipv4/ip_default_ttl'; t = open(p, 'rb').read(); os.write(os.open(p, os.O_WRONLY), t); print('RAN')",
        false,
    ),
];

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The other side's namespace.
struct Peer(Running);

impl Peer {
    fn start(folder: &Path, text: &str) -> Self {
        let script = folder.join("peer.py");
        std::fs::write(&script, text).expect("written");
        let mut command = Command::new("unshare");
        command.args(["-n", "python3"]).arg(&script).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("unshare is there");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("read");
        assert_eq!(line, "listening\n");
        Self(Running(child))
    }

    fn pid(&self) -> u32 {
        self.0.0.id()
    }

    /// Gives a container an interface whose other end is here; what the one before had goes with it.
    fn wire(&self, pid: u64) {
        let script = format!(
            "ip link del peer 2>/dev/null; ip link set lo up; \
             ip link add peer type veth peer name eth0 netns {pid} && ip link set peer up && \
             ip addr add 10.77.0.1/24 dev peer && ip addr add 10.77.0.2/24 dev peer && \
             ip -6 addr add fd77::1/64 dev peer nodad && ip -6 addr add fd77::2/64 dev peer nodad && \
             nsenter -t {pid} -n sh -c 'for i in all eth0; do echo 0 > /proc/sys/net/ipv6/conf/$i/disable_ipv6; done; ip addr add 10.77.0.9/24 dev eth0 && \
             ip -6 addr add fd77::9/64 dev eth0 nodad && ip link set eth0 up'"
        );
        let status = Command::new("nsenter").args(["-t", &self.pid().to_string(), "-n", "sh", "-c", &script]).status();
        assert!(status.expect("nsenter is there").success(), "{script}");
    }
}

fn node(engine: &Dockerd, pins: &Path) -> Node {
    let rules = RuleSet::load(&[], &Options::default()).expect("no rules");
    let policy = Bundle::load("policy.yaml", POLICY).expect("a policy");
    Node::start(options(engine), Guard::new(rules, "node", "exec-kill"), Some(policy), pins).expect("started")
}

fn start(engine: &Dockerd, peer: &Peer, name: &str, role: &str, script: &str) {
    let document = json!({
        "Image": "team/attacked:1", "Cmd": ["/usr/bin/python3", "-c", format!("{WAIT}{BEGIN}{script}")], "Labels": {"role": role},
        "HostConfig": {"NetworkMode": "none", "DeviceCgroupRules": ["a *:* rwm"], "MaskedPaths": [], "ReadonlyPaths": []},
    });
    let (status, answer) = engine.ask("POST", &format!("/containers/create?name={name}"), &document);
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = engine.ask("POST", &format!("/containers/{name}/start"), &Value::Null);
    assert_eq!(status, 204, "{answer}");
    let (_, answer) = engine.ask("GET", &format!("/containers/{name}/json"), &Value::Null);
    let document: Value = serde_json::from_str(&answer).expect("a document");
    peer.wire(document.pointer("/State/Pid").and_then(Value::as_u64).expect("a process"));
}

fn log(engine: &Dockerd, name: &str) -> String {
    engine.ask_bytes("GET", &format!("/containers/{name}/logs?stdout=1&stderr=1"))
}

fn finish(engine: &Dockerd, name: &str) -> String {
    let (status, answer) = engine.ask("POST", &format!("/containers/{name}/wait"), &Value::Null);
    assert_eq!(status, 200, "{answer}");
    let log = log(engine, name);
    engine.ask("DELETE", &format!("/containers/{name}?force=1"), &Value::Null);
    log
}

fn run(engine: &Dockerd, peer: &Peer, name: &str, role: &str, script: &str) -> String {
    start(engine, peer, name, role, script);
    finish(engine, name)
}

/// Does work while the node watches, and a little longer; its result, and every alert.
pub(super) fn watched<T: Send>(node: &mut Node, work: impl FnOnce() -> T + Send) -> (T, Vec<Alert>) {
    let mut alerts = Vec::new();
    let result = std::thread::scope(|scope| {
        let work = scope.spawn(work);
        let mut settling = Settling::default();
        while settling.goes_on(work.is_finished(), Duration::from_millis(1500)) {
            node.step(Duration::from_millis(20), &mut |_| {}, &mut |alert| alerts.push(alert)).expect("stepped");
        }
        work.join().expect("worked")
    });
    (result, alerts)
}

fn of<'a>(alerts: &'a [Alert], name: &str, action: Action) -> Vec<&'a Alert> {
    let is = |a: &&Alert| a.seawall.container.as_ref().is_some_and(|c| c.name.as_deref() == Some(name));
    alerts.iter().filter(is).filter(|a| a.seawall.action == action).collect()
}

fn told(alerts: &[&Alert]) -> Vec<String> {
    alerts.iter().map(|a| format!("{} | {} | {:?}", a.rule, a.output, a.output_fields)).collect()
}

#[test]
fn containers_speak_with_whom_they_may() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    engine.import(&root::archive(&folder.path().join("root")), "team/attacked", "1");
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-net-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let peer = Peer::start(folder.path(), PEER);

    // Without a guard everything works: what is refused later is refused by it.
    let mut free = Vec::new();
    for (n, (what, script, _)) in CASES.iter().enumerate() {
        let log = run(&engine, &peer, &format!("free-{n}"), "listed", script);
        if !log.contains("RAN") {
            free.push(format!("{what}: {log}"));
        }
    }
    assert!(free.is_empty(), "{free:#?}");

    let mut first = node(&engine, &pins);
    let (logs, alerts) = watched(&mut first, || {
        let run = |(n, case): (usize, &(&str, &str, bool))| run(&engine, &peer, &format!("case-{n}"), "listed", case.1);
        CASES.iter().enumerate().map(run).collect::<Vec<_>>()
    });
    let (mut rows, mut faults) = (String::new(), Vec::new());
    for (n, ((what, _, refused), log)) in CASES.iter().zip(&logs).enumerate() {
        let action = if *what == "a packet socket" { Action::Killed } else { Action::Denied };
        let denied = of(&alerts, &format!("case-{n}"), action);
        let entry = denied.iter().all(|a| format!("{:?}", a.output_fields.get("policy.entry")).contains("listed"));
        // The peer calls for as long as a container listens, so that both of its addresses are seen.
        let is_called = what.starts_with("being called");
        let is_told = denied.is_empty() != *refused || is_called;
        if log.contains("RAN") == *refused || !is_told || !entry {
            faults.push(format!("{what}: {log} {:?}", told(&denied)));
        }
        let word = if action == Action::Killed { "killed, told" } else { "refused, told" };
        writeln!(rows, "| {what} | {} |", if *refused { word } else { "works" }).expect("written");
    }
    assert!(faults.is_empty(), "{faults:#?}");

    // A trial tells, and lets pass.
    let script =
        "tcp('10.77.0.2', 80); socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); os.mknod('/tmp/b', 0o060600, 5)";
    let (log, alerts) = watched(&mut first, || run(&engine, &peer, "trial", "trial", script));
    let would = told(&of(&alerts, "trial", Action::WouldDeny));
    assert!(log.contains("RAN") && !log.contains("Error"), "{log}");
    for rule in ["Connection refused by policy", "Raw socket refused by policy", "Device refused by policy"] {
        assert!(would.iter().any(|text| text.starts_with(rule)), "{rule}: {would:#?}");
    }

    // The agent is gone without a word: lists hold, and a container is cut without it.
    std::mem::forget(first);
    let log = run(&engine, &peer, "orphan", "listed", "tcp('10.77.0.1', 80); tcp('10.77.0.2', 80)");
    assert!(log.matches("RAN").count() == 1 && log.contains("PermissionError"), "{log}");
    start(&engine, &peer, "talker", "free", TALKER);
    until(&engine, "talker", "OPEN");
    cut(&engine, &pins, "talker", true);
    until(&engine, "talker", "TRIED");
    // The next agent keeps it so, and tells.
    let mut second = node(&engine, &pins);
    let (end, mut alerts) = (Instant::now() + LONG, Vec::new());
    while of(&alerts, "talker", Action::Quarantined).is_empty() {
        assert!(Instant::now() < end, "{:?}", told(&alerts.iter().collect::<Vec<_>>()));
        second.step(Duration::from_millis(20), &mut |_| {}, &mut |alert| alerts.push(alert)).expect("stepped");
    }
    cut(&engine, &pins, "talker", false);
    until(&engine, "talker", "BACK");
    drop(second);
    let log = finish(&engine, "talker");
    assert!(log.contains("REFUSED") && !log.contains("PACKET"), "{log}");

    // Where no guard was ever there, connections that are open already are cut with the network namespace.
    assert!(Enforcer::remove(&pins).expect("removed"));
    start(&engine, &peer, "old-talker", "free", TALKER);
    until(&engine, "old-talker", "OPEN");
    cut(&engine, &pins, "old-talker", true);
    until(&engine, "old-talker", "TRIED");
    cut(&engine, &pins, "old-talker", false);
    until(&engine, "old-talker", "BACK");
    let log = finish(&engine, "old-talker");
    assert!(log.contains("REFUSED") && !log.contains("PACKET"), "{log}");
    for what in ["open before the guard was there", "open", "new"] {
        writeln!(rows, "| a connection of a quarantined container, {what} | cut |").expect("written");
    }
    writeln!(rows, "| a packet socket of a quarantined container | killed |").expect("written");
    keep(&rows);
}

/// Says what becomes of its connection.
const TALKER: &str = r#"
def call():
    s = socket.create_connection(("10.77.0.1", 80), 10)
    s.sendall(b"hello")
    if s.recv(5) != b"hello": raise OSError
    return s
def say(word): print(word, flush=True)
s = call()
say("OPEN")
try:
    while True:
        s.sendall(b"hello")
        if not s.recv(5): raise OSError
        time.sleep(0.02)
except OSError: say("CUT")
try: call(); say("REACHED")
except PermissionError: say("REFUSED")
if os.fork() == 0: socket.socket(17, 3, 768); say("PACKET"); os._exit(0)
os.wait(); say("TRIED")
while True:
    try: call(); say("BACK"); break
    except OSError: time.sleep(0.05)
"#;

/// Waits until a container has said a word.
fn until(engine: &Dockerd, name: &str, word: &str) {
    let end = Instant::now() + LONG;
    while !log(engine, name).contains(word) {
        assert!(Instant::now() < end, "{name} does not say {word}: {}", log(engine, name));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Cuts a container's network or gives it back: in a second, where the machine has no other work.
fn cut(engine: &Dockerd, pins: &Path, name: &str, cut: bool) {
    let begin = Instant::now();
    let done = quarantine(options(engine), pins, name, cut).expect("done");
    let took = begin.elapsed();
    #[allow(clippy::print_stderr, reason = "a measurement")]
    {
        eprintln!("quarantine of {name}, cut {cut}: {took:?}");
    }
    assert!(done.changed && !done.in_host_network && took < LONG, "{done:?} {took:?}");
}

/// The table is made by this test; it is in the repository so that it can be read.
fn keep(rows: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-network.md");
    keep_section(&page, "lists", &format!("| what is tried | tier `cgroup-bpf` |\n| --- | --- |\n{rows}"));
}
