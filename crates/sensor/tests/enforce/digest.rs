//! Programs that are judged by their digest: what the image has runs, at once and with the agent killed; what was changed in
//! its layers, copied or named by the policy does not.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use seawall_decide::Bundle;
use seawall_model::{Action, Alert};
use seawall_rules::{Options, RuleSet, SHIPPED};
use seawall_sensor::{Guard, Node, pin_folder};
use seawall_testkit::Dockerd;
use serde_json::Value;

use super::{ALONE, LONG, Pins, did, options, ordinary, root, rules, run, watched};

/// The folder of the engine of the test that runs this program again as an agent to be killed.
const AGENT: &str = "SEAWALL_TEST_AGENT";
const CHILD: &str = "digest::an_agent_that_will_be_killed";

/// `of` is the program whose digest the policy names.
fn policy(of: &Path) -> String {
    let digest = seawall_io::sha256(&std::fs::read(of).expect("a program"));
    format!(
        "apiVersion: seawall/v1\nname: test\nruntime:\n  \
         - id: builders-may\n    containers: {{ labels: ['role=builder'] }}\n    mode: observe\n    deny: [unlisted-programs]\n  \
         - id: only-told\n    containers: {{ labels: ['role=trial'] }}\n    mode: dry-run\n    deny: [unlisted-programs]\n  \
         - id: only-denied\n    containers: {{ labels: ['role=denied'] }}\n    mode: enforce\n    digests: ['{digest}']\n  \
         - id: only-listed\n    mode: enforce\n    deny: [unlisted-programs, dropped-libraries]\n"
    )
}

fn node(engine: &Dockerd, pins: &Path, inventories: &[PathBuf]) -> Node {
    let rules = RuleSet::load(SHIPPED, &Options { all_match: true, ..Options::default() }).expect("rules");
    let policy = Bundle::load("policy.yaml", &policy(Path::new("/bin/uname"))).expect("a policy");
    let mut options = options(engine);
    options.directory.inventories = inventories.to_vec();
    Node::start(options, Guard::new(rules, "node", "exec-kill"), Some(policy), pins).expect("started")
}

/// The folder of the one layer of an image, and the layer's digest.
fn layer(engine: &Dockerd, image: &str) -> (PathBuf, String) {
    let (status, answer) = engine.ask("GET", &format!("/images/{image}/json"), &Value::Null);
    assert_eq!(status, 200, "{answer}");
    let document: Value = serde_json::from_str(&answer).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (text(&document["GraphDriver"]["Data"]["UpperDir"]).into(), text(&document["RootFS"]["Layers"][0]))
}

/// Changes a file in place, as somebody with the node's root does.
fn change(file: &Path) {
    let mut file = std::fs::File::options().append(true).open(file).expect("writable");
    file.write_all(b"x").expect("written");
}

/// Before and after the agent has looked at the layer again.
const NOT_THERE: &[&str] = &["was not hashed yet", "inventory does not list it"];

/// What is tried: a name for the table, a script that prints RAN where the program ran, and what the alert says, one of these.
const TRIED: &[(&str, &str, &[&str])] = &[
    (
        "a program of the image is changed in its layer on the node",
        "echo TRIED; /bin/date && echo RAN",
        &["changed since it was hashed"],
    ),
    ("a program of the image is replaced in its layer on the node", "echo TRIED; /usr/bin/id && echo RAN", NOT_THERE),
    ("a program is added to a layer of the image on the node", "echo TRIED; /usr/bin/added && echo RAN", NOT_THERE),
    (
        "a program of the image is copied in the container and run",
        "cp /bin/true /tmp/x; echo TRIED; /tmp/x && echo RAN",
        // A rule of those that ship speaks of it, too.
        &["does not come from the image's layers", "action=refused"],
    ),
    (
        "a program of the image is touched in the container and run",
        "chmod 755 /bin/true; echo TRIED; /bin/true && echo RAN",
        &["does not come from the image's layers", "action=refused"],
    ),
    (
        "a script of the image is changed in its layer on the node",
        "echo TRIED; /usr/bin/script",
        &["script /usr/bin/script was refused: it was changed", "script /usr/bin/script was refused: the image's"],
    ),
    (
        "a library of the image is changed in its layer on the node",
        "echo TRIED; python3 -c 'import ctypes; ctypes.CDLL(\"libchanged.so\")' && echo RAN",
        &["libchanged.so was refused: it was changed", "libchanged.so was refused: the image's"],
    ),
];

/// What the image has, and how it is asked for.
const WORK: &str = "ls / >/dev/null && cat /etc/passwd | head -1 >/dev/null && python3 -c 'print(1)' && /usr/bin/script >/dev/null && \
    python3 -c 'import ctypes; ctypes.CDLL(\"libchanged.so\")' && echo RAN";
const WORK_LATER: &str = "ls / >/dev/null && cat /etc/passwd | head -1 >/dev/null && python3 -c 'print(1)' && echo RAN";
const COPY: &str = TRIED[3].1;
const CHANGED: &str = TRIED[0].1;
const DENIED: &str = "echo TRIED; uname && echo RAN";

const LIBRARY: &str = "usr/lib/x86_64-linux-gnu/libchanged.so";

/// Imports the image, with a script and a library that others do not need.
fn import(engine: &Dockerd, folder: &Path) {
    let root = folder.join("root");
    let (script, library) = (root.join("usr/bin/script"), root.join(LIBRARY));
    for file in [&script, &library] {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("writable");
    }
    std::fs::write(&script, "#!/bin/sh\necho RAN\n").expect("written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("set");
    std::fs::copy("/lib/x86_64-linux-gnu/libm.so.6", &library).expect("copied");
    engine.import(&root::archive(&root), "team/attacked", "1");
}

fn tampered(folder: &Path) {
    for changed in ["usr/bin/date", "usr/bin/script", LIBRARY] {
        change(&folder.join(changed));
    }
    for name in ["added", "new"] {
        let file = folder.join("usr/bin").join(name);
        std::fs::copy("/bin/true", &file).expect("copied");
        // Else the list would have it: by its digest it is the image's.
        change(&file);
    }
    std::fs::rename(folder.join("usr/bin/new"), folder.join("usr/bin/id")).expect("renamed");
}

#[test]
fn programs_are_judged_by_their_digest_with_the_agent_and_without() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    import(&engine, folder.path());
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-{}-digest", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut first = node(&engine, &pins, &[]);
    // The first container's first instruction: nothing was asked of the image before.
    let (logs, alerts) = watched(&mut first, &engine, &[("work".to_owned(), "web", WORK)]);
    assert!(logs[0].contains("RAN") && !did(alerts.get("work"), Action::Killed), "{logs:?} {}", all(&alerts));

    let (layer, _) = layer(&engine, "team/attacked:1");
    tampered(&layer);
    let scripts: Vec<_> =
        TRIED.iter().enumerate().map(|(n, (_, script, _))| (format!("digest-{n}"), "web", *script)).collect();
    let (logs, alerts) = watched(&mut first, &engine, &scripts);
    let mut rows = String::new();
    for (n, ((what, _, words), log)) in TRIED.iter().zip(&logs).enumerate() {
        let alerts = alerts.get(&format!("digest-{n}"));
        assert!(log.contains("TRIED") && !log.contains("RAN"), "{what}: {log} {}", rules(alerts));
        assert!(
            did(alerts, Action::Killed) && words.iter().any(|w| rules(alerts).contains(w)),
            "{what}: {}",
            rules(alerts)
        );
        writeln!(rows, "| {what} | stopped, told |").expect("written");
    }
    keep(&rows);
    // Where nothing is denied each of them does what it says. What nobody knows yet is held to the strictest: on a machine that
    // is busy a container may be ahead of the agent.
    let end = Instant::now() + LONG;
    let mut left: Vec<_> = TRIED.iter().enumerate().collect();
    for round in 0.. {
        let free: Vec<_> =
            left.iter().map(|(n, (_, script, _))| (format!("free-{n}-{round}"), "builder", *script)).collect();
        let (logs, _) = watched(&mut first, &engine, &free);
        let mut logs = logs.iter();
        left.retain(|_| !logs.next().is_some_and(|log| log.contains("RAN")));
        if left.is_empty() {
            break;
        }
        assert!(Instant::now() < end, "{left:?}");
    }
    let others = [("denied", "denied", DENIED), ("trial", "trial", COPY), ("listed", "web", DENIED)];
    let (logs, alerts) = watched(&mut first, &engine, &others.map(|(n, role, s)| (n.to_owned(), role, s)));
    assert!(!logs[0].contains("RAN") && rules(alerts.get("denied")).contains("denies its digest"), "{logs:?}");
    assert!(logs[1].contains("RAN") && did(alerts.get("trial"), Action::WouldDeny), "{logs:?}");
    assert!(logs[2].contains("RAN"), "{logs:?}");

    // What only looks changed may run again once the agent has looked.
    std::fs::set_permissions(layer.join("usr/bin/wc"), std::fs::Permissions::from_mode(0o555)).expect("changed");
    let end = Instant::now() + LONG;
    while !watched(&mut first, &engine, &[("again".to_owned(), "web", "wc -l /etc/passwd && echo RAN")]).0[0]
        .contains("RAN")
    {
        assert!(Instant::now() < end, "a file with the same content is refused for good");
    }
    drop(first);

    // An agent of its own process is killed: what it put into the kernel holds without it.
    drop(Agent::start(folder.path(), &pins));
    for (name, script, runs) in
        [("alone", WORK_LATER, true), ("alone-copy", COPY, false), ("alone-changed", CHANGED, false)]
    {
        let log = run(&engine, name, "web", script);
        assert_eq!(log.contains("RAN"), runs, "{name}: {log}");
    }
    // The next does not take what was changed meanwhile for the image's, and knows images that come while it runs.
    let mut second = node(&engine, &pins, &[]);
    let scripts = [("next", "web", WORK_LATER), ("next-changed", "web", CHANGED)];
    let (logs, _) = watched(&mut second, &engine, &scripts.map(|(n, role, s)| (n.to_owned(), role, s)));
    assert!(logs[0].contains("RAN") && !logs[1].contains("RAN"), "{logs:?}");
}

/// This program again, as an agent; it ends when this goes.
struct Agent(Child);

impl Agent {
    /// It guards once it says so.
    fn start(engine: &Path, pins: &Path) -> Self {
        let child = Command::new(std::env::current_exe().expect("a program"))
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .env(AGENT, format!("{}:{}", engine.display(), pins.display()))
            .stdout(Stdio::null())
            .spawn();
        let agent = Self(child.expect("started"));
        for _ in 0..1_800 {
            if engine.join("guarding").exists() {
                return agent;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the agent does not come up");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // With SIGKILL: nothing of it is done orderly.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "run by the test above, in a process that is killed"]
fn an_agent_that_will_be_killed() {
    let Ok(places) = std::env::var(AGENT) else { return };
    let (folder, pins) = places.split_once(':').expect("two");
    let engine = Dockerd::at(Path::new(folder));
    let mut node = node(&engine, Path::new(pins), &[]);
    std::fs::write(Path::new(folder).join("guarding"), "").expect("written");
    loop {
        node.step(Duration::from_millis(50), &mut |_| {}, &mut |_| {}).expect("stepped");
    }
}

/// A report of a scan that lists what is in a layer's folder now.
fn report(folder: &Path, diff_id: &str, into: &Path) {
    let found = Command::new("find")
        .arg(folder)
        .args(["-type", "f", "(", "-perm", "/111", "-o", "-name", "*.so*", ")"])
        .output()
        .expect("find is there");
    let programs: Vec<Value> = String::from_utf8_lossy(&found.stdout)
        .lines()
        .map(|path| {
            let digest = seawall_io::sha256(&std::fs::read(path).expect("readable")).to_string();
            serde_json::json!({"path": path, "digest": digest})
        })
        .collect();
    let report = serde_json::json!({"layers": [{"diffId": diff_id, "programs": programs}]});
    std::fs::write(into, report.to_string()).expect("written");
}

#[test]
fn a_layer_that_was_changed_before_the_agent_came_is_told_by_the_inventory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    import(&engine, folder.path());
    let (layer, diff_id) = layer(&engine, "team/attacked:1");
    let list = folder.path().join("list.json");
    report(&layer, &diff_id, &list);
    tampered(&layer);
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-{}-list", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut node = node(&engine, &pins, &[list]);
    let scripts: Vec<_> = std::iter::once(("work".to_owned(), "web", WORK_LATER))
        .chain((0..TRIED.len()).map(|n| (format!("list-{n}"), "web", TRIED[n].1)))
        .collect();
    let (logs, alerts) = watched(&mut node, &engine, &scripts);
    assert!(logs[0].contains("RAN"), "{logs:?} {}", all(&alerts));
    for (n, log) in logs.iter().enumerate().skip(1) {
        let told = rules(alerts.get(&format!("list-{}", n - 1)));
        assert!(log.contains("TRIED") && !log.contains("RAN"), "{log} {told}");
        let words = [TRIED[n - 1].2, &["inventory does not list it"]].concat();
        assert!(words.iter().any(|w| told.contains(w)), "{told}");
    }
    let internal = rules(alerts.get(""));
    assert!(internal.contains("Layer changed on the node") && internal.contains("/usr/bin/added"), "{internal}");

    // An image that no inventory names has a list that is made here, and that is said.
    let image = ordinary::IMAGES.iter().find(|image| image.name == "busybox").expect("one");
    if !image.is_there() {
        eprintln!("SKIPPED: this machine lacks what the image {} is made of", image.name);
        return;
    }
    engine.import(&image.archive(&folder.path().join(image.name)), &format!("ordinary/{}", image.name), "1");
    let end = Instant::now() + LONG;
    let mut told = String::new();
    loop {
        let (logs, alerts) = watched(&mut node, &engine, &[(image.name.to_owned(), "web", "echo RAN")]);
        told += &all(&alerts);
        if logs[0].contains("RAN") {
            break;
        }
        assert!(Instant::now() < end, "{logs:?} {told}");
    }
    assert!(told.contains("is made on this node") && told.contains("ordinary/busybox"), "{told}");
}

#[test]
fn the_ordinary_work_of_images_is_let_be_by_digest() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    let there: Vec<_> = ordinary::IMAGES.iter().filter(|image| image.is_there()).collect();
    for image in &there {
        engine.import(&image.archive(&folder.path().join(image.name)), &format!("ordinary/{}", image.name), "1");
    }
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-{}-digests", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut node = node(&engine, &pins, &[]);
    let scripts: Vec<_> = there.iter().map(|image| (image.name.to_owned(), "web", image.work)).collect();
    let (logs, alerts) = watched(&mut node, &engine, &scripts);
    for (image, log) in there.iter().zip(&logs) {
        let alerts = alerts.get(image.name);
        assert!(log.contains("DONE") && !did(alerts, Action::Killed), "{}: {log} {}", image.name, rules(alerts));
    }
}

fn all(alerts: &std::collections::BTreeMap<String, Vec<Alert>>) -> String {
    alerts.values().map(|alerts| rules(Some(alerts))).collect()
}

/// The section of the page is made by this test.
fn keep(rows: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-enforcement.md");
    let table = format!("| what is tried | tier `exec-kill` |\n| --- | --- |\n{rows}");
    seawall_testkit::keep_section(&page, "digest", &table);
}
