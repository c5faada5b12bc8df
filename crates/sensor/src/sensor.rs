//! The loop: records of all rings in order, who did it, in which container.

mod heal;
mod held;
mod loss;
mod packets;
mod place;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use seawall_model::{Argument, ArgumentValue, Container, Event, EventKind, Observation, Process, ProcessKey};

use crate::batch::Batch;
use crate::calls;
use crate::flow::Flows;
use crate::identity::{Directory, DirectorySettings};
use crate::numbers::Numbers;
use crate::processes::Processes;
use crate::record::{Head, Part, Record, RecordKind};
use crate::users::Users;
use heal::Healing;
use held::Held;
pub use loss::Loss;
use loss::Told;

use crate::{Hook, HookState, Kernel, KernelOptions, SensorError, clock, decode};

/// A record is told when nothing older can still be on its way. A ring is read up to the first record that is still being
/// written, and on a busy virtual machine the processor that writes it can be taken away for milliseconds meanwhile: then the
/// beginning of a process comes later than what it did.
const SETTLED: u64 = 12_000_000;
/// Between two looks at the rings while something waits to be told.
const PAUSE: Duration = Duration::from_millis(5);
/// Records that are read at once from a ring.
const MOST: usize = 16_384;
/// Control groups whose containers are kept.
const GROUPS: usize = 65_536;

/// How the sensor works.
#[derive(Clone)]
pub struct SensorOptions {
    /// How the programs are set up.
    pub kernel: KernelOptions,
    /// The kinds of events that are wanted; those of the life of processes always come.
    pub kinds: BTreeSet<EventKind>,
    /// Where containers are looked for.
    pub directory: DirectorySettings,
    /// Leave out what happens outside containers.
    pub containers_only: bool,
    /// How long an event may wait for the name of its container.
    pub identity_wait: Duration,
}

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SensorStatistics {
    /// Events that were told.
    pub events: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Events whose paths or arguments did not fit.
    pub cut: u64,
    /// Events of processes that were never seen before.
    pub unknown_processes: u64,
    /// Containers whose names did not come in time.
    pub unnamed_containers: u64,
    /// Events lost in the kernel, of the life of processes, by processor.
    pub lost_life: Vec<u64>,
    /// Events lost in the kernel, all others, by processor.
    pub lost_events: Vec<u64>,
    /// Events lost in the kernel because their control group had more than its share of the ring, by processor.
    pub lost_unfair: Vec<u64>,
    /// Events lost in the kernel, of packets, connections and io_uring, by processor.
    pub lost_packets: Vec<u64>,
    /// Processes that are known now.
    pub processes: usize,
}

/// Events as they happen.
pub struct Sensor {
    kernel: Kernel,
    flows: Result<Option<Flows>, String>,
    state: State,
    batch: Batch,
    /// A ring had more than was read.
    behind: bool,
    told: Told,
    healing: Healing,
}

/// What is known.
struct State {
    processes: Processes,
    directory: Directory,
    groups: Numbers<u64, Option<Arc<Container>>>,
    /// Control groups of containers that were seen first since it was asked last.
    new: Vec<(u64, Arc<Container>)>,
    /// Control groups that were found to belong to no container, for the kernel's filter.
    hosts: Vec<u64>,
    held: Held,
    users: Users,
    offset: i64,
    statistics: SensorStatistics,
    identity_wait: Duration,
    containers_only: bool,
    /// Processes that ended, with the time when they are forgotten; none where nothing is told of connections.
    ending: Option<VecDeque<Head>>,
}

impl Sensor {
    /// Loads the programs and learns what runs already.
    ///
    /// # Errors
    /// Why there can be no events.
    pub fn start(options: SensorOptions) -> Result<Self, SensorError> {
        let wanted: Vec<_> = calls::FAMILIES
            .iter()
            .flat_map(|family| family.iter())
            .filter(|spec| options.kinds.contains(&spec.kind))
            .chain(calls::FAILED_EXECS.iter().filter(|_| options.kernel.failed_execs))
            .filter_map(|spec| Some((usize::try_from(spec.number).ok()?, spec.call)))
            .collect();
        let directory = Directory::start(options.directory);
        let mut kernel = Kernel::load(&options.kernel, &wanted)?;
        for needed in [Hook::Exec, Hook::Fork, Hook::Exit, Hook::SysExit] {
            let refused = kernel.hooks().iter().find_map(|(hook, state)| match state {
                HookState::Refused(reason) if *hook == needed => Some(reason.clone()),
                _ => None,
            });
            if let Some(reason) = refused {
                return Err(SensorError::Load(format!("{}: {reason}", needed.name())));
            }
        }
        // Without these the sensor tells less, and says so; it does not tell nothing.
        let flows = Flows::load(&options.kinds, options.kernel.own_pid).map_err(|error| error.to_string());
        kernel.snapshot()?;
        let state = State {
            processes: Processes::default(),
            directory,
            groups: Numbers::default(),
            new: Vec::new(),
            hosts: Vec::new(),
            held: Held::default(),
            users: Users::default(),
            offset: clock::offset(),
            statistics: SensorStatistics::default(),
            identity_wait: options.identity_wait,
            containers_only: options.containers_only,
            ending: matches!(flows, Ok(Some(_))).then(VecDeque::new),
        };
        let (batch, told, healing) = (Batch::default(), Told::default(), Healing::default());
        let mut sensor = Self { kernel, flows, state, batch, behind: false, told, healing };
        // What ran before is nobody's event; it only says who is who. What has been asked for on the way is waited for: whoever
        // holds containers to a policy must know those that run.
        sensor.poll(Duration::ZERO, &mut |_| {})?;
        let began = Instant::now();
        let end =
            |sensor: &Self| if sensor.state.held.is_empty() { 3 * PAUSE } else { 3 * PAUSE + options.identity_wait };
        // Also where this thread got no time meanwhile.
        let mut polls = 0;
        while polls < 4 || began.elapsed() < end(&sensor) {
            sensor.poll(Duration::from_millis(10), &mut |_| {})?;
            polls += 1;
        }
        sensor.state.statistics.events = 0;
        Ok(sensor)
    }

    /// What became of each hook.
    pub fn hooks(&self) -> &[(Hook, HookState)] {
        self.kernel.hooks()
    }

    /// The programs for packets, connections and io_uring that were asked for: where, what for, and what became of each.
    pub fn packet_hooks(&self) -> Vec<(&'static str, &'static str, HookState)> {
        match &self.flows {
            Ok(flows) => {
                let hooks = flows.iter().flat_map(Flows::hooks);
                hooks.map(|(name, purpose, state)| (name, purpose, state.clone())).collect()
            }
            Err(reason) => vec![("packets", "DNS, TLS, connections, io_uring", HookState::Refused(reason.clone()))],
        }
    }

    fn flows(&self) -> Option<&Flows> {
        self.flows.as_ref().ok()?.as_ref()
    }

    /// Where containers are known from.
    pub fn directory(&self) -> &Directory {
        &self.state.directory
    }

    /// Control groups of containers that were seen for the first time, and groups that are gone, since it was asked last.
    pub fn take_groups(&mut self) -> (Vec<(u64, Arc<Container>)>, Vec<u64>) {
        let gone = self.state.processes.take_gone();
        for group in &gone {
            self.state.groups.remove(group);
            self.state.held.forget(*group);
            self.kernel.remove_host(*group);
        }
        (std::mem::take(&mut self.state.new), gone)
    }

    /// The process that has `pid` now, where it was made at `started` (nanoseconds since boot).
    pub fn process(&self, pid: u32, started: u64) -> Option<&Process> {
        self.state.processes.running(pid, started)
    }

    /// Every process that runs.
    pub fn running(&self) -> impl Iterator<Item = &Process> {
        self.state.processes.all_running()
    }

    /// Every process that runs in a container.
    pub(crate) fn of_container(&self, id: &str) -> impl Iterator<Item = &Process> {
        self.running().filter(move |p| p.container.as_ref().is_some_and(|container| container.id == id))
    }

    /// A process that runs or has running descendants.
    pub(crate) fn by_key(&self, key: ProcessKey) -> Option<&Process> {
        self.state.processes.get(key)
    }

    /// The control group in which a process was seen last; zero where it is not known.
    pub(crate) fn group(&self, key: ProcessKey) -> u64 {
        self.state.processes.cgroup(key)
    }

    /// When a process was made, nanoseconds since boot.
    pub(crate) fn started(&self, key: ProcessKey) -> Option<u64> {
        self.state.processes.started(key)
    }

    /// The container of a control group that was seen.
    pub fn container_of_group(&self, group: u64) -> Option<Container> {
        self.state.groups.get(&group)?.as_deref().cloned()
    }

    /// Whether events of a control group wait for the name of its container.
    pub(crate) fn is_held(&self, group: u64) -> bool {
        self.state.held.has(group)
    }

    /// The network namespaces of a control group's processes.
    pub(crate) fn networks(&self, group: u64) -> BTreeSet<u32> {
        self.state.processes.networks(group)
    }

    /// Counts since the start.
    pub fn statistics(&self) -> SensorStatistics {
        let [lost_life, lost_events, lost_unfair] = self.kernel.drops();
        let processes = self.state.processes.len();
        let lost_packets = self.flows().map(Flows::drops).unwrap_or_default();
        let known = self.state.statistics.clone();
        SensorStatistics { lost_life, lost_events, lost_unfair, lost_packets, processes, ..known }
    }

    /// Waits for events, at most for `limit`, and gives each to `tell` in the order in which they happened.
    ///
    /// # Errors
    /// The rings cannot be waited for.
    pub fn poll(&mut self, limit: Duration, tell: &mut dyn FnMut(Observation<'_>)) -> Result<(), SensorError> {
        if limit.is_zero() || self.behind {
            // There is enough to do.
        } else if self.batch.len() == 0 && self.state.held.is_empty() {
            wait(&self.kernel, self.flows(), limit)?;
        } else {
            std::thread::sleep(PAUSE.min(limit));
        }
        // Everything that happened before this moment is in the rings once they have been read, but for records that are
        // being written just now.
        let until = clock::since_boot().saturating_sub(SETTLED);
        let batch = &mut self.batch;
        let mut behind = self.kernel.read(MOST, &mut |record| batch.push(record));
        if let Some(time) = self
            .flows
            .as_mut()
            .ok()
            .and_then(Option::as_mut)
            .and_then(|f| f.read(MOST, &mut |record| batch.push(record)))
        {
            behind = Some(behind.map_or(time, |other| other.min(time)));
        }
        self.behind = behind.is_some();
        let until = behind.map_or(until, |time| until.min(time.saturating_sub(SETTLED)));
        self.state.offset = clock::offset();
        let state = &mut self.state;
        self.batch.release(until, &mut |bytes| state.read(bytes, tell));
        state.release_held(tell);
        state.ask_again();
        state.forget(until);
        for group in state.hosts.drain(..) {
            self.kernel.add_host(group);
        }
        self.heal(until)
    }
}

impl State {
    fn read(&mut self, bytes: &[u8], tell: &mut dyn FnMut(Observation<'_>)) {
        let Some(record) = Record::parse(bytes) else {
            self.statistics.unreadable += 1;
            return;
        };
        if !self.holds(&record, bytes) {
            self.take(&record, tell);
        }
    }

    fn take(&mut self, record: &Record<'_>, tell: &mut dyn FnMut(Observation<'_>)) {
        self.statistics.cut += u64::from(record.head.cut);
        let event = match record.head.kind {
            RecordKind::Task => {
                let key = self.processes.add(record, self.offset);
                self.place(key, record);
                self.read_command(key, record.head.pid);
                None
            }
            RecordKind::Fork => {
                let key = self.processes.add(record, self.offset);
                self.place(key, record);
                Some(self.life(record, EventKind::Clone, key))
            }
            RecordKind::Exec => {
                let key = self.processes.exec(record, self.offset);
                self.place(key, record);
                let at = i64::from(record.head.number) == libc::SYS_execveat;
                Some(self.life(record, if at { EventKind::Execveat } else { EventKind::Execve }, key))
            }
            RecordKind::Exit => {
                let event = self.processes.of(&record.head).map(|key| self.life(record, EventKind::Procexit, key));
                if let Some(event) = event {
                    self.tell(&event, tell);
                }
                match &mut self.ending {
                    Some(ending) => ending.push_back(record.head),
                    None => self.processes.end(&record.head, self.offset),
                }
                return;
            }
            RecordKind::Syscall => self.call(record),
            RecordKind::Dns | RecordKind::Tls | RecordKind::Flow | RecordKind::Uring => {
                self.packet(record, tell);
                return;
            }
        };
        if let Some(event) = event {
            self.tell(&event, tell);
        }
    }

    fn tell(&mut self, event: &Event, tell: &mut dyn FnMut(Observation<'_>)) {
        let Some(process) = self.processes.get(event.process) else { return };
        if self.containers_only && process.container.is_none() {
            return;
        }
        self.statistics.events += 1;
        tell(Observation { event, process, lineage: &self.processes });
    }

    fn call(&mut self, record: &Record<'_>) -> Option<Event> {
        let key = match self.processes.seen(&record.head) {
            Some(key) => key,
            None => {
                // Its beginning was lost, or it began before the guard and the iterator missed it.
                self.statistics.unknown_processes += 1;
                let key = self.processes.add(record, self.offset);
                self.read_command(key, record.head.pid);
                key
            }
        };
        self.place(key, record);
        decode::event(record, key, &self.processes.get(key)?.cwd, self.offset, self.statistics.events + 1)
    }

    /// The event of a process that begins, ends or runs something else.
    fn life(&self, record: &Record<'_>, kind: EventKind, process: ProcessKey) -> Event {
        let head = &record.head;
        let mut arguments = Vec::new();
        if let (EventKind::Execve | EventKind::Execveat, Some(p)) = (kind, self.processes.get(process)) {
            let text = |t: &seawall_model::ByteString| ArgumentValue::Text(t.clone());
            arguments.push((Argument::Res, ArgumentValue::Number(0)));
            arguments.push((Argument::Exe, text(&p.exe)));
            arguments.push((Argument::Args, text(&p.arguments)));
            let given = record.text(Part::Filename).unwrap_or_default();
            arguments.push((Argument::Filename, ArgumentValue::Text(given.into())));
        }
        Event {
            number: self.statistics.events + 1,
            time: head.time.saturating_add_signed(self.offset),
            cpu: head.cpu,
            kind,
            result: head.result,
            thread: head.tid,
            virtual_thread: head.virtual_tid,
            process,
            arguments,
            descriptor: None,
        }
    }

    /// What a process that was there before was started with. The process can have ended meanwhile; then it has nothing.
    fn read_command(&mut self, key: ProcessKey, pid: u32) {
        let name = read_proc(pid, "comm", 16);
        let arguments = read_proc(pid, "cmdline", 4096);
        let environment = read_proc(pid, "environ", 4096);
        self.processes.set_command(key, name.trim_ascii_end(), &arguments, &environment);
    }
}

/// The beginning of a file of `/proc/PID`.
fn read_proc(pid: u32, name: &str, most: u64) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(format!("/proc/{pid}/{name}")) {
        // What cannot be read is as if the process were gone.
        let _ = file.take(most).read_to_end(&mut bytes);
    }
    bytes
}

/// Waits until a ring has records.
fn wait(kernel: &Kernel, flows: Option<&Flows>, limit: Duration) -> Result<(), SensorError> {
    let rings = kernel.rings().into_iter().chain(flows.map(Flows::ring));
    let mut polled: Vec<_> = rings.map(|ring| PollFd::from_borrowed_fd(ring, PollFlags::IN)).collect();
    let limit = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    match poll(&mut polled, Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(SensorError::Load(format!("waiting for events: {error}"))),
    }
}
