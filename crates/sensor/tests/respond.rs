//! What responses do to real containers: each does what it says and no more, few times, and says so. Needs root, a kernel
//! that lets programs watch, and dockerd; a machine without says so loudly.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_decide::Bundle;
use seawall_io::{LocalAddress, sha256};
use seawall_model::{Action, Alert, ContainerEngine, FieldValue};
use seawall_rules::{Options, RuleSet};
use seawall_sensor::{
    DirectorySettings, Enforcer, EngineSocket, Guard, Node, SensorOptions, pin_folder, resume, supplied_kinds,
};
use seawall_testkit::{Dockerd, ImageBuilder, TarBuilder};
use serde_json::{Value, json};

/// Each holds the containers of the other to its policy.
static ALONE: Mutex<()> = Mutex::new(());

/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

const RULES: &str = "
- rule: Marked sleep
  desc: A test.
  condition: evt.type in (execve, execveat) and proc.name = sleep and proc.args = 4711
  output: It sleeps | command=%proc.cmdline
  priority: CRITICAL
";

const POLICY: &str = "
apiVersion: seawall/v1
name: test
runtime:
  - { id: one, containers: { names: [one] }, mode: enforce, responses: [{ rules: ['Marked*'], do: [kill-process], atMost: 2/hour }] }
  - { id: still, containers: { names: ['still*'] }, mode: enforce, responses: [{ priority: ERROR, do: [pause-container] }] }
  - { id: stop, containers: { names: [stop] }, mode: enforce, responses: [{ priority: CRITICAL, do: [stop-container] }] }
  - { id: end, containers: { names: ['end*'] }, mode: enforce, responses: [{ rules: [Marked sleep], do: [kill-container] }] }
  - { id: keep, containers: { names: [keep] }, mode: enforce, responses: [{ rules: ['*'], do: [collect, kill-process] }] }
  - { id: trial, containers: { names: [trial] }, mode: dry-run, responses: [{ rules: ['*'], do: [collect, kill-container] }] }
  - { id: others, mode: observe, responses: [{ rules: ['*'], do: [kill-container] }] }
";

struct Watched<'e> {
    engine: &'e Dockerd,
    node: Node,
    alerts: Vec<Alert>,
}

fn directory(engine: &Dockerd, asks: bool) -> DirectorySettings {
    let address = LocalAddress::Unix(engine.socket());
    let sockets = vec![EngineSocket { engine: ContainerEngine::Docker, address }];
    DirectorySettings {
        engines: if asks { sockets } else { Vec::new() },
        docker_folder: engine.data(),
        // An engine that has other work is waited for.
        stall: LONG,
        ..DirectorySettings::below("/")
    }
}

fn watched<'e>(engine: &'e Dockerd, asks: bool, evidence: &Path) -> Watched<'e> {
    let pins = Path::new("/nowhere: nothing is denied, so nothing is pinned");
    watched_by(POLICY, engine, asks, evidence, pins)
}

fn watched_by<'e>(policy: &str, engine: &'e Dockerd, asks: bool, evidence: &Path, pins: &Path) -> Watched<'e> {
    let rules = RuleSet::load(&[("rules.yaml", RULES)], &Options::default()).expect("rules");
    let options = SensorOptions {
        kernel: Default::default(),
        kinds: supplied_kinds().into_iter().collect(),
        directory: directory(engine, asks),
        containers_only: false,
        identity_wait: LONG,
    };
    let policy = Bundle::load("policy.yaml", policy).expect("a policy");
    let guard = Guard::new(rules, "node", "observe");
    let node = Node::start_with(options, guard, Some(policy), pins, evidence).expect("started");
    Watched { engine, node, alerts: Vec::new() }
}

impl Watched<'_> {
    fn start(&self, name: &str, command: &str) -> String {
        let document = json!({
            "Image": "team/box:1", "Cmd": ["/bin/sh", "-c", command], "HostConfig": {"NetworkMode": "none"},
        });
        let (status, answer) = self.engine.ask("POST", &format!("/containers/create?name={name}"), &document);
        assert_eq!(status, 201, "{answer}");
        let (status, answer) = self.engine.ask("POST", &format!("/containers/{name}/start"), &Value::Null);
        assert_eq!(status, 204, "{answer}");
        let id: Value = serde_json::from_str(&self.inspect(name)).expect("JSON");
        id["Id"].as_str().expect("an id").to_owned()
    }

    fn inspect(&self, name: &str) -> String {
        self.engine.ask("GET", &format!("/containers/{name}/json"), &Value::Null).1
    }

    fn status(&self, name: &str) -> String {
        let answer: Value = serde_json::from_str(&self.inspect(name)).expect("JSON");
        answer["State"]["Status"].as_str().unwrap_or_default().to_owned()
    }

    fn step(&mut self) {
        let alerts = &mut self.alerts;
        self.node.step(Duration::from_millis(20), &mut |_| {}, &mut |alert| alerts.push(alert)).expect("stepped");
    }

    fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !so(self) {
            assert!(start.elapsed() < LONG, "{what}: {:#?}", self.alerts);
            self.step();
        }
    }

    fn of(&self, name: &str, rule: &str) -> Vec<&Alert> {
        let of = |a: &&Alert| {
            a.rule == rule && a.seawall.container.as_ref().is_some_and(|c| c.name.as_deref() == Some(name))
        };
        self.alerts.iter().filter(of).collect()
    }

    /// The results of responses to a container.
    fn results(&self, name: &str) -> Vec<String> {
        let text = |alert: &&Alert, field: &str| match alert.output_fields.get(field) {
            Some(FieldValue::Text(text)) => text.clone(),
            other => panic!("{field}: {other:?}"),
        };
        let line = |alert: &Alert| format!("{}: {}", text(&alert, "response.do"), text(&alert, "response.result"));
        self.of(name, "Seawall response").into_iter().map(line).collect()
    }
}

fn load(engine: &Dockerd) {
    let busybox = std::fs::read("/bin/busybox").expect("busybox-static is installed (tests/packages.txt)");
    let layer = TarBuilder::new().folder("bin/").folder("tmp/").program("bin/busybox", &busybox);
    let layer =
        ["sh", "sleep", "cp"].iter().fold(layer, |layer, name| layer.symlink(&format!("bin/{name}"), "busybox"));
    engine.load(&ImageBuilder::new("team/box:1").layer(layer, "COPY . /").docker_archive());
}

/// What a test puts into the kernel goes with it, also where it fails.
struct Pins(PathBuf);

impl Drop for Pins {
    fn drop(&mut self) {
        // A second failure would hide the first.
        let _ = Enforcer::remove(&self.0);
    }
}

#[test]
fn a_network_is_cut_where_a_rule_speaks() {
    const CUTS: &str = "
apiVersion: seawall/v1
name: test
runtime:
  - { id: cut, containers: { names: [talker] }, mode: enforce, responses: [{ rules: ['Marked*'], do: [cut-network] }] }
";
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    load(&engine);
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-respond-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut watched = watched_by(CUTS, &engine, true, folder.path(), &pins);
    let talks = "/bin/busybox nc -w 1 127.0.0.1 4712 </dev/null";
    let script = format!(
        "/bin/busybox nc -ll -p 4712 -e /bin/busybox true & until {talks}; do /bin/sleep 0.1; done; echo OPEN; \
         (/bin/sleep 4711 &); while {talks}; do /bin/sleep 0.1; done; echo CUT; /bin/sleep 600"
    );
    watched.start("talker", &script);
    let log = |w: &Watched<'_>| w.engine.ask_bytes("GET", "/containers/talker/logs?stdout=1");
    watched.until("cut", |w| log(w).contains("CUT"));
    watched.until("told", |w| !w.results("talker").is_empty());
    let result = "cut-network: its network was cut; `seawall guard --release talker` gives it back";
    assert_eq!(watched.results("talker"), [result]);
    assert_eq!(watched.of("talker", "Marked sleep")[0].seawall.action, Action::Quarantined);
    assert_eq!(watched.status("talker"), "running");
    // What the container then tries is told as well.
    watched.until("refused", |w| !w.of("talker", "Network cut by quarantine").is_empty());
}

#[test]
fn responses_do_what_they_say_to_real_containers() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    load(&engine);
    let evidence = folder.path().join("evidence");
    let mut watched = watched(&engine, true, &evidence);
    let forever = "/bin/sleep 4711; /bin/sleep 600";

    // A process ends, twice; the container goes on. The third time the limit holds, which is said once.
    watched.start("one", "/bin/sleep 4711; /bin/sleep 4711; /bin/sleep 4711 & /bin/sleep 4711 & /bin/sleep 600");
    watched.until("all alerts", |w| w.of("one", "Marked sleep").len() == 4 && w.results("one").len() == 3);
    let results = watched.results("one");
    assert!(results[0].starts_with("kill-process: process ") && results[0].ends_with(" (sleep 4711) was killed"));
    assert!(results[2].contains("not done: 2 within 3600 s are done already"), "{results:?}");
    assert_eq!(watched.status("one"), "running");
    let actions: Vec<_> = watched.of("one", "Marked sleep").iter().map(|a| a.seawall.action).collect();
    assert_eq!(actions, [Action::Killed, Action::Killed, Action::None, Action::None]);

    // Whole containers.
    watched.start("still", forever);
    watched.start("stop", forever);
    watched.start("end", forever);
    for (name, result, status, action) in [
        (
            "still",
            "pause-container: paused by docker; it goes on with `seawall guard --resume still`",
            "paused",
            Action::Paused,
        ),
        ("end", "kill-container: killed by docker", "exited", Action::Killed),
        ("stop", "stop-container: stopped by docker", "exited", Action::Stopped),
    ] {
        watched.until(name, |w| w.results(name).len() == 1);
        assert_eq!(watched.results(name), [result]);
        watched.until(status, |w| w.status(name) == status);
        assert_eq!(watched.of(name, "Marked sleep")[0].seawall.action, action);
    }
    assert_eq!(resume(&directory(&engine, true), "still"), Ok("resumed by docker".to_owned()));
    assert_eq!(watched.status("still"), "running");
    assert!(resume(&directory(&engine, true), "nobody").is_err());

    // Evidence, of a program that was dropped, before its process is killed.
    watched.start("keep", "cp /bin/busybox /tmp/sleep; /tmp/sleep 4711; /bin/sleep 600");
    watched.until("evidence", |w| w.results("keep").len() == 2);
    assert!(watched.results("keep")[1].contains("was killed"), "{:?}", watched.results("keep"));
    verify(&evidence, &watched.results("keep")[0]);

    // A dry run, and whoever is only observed: nothing is done.
    watched.start("trial", forever);
    watched.start("other", forever);
    watched.until("told", |w| !w.results("trial").is_empty() && !w.of("other", "Marked sleep").is_empty());
    assert_eq!(watched.results("trial"), ["collect, kill-container: dry run: would have been done"]);
    assert_eq!(watched.of("trial", "Marked sleep")[0].seawall.action, Action::WouldRespond);
    // The host is never answered.
    let mut host = std::process::Command::new("sleep").arg("4711").spawn().expect("it starts");
    watched.until("the host's", |w| w.alerts.iter().any(|a| a.rule == "Marked sleep" && a.seawall.container.is_none()));
    assert!(host.try_wait().expect("a child").is_none());
    host.kill().and_then(|()| host.wait()).expect("ended");
    assert_eq!(std::fs::read_dir(&evidence).expect("a folder").count(), 1);
    for name in ["trial", "other"] {
        assert_eq!(watched.status(name), "running", "{name}");
    }
    assert!(watched.results("other").is_empty());

    // Where no engine answers, control groups do it.
    drop(watched);
    let mut watched = self::watched(&engine, false, &evidence);
    let id = watched.start("still-alone", forever);
    watched.start("end-alone", forever);
    watched.until("frozen", |w| w.results("still-alone").len() == 1 && w.results("end-alone").len() == 1);
    let result = &watched.results("still-alone")[0];
    assert!(result.starts_with("pause-container: frozen by its control group"), "{result}");
    let result = &watched.results("end-alone")[0];
    assert!(result.starts_with("kill-container: ") && result.contains("killed"), "{result}");
    watched.until("ended", |w| w.status("end-alone") == "exited");
    let how = resume(&directory(&engine, false), &id[..12]);
    assert_eq!(how, Ok("thawed by its control group".to_owned()));
}

/// The manifest names every file, each with its digest, and holds what was asked for.
fn verify(evidence: &Path, result: &str) {
    let bundle = std::fs::read_dir(evidence).expect("a folder").next().expect("a bundle").expect("readable").path();
    let sums = std::fs::read_to_string(bundle.join("SHA256SUMS")).expect("readable");
    assert!(
        result.contains(&sha256(sums.as_bytes()).hex()) && result.contains(&bundle.display().to_string()),
        "{result}"
    );
    let mut checked = std::process::Command::new("sha256sum");
    checked.args(["--check", "--strict", "SHA256SUMS"]).current_dir(&bundle).stdout(std::process::Stdio::null());
    assert!(checked.status().expect("coreutils").success(), "{sums}");
    let mut found = Vec::new();
    let mut folders = vec![bundle.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                found.push(entry.path().strip_prefix(&bundle).expect("below").display().to_string());
            }
        }
    }
    for file in found.iter().filter(|file| *file != "SHA256SUMS") {
        assert!(sums.contains(&format!("  {file}\n")), "{file} is not in {sums}");
    }
    let ends = |end: &str| found.iter().any(|file| file.ends_with(end));
    assert!(ends("/maps") && ends("/open-files") && ends("/status"), "{found:?}");
    let read = |name: &str| std::fs::read(bundle.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(read("files/program"), std::fs::read("/bin/busybox").expect("readable"));
    let tree: Value = serde_json::from_slice(&read("processes.json")).expect("JSON");
    let commands: Vec<_> = tree.as_array().expect("a list").iter().map(|p| p["command"].to_string()).collect();
    assert!(commands.iter().any(|c| c.contains("/tmp/sleep 4711") || c.contains("sleep 4711")), "{commands:?}");
    let events = String::from_utf8(read("events.jsonl")).expect("text");
    assert!(events.lines().count() > 3 && events.lines().all(|l| serde_json::from_str::<Value>(l).is_ok()));
    let manifest: Value = serde_json::from_slice(&read("manifest.json")).expect("JSON");
    assert_eq!(manifest["rule"], "Marked sleep");
}
