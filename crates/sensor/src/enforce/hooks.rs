//! The programs that deny: one line each.

use aya::programs::BtfTracePoint;
use aya::programs::links::FdLink;
use aya::{Btf, Ebpf, EbpfLoader};
use seawall_decide::RuntimeDenial;

use crate::kernel::error_chain;

static EXEC_KILL: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/enforce.bpf.o"));
static MAPPING: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/mapping.bpf.o"));
static SCRIPT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/script.bpf.o"));

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
    /// At a tracepoint that older kernels have not; there another program stands at another one.
    TracepointOr(&'static str, &'static str, &'static str),
}

/// Every program that denies.
pub(crate) const HOOKS: &[DenyHook] = &[
    DenyHook {
        name: "kill at exec",
        purpose: "programs that a policy denies",
        denies: &[RuntimeDenial::DroppedPrograms, RuntimeDenial::MemoryPrograms, RuntimeDenial::VolumePrograms],
        object: EXEC_KILL,
        program: "seawall_deny_exec",
        attach: Attach::Tracepoint("sched_process_exec"),
    },
    DenyHook {
        name: "kill at mapping",
        purpose: "libraries that a policy denies",
        denies: &[RuntimeDenial::DroppedLibraries, RuntimeDenial::MemoryLibraries],
        object: MAPPING,
        program: "seawall_deny_mapping",
        attach: Attach::Tracepoint("sys_exit"),
    },
    DenyHook {
        name: "kill at loader",
        purpose: "loaders that a policy denies",
        // What the kernel maps itself; of no use without the one above, which is why that one answers for both.
        denies: &[],
        object: MAPPING,
        program: "seawall_deny_loader",
        attach: Attach::Tracepoint("sched_process_exec"),
    },
    DenyHook {
        name: "kill at script",
        purpose: "scripts that a policy denies",
        denies: &[RuntimeDenial::DroppedScripts],
        object: SCRIPT,
        program: "seawall_deny_script",
        attach: Attach::TracepointOr("sched_prepare_exec", "seawall_deny_script_late", "sched_process_exec"),
    },
];

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
        match self.attach {
            Attach::Tracepoint(name) => at_tracepoint(programs, self.program, name, btf),
            Attach::TracepointOr(name, other, instead) => at_tracepoint(programs, self.program, name, btf)
                .or_else(|reason| at_tracepoint(programs, other, instead, btf).map_err(|e| format!("{reason}; {e}"))),
        }
    }
}

fn at_tracepoint(programs: &mut Ebpf, program: &str, name: &str, btf: &Btf) -> Result<FdLink, String> {
    let found = programs.program_mut(program).ok_or_else(|| format!("the object lacks {program}"))?;
    let program: &mut BtfTracePoint = found.try_into().map_err(|e| error_chain(&e))?;
    program.load(name, btf).map_err(|e| error_chain(&e))?;
    let id = program.attach().map_err(|e| error_chain(&e))?;
    Ok(FdLink::from(program.take_link(id).map_err(|e| error_chain(&e))?))
}
