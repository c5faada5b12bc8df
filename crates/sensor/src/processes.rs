//! Who is who: every process that runs, and every ancestor that still has running descendants.

use std::sync::Arc;

use seawall_model::{ByteString, Capabilities, Container, Executable, Lineage, Namespaces, Process, ProcessKey};

use crate::decode::layer;
use crate::numbers::Numbers;
use crate::paths::{absolute, walked};
use crate::record::{FilePart, Head, Part, Record, TaskPart};

/// `argv` and `envp` beyond this are cut, as Falco cuts them.
const LONGEST: usize = 4096;

/// A process, and what keeps it here.
struct Node {
    process: Process,
    cgroup: u64,
    started: u64,
    /// The user and group of which its list of names has none.
    nameless: Option<(u32, u32)>,
    /// Processes here whose parent it is.
    children: u32,
}

/// A process, and what is known of its place.
pub(crate) struct Placed<'n> {
    pub(crate) process: &'n mut Process,
    /// The control group in which it was seen last.
    pub(crate) group: u64,
    /// The user and group of which its list of names has none.
    pub(crate) nameless: &'n mut Option<(u32, u32)>,
}

/// The table.
#[derive(Default)]
pub(crate) struct Processes {
    nodes: Numbers<ProcessKey, Node>,
    /// The process that has a PID now, with the time when it was made.
    running: Numbers<u32, ProcessKey>,
    /// Running processes by control group.
    groups: Numbers<u64, u32>,
    /// Control groups whose last process ended, until they are asked for.
    gone: Vec<u64>,
    last: u64,
}

impl Lineage for Processes {
    fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.nodes.get(&key).map(|n| &n.process)
    }
}

impl Processes {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The process that a record is about; none where it was never seen.
    pub(crate) fn of(&self, head: &Head) -> Option<ProcessKey> {
        Some(self.running(head.pid, head.started)?.key)
    }

    /// The process that has `pid` now, where it was made at `started`.
    pub(crate) fn running(&self, pid: u32, started: u64) -> Option<&Process> {
        let node = self.nodes.get(self.running.get(&pid)?)?;
        (node.started == started).then_some(&node.process)
    }

    /// Every process that runs.
    pub(crate) fn all_running(&self) -> impl Iterator<Item = &Process> {
        self.running.values().filter_map(|key| self.nodes.get(key)).map(|node| &node.process)
    }

    /// Every process that runs: its key, its PID, and when it was made in nanoseconds since boot.
    pub(crate) fn keys_running(&self) -> impl Iterator<Item = (ProcessKey, u32, u64)> {
        self.running.iter().filter_map(|(pid, key)| Some((*key, *pid, self.nodes.get(key)?.started)))
    }

    /// A process is gone, and its end was missed.
    pub(crate) fn end_missed(&mut self, key: ProcessKey, time: u64) {
        self.end_key(key, time);
    }

    /// When a process was made, nanoseconds since boot.
    pub(crate) fn started(&self, key: ProcessKey) -> Option<u64> {
        self.nodes.get(&key).map(|node| node.started)
    }

    /// The network namespaces of a control group's processes.
    pub(crate) fn networks(&self, cgroup: u64) -> std::collections::BTreeSet<u32> {
        let running = self.running.values().filter_map(|key| self.nodes.get(key));
        let there = running.filter(|node| node.cgroup == cgroup);
        there.map(|node| node.process.namespaces.network).filter(|net| *net != 0).collect()
    }

    pub(crate) fn get(&self, key: ProcessKey) -> Option<&Process> {
        self.nodes.get(&key).map(|n| &n.process)
    }

    /// The control group in which the process was seen last.
    pub(crate) fn cgroup(&self, key: ProcessKey) -> u64 {
        self.nodes.get(&key).map_or(0, |n| n.cgroup)
    }

    /// Puts a process into a control group.
    pub(crate) fn enter(&mut self, key: ProcessKey, cgroup: u64, container: Option<Arc<Container>>) {
        let Some(node) = self.nodes.get_mut(&key) else { return };
        node.process.container = container;
        node.nameless = None;
        let before = std::mem::replace(&mut node.cgroup, cgroup);
        *self.groups.entry(cgroup).or_default() += 1;
        self.leave(before);
    }

    /// The container of a control group became known.
    pub(crate) fn set_container(&mut self, cgroup: u64, container: &Arc<Container>) {
        for node in self.nodes.values_mut().filter(|node| node.cgroup == cgroup) {
            node.process.container = Some(Arc::clone(container));
        }
    }

    fn leave(&mut self, cgroup: u64) {
        if let Some(count) = self.groups.get_mut(&cgroup) {
            *count -= 1;
            if *count == 0 {
                self.groups.remove(&cgroup);
                self.gone.push(cgroup);
            }
        }
    }

    /// Control groups in which nothing runs any more, since it was asked last.
    pub(crate) fn take_gone(&mut self) -> Vec<u64> {
        let groups = &self.groups;
        self.gone.retain(|group| !groups.contains_key(group));
        std::mem::take(&mut self.gone)
    }

    /// A new process, or one that was there before: made by fork, or found by the iterator. A child is what its parent was
    /// until it runs something else.
    pub(crate) fn add(&mut self, record: &Record<'_>, offset: i64) -> ProcessKey {
        let head = &record.head;
        if let Some(key) = self.of(head) {
            self.set_identity(key, record, offset);
            return key;
        }
        if let Some(old) = self.running.get(&head.pid).copied() {
            // The end of the process that had this PID was missed.
            self.end_key(old, head.time.saturating_add_signed(offset));
        }
        let task = TaskPart::parse(record.part(Part::Task).unwrap_or_default());
        let parent = self.running.get(&task.parent_pid).copied();
        let parent = parent.filter(|k| self.nodes.get(k).is_some_and(|n| n.started == task.parent_started));
        self.last += 1;
        let key = ProcessKey(self.last);
        let process = match parent.and_then(|k| self.nodes.get_mut(&k)) {
            Some(node) => {
                node.children += 1;
                Process { ended: None, ..node.process.clone() }
            }
            None => Process::default(),
        };
        let process = Process { key, parent, ..process };
        self.nodes.insert(key, Node { process, cgroup: 0, started: head.started, nameless: None, children: 0 });
        self.running.insert(head.pid, key);
        self.set_identity(key, record, offset);
        key
    }

    /// What every record of the life of a process tells.
    fn set_identity(&mut self, key: ProcessKey, record: &Record<'_>, offset: i64) {
        let head = &record.head;
        let Some(node) = self.nodes.get_mut(&key) else { return };
        let p = &mut node.process;
        set_rights(p, head);
        p.pid = head.pid;
        p.started = head.started.saturating_add_signed(offset);
        if let Some(part) = record.part(Part::Task) {
            let task = TaskPart::parse(part);
            p.ppid = task.parent_pid;
            p.virtual_pid = task.virtual_pid;
            p.group = task.group;
            p.virtual_group = task.virtual_group;
            p.session = task.session;
            p.virtual_session = task.virtual_session;
            p.tty = task.tty;
            p.login_uid = task.login_uid;
            let [pid, mount, network, user] = task.namespaces;
            p.namespaces = Namespaces { pid, mount, network, user };
            let name = task.name.split(|b| *b == 0).next().unwrap_or_default();
            if *p.name != *name {
                p.name = name.into();
                p.command_line = command_line(&p.name, &p.arguments);
            }
        }
        if let Some(part) = record.part(Part::ExePath) {
            p.exe_path = walked(part);
        }
        if let Some(part) = record.part(Part::Exe) {
            p.executable = executable(&FilePart::parse(part), p.uid, p.gid);
        }
        if let Some(part) = record.part(Part::Cwd) {
            p.cwd = walked(part);
        }
    }

    /// A process runs another program.
    pub(crate) fn exec(&mut self, record: &Record<'_>, offset: i64) -> ProcessKey {
        let key = self.add(record, offset);
        if let Some(node) = self.nodes.get_mut(&key) {
            let p = &mut node.process;
            let arguments = record.part(Part::Arguments).unwrap_or_default();
            let environment = record.part(Part::Environment).unwrap_or_default();
            set_arguments(p, arguments, environment);
            let given = record.text(Part::Filename).unwrap_or_default();
            p.exe_given = absolute(&p.cwd, given);
        }
        key
    }

    /// What a process that was there before was started with, from `/proc`.
    pub(crate) fn set_command(&mut self, key: ProcessKey, name: &[u8], arguments: &[u8], environment: &[u8]) {
        if let Some(node) = self.nodes.get_mut(&key) {
            if node.process.name.is_empty() {
                node.process.name = name.into();
            }
            set_arguments(&mut node.process, arguments, environment);
        }
    }

    /// The process that a record is about, with the rights that the record tells: who it is now. None where it was never seen.
    pub(crate) fn seen(&mut self, head: &Head) -> Option<ProcessKey> {
        let key = *self.running.get(&head.pid)?;
        let node = self.nodes.get_mut(&key).filter(|node| node.started == head.started)?;
        set_rights(&mut node.process, head);
        Some(key)
    }

    /// A process and its place.
    pub(crate) fn placed(&mut self, key: ProcessKey) -> Option<Placed<'_>> {
        let node = self.nodes.get_mut(&key)?;
        Some(Placed { process: &mut node.process, group: node.cgroup, nameless: &mut node.nameless })
    }

    /// A process ended. It stays for as long as it has descendants.
    pub(crate) fn end(&mut self, head: &Head, offset: i64) {
        if let Some(key) = self.of(head) {
            self.end_key(key, head.time.saturating_add_signed(offset));
        }
    }

    fn end_key(&mut self, key: ProcessKey, time: u64) {
        let Some(node) = self.nodes.get_mut(&key) else { return };
        if node.process.ended.replace(time).is_some() {
            return;
        }
        let (group, pid) = (std::mem::take(&mut node.cgroup), node.process.pid);
        if self.running.get(&pid) == Some(&key) {
            self.running.remove(&pid);
        }
        self.leave(group);
        // Whatever nobody descends from any more goes, up to the first that runs.
        let mut next = Some(key);
        while let Some(key) = next {
            let Some(node) = self.nodes.get_mut(&key) else { return };
            if node.process.ended.is_none() || node.children > 0 {
                return;
            }
            next = node.process.parent;
            self.nodes.remove(&key);
            if let Some(parent) = next.and_then(|k| self.nodes.get_mut(&k)) {
                parent.children = parent.children.saturating_sub(1);
            }
        }
    }
}

fn set_rights(p: &mut Process, head: &Head) {
    if p.uid != head.uid {
        p.user = None;
    }
    if p.gid != head.gid {
        p.group_name = None;
    }
    p.uid = head.uid;
    p.euid = head.euid;
    p.gid = head.gid;
    p.capabilities =
        Capabilities { permitted: head.permitted, effective: head.effective, inheritable: head.inheritable };
}

fn command_line(name: &[u8], arguments: &[u8]) -> ByteString {
    if arguments.is_empty() {
        return name.into();
    }
    [name, b" ", arguments].concat().into()
}

/// Zero-ended strings joined by blanks.
fn joined(strings: &[u8]) -> ByteString {
    let strings = strings.strip_suffix(b"\0").unwrap_or(strings);
    let mut text: Vec<u8> = strings.iter().map(|b| if *b == 0 { b' ' } else { *b }).collect();
    text.truncate(LONGEST);
    text.into()
}

fn set_arguments(p: &mut Process, arguments: &[u8], environment: &[u8]) {
    let end = arguments.iter().position(|b| *b == 0).unwrap_or(arguments.len());
    let (first, rest) = arguments.split_at(end);
    p.exe = first.into();
    p.arguments = joined(rest.strip_prefix(b"\0").unwrap_or(rest));
    p.command_line = command_line(&p.name, &p.arguments);
    p.environment = joined(environment);
}

fn executable(part: &FilePart, uid: u32, gid: u32) -> Executable {
    let owner = part.uid == uid && part.mode & 0o200 != 0;
    let group = part.gid == gid && part.mode & 0o020 != 0;
    Executable {
        device: part.device,
        inode: part.inode,
        changed: part.changed,
        modified: part.modified,
        layer: layer(part.flags),
        // As the kernel decides without looking at access control lists and further groups.
        writable: uid == 0 || owner || group || part.mode & 0o002 != 0,
        memfd: part.flags & FilePart::MEMFD != 0,
        deleted: part.links == 0 && part.flags & FilePart::MEMFD == 0,
    }
}
