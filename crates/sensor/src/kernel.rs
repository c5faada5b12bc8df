//! The eBPF programs in the kernel: loaded, attached, read.
//!
//! Every hook is tried by itself. What the kernel refuses is kept with its reason: the tier that a node has is what was
//! tried there, never what its version promises.

mod hook;

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};

use aya::maps::{Array, MapData, PerCpuArray, RingBuf};
use aya::programs::{BtfTracePoint, Iter};
use aya::{Btf, Ebpf, EbpfLoader};

pub use hook::{Hook, HookState};

use crate::SensorError;
use crate::calls::{CALLS, Call};

/// The programs as clang made them; empty where it was missing.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/sensor.bpf.o"));

/// How the programs are set up.
#[derive(Debug, Clone)]
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
    /// Whether programs that could not be run are told as well, by the process that tried.
    pub failed_execs: bool,
}

impl Default for KernelOptions {
    fn default() -> Self {
        Self {
            life_ring: 8 << 20,
            event_ring: 16 << 20,
            environment: false,
            data: 0,
            own_pid: std::process::id(),
            failed_execs: false,
        }
    }
}

/// The loaded programs. Dropping it detaches them.
pub struct Kernel {
    programs: Ebpf,
    hooks: Vec<(Hook, HookState)>,
    life: RingBuf<MapData>,
    events: RingBuf<MapData>,
    drops: PerCpuArray<MapData, u64>,
}

impl Kernel {
    /// Loads the programs, says which calls are wanted, and attaches each hook that the kernel takes.
    pub fn load(options: &KernelOptions, wanted: &[(usize, Call)]) -> Result<Self, SensorError> {
        if OBJECT.is_empty() {
            return Err(SensorError::NotBuilt);
        }
        let btf = Btf::from_sys_fs().map_err(|e| SensorError::NoTypes(e.to_string()))?;
        let mut programs = EbpfLoader::new()
            .btf(Some(&btf))
            .map_max_entries("LIFE", options.life_ring)
            .map_max_entries("EVENTS", options.event_ring)
            .load(OBJECT)
            .map_err(|e| SensorError::Load(error_chain(&e)))?;
        write_settings(&mut programs, options)?;
        write_wanted(&mut programs, wanted)?;
        // The programs are loaded while the object still holds every map that they name.
        let hooks = Hook::ALL.iter().map(|hook| (*hook, load_program(&mut programs, *hook, &btf))).collect();
        let life = RingBuf::try_from(take(&mut programs, "LIFE")?).map_err(map_error)?;
        let events = RingBuf::try_from(take(&mut programs, "EVENTS")?).map_err(map_error)?;
        let drops = PerCpuArray::try_from(take(&mut programs, "DROPS")?).map_err(map_error)?;
        Ok(Self { programs, hooks, life, events, drops })
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

    /// Gives each waiting record of both rings to `take`, at most `most` of each; those of the life of processes first. The time
    /// of the last record that was read of a ring that has more: what is younger in the other ring is not to be told before.
    pub fn read(&mut self, most: usize, take: &mut dyn FnMut(&[u8])) -> Option<u64> {
        let mut behind: Option<u64> = None;
        for ring in [&mut self.life, &mut self.events] {
            let (mut count, mut last) = (0, None);
            while count < most {
                let Some(item) = ring.next() else { break };
                last = crate::batch::time(&item).or(last);
                take(&item);
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

    /// Records that found no room, of the life of processes and of the rest, by processor.
    pub fn drops(&self) -> [Vec<u64>; 2] {
        let class = |index| self.drops.get(&index, 0).map(|values| values.to_vec()).unwrap_or_default();
        [class(0), class(1)]
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

/// struct settings of ebpf/include/record.h.
fn write_settings(programs: &mut Ebpf, options: &KernelOptions) -> Result<(), SensorError> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&u64::from(options.own_pid).to_ne_bytes());
    bytes[8..12].copy_from_slice(&u32::from(options.environment).to_ne_bytes());
    bytes[12..].copy_from_slice(&options.data.to_ne_bytes());
    let map = programs.map_mut("SETTINGS").ok_or_else(|| missing("SETTINGS"))?;
    let mut map: Array<_, [u8; 16]> = Array::try_from(map).map_err(map_error)?;
    map.set(0, bytes, 0).map_err(map_error)
}

fn write_wanted(programs: &mut Ebpf, wanted: &[(usize, Call)]) -> Result<(), SensorError> {
    let map = programs.map_mut("WANTED").ok_or_else(|| missing("WANTED"))?;
    let mut map: Array<_, [u8; Call::SIZE]> = Array::try_from(map).map_err(map_error)?;
    for (number, call) in wanted {
        let index = u32::try_from(*number).ok().filter(|n| *n < CALLS);
        let index = index.ok_or_else(|| SensorError::Load(format!("system call {number} is beyond {CALLS}")))?;
        map.set(index, call.to_bytes(), 0).map_err(map_error)?;
    }
    Ok(())
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
    text
}
