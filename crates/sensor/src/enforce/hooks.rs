//! The programs that deny: one line each.

use aya::programs::BtfTracePoint;
use aya::programs::links::FdLink;
use aya::{Btf, Ebpf, EbpfLoader};
use seawall_decide::RuntimeDenial;

use crate::kernel::error_chain;

static EXEC_KILL: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/enforce.bpf.o"));

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
}

/// Every program that denies.
pub(crate) const HOOKS: &[DenyHook] = &[DenyHook {
    name: "kill at exec",
    purpose: "programs that a policy denies",
    denies: &[RuntimeDenial::DroppedPrograms, RuntimeDenial::MemoryPrograms, RuntimeDenial::VolumePrograms],
    object: EXEC_KILL,
    program: "seawall_deny_exec",
    attach: Attach::Tracepoint("sched_process_exec"),
}];

impl DenyHook {
    /// Loads and attaches the program, and gives the link to `keep`.
    pub(super) fn load(
        &self,
        loader: &mut EbpfLoader<'_>,
        keep: &mut dyn FnMut(FdLink) -> Result<(), String>,
    ) -> Result<(), String> {
        let btf = Btf::from_sys_fs().map_err(|e| format!("the kernel does not describe its types (BTF): {e}"))?;
        let mut programs = loader.load(self.object).map_err(|e| error_chain(&e))?;
        keep(self.attached(&mut programs, &btf)?)
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
        }
    }
}
