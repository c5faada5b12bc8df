//! An engine's own process that is in the container's control group before it has entered the container (runc starts itself
//! anew there): it is let be, and nothing that a container could make of itself is.

use std::path::Path;
use std::process::Command;
use std::sync::PoisonError;

use seawall_decide::Bundle;
use seawall_sensor::{Enforcer, pin_folder};

use crate::network::group::Group;
use crate::{ALONE, Pins};

const POLICY: &str = "
apiVersion: seawall/v1
name: entering
runtime:
  - id: no-foreign
    mode: enforce
    deny: [volume-programs, memory-programs, dropped-libraries]
    programs: [{ paths: ['/**'] }]
";

/// Stands for the runtime. Each line that it prints is a case: its name, and whether a foreign program ran. The policy
/// denies all of these programs to the container.
const RUNTIME: &str = r#"
import ctypes, os, sys
group = sys.argv[1]
c = ctypes.CDLL(None)
def into(pid): open(group + "/cgroup.procs", "w").write(str(pid))
def case(name, work):
    ready, go = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(ready[1], b"x"); os.read(go[0], 1)
        try: work()
        finally: os._exit(7)
    os.read(ready[0], 1); into(pid); os.write(go[1], b"x")
    status = os.waitpid(pid, 0)[1]
    print(name, "RAN" if status == 0 else "KILLED" if status == 9 else status, flush=True)
def run(*words): os.execv(words[0], words)
def memory():
    f = os.memfd_create("runc")
    os.write(f, open("/bin/true", "rb").read())
    os.execve("/proc/self/fd/%d" % f, ["true"], {})
again = [sys.executable, "-c", "import os; os.execv('/bin/true', ['true'])"]
def spaces():
    if c.unshare(0x20000): os._exit(8)
    run("/bin/true")
def made():
    pid = os.fork()
    if pid == 0: run("/bin/true")
    if os.waitpid(pid, 0)[1] == 9: os.kill(os.getpid(), 9)
    os._exit(0)
case("first", lambda: run("/bin/true"))
case("from memory", memory)
case("again", lambda: run(*again))
case("in mounts of its own", spaces)
case("made in the group", made)
"#;

#[test]
fn an_engines_own_process_is_let_be_until_it_has_entered() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(group) = Group::make() else { return };
    let pins = pin_folder(Path::new("/sys/fs/bpf")).with_file_name(format!("test-entering-{}", std::process::id()));
    let _pins = Pins(pins.clone());
    let policy = Bundle::load("policy.yaml", POLICY).expect("a policy");
    let mut enforcer = Enforcer::install(&pins, &policy).expect("installed");
    enforcer.set(group.key(), policy.runtime().next()).expect("set");
    let output = Command::new("python3").args(["-c", RUNTIME]).arg(&group.0).output().expect("python3 runs");
    let log = String::from_utf8_lossy(&output.stdout);
    let expected = "first RAN\nfrom memory RAN\nagain RAN\nin mounts of its own KILLED\nmade in the group KILLED\n";
    assert_eq!(log, expected, "{} {:#?}", String::from_utf8_lossy(&output.stderr), enforcer.denials());
}
