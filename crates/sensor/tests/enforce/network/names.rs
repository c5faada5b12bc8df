//! Names of lists that are followed by their answers. The other side (names.py) is a name server whose answers change with each
//! question, honest or not, and a service at every address that it may answer.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;
use std::time::Duration;

use aya::maps::{HashMap, Map, MapData};
use rustix::time::{ClockId, clock_gettime};
use seawall_decide::Bundle;
use seawall_model::Action;
use seawall_rules::{Options, RuleSet};
use seawall_sensor::{Enforcer, Guard, Node, pin_folder};
use seawall_testkit::{Dockerd, keep_section};
use serde_json::{Value, json};

use super::group::{Group, Nowhere};
use super::{BEGIN, Peer, Running, WAIT, finish, watched};
use crate::{ALONE, Pins, options, root};

const PEER: &str = include_str!("names.py");

/// No name without `*.`: the agent would ask this machine's resolver for it.
const POLICY: &str = "
apiVersion: seawall/v1
name: names
runtime:
  - id: named
    mode: enforce
    egress:
      - { addresses: [10.77.0.1, 10.77.0.2, 'fd77::1'], ports: [53] }
      - { names: ['*.wild.example'], ports: [80, 8443], protocol: tcp }
";

/// Asks and reaches.
const ASK: &str = r#"
def question(name, kind=1):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return os.urandom(2) + bytes([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]) + labels + bytes(1) + struct.pack(">HH", kind, 1)
def ask(name, kind=1, server="10.77.0.1", stream=False, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM); s.settimeout(20)
    message = question(name, kind)
    if stream:
        s.connect((server, 53)); s.sendall(struct.pack(">H", len(message)) + message)
        return s.recv(5000)[2:]
    s.sendto(message, (server, 53))
    return s.recv(5000)
def v4(answer): return socket.inet_ntoa(answer[-4:])
def v6(answer): return socket.inet_ntop(socket.AF_INET6, answer[-16:])
def reached(address, port=80):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM); s.settimeout(20)
    try:
        s.connect((address, port)); s.sendall(b"hello")
        return s.recv(5) == b"hello"
    except OSError as e:
        print('not', address, port, e.errno)
        return False
def said(worked): print("RAN" if worked else "NO", flush=True)
"#;

/// What is tried: a name for the table, a script that prints RAN where it worked, whether it is refused.
const CASES: &[(&str, &str, bool)] = &[
    (
        "a name whose address is another at each question, 20 times",
        "said(all([reached(v4(ask('pool.wild.example'))) for _ in range(20)]))",
        false,
    ),
    ("an earlier answer of it", "first = v4(ask('pool.wild.example')); ask('pool.wild.example'); said(reached(first))", false),
    ("its address of IPv6", "said(reached(v6(ask('pool.wild.example', 28))))", false),
    ("asked over IPv6", "said(reached(v4(ask('pool.wild.example', 1, 'fd77::1', False, socket.AF_INET6))))", false),
    ("asked over TCP", "said(reached(v4(ask('pool.wild.example', stream=True))))", false),
    ("a name two labels below, in other letters", "said(reached(v4(ask('POOL.Deep.WILD.eXample'))))", false),
    ("a name that is another's (CNAME)", "said(reached(v4(ask('alias.wild.example'))))", false),
    ("an answer whose names are not compressed", "said(reached(v4(ask('bare.wild.example'))))", false),
    ("IPv4 in an answer of IPv6", "ask('mapped.wild.example', 28); said(reached('10.77.1.203'))", false),
    ("the 64th of many addresses", "ask('many.wild.example', stream=True); said(reached('10.77.4.63'))", false),
    ("an address that was never answered", "ask('pool.wild.example'); said(reached('10.77.1.250'))", true),
    ("a port outside the list", "said(reached(v4(ask('pool.wild.example')), 81))", true),
    ("another name of the same server", "said(reached(v4(ask('pool.other.example'))))", true),
    ("the name above", "said(reached(v4(ask('wild.example'))))", true),
    ("an address of the link (169.254.1.1)", "said(reached(v4(ask('near.wild.example'))))", true),
    ("an answer of a name server that is not believed", "said(reached(v4(ask('stranger.wild.example', server='10.77.0.2'))))", true),
    ("an answer that another address sends", "said(reached(v4(ask('elsewhere.wild.example'))))", true),
    ("an answer with another number", "said(reached(v4(ask('id.wild.example'))))", true),
    ("an answer to a question that nobody asked", "said(reached(v4(ask('later.other.example'))))", true),
    ("an answer to another question", "said(reached(v4(ask('swapped.wild.example'))))", true),
    (
        "an answer of a server of the container's own, by loopback",
        "import threading
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.1', 53))
def serve():
  data, who = s.recvfrom(2000)
  s.sendto(data[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]) + data[12:] + bytes([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 77, 2, 7]), who)
threading.Thread(target=serve).start()
said(reached(v4(ask('pool.wild.example', server='127.0.0.1'))))",
        true,
    ),
    (
        "an answer that the container forges itself, with a raw socket",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.77.0.9', 5301)); s.settimeout(20)
asked = question('silent.wild.example'); s.sendto(asked, ('10.77.0.1', 53))
answer = asked[:2] + bytes([0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]) + asked[12:] + bytes([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 10, 77, 2, 8])
packet = struct.pack('>HHHH', 53, 5301, 8 + len(answer), 0) + answer
head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(packet), 0, 0, 64, 17, 0, bytes([10, 77, 0, 1]), bytes([10, 77, 0, 9]))
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW); raw.sendto(head + packet, ('10.77.0.9', 0))
said(reached(v4(s.recv(2000))))",
        true,
    ),
    (
        "answers that are cut, loop, lie about their size, or are none, of 12 kinds",
        "for kind in 'cut loop forward type long count error again two class size labels'.split(): ask(kind + '.wild.example')
said(any([reached('10.77.3.%d' % n) for n in range(1, 13)]))",
        true,
    ),
];

/// Gives both sides the ways to what is answered.
fn route(peer: &Peer, pid: u32) {
    let script = format!(
        "for n in 10.77.1.0/24 10.77.2.0/24 10.77.3.0/24 10.77.4.0/24 169.254.0.0/16; do ip route replace local $n dev lo; done; \
         ip -6 route replace local fd77:1::/64 dev lo; \
         nsenter -t {pid} -n sh -c 'ip link set lo up; ip route replace default via 10.77.0.1; ip -6 route replace default via fd77::1'"
    );
    let status = Command::new("nsenter").args(["-t", &peer.pid().to_string(), "-n", "sh", "-c", &script]).status();
    assert!(status.expect("nsenter is there").success(), "{script}");
}

/// A network namespace that stands for a container's.
fn stand_in() -> Running {
    let child = Running(Command::new("unshare").args(["-n", "sleep", "3600"]).spawn().expect("unshare is there"));
    let own = std::fs::read_link("/proc/self/ns/net").expect("a link");
    while std::fs::read_link(format!("/proc/{}/ns/net", child.0.id())).expect("a link") == own {
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

/// The answered addresses with the time until when they hold, of the pinned map.
fn answered(pins: &Path) -> HashMap<MapData, [u8; 32], u64> {
    let map = MapData::from_pin(pins.join("ANSWERED")).expect("pinned");
    HashMap::try_from(Map::LruHashMap(map)).expect("a map")
}

/// Which keys of it have this address.
fn of(address: Ipv4Addr, key: &[u8; 32]) -> bool {
    key[9] == 4 && key[16..20] == address.octets()
}

fn now() -> u64 {
    u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).expect("after boot")
}

/// In a control group and a network namespace that stand for a container: no engine is needed, and it holds for no other one.
#[test]
fn names_are_followed_for_a_control_group() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(group) = Group::make() else { return };
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-names-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let peer = Peer::start(folder.path(), PEER);
    let container = stand_in();
    let pid = container.0.id();
    peer.wire(pid.into());
    route(&peer, pid);
    let start = |script: &str| -> Child {
        let script = format!("import sys\nsys.stdin.readline()\n{WAIT}{BEGIN}{ASK}{script}");
        let mut command = Command::new("nsenter");
        command.args(["-t", &pid.to_string(), "-n", "python3", "-u", "-c", &script]).current_dir(folder.path());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        std::fs::write(group.0.join("cgroup.procs"), child.id().to_string()).expect("moved");
        child.stdin.take().expect("a pipe").write_all(b"\n").expect("written");
        child
    };
    let run = |script: &str| {
        let output = start(script).wait_with_output().expect("ran");
        [output.stdout, output.stderr].concat().iter().map(|b| char::from(*b)).collect::<String>()
    };
    let exact = POLICY.replace("['*.wild.example']", "['*.wild.example', Pool.Exact.example.]");
    let policy = Bundle::load("policy.yaml", &exact).expect("a policy");
    let named = policy.runtime().next().expect("an entry");

    let free: Vec<_> =
        CASES.iter().map(|case| (case.0, run(case.1))).filter(|(_, said)| !said.contains("RAN")).collect();
    assert!(free.is_empty(), "{free:#?}");

    let mut enforcer = Enforcer::install(&pins, &policy).expect("installed");
    assert_eq!(enforcer.follow(policy.runtime()).expect("followed"), Vec::<String>::new());
    let believed: BTreeSet<IpAddr> = ["10.77.0.1", "fd77::1"].map(|text| text.parse().expect("one")).into();
    enforcer.believe(&believed).expect("believed");
    enforcer.fill(policy.runtime(), &Nowhere).expect("filled");
    enforcer.set(group.key(), Some(named)).expect("set");
    let mut faults = Vec::new();
    for (what, script, refused) in CASES {
        let said = run(script);
        if said.contains("RAN") == *refused || said.contains("Error") || enforcer.denials().is_empty() == *refused {
            faults.push(format!("{what}: {said}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");

    // A name of its own, and what is below that: not meant.
    assert!(run("said(reached(v4(ask('pool.exact.example'))))").contains("RAN"));
    assert!(run("said(reached(v4(ask('pool.pool.exact.example'))))").contains("NO"));
    // Each address for each port of the list, for as long as it lives, but ten minutes at least and a day at most.
    for (word, lives) in [("pool", 600), ("hour", 3600), ("years", 86400)] {
        let said = run(&format!("a = v4(ask('{word}.wild.example')); print(a); said(reached(a))"));
        let address: Ipv4Addr = said.lines().next().and_then(|line| line.parse().ok()).expect("an address");
        let mut map = answered(&pins);
        let untils: Vec<_> = map.iter().filter_map(Result::ok).filter(|(key, _)| of(address, key)).collect();
        assert_eq!(untils.len(), 2, "{said}");
        for (key, until) in untils {
            assert!((now() + lives).abs_diff(until / 1_000_000_000) < 30, "{word}: {until}");
            map.insert(key, now() * 1_000_000_000, 0).expect("set");
        }
        let after = run(&format!("said(reached('{address}'))"));
        assert!(said.contains("RAN") && after.contains("NO"), "{word}: {said} {after}");
    }
    // Without an agent new answers are still followed, and a new agent begins with what is known.
    drop(enforcer);
    let said = run("a = v4(ask('pool.wild.example')); print(a); said(reached(a)); said(reached('10.77.1.250'))");
    assert!(said.contains("RAN") && said.contains("NO"), "{said}");
    let mut second = Enforcer::install(&pins, &policy).expect("installed");
    second.follow(policy.runtime()).expect("followed");
    second.fill(policy.runtime(), &Nowhere).expect("filled");
    assert!(run(&format!("said(reached('{}'))", said.lines().next().expect("an address"))).contains("RAN"));
    // Whom nobody believes any more.
    second.believe(&BTreeSet::new()).expect("set");
    assert!(run("said(reached(v4(ask('pool.wild.example'))))").contains("NO"));
}

/// Asks as programs do: by the C library, of the servers that its container was given.
const LOOKED_UP: &str = "
def looked_up(name): return socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
said(all([reached(looked_up('pool.wild.example')) for _ in range(20)]))
said(reached('10.77.1.250'))
";

/// What an engine's own name server does in a container's network: it listens on loopback and asks from there.
const ENGINE: &str = "
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('127.0.0.11', 53))
print('READY', flush=True)
while True:
    data, who = s.recvfrom(2000)
    up = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); up.settimeout(20)
    up.sendto(data, ('10.77.0.1', 53))
    s.sendto(up.recv(2000), who)
";

/// Waits until there is a way out.
const ROUTED: &str = "
while not all([os.popen('ip -%d route show default' % family).read() for family in (4, 6)]): time.sleep(0.02)
";

fn node(engine: &Dockerd, pins: &Path) -> Node {
    let rules = RuleSet::load(&[], &Options::default()).expect("no rules");
    let policy = Bundle::load("policy.yaml", POLICY).expect("a policy");
    Node::start(options(engine), Guard::new(rules, "node", "exec-kill"), Some(policy), pins).expect("started")
}

/// Runs a script in a container that was given this name server; what it said.
fn run(engine: &Dockerd, peer: &Peer, name: &str, server: &str, script: &str) -> String {
    let document = json!({
        "Image": "team/attacked:1",
        "Cmd": ["/usr/bin/python3", "-u", "-c", format!("{WAIT}{ROUTED}{BEGIN}{ASK}{script}")],
        "HostConfig": {"NetworkMode": "none", "Dns": [server]},
    });
    let (status, answer) = engine.ask("POST", &format!("/containers/create?name={name}"), &document);
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = engine.ask("POST", &format!("/containers/{name}/start"), &Value::Null);
    assert_eq!(status, 204, "{answer}");
    let (_, answer) = engine.ask("GET", &format!("/containers/{name}/json"), &Value::Null);
    let document: Value = serde_json::from_str(&answer).expect("a document");
    let pid = document.pointer("/State/Pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok());
    let pid = pid.expect("a process");
    peer.wire(pid.into());
    // Whoever asks for an engine's name server finds one that is not of the container.
    let _engine = (server == "127.0.0.11").then(|| {
        let up = Command::new("nsenter").args(["-t", &pid.to_string(), "-n", "ip", "link", "set", "lo", "up"]).status();
        assert!(up.expect("nsenter is there").success());
        let mut command = Command::new("nsenter");
        command.args(["-t", &pid.to_string(), "-n", "python3", "-c", ENGINE]).stdout(Stdio::piped());
        let mut server = Running(command.spawn().expect("started"));
        let mut ready = [0; 6];
        server.0.stdout.as_mut().expect("a pipe").read_exact(&mut ready).expect("it listens");
        server
    });
    route(peer, pid);
    finish(engine, name)
}

/// In real containers, with the agent and without. The table is a part of docs/reference/guard-network.md.
#[test]
fn names_are_followed_by_their_answers() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    engine.import(&root::archive(&folder.path().join("root")), "team/attacked", "1");
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-answers-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let peer = Peer::start(folder.path(), PEER);
    // What a container was given as name servers is believed while it runs.
    let document = json!({
        "Image": "team/attacked:1", "Cmd": ["/bin/sleep", "600"],
        "HostConfig": {"NetworkMode": "none", "Dns": ["10.77.0.1", "fd77::1", "127.0.0.1"]},
    });
    let (status, answer) = engine.ask("POST", "/containers/create?name=keeper", &document);
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = engine.ask("POST", "/containers/keeper/start", &Value::Null);
    assert_eq!(status, 204, "{answer}");

    let mut first = node(&engine, &pins);
    let (logs, alerts) = watched(&mut first, || {
        let run =
            |(n, case): (usize, &(&str, &str, bool))| run(&engine, &peer, &format!("case-{n}"), "10.77.0.1", case.1);
        CASES.iter().enumerate().map(run).collect::<Vec<_>>()
    });
    let (mut rows, mut faults) = (String::new(), Vec::new());
    for (n, ((what, _, refused), log)) in CASES.iter().zip(&logs).enumerate() {
        let denied = super::of(&alerts, &format!("case-{n}"), Action::Denied);
        if log.contains("RAN") == *refused || log.contains("Error") || denied.is_empty() == *refused {
            faults.push(format!("{what}: {log} {:?}", super::told(&denied)));
        }
        writeln!(rows, "| {what} | {} |", if *refused { "refused, told" } else { "works" }).expect("written");
    }
    assert!(faults.is_empty(), "{faults:#?}");

    let ways = [
        ("library", "looked up by the C library, 20 times", "10.77.0.1"),
        ("engine", "looked up by way of the engine's name server on loopback, 20 times", "127.0.0.11"),
    ];
    for (name, what, server) in ways {
        let (log, _) = watched(&mut first, || run(&engine, &peer, name, server, LOOKED_UP));
        assert!(log.contains("RAN") && log.contains("NO") && !log.contains("Error"), "{what}: {log}");
        writeln!(rows, "| {what} | works |").expect("written");
    }
    // The agent is gone without a word.
    drop(first);
    for (name, what, server) in ways {
        let log = run(&engine, &peer, &format!("{name}-orphan"), server, LOOKED_UP);
        assert!(log.contains("RAN") && log.contains("NO") && !log.contains("Error"), "{what}: {log}");
    }
    writeln!(rows, "| the same without an agent | works |").expect("written");
    engine.ask("DELETE", "/containers/keeper?force=1", &Value::Null);
    keep_section(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-network.md"),
        "names",
        &format!("| what is tried | tier `cgroup-bpf` |\n| --- | --- |\n{rows}"),
    );
}
