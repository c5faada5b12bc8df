//! The eBPF programs in the kernel: loaded, attached, read.
//!
//! Every hook is tried by itself. What the kernel refuses is kept with its reason: the tier that a node has is what was
//! tried there, never what its version promises.

mod hook;
mod setup;
mod types;

use std::collections::BTreeMap;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use aya::maps::{HashMap, MapData, PerCpuArray};
use aya::programs::{BtfTracePoint, Iter};
use aya::{Btf, Ebpf, EbpfLoader};

pub use hook::{Hook, HookState};
pub(crate) use types::{give_back, with_types};

use crate::calls::Call;
use crate::ring::Ring;
use crate::{Filter, SensorError};

/// The programs as clang made them; empty where it was missing.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sensor.bpf.o"));

/// How the programs are set up.
#[derive(Clone)]
pub struct KernelOptions {
    /// Bytes of the ring for the life of processes; a power of two.
    pub life_ring: u32,
    /// Bytes of the ring for everything else; a power of two.
    pub event_ring: u32,
    /// Whether environments are wanted.
    pub environment: bool,
    /// How many first bytes of buffers are wanted.
    pub data: u32,
    /// The process whose own events are left out.
    pub own_pid: u32,
    /// What need not leave the kernel; without it every event of the calls that are asked for does.
    pub filter: Option<Arc<Filter>>,
    /// Whether programs that could not be run are told as well, by the process that tried.
    pub failed_execs: bool,
}

impl Default for KernelOptions {
    fn default() -> Self {
        Self {
            life_ring: 4 << 20,
            event_ring: 8 << 20,
            environment: false,
            data: 0,
            own_pid: std::process::id(),
            filter: None,
            failed_execs: false,
        }
    }
}

/// The loaded programs. Dropping it detaches them.
pub struct Kernel {
    programs: Ebpf,
    hooks: Vec<(Hook, HookState)>,
    life: Ring,
    events: Ring,
    drops: PerCpuArray<MapData, u64>,
    /// Control groups that belong to no container.
    hosts: HashMap<MapData, u64, u32>,
    /// Bytes that control groups have left, and records that they lost (struct share of ebpf/include/fair.h).
    shares: HashMap<MapData, [u64; 2], [u64; 3]>,
}

impl Kernel {
    /// Loads the programs, says which calls are wanted, and attaches each hook that the kernel takes.
    pub fn load(options: &KernelOptions, wanted: &[(usize, Call)]) -> Result<Self, SensorError> {
        if OBJECT.is_empty() {
            return Err(SensorError::NotBuilt);
        }
        with_types(|loader, btf| Self::fitted(options, wanted, loader, btf))
    }

    fn fitted(
        options: &KernelOptions,
        wanted: &[(usize, Call)],
        mut loader: EbpfLoader<'_>,
        btf: &Btf,
    ) -> Result<Self, SensorError> {
        let mut programs = loader
            // Storage that belongs to a task has no type of its own in the loader; only the programs use it.
            .allow_unsupported_maps()
            .map_max_entries("LIFE", options.life_ring)
            .map_max_entries("EVENTS", options.event_ring)
            .map_max_entries("STATES", setup::states(options))
            .load(OBJECT)
            .map_err(|e| SensorError::Load(error_chain(&e)))?;
        setup::settings(&mut programs, options)?;
        let enter = setup::wanted(&mut programs, wanted, options.filter.as_deref())?;
        setup::filter(&mut programs, wanted, options.filter.as_deref())?;
        // The programs are loaded while the object still holds every map that they name.
        let asked = Hook::ALL.iter().filter(|hook| enter || **hook != Hook::Enter);
        let hooks = asked.map(|hook| (*hook, load_program(&mut programs, *hook, btf))).collect();
        let life = Ring::open(take(&mut programs, "LIFE")?)?;
        let events = Ring::open(take(&mut programs, "EVENTS")?)?;
        let drops = PerCpuArray::try_from(take(&mut programs, "DROPS")?).map_err(map_error)?;
        let hosts = HashMap::try_from(take(&mut programs, "HOSTS")?).map_err(map_error)?;
        let shares = HashMap::try_from(take(&mut programs, "SHARES")?).map_err(map_error)?;
        Ok(Self { programs, hooks, life, events, drops, hosts, shares })
    }

    /// What became of each hook.
    pub fn hooks(&self) -> &[(Hook, HookState)] {
        &self.hooks
    }

    /// Makes a record of every task that runs now.
    pub fn snapshot(&mut self) -> Result<(), SensorError> {
        let program = self.programs.program_mut(Hook::Tasks.program());
        let program: &mut Iter = program
            .ok_or_else(|| SensorError::Load("the task iterator is missing".to_owned()))?
            .try_into()
            .map_err(|e| SensorError::Load(error_chain(&e)))?;
        let run = |program: &mut Iter| -> Result<(), String> {
            let id = program.attach().map_err(|e| error_chain(&e))?;
            let link = program.take_link(id).map_err(|e| error_chain(&e))?;
            let mut file = link.into_file().map_err(|e| error_chain(&e))?;
            // The program writes to the ring; the file itself stays empty.
            while file.read(&mut [0; 64]).map_err(|e| e.to_string())? > 0 {}
            Ok(())
        };
        run(program).map_err(SensorError::Load)
    }

    /// Says that a control group belongs to no container.
    pub(crate) fn add_host(&mut self, group: u64) {
        // Where there is no room the group's events cross, and are judged as ever.
        let _ = self.hosts.insert(group, 1, 0);
    }

    /// Says that a control group is gone.
    pub(crate) fn remove_host(&mut self, group: u64) {
        // Most groups are not in it.
        let _ = self.hosts.remove(&group);
    }

    /// Gives each waiting record of both rings to `take`, at most `most` of each; those of the life of processes first. The time
    /// of the last record that was read of a ring that has more: what is younger in the other ring is not to be told before.
    pub fn read(&mut self, most: usize, take: &mut dyn FnMut(&[u8])) -> Option<u64> {
        let mut behind: Option<u64> = None;
        for ring in [&mut self.life, &mut self.events] {
            let (mut count, mut last) = (0, None);
            let mut one = |record: &[u8]| {
                last = crate::batch::time(record).or(last);
                take(record);
            };
            while count < most && ring.next(&mut one) {
                count += 1;
            }
            if let Some(time) = last.filter(|_| count == most) {
                behind = Some(behind.map_or(time, |other| other.min(time)));
            }
        }
        behind
    }

    /// The rings, to wait for records.
    pub(crate) fn rings(&self) -> [BorrowedFd<'_>; 2] {
        [self.life.as_fd(), self.events.as_fd()]
    }

    /// Records that were lost by processor: of the life of processes, of the rest for want of room, and of the rest because
    /// their control group had more than its share.
    pub fn drops(&self) -> [Vec<u64>; 3] {
        [0, 1, 2].map(|class| self.drops.get(&class, 0).map(|values| values.to_vec()).unwrap_or_default())
    }

    /// Records that were lost since the start, by control group and number of the system call (none: life of processes). A
    /// group that lost nothing for long may be missing.
    pub(crate) fn losses(&self) -> Vec<(u64, Option<u16>, u64)> {
        // LIFE_KIND of ebpf/include/fair.h, with the kind of the record above it.
        const LIFE: u64 = 0xffff;
        let mut losses: BTreeMap<(u64, Option<u16>), u64> = BTreeMap::new();
        for ([group, kind], [.., lost]) in self.shares.iter().filter_map(Result::ok).filter(|(_, [.., lost])| *lost > 0)
        {
            let number = u16::try_from(kind).ok().filter(|_| kind & LIFE != LIFE);
            *losses.entry((group, number)).or_default() += lost;
        }
        losses.into_iter().map(|((group, number), lost)| (group, number, lost)).collect()
    }
}

/// Loads one program, and attaches it where the kernel takes it.
fn load_program(programs: &mut Ebpf, hook: Hook, btf: &Btf) -> HookState {
    let attach = |programs: &mut Ebpf| -> Result<(), String> {
        let program = programs.program_mut(hook.program()).ok_or("the object lacks it")?;
        if hook == Hook::Tasks {
            let program: &mut Iter = program.try_into().map_err(|e| error_chain(&e))?;
            return program.load("task", btf).map_err(|e| error_chain(&e));
        }
        let program: &mut BtfTracePoint = program.try_into().map_err(|e| error_chain(&e))?;
        program.load(hook.name(), btf).map_err(|e| error_chain(&e))?;
        program.attach().map_err(|e| error_chain(&e))?;
        Ok(())
    };
    match attach(programs) {
        Ok(()) => HookState::Attached,
        Err(reason) => HookState::Refused(reason),
    }
}

fn take(programs: &mut Ebpf, name: &str) -> Result<aya::maps::Map, SensorError> {
    programs.take_map(name).ok_or_else(|| missing(name))
}

fn missing(map: &str) -> SensorError {
    SensorError::Load(format!("the object lacks map {map}"))
}

fn map_error(error: aya::maps::MapError) -> SensorError {
    SensorError::Load(error_chain(&error))
}

/// An error with its causes, as one line.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    // The verifier says nothing of what it was not asked about.
    match text.trim_end().strip_suffix(". Verifier output:") {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}
