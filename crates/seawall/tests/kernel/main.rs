//! The guard on a stock Debian kernel with BPF-LSM, which the kernels of test machines refuse: booted in qemu without
//! acceleration. The section `lsm` of docs/reference/guard-enforcement.md comes of it.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

mod attacks;
mod engine;
mod machine;
mod packets;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use attacks::{ATTACKS, Attack, LISTS, TAMPERING, WORK};
use machine::Root;
use serde_json::Value;

/// What can be denied by killing.
const DRIFT: &str =
    "[dropped-programs, memory-programs, volume-programs, dropped-scripts, dropped-libraries, memory-libraries]";
const DENY: &str = "[mounts, dropped-programs, memory-programs, volume-programs, dropped-scripts, dropped-libraries, \
    memory-libraries, kernel-settings, ptrace, bpf, modules, user-namespaces, agent-tampering]";

/// The security modules of a boot where BPF-LSM is one.
const LSM: &str = "lsm=landlock,lockdown,yama,integrity,apparmor,bpf";

/// Names of busybox that attacks and ordinary work use in the container.
const APPLETS: &[&str] = &["mount", "umount", "grep", "cmp", "chmod", "sleep", "rm"];

/// The first file system: what boots, and below /image what containers are made of.
fn root(kernel: &Path, folder: &Path) -> Root {
    let mut root = Root::default();
    let (top, image) = (Path::new("/"), Path::new("/image"));
    for name in [
        "proc",
        "sys",
        "dev",
        "run",
        "tmp",
        "image/proc",
        "image/sys",
        "image/tmp",
        "image/dev",
        "image/srv",
        "image/volume",
        "image/data/keys",
    ] {
        root.folder(&top.join(name));
    }
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/kernel");
    for (name, file) in [
        ("init", "init.sh"),
        ("scenario.sh", "scenario.sh"),
        ("container.pl", "container.pl"),
        ("packets.yaml", "packets.yaml"),
        ("image/packets.pl", "packets.pl"),
        ("engine.sh", "engine.sh"),
        ("registry.pl", "registry.pl"),
    ] {
        root.file(&top.join(name), &std::fs::read(guest.join(file)).expect("readable"));
    }
    root.program(image, "bin/busybox", Path::new("/bin/busybox"));
    for name in ["true", "ls", "cp", "mv", "cat", "dash"] {
        root.program(image, &format!("bin/{name}"), &Path::new("/bin").join(name));
    }
    root.program(image, "bin/perl", Path::new("/usr/bin/perl"));
    root.tree(image, Path::new("/usr/lib/x86_64-linux-gnu/perl-base"));
    root.link(Path::new("/image/bin/sh"), "dash");
    for name in APPLETS {
        root.link(&image.join("bin").join(name), "busybox");
    }
    root.program(image, "bin/listed", Path::new("/bin/true"));
    for name in ["secret", "config", "con-gone", "con-moved", "con-over"] {
        root.file(&image.join("data").join(name), b"a line\n");
    }
    root.file(Path::new("/image/bin/script"), b"#!/bin/sh\nexit 0\n");

    let stripped = folder.join("seawall");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(env!("CARGO_BIN_EXE_seawall")).status();
    assert!(strip.expect("strip is there").success());
    root.program(image, "agent/seawall", &stripped);
    // One copy of everything: the node's own programs are the image's.
    for (name, target) in [("lib", "image/lib"), ("lib64", "image/lib64"), ("usr/lib", "../image/usr/lib")] {
        root.link(&top.join(name), target);
    }
    root.link(Path::new("/bin/busybox"), "../image/bin/busybox");
    root.link(Path::new("/bin/perl"), "../image/bin/perl");
    root.link(Path::new("/bin/seawall"), "../image/agent/seawall");
    for (name, to) in [("overlay.ko", "/overlay.ko"), ("dummy.ko", "/image/modules/dummy.ko")] {
        root.file(Path::new(to), &std::fs::read(kernel.join(name)).expect("a module"));
    }

    for (place, attacks) in [("attacks", ATTACKS), ("tampering", TAMPERING)] {
        for (n, attack) in attacks.iter().enumerate() {
            root.file(&image.join(format!("{place}/{n:02}")), attack.script.as_bytes());
        }
        root.link(&top.join(place), &format!("image/{place}"));
    }
    root.file(&image.join("work.sh"), WORK.as_bytes());
    root.link(Path::new("/work.sh"), "image/work.sh");
    for (name, mode, deny) in [("enforce", "enforce", DENY), ("dry-run", "dry-run", DENY), ("drift", "enforce", DRIFT)]
    {
        let policy = format!(
            "apiVersion: seawall/v1\nname: test\nruntime:\n  - id: strict\n    mode: {mode}\n    deny: {deny}\n{}",
            if deny == DENY { LISTS } else { "" }
        );
        root.file(&top.join(format!("{name}.yaml")), policy.as_bytes());
    }
    root
}

/// Boots; what stood on the console.
fn console(root: &Root, kernel: &Path, folder: &Path, options: &str) -> String {
    let console = root.boot(kernel, folder, options);
    if std::env::var_os("SEAWALL_CONSOLE").is_some() {
        eprintln!("{console}");
    }
    console
}

/// The console by headings: what stood under each.
fn sections(console: &str) -> BTreeMap<&str, &str> {
    let parts = console.split("@@ ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect()
}

/// The alerts of a phase: action, and what they say, by the number of the container.
fn alerts(text: &str) -> Vec<(Option<usize>, String, String)> {
    let parse = |line: &str| {
        let alert: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let field = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let container = alert["seawall"]["container"]["id"].as_str().and_then(|id| id.parse().ok());
        (container, field(&alert["seawall"]["action"]), field(&alert["output"]))
    };
    text.lines().filter(|line| line.starts_with('{')).map(parse).collect()
}

fn row(rows: &mut String, what: &str, stopped: bool, detected: bool) {
    let word = match (stopped, detected) {
        (true, _) => "stopped, told",
        (false, true) => "detected",
        (false, false) => "missed",
    };
    writeln!(rows, "| {what} | {word} |").expect("written");
}

#[test]
fn debians_kernel_refuses_what_the_policy_denies() {
    let Some(kernel) = machine::kernel() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let console = console(&root(&kernel, folder.path()), &kernel, folder.path(), LSM);
    let sections = sections(&console);
    let section = |name: &str| *sections.get(name).unwrap_or_else(|| panic!("{name} is missing:\n{console}"));
    let ran = |name: &str| section(name).contains("RAN");

    // Every hook that denies, and every one of events; not those that follow names (docs/limits.md).
    let probe = section("probe");
    let follows = |line: &str| line.contains("names are asked for: ") || line.contains("names are answered with: ");
    let refused = probe.lines().filter(|line| line.contains(" refused ") && !follows(line)).count();
    assert!(probe.starts_with("tier: lsm\n") && refused == 0, "{probe}");
    assert!(section("start").contains("tier lsm"), "{}", section("start"));

    let mut rows = String::new();
    let (enforced, dry) = (alerts(section("alerts enforced")), alerts(section("alerts dry")));
    for (n, Attack { what, told, .. }) in ATTACKS.iter().enumerate() {
        let (free, held) = (format!("free {n:02}"), format!("enforced {n:02}"));
        assert!(ran(&free), "{what} does not work even where nothing holds it: {}", section(&free));
        assert_eq!(ran(&held), told.is_none(), "{what}: {}", section(&held));
        // A dry run of some of them, to spare time, stops none.
        let tried = sections.get(format!("dry {n:02}").as_str());
        assert!(tried.is_none_or(|text| text.contains("RAN")), "{what}: a dry run stopped it: {tried:?}");
        let of = |all: &[(Option<usize>, String, String)], number, action: &str| {
            let mut own: Vec<_> = all.iter().filter(|(c, a, _)| *c == Some(number + n) && a == action).collect();
            own.dedup_by(|a, b| a.2.split_once(' ').map(|a| a.1) == b.2.split_once(' ').map(|b| b.1));
            own.into_iter().map(|(_, _, output)| output.clone()).collect::<Vec<_>>()
        };
        if let Some(told) = told {
            let denied = of(&enforced, 2000, "denied");
            assert!(denied.iter().any(|output| output.contains(told)), "{what}: {denied:?} of {enforced:?}");
            assert!(tried.is_none() || !of(&dry, 4000, "would-deny").is_empty(), "{what}: {dry:?}");
        }
        // What the container's own making raises is not what was tried.
        let detected = enforced.iter().any(|(c, _, output)| *c == Some(2000 + n) && !output.contains("container.pl"));
        row(&mut rows, what, told.is_some(), detected);
    }
    // Each denial is told once.
    for (n, times) in [(0, 1), (5, 200)] {
        let denied =
            enforced.iter().filter(|(container, action, _)| *container == Some(2000 + n) && action == "denied");
        assert_eq!(denied.count(), times, "{}", ATTACKS[n].what);
    }
    for phase in ["free", "enforced", "dry"] {
        let work = format!("{phase} work");
        assert!(ran(&work), "{work}: {}", section(&work));
    }
    for (n, Attack { what, told, .. }) in TAMPERING.iter().enumerate() {
        let name = format!("tampering {n:02}");
        assert!(!ran(&name), "{what}: {}", section(&name));
        let is_told = |(_, action, output): &(_, String, String)| {
            action == "denied" && told.is_some_and(|told| output.contains(told))
        };
        assert!(enforced.iter().any(is_told), "{what}: {}", section("alerts enforced"));
        row(&mut rows, &format!("on the node: {what}"), true, true);
    }

    let what = "the agent is asked to end (SIGTERM) by a container that shares the node's processes";
    assert!(!ran("neighbour"), "{}", section("neighbour"));
    let is_told = |(container, action, output): &(Option<usize>, String, String)| {
        *container == Some(6000) && action == "denied" && output.contains("signal 15 to the agent")
    };
    assert!(enforced.iter().any(is_told), "{}", section("alerts enforced"));
    row(&mut rows, what, true, true);

    // What holds goes on without the agent, is taken over, and goes when it is asked to.
    assert!(section("orphan agent").contains("GONE"));
    assert!(!ran("orphan attack"), "{}", section("orphan attack"));
    assert!(section("ended").contains("alerts"), "{}", section("ended"));
    assert!(ran("removed"), "{}", section("removed"));
    keep(&rows);
}

#[test]
fn a_kernel_that_does_not_ask_bpf_programs_is_not_claimed() {
    let Some(kernel) = machine::kernel() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let options = "scenario=unlisted lsm=landlock,lockdown,yama,integrity,apparmor";
    let console = console(&root(&kernel, folder.path()), &kernel, folder.path(), options);
    let sections = sections(&console);
    assert!(sections["probe"].starts_with("tier: exec-kill\n"), "{console}");
    assert!(sections["start"].contains("entry `strict` denies mounts"), "{console}");
    assert!(sections["start"].contains("not in its list of security modules"), "{console}");
    // Programs, scripts and libraries are stopped without it, also where the kernel lacks newer tracepoints.
    assert!(sections["kills"].contains("tier exec-kill"), "{}", sections["kills"]);
    let told = alerts(sections["alerts killed"]);
    for (n, Attack { what, told: is_stopped, .. }) in ATTACKS.iter().enumerate() {
        if *what == "a file system is mounted" {
            break;
        }
        let section = sections[&*format!("killed {n:02}")];
        assert_eq!(section.contains("RAN"), is_stopped.is_none(), "{what}: {section}");
        let killed = told.iter().any(|(container, action, _)| *container == Some(1000 + n) && action == "killed");
        assert_eq!(killed, is_stopped.is_some(), "{what}: {told:?}");
    }
    assert!(sections["killed work"].contains("RAN"), "{}", sections["killed work"]);
    assert!(sections["untyped"].starts_with("tier: none\n"), "{console}");
    assert!(sections["untyped"].contains("exit code 2") && sections["untyped"].contains("BTF"), "{console}");
}

/// The tier's section of the page is made by this test.
fn keep(rows: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/guard-enforcement.md");
    seawall_testkit::keep_section(&page, "lsm", &format!("| what is tried | tier `lsm` |\n| --- | --- |\n{rows}"));
}
