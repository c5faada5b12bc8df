//! Signals to the agent, from a queue in the kernel that outlives it (ebpf/signal.bpf.c).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aya::maps::{Array, HashMap, MapData, MapError, Queue};
use aya::programs::BtfTracePoint;
use aya::{Btf, EbpfLoader};
use seawall_model::{Alert, FieldValue, Priority};
use seawall_rules::signal_name;

use super::RULE;
use crate::enforce::{agent_folder, prepare};
use crate::kernel::{error_chain, with_types};
use crate::record::Cursor;
use crate::{Guard, HookState, Sensor, SensorError, clock, proc};

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/signal.bpf.o"));

/// Bytes of struct sent.
const SIZE: usize = 216;
/// Bytes of its arguments.
const ARGUMENTS: usize = 128;
/// Maps that outlive the agent.
const PINNED: [&str; 2] = ["SIGNALS", "AGENTS"];
/// Records that are read at once: as many as there is room for.
const MOST: usize = 256;

/// A signal that somebody sent to an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    time: u64,
    group: u64,
    pid: u32,
    parent: u32,
    uid: u32,
    target: u32,
    signal: u32,
    by_kernel: bool,
    contained: bool,
    name: String,
    parent_name: String,
    command: String,
}

impl Sent {
    fn parse(bytes: &[u8; SIZE]) -> Self {
        let text = |bytes: &[u8]| {
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            let shown = bytes.get(..end).unwrap_or_default().iter().map(|b| if *b == 0 { b' ' } else { *b });
            String::from_utf8_lossy(&shown.collect::<Vec<_>>()).into_owned()
        };
        let mut c = Cursor(bytes);
        let (time, _started, group) = (c.u64(), c.u64(), c.u64());
        let (pid, parent, uid, target) = (c.u32(), c.u32(), c.u32(), c.u32());
        let (signal, by_kernel, contained) = (c.u32(), c.u32() != 0, c.u32() != 0);
        let length = usize::try_from(c.u32()).unwrap_or(ARGUMENTS).min(ARGUMENTS);
        let (name, parent_name) = (text(&c.array::<16>()), text(&c.array::<16>()));
        let command = text(c.array::<ARGUMENTS>().get(..length).unwrap_or_default());
        Self { time, group, pid, parent, uid, target, signal, by_kernel, contained, name, parent_name, command }
    }

    /// What a service manager or a person at the terminal ends a program with.
    fn is_polite(&self) -> bool {
        [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT].iter().any(|signal| u32::try_from(*signal) == Ok(self.signal))
    }

    fn alert(&self, guard: &Guard, sensor: &Sensor) -> Alert {
        let container = sensor.container_of_group(self.group);
        let signal = match signal_name(self.signal.into()) {
            Some(name) => format!("signal {} ({name})", self.signal),
            None => format!("signal {}", self.signal),
        };
        let whom = match self.target == std::process::id() {
            true => "the guard".to_owned(),
            false => format!("the guard that was process {}", self.target),
        };
        let by = match self.by_kernel {
            true => format!("the kernel while {} (process {}) ran", self.name, self.pid),
            false => format!(
                "{}, process {} of user {}, child of {} ({})",
                self.name, self.pid, self.uid, self.parent_name, self.parent
            ),
        };
        let output = format!("{signal} was sent to {whom} by {by} | command={}", self.command);
        let fields = BTreeMap::from([
            ("proc.pid".to_owned(), FieldValue::Unsigned(self.pid.into())),
            ("proc.name".to_owned(), FieldValue::Text(self.name.clone())),
            ("proc.cmdline".to_owned(), FieldValue::Text(self.command.clone())),
            ("proc.ppid".to_owned(), FieldValue::Unsigned(self.parent.into())),
            ("proc.pname".to_owned(), FieldValue::Text(self.parent_name.clone())),
            ("user.uid".to_owned(), FieldValue::Unsigned(self.uid.into())),
            ("signal".to_owned(), FieldValue::Unsigned(self.signal.into())),
            ("guard.pid".to_owned(), FieldValue::Unsigned(self.target.into())),
        ]);
        let mut alert = guard.internal(RULE, output, fields);
        "syscall".clone_into(&mut alert.source);
        alert.time = clock::text(self.time);
        if self.is_polite() && !self.contained && container.is_none() {
            alert.priority = Priority::Notice;
        }
        alert.seawall.container = container;
        alert
    }
}

/// Who sends signals to this agent, and who ended the one before it.
pub(super) struct Signals {
    // The program is attached for as long as this lives.
    _programs: aya::Ebpf,
    queue: Queue<MapData, [u8; SIZE]>,
    agents: HashMap<MapData, u32, u64>,
    watched: Array<MapData, [u32; 2]>,
    folder: PathBuf,
    /// Agents that ended without saying so, until it is told.
    silent: Vec<u32>,
    missed: u32,
}

impl Signals {
    /// Attaches the program. `pins` is where enforcement is pinned; the queue lies beside it.
    pub(super) fn start(pins: &Path) -> Result<Self, SensorError> {
        if OBJECT.is_empty() {
            return Err(SensorError::NotBuilt);
        }
        let folder = agent_folder(pins);
        prepare(&folder)?;
        let mut programs = with_types(|mut loader, btf| {
            for name in PINNED {
                loader.map_pin_path(name, folder.join(name));
            }
            attached(loader, btf)
        })?;
        let mut take = |name: &str| {
            programs.take_map(name).ok_or_else(|| SensorError::Load(format!("the object lacks map {name}")))
        };
        let made = |e: MapError| SensorError::Load(error_chain(&e));
        let mut agents: HashMap<_, u32, u64> = HashMap::try_from(take("AGENTS")?).map_err(made)?;
        let mut watched: Array<_, [u32; 2]> = Array::try_from(take("WATCHED")?).map_err(made)?;
        let queue = Queue::try_from(take("SIGNALS")?).map_err(made)?;
        let own = std::process::id();
        let known: Vec<_> = agents.iter().filter_map(Result::ok).collect();
        let mut silent = Vec::new();
        for (pid, _) in known.into_iter().filter(|(pid, started)| began(*pid) != Some(*started)) {
            // Another agent that starts now may have been first.
            if agents.remove(&pid).is_ok() && pid != own {
                silent.push(pid);
            }
        }
        agents.insert(own, began(own).unwrap_or(0), 0).map_err(made)?;
        watched.set(0, [own, 0], 0).map_err(made)?;
        Ok(Self { _programs: programs, queue, agents, watched, folder, silent, missed: 0 })
    }

    /// Tells what was sent since it was asked last.
    pub(super) fn tell(&mut self, guard: &Guard, sensor: &Sensor, raise: &mut dyn FnMut(Alert)) {
        for _ in 0..MOST {
            // It is empty.
            let Ok(bytes) = self.queue.pop(0) else { break };
            let sent = Sent::parse(&bytes);
            self.silent.retain(|pid| *pid != sent.target);
            raise(sent.alert(guard, sensor));
        }
        for pid in self.silent.drain(..) {
            let output = format!(
                "the guard that was process {pid} ended without a word, and nobody sent it a signal: it failed, or its end was not seen"
            );
            let fields = BTreeMap::from([("guard.pid".to_owned(), FieldValue::Unsigned(pid.into()))]);
            raise(guard.internal(RULE, output, fields));
        }
        let missed = self.watched.get(&0, 0).map_or(0, |[_, missed]| missed);
        if let Some(new) = missed.checked_sub(self.missed).filter(|new| *new > 0) {
            self.missed = missed;
            let output = format!("{new} signals to the guard could not be told, they came too fast: {missed} in all");
            let fields = BTreeMap::from([("lost".to_owned(), FieldValue::Unsigned(new.into()))]);
            raise(guard.internal(RULE, output, fields));
        }
    }
}

/// An orderly end. What is pinned goes with the last agent, where nothing is left to be told.
impl Drop for Signals {
    fn drop(&mut self) {
        // Where this fails the next agent says that this one ended without a word.
        let _ = self.agents.remove(&std::process::id());
        if self.agents.keys().next().is_none() {
            for name in PINNED {
                let _ = std::fs::remove_file(self.folder.join(name));
            }
            let _ = std::fs::remove_dir(&self.folder);
        }
    }
}

/// Tries the program: it is attached for a moment, to no process.
pub(crate) fn probe() -> HookState {
    let tried = || {
        if OBJECT.is_empty() {
            return Err(SensorError::NotBuilt);
        }
        with_types(attached).map(drop)
    };
    tried().map_or_else(|error| HookState::Refused(error.to_string()), |()| HookState::Attached)
}

fn attached(mut loader: EbpfLoader<'_>, btf: &Btf) -> Result<aya::Ebpf, SensorError> {
    let lacks = || SensorError::Load("the object lacks seawall_signal".to_owned());
    let fail = |error: &dyn std::error::Error| SensorError::Load(error_chain(error));
    let mut programs = loader.load(OBJECT).map_err(|e| fail(&e))?;
    let program = programs.program_mut("seawall_signal").ok_or_else(lacks)?;
    let program: &mut BtfTracePoint = program.try_into().map_err(|e| fail(&e))?;
    program.load("signal_generate", btf).map_err(|e| fail(&e))?;
    program.attach().map_err(|e| fail(&e))?;
    Ok(programs)
}

/// When a process was made, in the kernel's ticks since boot; none where there is none.
fn began(pid: u32) -> Option<u64> {
    proc::made(&proc::read(&format!("{pid}/stat")))
}
