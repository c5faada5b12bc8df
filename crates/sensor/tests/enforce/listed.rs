//! Programs that a policy names by path and parent, by every way to a program that does not need another copy of it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::PoisonError;

use seawall_decide::Bundle;
use seawall_model::Action;
use seawall_rules::{Options, RuleSet, SHIPPED};
use seawall_sensor::{Enforcer, Guard, Node, pin_folder};
use seawall_testkit::Dockerd;

use super::{ALONE, Pins, did, options, root, rules, run, watched};

const POLICY: &str = r"
apiVersion: seawall/v1
name: listed
runtime:
  - id: builders-may
    containers: { labels: ['role=builder'] }
    mode: observe
    programs: [{ paths: [/usr/bin/id] }]
  - id: others
    containers: { labels: ['role=other'] }
    mode: enforce
    programs: [{ paths: ['**/whoami'] }]
  - id: only-told
    containers: { labels: ['role=trial'] }
    mode: dry-run
    programs: [{ paths: [/usr/bin/id] }]
  - id: listed
    mode: enforce
    programs:
      - { paths: [/usr/bin/id, '/srv/**/*.sh'] }
      - { parents: ['**/perl*'] }
      - { paths: ['/usr/bin/w?'], parents: ['/usr/bin/python3*', /usr/bin/bash] }
";

/// As `ATTACKS` of main.rs.
const ATTACKS: &[(&str, &str, bool)] = &[
    ("a listed program is run", "echo TRIED; id -u && echo RAN", true),
    (
        "it is tried again at once, 200 times",
        "echo TRIED; i=0; while [ $i -lt 200 ]; do id -u 2>/dev/null && echo RAN; i=$((i+1)); done",
        true,
    ),
    ("it is run through a symbolic link", "ln -s /usr/bin/id /tmp/x; echo TRIED; /tmp/x -u && echo RAN", true),
    (
        "it is run by a path with `..` through the root of a process",
        "echo TRIED; /proc/self/root/usr/lib/../bin/id -u && echo RAN",
        true,
    ),
    ("it is run from another root (chroot)", "ln -s . /usr/usr; echo TRIED; chroot /usr /bin/id -u && echo RAN", true),
    (
        "it is run by its descriptor (execveat)",
        "echo TRIED; python3 -c 'import os; os.execve(os.open(\"/usr/bin/id\", os.O_RDONLY), [\"id\", \"-u\"], {})' && echo RAN",
        true,
    ),
    (
        "it is run through a bind mount in a mount namespace of its own",
        "unshare -Urm sh -c 'mount --bind /usr/bin /srv && echo TRIED && /srv/id -u && echo RAN'",
        true,
    ),
    (
        "it is run from a mount that is in no tree",
        "unshare -Urm python3 -c 'import os, ctypes; call = ctypes.CDLL(None).syscall; d = call(428, -100, b\"/usr/bin\", 0x80001); print(\"TRIED\", flush=True); pid = os.fork(); pid or os.execve(\"/proc/self/fd/%d/id\" % d, [\"id\", \"-u\"], {}); print(\"RAN\" if os.waitpid(pid, 0)[1] == 0 else \"\")'",
        true,
    ),
    (
        "a listed script is run by its first line",
        "mkdir /srv/a; printf '#!/bin/sh\\necho RAN\\n' > /srv/a/x.sh; chmod 755 /srv/a/x.sh; ln -s /srv/a/x.sh /srv/s; echo TRIED; /srv/s",
        true,
    ),
    ("a listed parent starts a program", "echo TRIED; perl -e 'exit system \"/bin/true\"' && echo RAN", true),
    ("a listed parent becomes a program (exec)", "echo TRIED; perl -e 'exec \"/bin/true\"' && echo RAN", true),
    (
        "a listed parent's child leaves it before it starts a program",
        "echo TRIED; perl -e 'if (!fork) { if (!fork) { sleep 1; exec \"/bin/sh\", \"-c\", \"echo RAN\" } exit } wait; sleep 2'",
        true,
    ),
    (
        "a listed parent starts a listed program",
        "echo TRIED; python3 -c 'import os, sys; sys.exit(os.spawnv(os.P_WAIT, \"/usr/bin/wc\", [\"wc\", \"/etc/passwd\"]))' && echo RAN",
        true,
    ),
    ("another parent starts it", "echo TRIED; wc /etc/passwd && echo RAN", false),
    (
        "a listed program is copied and run under another name",
        "cp /usr/bin/id /tmp/x; echo TRIED; /tmp/x -u && echo RAN",
        false,
    ),
    ("a listed program is renamed and run", "mv /usr/bin/id /tmp/x; echo TRIED; /tmp/x -u && echo RAN", false),
    (
        "a listed program is given to the loader",
        "echo TRIED; /lib64/ld-linux-x86-64.so.2 /usr/bin/id -u && echo RAN",
        false,
    ),
];

fn node(engine: &Dockerd, pins: &Path, policy: &str) -> Node {
    let rules = RuleSet::load(SHIPPED, &Options { all_match: true, ..Options::default() }).expect("rules");
    let policy = Bundle::load("policy.yaml", policy).expect("a policy");
    Node::start(options(engine), Guard::new(rules, "node", "exec-kill"), Some(policy), pins).expect("started")
}

#[test]
fn listed_programs_are_stopped_with_the_agent_and_without() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    engine.import(&root::archive(&folder.path().join("root")), "team/attacked", "1");
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-{}-listed", std::process::id()));
    let _pins = Pins(pins.clone());
    let mut first = node(&engine, &pins, POLICY);

    let scripts: Vec<_> =
        ATTACKS.iter().enumerate().map(|(n, (_, script, _))| (format!("listed-{n}"), "web", *script)).collect();
    let (logs, alerts) = watched(&mut first, &engine, &scripts);
    let (mut rows, mut wrong) = (String::new(), Vec::new());
    for (n, ((what, _, stopped), log)) in ATTACKS.iter().zip(&logs).enumerate() {
        let alerts = alerts.get(&format!("listed-{n}"));
        let found = (log.contains("TRIED"), !log.contains("RAN"), did(alerts, Action::Killed));
        if found != (true, *stopped, *stopped) {
            wrong.push(format!("{what}: {found:?} {log} {}", rules(alerts)));
        }
        let word = if *stopped { "stopped, told" } else { "let be" };
        writeln!(rows, "| {what} | {word} |").expect("written");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What is told names the program and the entry of the list.
    for (n, expected) in [
        (0, "/usr/bin/id was refused: it is what entry 1 of `programs` names"),
        (6, "/usr/bin/id was refused: it is what entry 1"),
        (8, "/srv/a/x.sh was refused: it is what entry 1"),
        (9, "/usr/bin/true was refused: it is what entry 2"),
        (12, "/usr/bin/wc was refused: it is what entry 3"),
    ] {
        let told = rules(alerts.get(&format!("listed-{n}")));
        assert!(told.contains(expected), "{}: {told}", ATTACKS[n].0);
    }
    let once = alerts.get("listed-0").into_iter().flatten().filter(|alert| alert.seawall.action == Action::Killed);
    assert_eq!(once.count(), 1);

    // Where nothing is denied each of them does what it says.
    let all: String =
        ATTACKS.iter().enumerate().map(|(n, (_, script, _))| format!("echo; echo CASE{n}; ({script})\n")).collect();
    let all = all.replace("mv /usr/bin/id", "cp /usr/bin/id");
    let (logs, _) = watched(&mut first, &engine, &[("control".to_owned(), "builder", &all)]);
    for (n, (what, ..)) in ATTACKS.iter().enumerate() {
        let part = logs[0].split(&format!("CASE{n}\n")).nth(1).and_then(|rest| rest.split("CASE").next());
        assert!(part.is_some_and(|part| part.contains("RAN")), "{what}: {part:?}");
    }

    // Another entry's list is another's; a trial only tells.
    let (id, whoami) = ("id -u && echo RAN", "whoami && echo RAN");
    let others = [("other", "other", id), ("other-held", "other", whoami), ("trial", "trial", id)];
    let (logs, alerts) = watched(&mut first, &engine, &others.map(|(n, role, s)| (n.to_owned(), role, s)));
    let ran: Vec<_> = logs.iter().map(|log| log.contains("RAN")).collect();
    assert_eq!(ran, [true, false, true], "{logs:?}");
    assert!(did(alerts.get("trial"), Action::WouldDeny), "{}", rules(alerts.get("trial")));
    assert!(!did(alerts.get("other"), Action::Killed), "{}", rules(alerts.get("other")));

    // The agent is gone without a word: what it put into the kernel stays.
    std::mem::forget(first);
    assert!(!run(&engine, "orphan", "web", id).contains("RAN"));
    // The next one takes it over; another policy takes its place.
    let mut second = node(&engine, &pins, POLICY);
    let (logs, alerts) = watched(&mut second, &engine, &[("taken-over".to_owned(), "web", id)]);
    assert!(!logs[0].contains("RAN") && did(alerts.get("taken-over"), Action::Killed), "{logs:?}");
    drop(second);
    let other = POLICY.replace("paths: [/usr/bin/id, ", "paths: [/usr/bin/whoami, ");
    let mut third = node(&engine, &pins, &other);
    let changed = [("changed".to_owned(), "web", id), ("changed-held".to_owned(), "web", whoami)];
    let (logs, _) = watched(&mut third, &engine, &changed);
    assert_eq!((logs[0].contains("RAN"), logs[1].contains("RAN")), (true, false), "{logs:?}");
    drop(third);
    assert!(Enforcer::remove(&pins).expect("removed"));
    assert!(run(&engine, "free", "web", id).contains("RAN"));

    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-enforcement.md");
    let table = format!("| what is tried | tier `exec-kill` |\n| --- | --- |\n{rows}");
    seawall_testkit::keep_section(&page, "listed", &table);
}
