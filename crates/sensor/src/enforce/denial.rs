//! What was denied, as the programs tell it (ebpf/include/policy.h).

use seawall_decide::{RuntimeDenial, RuntimeMode, RuntimePolicy};
use seawall_model::ByteString;

/// The bit of a policy that is a trial.
const DRY_RUN: u32 = 1 << 31;

/// What the programs call each denial.
const BITS: &[(RuntimeDenial, u32)] = &[
    (RuntimeDenial::DroppedPrograms, 1),
    (RuntimeDenial::MemoryPrograms, 2),
    (RuntimeDenial::VolumePrograms, 4),
    (RuntimeDenial::UnlistedPrograms, 1 << 3),
    (RuntimeDenial::Digests, 1 << 4),
    (RuntimeDenial::Programs, 1 << 5),
    (RuntimeDenial::Egress, 1 << 8),
    (RuntimeDenial::Ingress, 1 << 9),
    (RuntimeDenial::RawSockets, 1 << 10),
    (RuntimeDenial::HostDevices, 1 << 11),
    (RuntimeDenial::Quarantine, 1 << 12),
    (RuntimeDenial::DroppedScripts, 1 << 16),
    (RuntimeDenial::DroppedLibraries, 1 << 17),
    (RuntimeDenial::MemoryLibraries, 1 << 18),
    (RuntimeDenial::KernelSettings, 1 << 19),
    (RuntimeDenial::Mounts, 1 << 20),
    (RuntimeDenial::Ptrace, 1 << 21),
    (RuntimeDenial::Bpf, 1 << 22),
    (RuntimeDenial::Modules, 1 << 23),
    (RuntimeDenial::UserNamespaces, 1 << 24),
    (RuntimeDenial::AgentTampering, 1 << 25),
    (RuntimeDenial::Files, 1 << 26),
    (RuntimeDenial::Namespaces, 1 << 27),
];

/// Bits of how it was denied.
const WAS_DRY_RUN: u32 = 1;
const WAS_BEFORE: u32 = 2;
const WAS_CALL: u32 = 4;

/// Something was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// Nanoseconds since boot.
    pub time: u64,
    /// The process.
    pub pid: u32,
    /// When it was made, in nanoseconds since boot.
    pub started: u64,
    /// The control group's key.
    pub cgroup: u64,
    /// The inode of the program, where it is about one.
    pub inode: u64,
    /// What was denied.
    pub reason: RuntimeDenial,
    /// It was let pass, as the policy is a dry run.
    pub dry_run: bool,
    /// The call was refused before anything happened; else the process was killed.
    pub before: bool,
    /// What the process was killed for (ebpf/include/calls.h); 0 where that was no call.
    pub call: u8,
    /// By reason: a port, a device, whether a path is whole.
    pub number: u32,
    /// By reason: an address, a name, a path from its end.
    pub detail: [u8; 64],
    /// The path or name that a refused call was about, with zeros behind it.
    pub path: [u8; 256],
}

impl Denial {
    /// struct denial; none where it is not one.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let wide = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
        let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        let (bit, how) = (number(36)?, number(40)?);
        let detail: [u8; 64] = bytes.get(48..112)?.try_into().ok()?;
        let mut path = [0; 256];
        if let Some(bytes) = bytes.get(112..368) {
            path.copy_from_slice(bytes);
        }
        Some(Self {
            time: wide(0)?,
            started: wide(8)?,
            cgroup: wide(16)?,
            inode: wide(24)?,
            pid: number(32)?,
            reason: BITS.iter().find(|(_, b)| *b == bit)?.0,
            dry_run: how & WAS_DRY_RUN != 0,
            before: how & WAS_BEFORE != 0,
            number: number(44)?,
            call: if how & WAS_CALL == 0 { 0 } else { detail.first().copied()? },
            detail,
            path,
        })
    }

    /// Whether it is about a program that was run: the event of that run tells the rest. A refused one was not.
    pub fn is_exec(&self) -> bool {
        use RuntimeDenial::{DroppedPrograms, MemoryPrograms, Programs, VolumePrograms};
        let is_program =
            matches!(self.reason, DroppedPrograms | MemoryPrograms | Programs | VolumePrograms) || self.is_by_digest();
        is_program && !self.is_library() && (self.dry_run || !self.before) || self.is_script() && !self.before
    }

    /// The path or name that it is about; empty where there is none, or where the kernel could not tell.
    pub fn path(&self) -> ByteString {
        let refused = self.path.split(|byte| *byte == 0).next().unwrap_or_default();
        if refused.is_empty() { self.code_path().unwrap_or_default() } else { refused.into() }
    }
}

/// The bits of denials.
pub(super) fn mask(denials: impl IntoIterator<Item = RuntimeDenial>) -> u32 {
    let bit = |denial| BITS.iter().find(|(other, _)| *other == denial).map_or(0, |(_, bit)| *bit);
    denials.into_iter().fold(0, |all, denial| all | bit(denial))
}

/// What a policy is to the programs; zero denies nothing.
pub(super) fn bits(policy: Option<&RuntimePolicy>) -> u32 {
    let Some(policy) = policy else { return 0 };
    let mode = match policy.mode {
        RuntimeMode::Observe => return 0,
        RuntimeMode::DryRun => DRY_RUN,
        RuntimeMode::Enforce => 0,
    };
    let denied = mask(policy.deny.iter().copied());
    if denied == 0 { 0 } else { mode | denied }
}
