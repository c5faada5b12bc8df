//! How it reads that a process was killed for a call (ebpf/calls.bpf.c).

use seawall_decide::RuntimeDenial;
use seawall_model::ByteString;

use crate::enforce::Denial;

/// The alert's rule.
pub(super) const RULE: &str = "Call stopped by policy";

/// What a process did, as ebpf/include/calls.h numbers it.
fn what(denial: &Denial) -> String {
    let number = denial.number;
    match denial.call {
        1 => match number {
            0 => "ptrace".to_owned(),
            other => format!("ptrace of process {other}"),
        },
        2 => format!("process_vm of process {number}"),
        3 => "pidfd_getfd".to_owned(),
        4 => "opening the memory of another process".to_owned(),
        5 => format!("bpf command {number}"),
        6 => format!("a packet socket ({})", family(number)),
        7 => format!("a packet socket ({}) by io_uring", family(number)),
        8 => "sharing its descriptors with another process".to_owned(),
        9 => "a user namespace".to_owned(),
        10 => "changing mounts".to_owned(),
        11 => "loading a kernel module".to_owned(),
        12 => "loading another kernel".to_owned(),
        13 => "a namespace".to_owned(),
        14 => "entering a namespace".to_owned(),
        other => format!("call {other}"),
    }
}

fn family(number: u32) -> &'static str {
    if number == 44 { "AF_XDP" } else { "AF_PACKET" }
}

/// The alert's text.
pub(super) fn output(denial: &Denial, command: &ByteString) -> String {
    let when = if denial.reason.is_late() { "after" } else { "for" };
    let verb = if denial.dry_run { "would have been killed" } else { "was killed" };
    let reason = match denial.reason {
        RuntimeDenial::Quarantine => "its network is cut".to_owned(),
        reason => format!("the policy denies {}", reason.name()),
    };
    format!("process {} {verb} {when} {}: {reason} | command={command}", denial.pid, what(denial))
}
