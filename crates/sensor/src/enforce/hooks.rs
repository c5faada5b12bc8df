//! The programs that deny: one line each.

mod lsm;

use aya::programs::links::FdLink;
use aya::programs::{BtfTracePoint, Lsm};
use aya::{Btf, Ebpf, EbpfLoader};
use seawall_decide::RuntimeDenial;

use crate::HookState;
use crate::kernel::error_chain;

static EXEC_KILL: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/enforce.bpf.o"));
static LSM: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/lsm.bpf.o"));

/// A program that denies.
pub(crate) struct DenyHook {
    /// What it is called where hooks are listed.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) purpose: &'static str,
    /// What it can deny.
    pub(crate) denies: &'static [RuntimeDenial],
    /// The object; empty where clang was missing.
    pub(crate) object: &'static [u8],
    /// The program in it, and the name of the link's pin.
    pub(crate) program: &'static str,
    attach: Attach,
}

/// Where a program is attached.
enum Attach {
    /// At a tracepoint with the kernel's types.
    Tracepoint(&'static str),
    /// In a hook of the kernel's security modules, which refuses the call.
    Lsm(&'static str),
}

/// Every program that denies.
pub(crate) const HOOKS: &[DenyHook] = &[
    DenyHook {
        name: "lsm/bprm_check_security",
        purpose: "programs and scripts that a policy denies are not run",
        denies: &[
            RuntimeDenial::DroppedPrograms,
            RuntimeDenial::MemoryPrograms,
            RuntimeDenial::VolumePrograms,
            RuntimeDenial::DroppedScripts,
        ],
        object: LSM,
        program: "seawall_refuse_exec",
        attach: Attach::Lsm("bprm_check_security"),
    },
    DenyHook {
        name: "lsm/mmap_file",
        purpose: "libraries that a policy denies are not mapped",
        denies: &[RuntimeDenial::DroppedLibraries, RuntimeDenial::MemoryLibraries],
        object: LSM,
        program: "seawall_refuse_mmap",
        attach: Attach::Lsm("mmap_file"),
    },
    DenyHook {
        name: "lsm/file_mprotect",
        purpose: "nor made executable later",
        denies: &[RuntimeDenial::DroppedLibraries, RuntimeDenial::MemoryLibraries],
        object: LSM,
        program: "seawall_refuse_mprotect",
        attach: Attach::Lsm("file_mprotect"),
    },
    DenyHook {
        name: "kill at exec",
        purpose: "programs that a policy denies",
        denies: &[RuntimeDenial::DroppedPrograms, RuntimeDenial::MemoryPrograms, RuntimeDenial::VolumePrograms],
        object: EXEC_KILL,
        program: "seawall_deny_exec",
        attach: Attach::Tracepoint("sched_process_exec"),
    },
];

impl DenyHook {
    /// Loads and attaches the program, and gives the link to `keep`.
    pub(super) fn load(
        &self,
        btf: &Btf,
        loader: &mut EbpfLoader<'_>,
        keep: &mut dyn FnMut(FdLink) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.is_lsm() {
            lsm::tried(self.object, btf)?;
        }
        let mut programs = loader.load(self.object).map_err(|e| error_chain(&e))?;
        keep(self.attached(&mut programs, btf)?)
    }

    /// Whether it refuses the call before anything happens.
    pub(crate) fn is_lsm(&self) -> bool {
        matches!(self.attach, Attach::Lsm(_))
    }

    /// Whether all that it denies is refused by BPF-LSM here: with both, one denial would be told twice.
    pub(super) fn is_covered(&self, hooks: &[(&Self, HookState)]) -> bool {
        let refuses = |denial| {
            let mut hooks = hooks.iter().filter(|(_, state)| *state == HookState::Attached);
            hooks.any(|(hook, _)| hook.is_lsm() && hook.denies.contains(denial))
        };
        !self.is_lsm() && self.denies.iter().all(refuses)
    }

    fn attached(&self, programs: &mut Ebpf, btf: &Btf) -> Result<FdLink, String> {
        let program = programs.program_mut(self.program).ok_or_else(|| format!("the object lacks {}", self.program))?;
        match self.attach {
            Attach::Tracepoint(name) => {
                let program: &mut BtfTracePoint = program.try_into().map_err(|e| error_chain(&e))?;
                program.load(name, btf).map_err(|e| error_chain(&e))?;
                let id = program.attach().map_err(|e| error_chain(&e))?;
                Ok(FdLink::from(program.take_link(id).map_err(|e| error_chain(&e))?))
            }
            Attach::Lsm(name) => {
                let program: &mut Lsm = program.try_into().map_err(|e| error_chain(&e))?;
                program.load(name, btf).map_err(|e| error_chain(&e))?;
                let id = program.attach().map_err(|e| error_chain(&e))?;
                Ok(FdLink::from(program.take_link(id).map_err(|e| error_chain(&e))?))
            }
        }
    }
}
