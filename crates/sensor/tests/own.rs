//! The guard tells who attacks it: an agent, which is this test run again, is killed, stopped, traced, and loses what is its
//! own. Needs root; a machine without says so loudly.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a skipped test must be seen; the agent prints its alerts"
)]

#[path = "attacks/root.rs"]
mod root;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_decide::Bundle;
use seawall_io::LocalAddress;
use seawall_model::{Alert, ContainerEngine, Priority};
use seawall_rules::{Options, RuleSet};
use seawall_sensor::{
    DirectorySettings, Enforcer, EngineSocket, Filter, Guard, KernelOptions, Node, OwnFiles, SensorOptions, pin_folder,
};
use seawall_testkit::Dockerd;
use serde_json::json;

/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

/// One at a time: what one does to its agent, the other's may see.
static ALONE: Mutex<()> = Mutex::new(());

/// Asks for the run of this test that is the agent: its folder.
const AGENT: &str = "SEAWALL_TEST_AGENT";
/// The engine that it asks, where there is one: its socket and its folder.
const ENGINE: &str = "SEAWALL_TEST_ENGINE";

/// A rule that wants next to nothing, as an operator's may.
const RULES: &str = "
- rule: A
  desc: d
  condition: evt.type = unlink and evt.arg.path = /nonexistent/a and container.id != host
  output: o
  priority: NOTICE
";
const POLICY: &str = "
apiVersion: seawall/v1
name: test
runtime:
  - id: no-devices
    containers: { names: ['nobody'] }
    mode: enforce
    deny: [host-devices]
";

fn pins(folder: &Path) -> PathBuf {
    // Names of pins have no dots.
    let name = folder.file_name().expect("a name").to_string_lossy().replace('.', "");
    pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-own-{name}"))
}

/// The agent: until it is ended. Not a test where nobody asks for it.
#[test]
fn agent() {
    let Some(folder) = std::env::var_os(AGENT).map(PathBuf::from) else { return };
    let files = [folder.join("policy.yaml"), folder.join("rules.yaml")];
    let own = OwnFiles::of_agent(&files, &[folder.join("alerts.jsonl")], &pins(&folder));
    let rules = RuleSet::load(&[("rules.yaml", RULES)], &Options::default()).expect("rules");
    let mut kinds: BTreeSet<_> = rules.needs().kinds;
    kinds.extend(OwnFiles::kinds());
    let options = SensorOptions {
        kernel: KernelOptions {
            filter: Some(Arc::new(Filter::with_own(&rules, false, Some(&own)))),
            ..KernelOptions::default()
        },
        kinds,
        directory: match std::env::var(ENGINE) {
            Ok(engine) => {
                let (socket, data) = engine.split_once(' ').expect("two paths");
                let address = LocalAddress::Unix(socket.into());
                DirectorySettings {
                    engines: vec![EngineSocket { engine: ContainerEngine::Docker, address }],
                    docker_folder: data.into(),
                    stall: LONG,
                    ..DirectorySettings::below("/")
                }
            }
            Err(_) => DirectorySettings::below("/nonexistent"),
        },
        containers_only: false,
        identity_wait: LONG,
    };
    let policy = Bundle::load("policy.yaml", POLICY).expect("a policy");
    let guard = Guard::new(rules, "node", "exec-kill");
    let mut node = Node::start(options, guard, Some(policy), &pins(&folder)).expect("started");
    assert!(node.guard_itself(own).is_none());
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&stop)).expect("a handler");
    let raise = &mut |alert: Alert| println!("ALERT {}", serde_json::to_string(&alert).expect("written"));
    println!("\nREADY");
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        node.step(Duration::from_millis(20), &mut |_| {}, raise).expect("stepped");
    }
    node.finish(raise);
    println!("\nDONE");
}

struct Agent {
    child: Child,
    lines: Receiver<String>,
}

impl Agent {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, None)
    }

    fn start_with(folder: &Path, engine: Option<&Dockerd>) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["agent", "--exact", "--nocapture"]).env(AGENT, folder).stdout(Stdio::piped());
        if let Some(engine) = engine {
            command.env(ENGINE, format!("{} {}", engine.socket().display(), engine.data().display()));
        }
        let mut child = command.spawn().expect("started");
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok();
        });
        let mut agent = Self { child, lines };
        agent.until("READY");
        agent
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Reads lines up to one, and the alerts before it.
    fn until(&mut self, last: &str) -> Vec<Alert> {
        let end = Instant::now() + LONG;
        let mut alerts = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|e| panic!("no {last}: {e}, {alerts:#?}"));
            match line.strip_prefix("ALERT ") {
                Some(alert) => alerts.push(serde_json::from_str::<Alert>(alert).expect("an alert")),
                None if line == last => return alerts,
                None => {}
            }
        }
    }

    /// The first alert whose sentence has these words. Others are passed over.
    fn told(&mut self, words: &[&str]) -> Alert {
        let end = Instant::now() + LONG;
        let mut others = Vec::new();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("{words:?} was not told: {others:#?}") };
            if let Some(alert) = line.strip_prefix("ALERT ") {
                let alert: Alert = serde_json::from_str(alert).expect("an alert");
                if words.iter().all(|word| alert.output.contains(word)) {
                    assert_eq!(alert.rule, "Tampering with the guard");
                    return alert;
                }
                others.push(alert.output);
            }
        }
    }

    /// Alerts of the next while.
    fn for_a_while(&mut self, time: Duration) -> Vec<String> {
        let end = Instant::now() + time;
        let mut all = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if let Some(alert) = line.strip_prefix("ALERT ") {
                all.push(serde_json::from_str::<Alert>(alert).expect("an alert").output);
            }
        }
        all
    }

    /// Ends it as a service manager does; what it said meanwhile.
    fn end(mut self) -> Vec<Alert> {
        shell(&format!("kill -TERM {}", self.pid()));
        let alerts = self.until("DONE");
        assert!(self.child.wait().expect("ended").success());
        alerts
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // A test that failed leaves none behind; one that ended is ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Pins(PathBuf);

impl Drop for Pins {
    fn drop(&mut self) {
        let _ = Enforcer::remove(&self.0);
    }
}

fn shell(script: &str) {
    assert!(Command::new("/bin/bash").args(["-c", script]).status().expect("ran").success(), "{script}");
}

/// A folder with what the agent is told by; none where this machine cannot run one.
fn folder() -> Option<(tempfile::TempDir, Pins)> {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI runs as root");
        eprintln!("SKIPPED: watching the kernel needs root");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["policy.yaml", "rules.yaml", "alerts.jsonl"] {
        std::fs::write(folder.path().join(name), "x").expect("written");
    }
    let pins = Pins(pins(folder.path()));
    Some((folder, pins))
}

#[test]
fn who_signals_the_agent_is_told_also_where_it_dies_of_it() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((folder, pins)) = folder() else { return };
    let mut first = Agent::start(folder.path());
    // What asks for nothing bad, or for the files to be opened again, is nobody's business.
    shell(&format!("kill -0 {0}; kill -WINCH {0}", first.pid()));
    assert_eq!(first.for_a_while(Duration::from_millis(2500)), [""; 0]);
    shell(&format!("kill -STOP {0}; sleep 0.3; kill -CONT {0}", first.pid()));
    let alert = first.told(&["signal 19 (SIGSTOP) was sent to the guard by bash", "kill -STOP"]);
    assert_eq!(alert.priority, Priority::Critical);
    shell(&format!("kill -9 {}", first.pid()));
    first.child.wait().expect("ended");

    let mut second = Agent::start(folder.path());
    let words = format!("signal 9 (SIGKILL) was sent to the guard that was process {} by bash", first.pid());
    let alert = second.told(&[&words, "kill -9"]);
    assert_eq!(alert.priority, Priority::Critical);
    assert_eq!(alert.output_fields["proc.pname"], seawall_model::FieldValue::Text(own_name()));
    // A service manager's way to end it is told too, but is no attack.
    let last = second.end();
    let polite = last.iter().find(|alert| alert.output.contains("signal 15 (SIGTERM)")).expect("told");
    assert_eq!(polite.priority, Priority::Notice);
    assert!(!pins.0.with_file_name("x-agent").exists());
    // Nothing is told of an agent that ended in good order.
    let mut third = Agent::start(folder.path());
    assert_eq!(third.for_a_while(Duration::from_millis(2500)), [""; 0]);
}

/// This process's name, as the kernel has it of its main thread.
fn own_name() -> String {
    std::fs::read_to_string("/proc/self/comm").expect("read").trim_end().to_owned()
}

#[test]
fn who_changes_what_is_the_agents_is_told() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((folder, pins)) = folder() else { return };
    let at = folder.path().canonicalize().expect("real");
    let at = at.display();
    let mut agent = Agent::start(folder.path());
    let pid = agent.pid();

    // What reads, and what is another's, is let be.
    shell(&format!(
        "cat {at}/policy.yaml {at}/alerts.jsonl > /dev/null; echo x > {at}/other; rm {at}/other; ls /sys/fs/bpf"
    ));
    assert_eq!(agent.for_a_while(Duration::from_millis(2500)), [""; 0]);

    let python = |code: &str| format!("python3 -c '{code}'");
    let attach = |request: &str| {
        python(&format!(
            "import ctypes, os\nl = ctypes.CDLL(None)\nl.ptrace({request}, {pid}, 0, 0)\nos.kill({pid}, 18)"
        ))
    };
    let open_pin = python(&format!(
        "import ctypes, struct\nl = ctypes.CDLL(None)\np = ctypes.create_string_buffer(b\"{}/GROUPS\")\n\
         a = struct.pack(\"QLL\", ctypes.addressof(p), 0, 0) + bytes(96)\nassert l.syscall(321, 7, a, 120) >= 0",
        pins.0.display()
    ));
    let open_all = python(
        "import ctypes, struct\nl = ctypes.CDLL(None)\nn = 0\nwhile True:\n a = ctypes.create_string_buffer(struct.pack(\"LL\", n, 0)[:8] + bytes(112))\n \
         a = ctypes.create_string_buffer(struct.pack(\"II\", n, 0) + bytes(112))\n if l.syscall(321, 12, a, 120) < 0: break\n \
         n = struct.unpack(\"II\", a.raw[:8])[1]\n a = ctypes.create_string_buffer(struct.pack(\"I\", n) + bytes(116))\n l.syscall(321, 14, a, 120)",
    );
    let cases: &[(&str, String, &[&str])] = &[
        (
            "written",
            format!("echo y > {at}/policy.yaml"),
            &["opening to write what the guard is told by", "policy.yaml by bash"],
        ),
        ("written through a link", format!("ln -s {at}/rules.yaml {at}/l; echo y > {at}/l"), &["rules.yaml by bash"]),
        (
            "replaced",
            format!("echo z > {at}/new; mv {at}/new {at}/policy.yaml"),
            &["renaming or replacing", "policy.yaml by mv"],
        ),
        ("renamed away", format!("cd {at}; mv rules.yaml gone"), &["renaming or replacing", "rules.yaml by mv"]),
        (
            "cut",
            python(&format!("import os; os.truncate(\"{at}/alerts.jsonl\", 0)")),
            &["cutting what the guard writes"],
        ),
        ("removed", format!("rm {at}/alerts.jsonl"), &["removing what the guard writes", "alerts.jsonl by rm"]),
        ("a pin opened", open_pin, &["opening what the guard put into the kernel", "GROUPS"]),
        ("maps opened by number", open_all, &["opening map"]),
        (
            "a pin removed",
            format!("rm {}/seawall_device", pins.0.display()),
            &["removing what the guard put into the kernel", "by rm"],
        ),
        (
            "pins renamed",
            format!("mv {0}/DEFAULTS {0}/X", pins.0.display()),
            &["renaming or replacing what the guard put"],
        ),
        ("traced", attach("16"), &["tracing the guard by python3"]),
        (
            "signalled by who may not",
            format!("setpriv --reuid 12345 --clear-groups bash -c 'kill -9 {pid}' 2> /dev/null || true"),
            &["sending signal 9 to the guard was tried, and failed, by bash", "user 12345"],
        ),
        ("its memory opened", format!("exec 3<>/proc/{pid}/mem"), &["opening to write the memory of the guard"]),
    ];
    for (what, script, words) in cases {
        eprintln!("{what}");
        shell(script);
        agent.told(words);
    }
    // An event explains what changes in the five seconds after it.
    agent.for_a_while(Duration::from_secs(7));
    // What is done without any name that an event could tell.
    shell(&format!(
        "unshare -m bash -c 'mkdir {at}/m; mount --bind {at} {at}/m; umount {at}/m; mount --bind {at} /mnt; echo w > /mnt/policy.yaml'"
    ));
    agent.told(&[
        "policy.yaml of the guard changed, and nobody was seen to do it",
        "a file of this name was changed by bash",
    ]);
    let last = agent.end();
    assert!(last.iter().all(|alert| alert.rule == "Tampering with the guard"));
}

/// Starts a container that shares the node's PIDs and has the agent's files at another place.
fn neighbour(engine: &Dockerd, name: &str, files: &Path, script: &str) {
    let document = json!({
        "Image": "team/attacker:1", "Cmd": ["/bin/sh", "-c", script],
        "HostConfig": {"NetworkMode": "none", "PidMode": "host", "Binds": [format!("{}:/config", files.display())]},
    });
    let (status, answer) = engine.ask("POST", &format!("/containers/create?name={name}"), &document);
    assert_eq!(status, 201, "{answer}");
    let (status, answer) = engine.ask("POST", &format!("/containers/{name}/start"), &serde_json::Value::Null);
    assert_eq!(status, 204, "{answer}");
}

#[test]
fn containers_that_attack_the_agent_are_named() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((folder, _pins)) = folder() else { return };
    let room = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(room.path(), "overlay2") else { return };
    engine.import(&root::archive(&room.path().join("root")), "team/attacker", "1");
    let mut agent = Agent::start_with(folder.path(), Some(&engine));
    let named = |alert: &Alert| alert.seawall.container.as_ref().and_then(|c| c.name.clone());

    neighbour(&engine, "writer", folder.path(), "sleep 1; echo w > /config/policy.yaml; sleep 60");
    agent.told(&["policy.yaml of the guard changed", "a file of this name was changed by sh", "container writer"]);
    // The agent tells what was sent first before it dies of what comes then.
    let script = format!(
        "sleep 1; kill -STOP {0}; kill -CONT {0}; until [ -e /config/told ]; do sleep 0.1; done; kill -9 {0}; sleep 60",
        agent.pid()
    );
    neighbour(&engine, "killer", folder.path(), &script);
    let alert = agent.told(&["signal 19 (SIGSTOP) was sent to the guard by sh"]);
    assert_eq!((named(&alert).as_deref(), alert.priority), (Some("killer"), Priority::Critical));
    std::fs::write(folder.path().join("told"), "").expect("written");
    agent.child.wait().expect("ended");
    let mut second = Agent::start_with(folder.path(), Some(&engine));
    let alert = second.told(&["signal 9 (SIGKILL) was sent to the guard that was process", "by sh"]);
    assert_eq!(named(&alert).as_deref(), Some("killer"));
    for name in ["writer", "killer"] {
        engine.ask("DELETE", &format!("/containers/{name}?force=1"), &serde_json::Value::Null);
    }
}
