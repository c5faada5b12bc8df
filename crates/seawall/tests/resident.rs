//! What a guard keeps in memory while 200 containers run and every rule that ships judges them. Memory is no time: it is the same
//! on a busy machine.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen, and what was measured")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const CONTAINERS: usize = 200;
/// All that is resident, rings counted twice as the kernel counts them, and the binary, which is larger without optimisation.
const RESIDENT: u64 = 64 << 10;
/// What is the guard's own: it was 39 MiB while what loading had taken was kept.
const ANONYMOUS: u64 = 16 << 10;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A control group with the name that Docker gives that of a container.
struct Group {
    identity: String,
    path: PathBuf,
}

impl Group {
    fn made(root: &Path, number: usize) -> Self {
        let identity = format!("{:08x}{number:04x}{:052x}", std::process::id(), 0x5ea);
        let path = root.join("docker").join(&identity);
        std::fs::create_dir_all(&path).expect("a control group");
        Self { identity, path }
    }

    fn run(&self, command: &str) -> Running {
        let script = format!("echo $$ > {}/cgroup.procs; exec {command}", self.path.display());
        let (input, output) = (Stdio::null(), Stdio::null());
        Running(Command::new("sh").args(["-c", &script]).stdin(input).stdout(output).spawn().expect("sh"))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What ended a moment ago may still be in it.
        let end = Instant::now() + Duration::from_secs(2);
        while std::fs::remove_dir(&self.path).is_err() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A line of /proc/PID/status, in KiB.
fn status(guard: &Running, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", guard.0.id())).expect("it runs");
    let line = text.lines().find_map(|l| l.strip_prefix(name)).expect("a line");
    line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

/// The containers of which an alert was told.
fn told(alerts: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(alerts).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|alert| Some(alert["seawall"]["container"]["id"].as_str()?.to_owned())).collect()
}

#[test]
fn a_guard_of_two_hundred_containers_stays_small() {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI runs as root");
        eprintln!("SKIPPED: watching the kernel needs root");
        return;
    }
    let roots = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"].map(Path::new);
    let root = roots.into_iter().find(|root| root.join("cgroup.procs").exists()).expect("control groups");
    let groups: Vec<_> = (0..CONTAINERS).map(|number| Group::made(root, number)).collect();
    let _sleeping: Vec<_> = groups.iter().map(|group| group.run("sleep 600")).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let alerts = folder.path().join("alerts.jsonl");
    let mut guard = Command::new(env!("CARGO_BIN_EXE_seawall"));
    guard.args(["guard", "--no-resolve", "--for", "300", "-o"]).arg(format!("jsonl={}", alerts.display()));
    let mut guard = Running(guard.stderr(Stdio::piped()).spawn().expect("started"));
    let mut lines = BufReader::new(guard.0.stderr.take().expect("stderr")).lines().map_while(Result::ok);
    let started = lines.find(|line| line.starts_with("guarding "));
    assert!(started.is_some(), "it does not guard");
    // An alert in each, so that each is known and told.
    for group in &groups {
        group.run("cat /etc/shadow").0.wait().expect("ran");
    }
    let wanted: BTreeSet<_> = groups.iter().map(|group| group.identity.clone()).collect();
    let end = Instant::now() + Duration::from_secs(60);
    while !told(&alerts).is_superset(&wanted) {
        assert!(Instant::now() < end, "{} of {CONTAINERS} containers were told", told(&alerts).len());
        std::thread::sleep(Duration::from_millis(200));
    }
    let [resident, anonymous, most] = ["VmRSS:", "RssAnon:", "VmHWM:"].map(|name| status(&guard, name));
    eprintln!("{resident} KiB are resident, {anonymous} KiB of them its own; {most} KiB at most");
    assert!(anonymous < ANONYMOUS, "{anonymous} KiB are its own");
    assert!(resident < RESIDENT, "{resident} KiB are resident");
    let pid = rustix::process::Pid::from_child(&guard.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
    assert!(guard.0.wait().expect("ended").success());
}
