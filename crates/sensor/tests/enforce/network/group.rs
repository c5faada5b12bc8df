//! Lists and the quarantine in a control group of the test's own: no engine is needed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::PoisonError;

use seawall_decide::{Bundle, ContainerSelector, RuntimeDenial};
use seawall_sensor::{Addresses, Enforcer, pin_folder};

use super::{BEGIN, CASES, PEER, POLICY, Peer, Running, TALKER};
use crate::{ALONE, Pins};

/// No name of the test's policy has an address, and nothing else is asked for.
pub(super) struct Nowhere;

impl Addresses for Nowhere {
    fn of_name(&self, _: &str) -> Vec<IpAddr> {
        Vec::new()
    }

    fn of_containers(&self, _: &ContainerSelector) -> Vec<IpAddr> {
        Vec::new()
    }
}

/// Who calls is never judged of what is the caller's own, nor are packets that stay on its own loopback interface.
fn needs_two_sides(what: &str) -> bool {
    what.starts_with("being called") || what.starts_with("an ICMP echo")
}

/// A control group of the test's own.
pub(crate) struct Group(pub(crate) PathBuf);

impl Group {
    /// None where the machine does not let it, which is said loudly.
    #[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
    pub(crate) fn make() -> Option<Self> {
        let path = PathBuf::from("/sys/fs/cgroup/pids").join(format!("seawall-test-{}", std::process::id()));
        if std::fs::create_dir(&path).is_ok() {
            return Some(Self(path));
        }
        let excuse = "only root may make a control group, and this one is of version 1";
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "where CI=true this must not be: {excuse}");
        eprintln!("SKIPPED: {excuse}");
        None
    }

    /// cgroup_key of ebpf/include/task.h.
    pub(crate) fn key(&self) -> u64 {
        let table = std::fs::read_to_string("/proc/cgroups").expect("readable");
        let line = table.lines().find(|line| line.starts_with("pids\t")).expect("a controller");
        let hierarchy: u64 = line.split('\t').nth(1).and_then(|n| n.parse().ok()).expect("a number");
        std::fs::metadata(&self.0).expect("there").ino() ^ (hierarchy << 48)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// The same cases by a process of a control group that stands for a container, in the other side's network namespace, where
/// all addresses are its own: some need two sides. It needs no engine, and holds for no other container.
#[test]
fn lists_hold_for_a_control_group() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a folder");
    let Some(group) = Group::make() else { return };
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-group-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let peer = Peer::start(folder.path(), PEER);
    let pid = peer.pid().to_string();
    let addresses = "ip link set lo up; for a in 10.77.0.1 10.77.0.2 10.77.0.9; do ip addr add $a/32 dev lo; done; \
                     for a in fd77::1 fd77::2; do ip -6 addr add $a/128 dev lo nodad; done; \
                     echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range";
    let status = Command::new("nsenter").args(["-t", &pid, "-n", "sh", "-c", addresses]).status();
    assert!(status.expect("nsenter is there").success());
    let start = |script: &str| {
        let script = format!("import sys\nsys.stdin.readline()\n{BEGIN}{script}");
        let mut command = Command::new("nsenter");
        // In mounts of its own, as a container: or else it is taken for an engine's own process on its way there.
        command.args(["-t", &pid, "-n", "unshare", "-m", "python3", "-u", "-c", &script]).current_dir(folder.path());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        std::fs::write(group.0.join("cgroup.procs"), child.id().to_string()).expect("moved");
        child.stdin.take().expect("a pipe").write_all(b"\n").expect("written");
        child
    };
    let policy = Bundle::load("policy.yaml", POLICY).expect("a policy");
    let listed = policy.runtime().find(|entry| entry.id == "listed").expect("an entry");
    let mut enforcer = Enforcer::install(&pins, &policy).expect("installed");
    assert!(enforcer.cannot(listed).is_empty(), "{:?}", enforcer.cannot(listed));
    enforcer.fill(policy.runtime(), &Nowhere).expect("filled");
    enforcer.set(group.key(), Some(listed)).expect("set");
    let mut faults = Vec::new();
    for (what, script, refused) in CASES.iter().filter(|(what, ..)| !needs_two_sides(what)) {
        let output = start(script).wait_with_output().expect("ran");
        let denials = enforcer.denials();
        let ran = String::from_utf8_lossy(&output.stdout).contains("RAN");
        if ran == *refused || denials.is_empty() == *refused {
            faults.push(format!("{what}: {denials:?} {}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");

    // Cut while it speaks, and given back.
    let mut talker = Running(start(TALKER));
    let mut lines = BufReader::new(talker.0.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("OPEN"));
    enforcer.cut(group.key(), &BTreeSet::new()).expect("cut");
    assert_eq!(lines.next().as_deref(), Some("CUT"));
    assert_eq!(lines.next().as_deref(), Some("REFUSED"));
    assert_eq!(lines.next().as_deref(), Some("TRIED"));
    assert!(enforcer.release(group.key()));
    assert_eq!(lines.next().as_deref(), Some("BACK"));
    assert!(talker.0.wait().expect("ended").success());
    assert!(enforcer.denials().iter().any(|denial| denial.reason == RuntimeDenial::Quarantine));
}
