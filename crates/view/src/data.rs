//! What was seen.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use seawall_model::{Alert, Container, EventKind, Observation, Priority, Process, ProcessKey};

/// Processes that are kept; what is beyond is counted.
const PROCESSES: usize = 32_768;
/// Containers that are kept; what is beyond is counted.
const CONTAINERS: usize = 4_096;
/// Alerts that are kept, newest first.
const ALERTS: usize = 500;
/// How long a process is shown after its end, nanoseconds.
const LINGER: u64 = 5_000_000_000;
/// Ancestors that are shown with a process that was not seen before.
const ANCESTORS: usize = 64;

/// Events a second.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rate {
    since: u64,
    count: u64,
    last: u64,
}

impl Rate {
    fn add(&mut self, now: u64) {
        self.turn(now);
        self.count += 1;
    }

    fn turn(&mut self, now: u64) {
        let elapsed = now.saturating_sub(self.since);
        if elapsed >= 1_000_000_000 {
            self.last = u64::try_from(u128::from(self.count) * 1_000_000_000 / u128::from(elapsed)).unwrap_or(u64::MAX);
            self.since = now;
            self.count = 0;
        }
    }

    /// Of the last whole second.
    pub(crate) fn value(&self) -> u64 {
        self.last
    }
}

/// A container, or the host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    pub(crate) container: Option<Arc<Container>>,
    pub(crate) rate: Rate,
    pub(crate) alerts: u64,
    pub(crate) worst: Option<Priority>,
}

/// A process.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) pid: u32,
    pub(crate) parent: Option<ProcessKey>,
    /// The identifier of its container; empty on the host.
    pub(crate) group: Arc<str>,
    pub(crate) command: String,
    pub(crate) user: String,
    pub(crate) ended: Option<u64>,
    pub(crate) alerts: u64,
}

/// Alerts of one rule about one container.
#[derive(Debug, Clone)]
pub(crate) struct Raised {
    pub(crate) alert: Alert,
    pub(crate) count: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Data {
    /// By identifier; the host's is empty.
    pub(crate) groups: BTreeMap<Arc<str>, Group>,
    pub(crate) processes: HashMap<ProcessKey, Entry>,
    pub(crate) alerts: VecDeque<Raised>,
    pub(crate) now: u64,
    pub(crate) events: u64,
    pub(crate) rate: Rate,
    pub(crate) raised: u64,
    pub(crate) lost: u64,
    /// Processes and containers for which there was no room.
    pub(crate) hidden: u64,
    pub(crate) ended: bool,
}

impl Data {
    pub(crate) fn see(&mut self, observation: Observation<'_>) {
        let (event, process) = (observation.event, observation.process);
        self.now = self.now.max(event.time);
        let now = self.now;
        self.events += 1;
        self.rate.add(now);
        let known = self.processes.get(&process.key);
        let group = match known.filter(|entry| same(&entry.group, process)) {
            Some(entry) => Arc::clone(&entry.group),
            None => self.group(process),
        };
        if let Some(group) = self.groups.get_mut(&group) {
            group.rate.add(now);
        }
        let new = known_is_stale(self.processes.get(&process.key), &group, event.kind, process);
        if new {
            self.known(process);
            let mut next = process.parent;
            for _ in 0..ANCESTORS {
                let Some(ancestor) = next.and_then(|key| observation.lineage.process(key)) else { break };
                if self.processes.contains_key(&ancestor.key) {
                    break;
                }
                if ancestor.ended.is_none() {
                    self.known(ancestor);
                }
                next = ancestor.parent;
            }
        }
        if event.kind == EventKind::Procexit
            && let Some(entry) = self.processes.get_mut(&process.key)
        {
            entry.ended = Some(event.time);
        }
    }

    /// A process runs.
    pub(crate) fn known(&mut self, process: &Process) {
        let group = self.group(process);
        if self.processes.len() >= PROCESSES && !self.processes.contains_key(&process.key) {
            self.processes.retain(|_, entry| entry.ended.is_none());
            if self.processes.len() >= PROCESSES {
                self.hidden += 1;
                return;
            }
        }
        let alerts = self.processes.get(&process.key).map_or(0, |entry| entry.alerts);
        let user = process.user.as_deref().map_or_else(|| process.uid.to_string(), str::to_owned);
        self.processes.insert(
            process.key,
            Entry {
                pid: process.pid,
                parent: process.parent,
                group,
                command: process.command_line.to_text(),
                user,
                ended: process.ended,
                alerts,
            },
        );
    }

    /// The group of a process, made where it is new.
    fn group(&mut self, process: &Process) -> Arc<str> {
        let id = process.container.as_ref().map_or("", |container| container.id.as_str());
        self.group_of(id, process.container.as_ref())
    }

    fn group_of(&mut self, id: &str, container: Option<&Arc<Container>>) -> Arc<str> {
        if let Some((known, group)) = self.groups.get_key_value(id) {
            let known = Arc::clone(known);
            let better = container.filter(|c| !group.container.as_ref().is_some_and(|g| Arc::ptr_eq(g, c)));
            if let Some(container) = better
                && let Some(group) = self.groups.get_mut(&known)
            {
                group.container = Some(Arc::clone(container));
            }
            return known;
        }
        let id: Arc<str> = Arc::from(id);
        if self.groups.len() >= CONTAINERS {
            // Containers that are gone make room.
            let living: std::collections::HashSet<_> = self.processes.values().map(|e| Arc::clone(&e.group)).collect();
            self.groups.retain(|id, _| living.contains(id));
        }
        if self.groups.len() < CONTAINERS {
            self.groups.insert(Arc::clone(&id), Group { container: container.cloned(), ..Group::default() });
        } else {
            self.hidden += 1;
        }
        id
    }

    pub(crate) fn alert(&mut self, alert: Alert) {
        self.raised += 1;
        let container = alert.seawall.container.clone().map(Arc::new);
        let id = container.as_ref().map_or("", |c| c.id.as_str()).to_owned();
        let group = match self.groups.contains_key(id.as_str()) {
            true => Arc::from(id.as_str()),
            false => self.group_of(&id, container.as_ref()),
        };
        if let Some(group) = self.groups.get_mut(&group) {
            group.alerts += 1;
            group.worst = Some(group.worst.map_or(alert.priority, |worst| worst.min(alert.priority)));
        }
        let pid = match alert.output_fields.get("proc.pid") {
            Some(seawall_model::FieldValue::Unsigned(pid)) => u32::try_from(*pid).ok(),
            Some(seawall_model::FieldValue::Signed(pid)) => u32::try_from(*pid).ok(),
            _ => None,
        };
        if let Some(pid) = pid
            && let Some(entry) = self.processes.values_mut().find(|e| e.pid == pid && e.ended.is_none())
        {
            entry.alerts += 1;
        }
        let same = |raised: &Raised| {
            raised.alert.rule == alert.rule
                && raised.alert.seawall.container.as_ref().map_or("", |c| c.id.as_str()) == id
                && raised.alert.seawall.action == alert.seawall.action
        };
        let before = self.alerts.iter().position(same).and_then(|at| self.alerts.remove(at));
        let count = before.map_or(0, |raised| raised.count) + 1;
        self.alerts.push_front(Raised { alert, count });
        self.alerts.truncate(ALERTS);
    }

    /// Time goes on; processes that ended a while ago are not shown any more.
    pub(crate) fn tick(&mut self, now: u64) {
        self.now = self.now.max(now);
        let now = self.now;
        self.rate.turn(now);
        for group in self.groups.values_mut() {
            group.rate.turn(now);
        }
        self.processes.retain(|_, entry| entry.ended.is_none_or(|ended| now.saturating_sub(ended) < LINGER));
    }
}

fn same(group: &Arc<str>, process: &Process) -> bool {
    **group == *process.container.as_ref().map_or("", |container| container.id.as_str())
}

/// Whether what is shown of a process is not what it is now.
fn known_is_stale(known: Option<&Entry>, group: &Arc<str>, kind: EventKind, process: &Process) -> bool {
    let Some(entry) = known else { return true };
    let exec = matches!(kind, EventKind::Execve | EventKind::Execveat | EventKind::Clone);
    exec || entry.group != *group || (entry.command.is_empty() && !process.command_line.is_empty())
}
