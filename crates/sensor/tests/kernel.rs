//! What this machine's kernel tells of real processes. Needs root; a machine without says so loudly, and CI has it.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use seawall_model::{Argument, ArgumentValue, EventKind, Observation};
use seawall_sensor::{DirectorySettings, Sensor, SensorOptions, supplied_kinds};

/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

/// Rings are the kernel's; one sensor at a time keeps the counts of a test its own.
static ONE: Mutex<()> = Mutex::new(());

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        assert!(std::env::var_os("CI").is_none(), "CI runs as root");
        eprintln!("SKIPPED: watching the kernel needs root");
    }
    root
}

fn options() -> SensorOptions {
    SensorOptions {
        kernel: Default::default(),
        kinds: supplied_kinds().into_iter().collect::<BTreeSet<_>>(),
        directory: DirectorySettings::below("/nonexistent"),
        containers_only: false,
        identity_wait: Duration::ZERO,
    }
}

/// Polls until `done` says so.
fn until(sensor: &mut Sensor, mut done: impl FnMut(Observation<'_>) -> bool) -> bool {
    let end = Instant::now() + LONG;
    let mut found = false;
    while !found && Instant::now() < end {
        sensor.poll(Duration::from_millis(50), &mut |o| found |= done(o)).expect("polled");
    }
    found
}

#[test]
fn an_exec_is_told_with_its_arguments_and_ancestors() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let mut sensor = Sensor::start(options()).expect("started");
    let child = Command::new("/bin/sh").args(["-c", "/bin/echo 'a b' c; true"]).current_dir("/usr").status();
    assert!(child.expect("ran").success());
    let own = std::process::id();
    assert!(until(&mut sensor, |o| {
        let found = o.event.kind == EventKind::Execve && *o.process.arguments == *b"a b c";
        if found {
            assert_eq!(&*o.process.name, b"echo");
            assert_eq!(&*o.process.command_line, b"echo a b c");
            assert_eq!(&*o.process.exe, b"/bin/echo");
            assert_eq!(&*o.process.exe_given, b"/bin/echo");
            assert!(o.process.exe_path.ends_with(b"/bin/echo"), "{:?}", o.process.exe_path);
            assert_eq!(&*o.process.cwd, b"/usr");
            assert_eq!(o.process.user.as_deref(), Some("root"));
            assert_eq!(&*o.ancestor(1).expect("a parent").name, b"sh");
            // The test itself ran before the sensor: the iterator told it.
            assert_eq!(o.ancestor(2).expect("a grandparent").pid, own);
        }
        found
    }));
}

#[test]
fn an_open_is_told_as_asked_and_as_resolved() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().canonicalize().expect("real").join("target");
    std::fs::write(&real, "x").expect("written");
    std::os::unix::fs::symlink("target", folder.path().join("link")).expect("linked");
    let mut sensor = Sensor::start(options()).expect("started");
    let ran = Command::new("/bin/cat").arg("./x/../link").current_dir(folder.path()).status();
    // `x` is not there, so that this one fails: its path is told all the same.
    assert!(!ran.expect("ran").success());
    assert!(Command::new("/bin/cat").arg("./link").current_dir(folder.path()).status().expect("ran").success());
    let lexical = real.with_file_name("link");
    let (mut failed, mut opened) = (false, false);
    assert!(until(&mut sensor, |o| {
        if let Some(file) = o.event.file().filter(|f| f.name.to_text() == lexical.to_string_lossy()) {
            assert_eq!(&*o.process.name, b"cat");
            if o.event.result < 0 {
                assert_eq!((o.event.result, file.number, &*file.given), (-2, -1, &b"./x/../link"[..]));
                failed = true;
            } else {
                assert_eq!(file.resolved.to_text(), real.to_string_lossy());
                assert_eq!(&*file.given, b"./link");
                assert!(file.inode > 0);
                opened = true;
            }
        }
        failed && opened
    }));
}

#[test]
fn sockets_have_the_kernels_addresses() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let mut sensor = Sensor::start(options()).expect("started");
    let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    assert!(Command::new("/bin/bash").args(["-c", &script]).status().expect("ran").success());
    assert!(until(&mut sensor, |o| {
        let found = o.event.kind == EventKind::Connect
            && o.event.socket().and_then(|s| s.remote).is_some_and(|(_, p)| p == port);
        if found {
            let socket = o.event.socket().expect("a socket");
            assert_eq!(socket.remote.expect("an end").0.to_string(), "127.0.0.1");
            assert!(socket.local.expect("an end").1 > 0);
            assert_eq!((socket.family, socket.kind, socket.protocol), (2, 1, 6));
        }
        found
    }));
}

#[test]
fn paths_of_two_arguments_are_both_told() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a"), "x").expect("written");
    let mut sensor = Sensor::start(options()).expect("started");
    assert!(Command::new("/bin/mv").args(["a", "b"]).current_dir(folder.path()).status().expect("ran").success());
    let path = |o: &Observation<'_>, name| match o.event.argument(name) {
        Some(ArgumentValue::Path { absolute, .. }) => absolute.to_text(),
        _ => String::new(),
    };
    let real = folder.path().canonicalize().expect("real");
    assert!(until(&mut sensor, |o| {
        matches!(o.event.kind, EventKind::Rename | EventKind::Renameat | EventKind::Renameat2)
            && path(&o, Argument::OldPath) == real.join("a").to_string_lossy()
            && path(&o, Argument::NewPath) == real.join("b").to_string_lossy()
    }));
    let statistics = sensor.statistics();
    assert_eq!(statistics.unreadable, 0, "{statistics:?}");
    assert_eq!(
        statistics.lost_life.iter().chain(&statistics.lost_events).chain(&statistics.lost_packets).sum::<u64>(),
        0,
        "{statistics:?}"
    );
}

#[test]
fn what_dup_and_open_do_is_told_where_other_calls_do_it() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().canonicalize().expect("real").join("file");
    let mut options = options();
    // The test itself is watched, as is what cannot be run.
    options.kernel.own_pid = 0;
    options.kernel.failed_execs = true;
    let mut sensor = Sensor::start(options).expect("started");
    use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC;
    let file = openat2(CWD, &path, flags, Mode::from_raw_mode(0o640), ResolveFlags::NO_MAGICLINKS).expect("opened");
    std::fs::File::from(file).set_len(7).expect("cut");
    Command::new(folder.path().join("nothing")).spawn().expect_err("not there");
    // The shell keeps a descriptor elsewhere while it redirects.
    let kept = "import fcntl; fcntl.fcntl(1, fcntl.F_DUPFD, 77); fcntl.fcntl(1, fcntl.F_GETFD)";
    assert!(Command::new("python3").args(["-c", kept]).status().expect("ran").success());
    // What the library adds.
    const LARGE: u32 = 0o100_000;
    let (mut opened, mut cut, mut failed, mut copied) = (false, false, false, false);
    assert!(
        until(&mut sensor, |o| {
            let number = |name| match o.event.argument(name) {
                Some(ArgumentValue::Number(number)) => *number,
                Some(ArgumentValue::Flags(bits)) => bits.cast_signed(),
                _ => -1,
            };
            let named = |name| matches!(o.event.argument(name), Some(ArgumentValue::Path { absolute, .. }) if absolute.ends_with(b"/nothing"));
            match o.event.kind {
                EventKind::Openat2 if o.event.file().is_some_and(|f| f.name.to_text() == path.to_string_lossy()) => {
                    let file = o.event.file().expect("a file");
                    assert_eq!((file.flags, file.mode), (flags.bits() | LARGE, 0o640));
                    assert_eq!((number(Argument::Resolve), number(Argument::Mode)), (2, 0o640));
                    opened = true;
                }
                EventKind::Ftruncate if o.event.file().is_some_and(|f| f.name.to_text() == path.to_string_lossy()) => {
                    assert_eq!((number(Argument::Size), number(Argument::Res)), (7, 0));
                    cut = true;
                }
                EventKind::Execve if o.event.result == -2 && named(Argument::Filename) => failed = true,
                EventKind::Fcntl => {
                    assert_eq!(number(Argument::Cmd), 0, "{:?}", o.event);
                    copied |= o.event.result == 77 && number(Argument::OldFd) == 1;
                }
                _ => {}
            }
            opened && cut && failed && copied
        }),
        "{:?}",
        (opened, cut, failed, copied)
    );
}
