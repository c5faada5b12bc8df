//! The programs that deny: one line each.

use aya::programs::BtfTracePoint;
use aya::programs::links::FdLink;
use aya::{Btf, Ebpf, EbpfLoader};
use seawall_decide::RuntimeDenial;

use super::hierarchy;
use crate::kernel::error_chain;

static EXEC_KILL: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/enforce.bpf.o"));
static NETWORK: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/network.bpf.o"));
static DEVICES: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/devices.bpf.o"));

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
    /// At the root of the version 2 hierarchy of control groups; the object's section says for what.
    Hierarchy,
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
    DenyHook::network("cgroup/sock_create", "raw sockets, and whose a socket is", "seawall_socket", RAW),
    DenyHook::network("cgroup/connect4", "connections by IPv4", "seawall_connect4", EGRESS),
    DenyHook::network("cgroup/connect6", "connections by IPv6", "seawall_connect6", EGRESS),
    DenyHook::network("cgroup/sendmsg4", "messages by IPv4", "seawall_sendmsg4", EGRESS),
    DenyHook::network("cgroup/sendmsg6", "messages by IPv6", "seawall_sendmsg6", EGRESS),
    DenyHook::network("cgroup/bind4", "which sockets serve by IPv4", "seawall_bind4", INGRESS),
    DenyHook::network("cgroup/bind6", "which sockets serve by IPv6", "seawall_bind6", INGRESS),
    DenyHook::network("cgroup_skb/egress", "packets that leave", "seawall_packet_out", EGRESS),
    DenyHook::network("cgroup_skb/ingress", "packets that come", "seawall_packet_in", INGRESS),
    DenyHook {
        name: "cgroup/dev",
        purpose: "devices of the host",
        denies: &[RuntimeDenial::HostDevices],
        object: DEVICES,
        program: "seawall_device",
        attach: Attach::Hierarchy,
    },
    DenyHook {
        name: "cgroup/sysctl",
        purpose: "settings of the host",
        denies: &[RuntimeDenial::KernelSettings],
        object: DEVICES,
        program: "seawall_setting",
        attach: Attach::Hierarchy,
    },
];

const RAW: &[RuntimeDenial] =
    &[RuntimeDenial::RawSockets, RuntimeDenial::Egress, RuntimeDenial::Ingress, RuntimeDenial::Quarantine];
const EGRESS: &[RuntimeDenial] = &[RuntimeDenial::Egress, RuntimeDenial::Quarantine];
const INGRESS: &[RuntimeDenial] = &[RuntimeDenial::Ingress, RuntimeDenial::Quarantine];

impl DenyHook {
    const fn network(
        name: &'static str,
        purpose: &'static str,
        program: &'static str,
        denies: &'static [RuntimeDenial],
    ) -> Self {
        Self { name, purpose, denies, object: NETWORK, program, attach: Attach::Hierarchy }
    }

    /// Whether what it denies is denied by it and others together, as each sees a part only.
    pub(super) fn is_part(&self) -> bool {
        matches!(self.attach, Attach::Hierarchy)
    }

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
            Attach::Hierarchy => hierarchy::attach(program, self.name.ends_with("/ingress")),
        }
    }
}
