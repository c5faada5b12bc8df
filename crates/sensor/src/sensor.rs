//! The loop: records of both rings in order, who did it, in which container.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use seawall_model::{Argument, ArgumentValue, Container, Event, EventKind, Observation, Process, ProcessKey};

use crate::batch::Batch;
use crate::calls;
use crate::identity::{ContainerId, Directory, DirectorySettings, Lookup};
use crate::processes::Processes;
use crate::record::{Part, Record, RecordKind};
use crate::users::Users;
use crate::{Hook, HookState, Kernel, KernelOptions, SensorError, clock, decode};

/// A record is told when nothing older can still be on its way. A ring is read up to the first record that is still being
/// written, and on a busy virtual machine the processor that writes it can be taken away for milliseconds meanwhile: then the
/// beginning of a process comes later than what it did.
const SETTLED: u64 = 12_000_000;
/// Records that are read at once from a ring.
const MOST: usize = 16_384;
/// Control groups whose containers are kept.
const GROUPS: usize = 65_536;

/// How the sensor works.
#[derive(Debug, Clone)]
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
    /// Processes that are known now.
    pub processes: usize,
}

/// Events as they happen.
pub struct Sensor {
    kernel: Kernel,
    state: State,
    batch: Batch,
    wait: Duration,
}

/// What is known.
struct State {
    processes: Processes,
    directory: Directory,
    groups: HashMap<u64, Option<Arc<Container>>>,
    /// Control groups of containers that were seen first since it was asked last.
    new: Vec<(u64, Arc<Container>)>,
    users: Users,
    offset: i64,
    statistics: SensorStatistics,
    identity_wait: Duration,
    containers_only: bool,
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
        kernel.snapshot()?;
        let state = State {
            processes: Processes::default(),
            directory,
            groups: HashMap::new(),
            new: Vec::new(),
            users: Users::default(),
            offset: clock::offset(),
            statistics: SensorStatistics::default(),
            identity_wait: options.identity_wait,
            containers_only: options.containers_only,
        };
        let mut sensor = Self { kernel, state, batch: Batch::default(), wait: Duration::from_millis(5) };
        // What ran before is nobody's event; it only says who is who.
        sensor.poll(Duration::ZERO, &mut |_| {})?;
        sensor.poll(Duration::from_millis(10), &mut |_| {})?;
        sensor.state.statistics.events = 0;
        Ok(sensor)
    }

    /// What became of each hook.
    pub fn hooks(&self) -> &[(Hook, HookState)] {
        self.kernel.hooks()
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
        }
        (std::mem::take(&mut self.state.new), gone)
    }

    /// The process that has `pid` now, where it was made at `started` (nanoseconds since boot).
    pub fn process(&self, pid: u32, started: u64) -> Option<&Process> {
        self.state.processes.running(pid, started)
    }

    /// The container of a control group that was seen.
    pub fn container_of_group(&self, group: u64) -> Option<Container> {
        self.state.groups.get(&group)?.as_deref().cloned()
    }

    /// The network namespaces of a control group's processes.
    pub(crate) fn networks(&self, group: u64) -> BTreeSet<u32> {
        self.state.processes.networks(group)
    }

    /// Counts since the start.
    pub fn statistics(&self) -> SensorStatistics {
        let [lost_life, lost_events] = self.kernel.drops();
        let processes = self.state.processes.len();
        SensorStatistics { lost_life, lost_events, processes, ..self.state.statistics.clone() }
    }

    /// Waits for events, at most for `limit`, and gives each to `tell` in the order in which they happened.
    ///
    /// # Errors
    /// The rings cannot be waited for.
    pub fn poll(&mut self, limit: Duration, tell: &mut dyn FnMut(Observation<'_>)) -> Result<(), SensorError> {
        if self.batch.len() == 0 && !limit.is_zero() {
            self.kernel.wait(limit)?;
        } else if !limit.is_zero() {
            std::thread::sleep(self.wait.min(limit));
        }
        // Everything that happened before this moment is in the rings once they have been read, but for records that are
        // being written just now.
        let until = clock::since_boot().saturating_sub(SETTLED);
        let batch = &mut self.batch;
        let behind = self.kernel.read(MOST, &mut |record| batch.push(record));
        let until = behind.map_or(until, |time| until.min(time.saturating_sub(SETTLED)));
        self.state.offset = clock::offset();
        let state = &mut self.state;
        self.batch.release(until, &mut |bytes| state.take(bytes, tell));
        Ok(())
    }
}

impl State {
    fn take(&mut self, bytes: &[u8], tell: &mut dyn FnMut(Observation<'_>)) {
        let Some(record) = Record::parse(bytes) else {
            self.statistics.unreadable += 1;
            return;
        };
        self.statistics.cut += u64::from(record.head.cut);
        let event = match record.head.kind {
            RecordKind::Task => {
                let key = self.processes.add(&record, self.offset);
                self.place(key, &record);
                self.read_command(key, record.head.pid);
                None
            }
            RecordKind::Fork => {
                let key = self.processes.add(&record, self.offset);
                self.place(key, &record);
                Some(self.life(&record, EventKind::Clone, key))
            }
            RecordKind::Exec => {
                let key = self.processes.exec(&record, self.offset);
                self.place(key, &record);
                let at = i64::from(record.head.number) == libc::SYS_execveat;
                Some(self.life(&record, if at { EventKind::Execveat } else { EventKind::Execve }, key))
            }
            RecordKind::Exit => {
                let event = self.processes.of(&record.head).map(|key| self.life(&record, EventKind::Procexit, key));
                if let Some(event) = event {
                    self.tell(&event, tell);
                }
                self.processes.end(&record.head, self.offset);
                return;
            }
            RecordKind::Syscall => self.call(&record),
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
        let key = match self.processes.of(&record.head) {
            Some(key) => key,
            None => {
                // Its beginning was lost, or it began before the guard and the iterator missed it.
                self.statistics.unknown_processes += 1;
                let key = self.processes.add(record, self.offset);
                self.read_command(key, record.head.pid);
                key
            }
        };
        self.processes.update(key, &record.head);
        self.place(key, record);
        let cwd = self.processes.get(key)?.cwd.clone();
        decode::event(record, key, &cwd, self.offset, self.statistics.events + 1)
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

    /// Finds the container of a process where its control group is another than before, and the names of its user.
    fn place(&mut self, key: ProcessKey, record: &Record<'_>) {
        let head = &record.head;
        if self.processes.cgroup(key) != head.cgroup || head.cgroup == 0 {
            // Where it cannot be told now the next record asks again.
            if let Some(container) = self.container(record) {
                self.processes.enter(key, head.cgroup, container);
            }
        }
        let Some(process) = self.processes.get_mut(key) else { return };
        // With a new program a process may have taken another root, as when a container is put together. Names that cannot be
        // asked for any more, because the process has ended, stay what they were.
        if head.kind == RecordKind::Exec || process.user.is_none() || process.group_name.is_none() {
            let container = process.container.as_ref().map_or("", |c| c.id.as_str());
            let (user, group) = self.users.names(container, process.pid, process.uid, process.gid);
            process.user = user.or(process.user.take());
            process.group_name = group.or(process.group_name.take());
        }
        if process.login_user.is_none() && process.login_uid != u32::MAX {
            process.login_user = self.users.names("", 1, process.login_uid, u32::MAX).0;
        }
    }

    /// The container of a record's control group; the outer none where the group's name cannot be had any more.
    fn container(&mut self, record: &Record<'_>) -> Option<Option<Arc<Container>>> {
        let group = record.head.cgroup;
        if let Some(known) = self.groups.get(&group) {
            return Some(known.clone());
        }
        let path = match record.part(Part::Cgroup) {
            Some(names) => {
                let names: Vec<_> = names.split(|b| *b == 0).map(String::from_utf8_lossy).collect();
                ContainerId::of_cgroup(names.iter().map(|n| &**n).filter(|n| !n.is_empty()))
            }
            None => {
                let text = read_proc(record.head.pid, "cgroup", 64 << 10);
                if text.is_empty() {
                    return None;
                }
                ContainerId::of_cgroup_file(&String::from_utf8_lossy(&text))
            }
        };
        let container = match path.first() {
            None => None,
            Some(id) => Some(match self.directory.identify(&path, self.identity_wait) {
                Lookup::Known(container) => container,
                _ => {
                    self.statistics.unnamed_containers += 1;
                    Arc::new(Container { id: id.id.clone(), engine: id.engine, ..Container::default() })
                }
            }),
        };
        if self.groups.len() >= GROUPS {
            self.groups.clear();
        }
        if let Some(container) = &container {
            self.new.push((group, Arc::clone(container)));
        }
        self.groups.insert(group, container.clone());
        Some(container)
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

impl Kernel {
    /// Waits until a ring has records.
    fn wait(&self, limit: Duration) -> Result<(), SensorError> {
        let rings = self.rings();
        let mut polled = rings.map(|ring| PollFd::from_borrowed_fd(ring, PollFlags::IN));
        let limit = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match poll(&mut polled, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(SensorError::Load(format!("waiting for events: {error}"))),
        }
    }
}
