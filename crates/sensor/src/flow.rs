//! What crosses the network, and what io_uring is asked for: the programs of ebpf/flow.bpf.c.
//!
//! Each is attached only where a rule asks for what it tells: they run for every packet. A program that the kernel refuses is
//! kept with its reason, and its events are named as not supplied.

mod dns;
mod event;
mod names;
mod tls;

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd};

use aya::maps::{Array, MapData, PerCpuArray};
use aya::programs::{BtfTracePoint, CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, CgroupSockAddr, ProgramError};
use aya::{Btf, BtfError, Ebpf, EbpfLoader};
use seawall_model::EventKind;

pub use dns::{DnsAnswer, DnsMessage, read_dns_message};
pub(crate) use event::event;
pub(crate) use names::name_servers;
pub use names::{NameSettings, Names};
pub use tls::{ClientHello, read_client_hello};

use crate::enforce::hierarchy;
use crate::kernel::{error_chain, with_types};
use crate::ring::Ring;
use crate::{HookState, SensorError};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/flow.bpf.o"));

/// The kinds of events that these programs supply.
pub(crate) const KINDS: [EventKind; 4] = [EventKind::Dns, EventKind::Tls, EventKind::Flow, EventKind::IoUringRequest];

/// A program, where it is attached, and what it is for.
struct PacketHook {
    program: &'static str,
    name: &'static str,
    purpose: &'static str,
    kinds: &'static [EventKind],
}

const HOOKS: &[PacketHook] = &[
    PacketHook {
        program: "seawall_state",
        name: "inet_sock_set_state",
        purpose: "connections that end",
        kinds: &[EventKind::Flow],
    },
    PacketHook {
        program: "seawall_egress",
        name: "cgroup_skb/egress",
        purpose: "names that are asked for, names of TLS servers",
        kinds: &[EventKind::Dns, EventKind::Tls],
    },
    PacketHook {
        program: "seawall_ingress",
        name: "cgroup_skb/ingress",
        purpose: "answers of name servers",
        kinds: &[EventKind::Dns],
    },
    PacketHook {
        program: "seawall_send4",
        name: "cgroup/sendmsg4",
        purpose: "name servers behind a translation",
        kinds: &[EventKind::Dns],
    },
    PacketHook {
        program: "seawall_send6",
        name: "cgroup/sendmsg6",
        purpose: "name servers behind a translation",
        kinds: &[EventKind::Dns],
    },
    PacketHook {
        program: "seawall_uring",
        name: "io_uring_submit_req",
        purpose: "requests of io_uring",
        kinds: &[EventKind::IoUringRequest],
    },
];

/// What a tracepoint is called by older kernels, where its first argument is the same.
const OLDER: (&str, &str) = ("io_uring_submit_req", "io_uring_submit_sqe");

/// The loaded programs. Dropping it detaches them.
pub(crate) struct Flows {
    _programs: Ebpf,
    hooks: Vec<(&'static PacketHook, HookState)>,
    ring: Ring,
    drops: PerCpuArray<MapData, u64>,
}

impl Flows {
    /// Loads what tells the wanted kinds; none where nothing of it is wanted.
    pub(crate) fn load(kinds: &BTreeSet<EventKind>, own_pid: u32) -> Result<Option<Self>, SensorError> {
        if !KINDS.iter().any(|kind| kinds.contains(kind)) {
            return Ok(None);
        }
        if OBJECT.is_empty() {
            return Err(SensorError::NotBuilt);
        }
        with_types(|loader, btf| Self::fitted(kinds, own_pid, loader, btf)).map(Some)
    }

    fn fitted(
        kinds: &BTreeSet<EventKind>,
        own_pid: u32,
        mut loader: EbpfLoader<'_>,
        btf: &Btf,
    ) -> Result<Self, SensorError> {
        let fail = |error: &dyn std::error::Error| SensorError::Load(error_chain(error));
        let mut programs = loader.load(OBJECT).map_err(|e| fail(&e))?;
        write_settings(&mut programs, kinds, own_pid)?;
        let hooks = HOOKS
            .iter()
            .filter(|hook| hook.kinds.iter().any(|kind| kinds.contains(kind)))
            .map(|hook| match attach(&mut programs, hook, btf) {
                Ok(()) => (hook, HookState::Attached),
                Err(reason) => (hook, HookState::Refused(reason)),
            })
            .collect();
        let mut take = |name: &str| {
            programs.take_map(name).ok_or_else(|| SensorError::Load(format!("the object lacks map {name}")))
        };
        let ring = Ring::open(take("PACKETS")?)?;
        let drops = PerCpuArray::try_from(take("PACKET_DROPS")?).map_err(|e| fail(&e))?;
        Ok(Self { _programs: programs, hooks, ring, drops })
    }

    /// Each program that was tried: where, what for, and what became of it.
    pub(crate) fn hooks(&self) -> impl Iterator<Item = (&'static str, &'static str, &HookState)> {
        self.hooks.iter().map(|(hook, state)| (hook.name, hook.purpose, state))
    }

    /// As `Kernel::read`, of this ring.
    pub(crate) fn read(&mut self, most: usize, take: &mut dyn FnMut(&[u8])) -> Option<u64> {
        let (mut count, mut last) = (0, None);
        let mut one = |record: &[u8]| {
            last = crate::batch::time(record).or(last);
            take(record);
        };
        while count < most && self.ring.next(&mut one) {
            count += 1;
        }
        last.filter(|_| count == most)
    }

    pub(crate) fn ring(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }

    /// Records that found no room, by processor.
    pub(crate) fn drops(&self) -> Vec<u64> {
        self.drops.get(&0, 0).map(|values| values.to_vec()).unwrap_or_default()
    }
}

/// `struct packet_settings` of ebpf/flow.bpf.c.
fn write_settings(programs: &mut Ebpf, kinds: &BTreeSet<EventKind>, own_pid: u32) -> Result<(), SensorError> {
    let fail = |error: aya::maps::MapError| SensorError::Load(error_chain(&error));
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&u64::from(own_pid).to_ne_bytes());
    bytes[8..12].copy_from_slice(&u32::from(kinds.contains(&EventKind::Dns)).to_ne_bytes());
    bytes[12..].copy_from_slice(&u32::from(kinds.contains(&EventKind::Tls)).to_ne_bytes());
    let map = programs.map_mut("PACKET_SETTINGS");
    let map = map.ok_or_else(|| SensorError::Load("the object lacks map PACKET_SETTINGS".to_owned()))?;
    let mut map: Array<_, [u8; 16]> = Array::try_from(map).map_err(fail)?;
    map.set(0, bytes, 0).map_err(fail)
}

fn attach(programs: &mut Ebpf, hook: &PacketHook, btf: &Btf) -> Result<(), String> {
    let program = programs.program_mut(hook.program).ok_or("the object lacks it")?;
    // A link takes no mode: others' programs at the same group stay, whatever is said.
    let all = CgroupAttachMode::Single;
    if let Some(direction) = match hook.name {
        "cgroup_skb/egress" => Some(CgroupSkbAttachType::Egress),
        "cgroup_skb/ingress" => Some(CgroupSkbAttachType::Ingress),
        _ => None,
    } {
        let program: &mut CgroupSkb = program.try_into().map_err(|e| error_chain(&e))?;
        program.load().map_err(|e| error_chain(&e))?;
        program.attach(hierarchy::root()?, direction, all).map_err(|e| error_chain(&e))?;
        return Ok(());
    }
    if hook.name.starts_with("cgroup/") {
        let program: &mut CgroupSockAddr = program.try_into().map_err(|e| error_chain(&e))?;
        program.load().map_err(|e| error_chain(&e))?;
        program.attach(hierarchy::root()?, all).map_err(|e| error_chain(&e))?;
        return Ok(());
    }
    let program: &mut BtfTracePoint = program.try_into().map_err(|e| error_chain(&e))?;
    let mut loaded = program.load(hook.name, btf);
    if matches!(&loaded, Err(ProgramError::Btf(BtfError::UnknownBtfTypeName { .. }))) && hook.name == OLDER.0 {
        loaded = program.load(OLDER.1, btf);
    }
    loaded.map_err(|e| error_chain(&e))?;
    program.attach().map_err(|e| error_chain(&e))?;
    Ok(())
}
