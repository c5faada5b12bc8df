//! The programs that deny: one line each.

mod lsm;

use std::path::Path;

use aya::programs::links::FdLink;
use aya::programs::{BtfTracePoint, Lsm};
use aya::{Btf, Ebpf, EbpfLoader};
use seawall_decide::RuntimeDenial::{self, self as D};
use seawall_decide::{Bundle, RuntimeMode};

use super::object::Object;
use super::{MAPS, hierarchy};
use crate::kernel::error_chain;
use crate::{HookState, SensorError};

/// A program that denies.
pub(crate) struct DenyHook {
    /// What it is called where hooks are listed.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) purpose: &'static str,
    /// What it can deny.
    pub(crate) denies: &'static [RuntimeDenial],
    /// Where its program is.
    pub(crate) object: Object,
    /// The program in it, and the name of the link's pin.
    pub(crate) program: &'static str,
    attach: Attach,
}

/// Where a program is attached.
enum Attach {
    /// At a tracepoint with the kernel's types.
    Tracepoint(&'static str),
    /// In the hook of the kernel's security modules that the name tells, where it refuses the call.
    Lsm,
    /// At a tracepoint that older kernels have not; there another program stands at another one.
    TracepointOr(&'static str, &'static str, &'static str),
    /// At the root of the version 2 hierarchy of control groups; the object's section says for what.
    Hierarchy,
}

/// Every program that denies.
pub(crate) const HOOKS: &[DenyHook] = &[
    refuse(
        "lsm/bprm_check_security",
        "programs and scripts that a policy denies, and who comes from outside",
        REFUSED,
        "seawall_refuse_exec",
    ),
    refuse(
        "lsm/mmap_file",
        "libraries that a policy denies",
        &[D::DroppedLibraries, D::MemoryLibraries],
        "seawall_refuse_mmap",
    ),
    refuse(
        "lsm/file_mprotect",
        "code that is made executable later",
        &[D::DroppedLibraries, D::MemoryLibraries],
        "seawall_refuse_mprotect",
    ),
    refuse("lsm/file_open", "files by which the kernel starts programs", &[D::KernelSettings], "seawall_refuse_open"),
    refuse("lsm/sb_mount", "mounts", &[D::Mounts], "seawall_refuse_mount"),
    refuse("lsm/move_mount", "mounts by the newer calls", &[D::Mounts], "seawall_refuse_move"),
    refuse("lsm/sb_pivotroot", "another root", &[D::Mounts], "seawall_refuse_pivot"),
    refuse("lsm/sb_umount", "mounts that are taken away", &[D::Mounts, D::AgentTampering], "seawall_refuse_umount"),
    refuse(
        "lsm/ptrace_access_check",
        "processes that others attach to",
        &[D::Ptrace, D::AgentTampering],
        "seawall_refuse_ptrace",
    ),
    refuse("lsm/ptrace_traceme", "processes that ask to be traced", &[D::Ptrace], "seawall_refuse_traceme"),
    refuse("lsm/bpf", "bpf calls, and who the agent is", &[D::Bpf, D::AgentTampering], "seawall_refuse_bpf"),
    refuse("lsm/bpf_map", "the policy's maps", &[D::AgentTampering], "seawall_refuse_map"),
    refuse("lsm/kernel_read_file", "modules from files", &[D::Modules], "seawall_refuse_module_file"),
    refuse("lsm/kernel_load_data", "modules from memory", &[D::Modules], "seawall_refuse_module"),
    refuse("lsm/userns_create", "user namespaces (6.1 or later)", &[D::UserNamespaces], "seawall_refuse_userns"),
    refuse("lsm/task_kill", "signals to the agent", &[D::AgentTampering], "seawall_refuse_kill"),
    refuse("lsm/inode_unlink", "the agent's pins and program", &[D::AgentTampering], "seawall_refuse_unlink"),
    refuse("lsm/inode_rename", "pins and programs that are replaced", &[D::AgentTampering], "seawall_refuse_rename"),
    refuse("lsm/task_free", "the agent's end", &[D::AgentTampering], "seawall_agent_gone"),
    listed("lsm/bprm_check_security", "programs that a policy names", &[D::Programs], "seawall_refuse_program"),
    listed("lsm/file_open", "files that a policy names", FILES, "seawall_refuse_file"),
    listed("lsm/path_mknod", "files that are made", FILES, "seawall_refuse_make"),
    listed("lsm/path_mkdir", "folders that are made", FILES, "seawall_refuse_make_folder"),
    listed("lsm/path_symlink", "symbolic links that are made", FILES, "seawall_refuse_make_link"),
    listed("lsm/path_unlink", "files that are removed", FILES, "seawall_refuse_remove"),
    listed("lsm/path_rmdir", "folders that are removed", FILES, "seawall_refuse_remove_folder"),
    listed("lsm/path_link", "other names of files", FILES, "seawall_refuse_link"),
    listed("lsm/path_rename", "files and their folders that are renamed", FILES, "seawall_refuse_rename_listed"),
    listed("lsm/path_truncate", "files that are cut", FILES, "seawall_refuse_truncate"),
    listed("lsm/path_chmod", "modes of files", FILES, "seawall_refuse_mode"),
    listed("lsm/path_chown", "owners of files", FILES, "seawall_refuse_owner"),
    DenyHook {
        name: "kill at exec",
        purpose: "programs that a policy denies",
        denies: &[D::DroppedPrograms, D::MemoryPrograms, D::VolumePrograms, D::UnlistedPrograms, D::Digests],
        object: Object::ExecKill,
        program: "seawall_deny_exec",
        attach: Attach::Tracepoint("sched_process_exec"),
    },
    DenyHook {
        name: "kill at mapping",
        purpose: "libraries that a policy denies",
        denies: &[D::DroppedLibraries, D::MemoryLibraries],
        object: Object::Mapping,
        program: "seawall_deny_mapping",
        attach: Attach::Tracepoint("sys_exit"),
    },
    DenyHook {
        name: "kill at loader",
        purpose: "loaders that a policy denies",
        // What the kernel maps itself: both are needed.
        denies: &[D::DroppedLibraries, D::MemoryLibraries],
        object: Object::Mapping,
        program: "seawall_deny_loader",
        attach: Attach::Tracepoint("sched_process_exec"),
    },
    DenyHook {
        name: "kill at script",
        purpose: "scripts that a policy denies",
        denies: &[D::DroppedScripts, D::UnlistedPrograms, D::Digests],
        object: Object::Script,
        program: "seawall_deny_script",
        attach: Attach::TracepointOr("sched_prepare_exec", "seawall_deny_script_late", "sched_process_exec"),
    },
    DenyHook {
        name: "kill at listed",
        purpose: "programs that a policy names",
        denies: &[D::Programs],
        object: Object::Paths,
        program: "seawall_deny_program",
        attach: Attach::TracepointOr("sched_prepare_exec", "seawall_deny_program_late", "sched_process_exec"),
    },
    DenyHook::call(
        "kill at a call",
        "tracing, memory of others, bpf, packet sockets: killed before it has them; mounts, modules: killed late",
        "seawall_deny_call",
        &[D::Ptrace, D::Bpf, D::RawSockets, D::Quarantine, D::Mounts, D::Modules],
        Attach::Tracepoint("sys_enter"),
    ),
    DenyHook::call(
        "kill at a result",
        "namespaces and opened memory: killed before it uses them",
        "seawall_deny_result",
        &[D::RawSockets, D::Quarantine, D::Ptrace, D::UserNamespaces, D::Namespaces, D::Bpf],
        Attach::Tracepoint("sys_exit"),
    ),
    DenyHook::call(
        "kill at a new process",
        "what a process is made with",
        "seawall_deny_child",
        &[D::RawSockets, D::Quarantine, D::Ptrace, D::UserNamespaces, D::Namespaces, D::Bpf],
        Attach::Tracepoint("task_newtask"),
    ),
    DenyHook::call(
        "kill at an io_uring request",
        "packet sockets by io_uring",
        "seawall_deny_request",
        &[D::RawSockets, D::Quarantine],
        Attach::TracepointOr("io_uring_submit_req", "seawall_deny_request_late", "io_uring_submit_sqe"),
    ),
    DenyHook::network("cgroup/sock_create", "raw sockets, and whose a socket is", "seawall_socket", RAW),
    DenyHook::network("cgroup/connect4", "connections by IPv4", "seawall_connect4", EGRESS),
    DenyHook::network("cgroup/connect6", "connections by IPv6", "seawall_connect6", EGRESS),
    DenyHook::network("cgroup/sendmsg4", "messages by IPv4", "seawall_sendmsg4", EGRESS),
    DenyHook::network("cgroup/sendmsg6", "messages by IPv6", "seawall_sendmsg6", EGRESS),
    DenyHook::network("cgroup/bind4", "which sockets serve by IPv4", "seawall_bind4", INGRESS),
    DenyHook::network("cgroup/bind6", "which sockets serve by IPv6", "seawall_bind6", INGRESS),
    DenyHook::network("cgroup_skb/egress", "packets that leave", "seawall_packet_out", EGRESS),
    DenyHook::network("cgroup_skb/ingress", "packets that come", "seawall_packet_in", INGRESS),
    DenyHook::names("cgroup_skb/egress", "which names are asked for", "seawall_name_asked"),
    DenyHook::names("cgroup_skb/ingress", "addresses that names are answered with", "seawall_name_answered"),
    DenyHook {
        name: "cgroup/dev",
        purpose: "devices of the host",
        denies: &[D::HostDevices],
        object: Object::Devices,
        program: "seawall_device",
        attach: Attach::Hierarchy,
    },
    DenyHook {
        name: "cgroup/sysctl",
        purpose: "settings of the host",
        denies: &[D::KernelSettings],
        object: Object::Devices,
        program: "seawall_setting",
        attach: Attach::Hierarchy,
    },
];

const FILES: &[RuntimeDenial] = &[D::Files];
/// Programs that a policy denies, and whatever an engine's own process does before it enters a container: whether one is that is
/// told by where it ran its program.
const REFUSED: &[RuntimeDenial] = &[
    D::DroppedPrograms,
    D::MemoryPrograms,
    D::VolumePrograms,
    D::DroppedScripts,
    D::UnlistedPrograms,
    D::Digests,
    D::DroppedLibraries,
    D::MemoryLibraries,
    D::KernelSettings,
    D::Mounts,
    D::Ptrace,
    D::Bpf,
    D::Modules,
    D::UserNamespaces,
];
const RAW: &[RuntimeDenial] = &[D::RawSockets, D::Egress, D::Ingress, D::Quarantine];
const EGRESS: &[RuntimeDenial] = &[D::Egress, D::Quarantine];
const INGRESS: &[RuntimeDenial] = &[D::Ingress, D::Quarantine];

/// A program of ebpf/lsm.bpf.c; `name` is its section.
const fn refuse(
    name: &'static str,
    purpose: &'static str,
    denies: &'static [RuntimeDenial],
    program: &'static str,
) -> DenyHook {
    DenyHook { name, purpose, denies, object: Object::Lsm, program, attach: Attach::Lsm }
}

/// A program of ebpf/paths.bpf.c; `name` is its section.
const fn listed(
    name: &'static str,
    purpose: &'static str,
    denies: &'static [RuntimeDenial],
    program: &'static str,
) -> DenyHook {
    DenyHook { name, purpose, denies, object: Object::Paths, program, attach: Attach::Lsm }
}

/// Objects that are loaded, each once: finding the kernel's types for one takes a while.
pub(super) struct Objects<'a> {
    loader: EbpfLoader<'a>,
    btf: &'a Btf,
    loaded: Vec<(Object, Ebpf)>,
}

impl<'a> Objects<'a> {
    /// `pins` is where maps that programs share are pinned; without it each object has its own.
    pub(super) fn new(mut loader: EbpfLoader<'a>, btf: &'a Btf, pins: Option<&Path>) -> Self {
        // The library knows no storage of tasks; the kernel does.
        loader.allow_unsupported_maps();
        if let Some(pins) = pins {
            for name in MAPS {
                loader.map_pin_path(name, pins.join(name));
            }
        }
        Self { loader, btf, loaded: Vec::new() }
    }

    fn get(&mut self, object: Object) -> Result<&mut Ebpf, String> {
        if object.bytes().is_empty() {
            return Err(SensorError::NotBuilt.to_string());
        }
        let at = match self.loaded.iter().position(|(loaded, _)| *loaded == object) {
            Some(at) => at,
            None => {
                self.loaded.push((object, self.loader.load(object.bytes()).map_err(|e| error_chain(&e))?));
                self.loaded.len() - 1
            }
        };
        self.loaded.get_mut(at).map(|(_, programs)| programs).ok_or_else(|| "no object".to_owned())
    }
}

/// Whether every BPF-LSM program that a denial needs is there.
pub(super) fn is_refused(hooks: &[(&DenyHook, HookState)], denial: RuntimeDenial) -> bool {
    let mut needed = hooks.iter().filter(|(hook, _)| hook.is_lsm() && hook.denies.contains(&denial)).peekable();
    needed.peek().is_some() && needed.all(|(_, state)| *state == HookState::Attached)
}

/// Why programs that are meant are not there: each reason once, after those that it holds for.
pub(super) fn refusals(hooks: &[(&DenyHook, HookState)], is_meant: impl Fn(&DenyHook) -> bool) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (hook, state) in hooks.iter().filter(|(hook, _)| is_meant(hook)) {
        let HookState::Refused(reason) = state else { continue };
        match reasons.iter_mut().find(|(known, _)| known == reason) {
            Some((_, names)) => names.push(hook.name),
            None => reasons.push((reason, vec![hook.name])),
        }
    }
    reasons.into_iter().map(|(reason, names)| format!("{}: {reason}", names.join(", "))).collect()
}

impl DenyHook {
    const fn network(
        name: &'static str,
        purpose: &'static str,
        program: &'static str,
        denies: &'static [RuntimeDenial],
    ) -> Self {
        Self { name, purpose, denies, object: Object::Network, program, attach: Attach::Hierarchy }
    }

    /// Of ebpf/names.bpf.c. They deny nothing: without them lists have what the agent itself is answered.
    const fn names(name: &'static str, purpose: &'static str, program: &'static str) -> Self {
        Self { name, purpose, denies: &[], object: Object::Names, program, attach: Attach::Hierarchy }
    }

    /// Whether it follows names by their answers: what denies nothing does.
    pub(super) fn follows_names(&self) -> bool {
        self.denies.is_empty()
    }

    /// A program of ebpf/calls.bpf.c.
    const fn call(
        name: &'static str,
        purpose: &'static str,
        program: &'static str,
        denies: &'static [RuntimeDenial],
        attach: Attach,
    ) -> Self {
        Self { name, purpose, denies, object: Object::Calls, program, attach }
    }

    /// Loads and attaches the program.
    pub(super) fn attach(&self, objects: &mut Objects<'_>) -> Result<FdLink, String> {
        let btf = objects.btf;
        if self.is_lsm() {
            lsm::tried(Object::Lsm.bytes(), btf)?;
        }
        self.attached(objects.get(self.object)?, btf)
    }

    /// Whether its programs have to know the agent, which may be in a container too.
    pub(super) fn knows_agent(&self) -> bool {
        self.is_lsm() || self.object == Object::Calls
    }

    /// Whether it refuses the call before anything happens.
    pub(crate) fn is_lsm(&self) -> bool {
        matches!(self.attach, Attach::Lsm)
    }

    /// Whether a policy denies any of what it can. The first of all is always there: it brings the maps.
    pub(super) fn is_asked_for(&self, policy: &Bundle, hooks: &[(&Self, HookState)]) -> bool {
        let mut entries = policy.runtime().filter(|entry| entry.mode != RuntimeMode::Observe);
        let is_left = |denial: &D| self.denies.contains(denial) && !(self.kills() && is_refused(hooks, *denial));
        self.object == Object::ExecKill
            || self.denies.contains(&D::Quarantine) && policy.cuts_network()
            || self.follows_names() && policy.lists_names()
            || entries.any(|entry| entry.deny.iter().any(is_left))
    }

    fn kills(&self) -> bool {
        !self.is_lsm() && !matches!(self.attach, Attach::Hierarchy)
    }

    /// Whether all that it denies is refused by BPF-LSM here: with both, one denial would be told twice.
    pub(super) fn is_covered(&self, hooks: &[(&Self, HookState)]) -> bool {
        self.kills() && self.denies.iter().all(|denial| is_refused(hooks, *denial))
    }

    fn attached(&self, programs: &mut Ebpf, btf: &Btf) -> Result<FdLink, String> {
        match self.attach {
            Attach::Tracepoint(name) => at_tracepoint(programs, self.program, name, btf),
            Attach::TracepointOr(name, other, instead) => at_tracepoint(programs, self.program, name, btf)
                .or_else(|reason| at_tracepoint(programs, other, instead, btf).map_err(|e| format!("{reason}; {e}"))),
            Attach::Lsm => {
                let found = programs.program_mut(self.program);
                let program = found.ok_or_else(|| format!("the object lacks {}", self.program))?;
                let program: &mut Lsm = program.try_into().map_err(|e| error_chain(&e))?;
                program.load(self.name.trim_start_matches("lsm/"), btf).map_err(|e| error_chain(&e))?;
                let id = program.attach().map_err(|e| error_chain(&e))?;
                Ok(FdLink::from(program.take_link(id).map_err(|e| error_chain(&e))?))
            }
            Attach::Hierarchy => {
                let program = programs.program_mut(self.program);
                let program = program.ok_or_else(|| format!("the object lacks {}", self.program))?;
                hierarchy::attach(program, self.name.ends_with("/ingress"))
            }
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
