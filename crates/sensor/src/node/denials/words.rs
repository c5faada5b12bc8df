//! How a denial reads.

use seawall_decide::RuntimeDenial as D;
use seawall_model::{ByteString, Process};

use crate::enforce::Denial;

/// What of a denial is told.
pub(super) struct Words {
    /// Who or what was denied.
    pub(super) subject: String,
    /// Why.
    pub(super) reason: String,
    /// The denial's path is that of a file.
    pub(super) is_file: bool,
}

const PROGRAM: &str = "Program refused by policy";
const SCRIPT: &str = "Script refused by policy";
const LIBRARY: &str = "Library refused by policy";
const FILE: &str = "File refused by policy";
const CALL: &str = "Call refused by policy";
const TAMPERING: &str = "Tampering with the guard";

/// Why what a list names is denied (denied_by of ebpf/include/paths.h).
fn listed(denial: &Denial, list: &str) -> String {
    let entry = (denial.number >> 8 & 31) + 1;
    let unknown = denial.number & 2 != 0;
    let reason = if unknown { "a path that cannot be told counts as one that" } else { "it is what" };
    format!("{reason} entry {entry} of `{list}` names")
}

/// The alert's rule and words. `path` is the denial's.
pub(super) fn of(denial: &Denial, path: &ByteString, process: Option<&Process>) -> (&'static str, Words) {
    let is_named = !path.is_empty();
    let file = |what: &str, reason: &str| Words {
        subject: match process {
            _ if is_named => format!("{what}{path}"),
            Some(process) => format!("{what}{}", process.exe_path),
            None => format!("a program of process {}", denial.pid),
        },
        reason: reason.to_owned(),
        is_file: is_named,
    };
    let call = |what: &str, reason: String| Words {
        subject: format!("{what} by process {}", denial.pid),
        reason,
        is_file: false,
    };
    let denied = || format!("the policy denies {}", denial.reason.name());
    match denial.reason {
        D::DroppedPrograms => (PROGRAM, file("", "it was written since the container started")),
        D::MemoryPrograms => (PROGRAM, file("", "it exists in memory only")),
        D::VolumePrograms => (PROGRAM, file("", "it lies on a volume")),
        D::UnlistedPrograms | D::Digests if denial.is_library() => {
            (LIBRARY, file("code of ", by_digest(denial.number)))
        }
        D::UnlistedPrograms | D::Digests if denial.is_script() => (SCRIPT, file("script ", by_digest(denial.number))),
        D::UnlistedPrograms | D::Digests => (PROGRAM, file("", by_digest(denial.number))),
        D::DroppedScripts => (SCRIPT, file("script ", "the image does not contain it")),
        D::DroppedLibraries => (LIBRARY, file("code of ", "the image does not contain it")),
        D::MemoryLibraries => (LIBRARY, file("code of ", "it exists in memory only")),
        D::Programs => (PROGRAM, file("", &listed(denial, "programs"))),
        D::Files => {
            let done = [
                "reading ",
                "writing to ",
                "making ",
                "removing ",
                "renaming ",
                "linking ",
                "changing ",
                "moving folder ",
            ];
            let done = usize::try_from(denial.number >> 16 & 0xff).ok().and_then(|at| done.get(at)).unwrap_or(&"");
            (FILE, file(done, &listed(denial, "files")))
        }
        D::KernelSettings => (CALL, file("writing to ", "the kernel starts programs or acts by it")),
        D::Mounts if path.is_empty() => (CALL, call("mounting", denied())),
        D::Mounts => (CALL, call(&format!("mounting at {path}"), denied())),
        D::Ptrace if path.is_empty() => (CALL, call("being traced", denied())),
        D::Ptrace => (CALL, call(&format!("attaching to process {} ({path})", denial.number), denied())),
        D::Bpf => (CALL, call(&format!("bpf command {}", denial.number), denied())),
        D::Modules if path.is_empty() => (CALL, call("loading a kernel module", denied())),
        D::Modules => (CALL, call(&format!("loading kernel module {path}"), denied())),
        // These have their own words (network.rs) where they are told by the programs that refuse them.
        D::RawSockets | D::HostDevices | D::Egress | D::Ingress | D::Quarantine => (CALL, call("a call", denied())),
        // No hook refuses these: they have their own words (calls.rs).
        D::Namespaces => (CALL, call("a namespace", denied())),
        D::UserNamespaces => (CALL, call("a user namespace", denied())),
        D::AgentTampering => {
            let what = match denial.number {
                0 => format!("changing {path} of the agent"),
                1000 => "tracing the agent".to_owned(),
                1001 => "changing the policy in the kernel".to_owned(),
                signal => format!("signal {signal} to the agent"),
            };
            (TAMPERING, call(&what, denied()))
        }
    }
}

/// Why a program may not run that is judged by its digest (WHY_… of ebpf/include/listed.h).
fn by_digest(number: u32) -> &'static str {
    match number & 0xff {
        2 => "it was not hashed yet, or the image's layers did not have it",
        3 => "it was changed since it was hashed",
        4 => "it does not come from the image's layers",
        5 => "the policy denies its digest",
        _ => "the image's inventory does not list it",
    }
}
