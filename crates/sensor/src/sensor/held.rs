//! Records that wait for the name of their container. Only what happens in that container waits; its records stay in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_model::Observation;

use super::State;
use crate::identity::{ContainerId, Lookup};
use crate::numbers::Numbers;
use crate::record::Record;

/// Bytes that wait in all. Beyond it nothing waits any longer: events without names are better than none.
const MOST_BYTES: usize = 16 << 20;

/// How often it is asked again for a name that did not come in time.
const AGAIN: Duration = Duration::from_secs(1);

/// What waits, by control group.
#[derive(Default)]
pub(super) struct Held {
    groups: Numbers<u64, Waiting>,
    bytes: usize,
    /// Containers that are told without their names meanwhile.
    unnamed: Numbers<u64, Vec<ContainerId>>,
    asked: Option<Instant>,
}

struct Waiting {
    path: Vec<ContainerId>,
    until: Instant,
    records: Vec<Box<[u8]>>,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether what happens in a control group waits.
    pub(super) fn has(&self, group: u64) -> bool {
        self.groups.contains_key(&group)
    }

    /// The name of a container did not come.
    pub(super) fn add_unnamed(&mut self, group: u64, path: Vec<ContainerId>) {
        self.unnamed.insert(group, path);
    }

    /// A control group is gone.
    pub(super) fn forget(&mut self, group: u64) {
        self.unnamed.remove(&group);
    }
}

impl State {
    /// Whether a record has to wait; it is kept then.
    pub(super) fn holds(&mut self, record: &Record<'_>, bytes: &[u8]) -> bool {
        let group = record.head.cgroup;
        if group == 0 || self.identity_wait.is_zero() || self.groups.contains_key(&group) {
            return false;
        }
        if !self.held.groups.contains_key(&group) {
            let Some(path) = Self::path_of(record).filter(|path| !path.is_empty()) else { return false };
            if !matches!(self.directory.identify(&path, Duration::ZERO), Lookup::Pending) {
                return false;
            }
            let until = Instant::now() + self.identity_wait;
            self.held.groups.insert(group, Waiting { path, until, records: Vec::new() });
        }
        let Some(waiting) = self.held.groups.get_mut(&group) else { return false };
        waiting.records.push(bytes.into());
        self.held.bytes += bytes.len();
        true
    }

    /// Asks again for names that did not come in time: an engine may have been busy.
    pub(super) fn ask_again(&mut self) {
        if self.held.unnamed.is_empty() || self.held.asked.is_some_and(|asked| asked.elapsed() < AGAIN) {
            return;
        }
        self.held.asked = Some(Instant::now());
        let directory = &self.directory;
        let known =
            self.held.unnamed.iter().filter_map(|(group, path)| match directory.identify(path, Duration::ZERO) {
                Lookup::Known(container) => Some((*group, container)),
                _ => None,
            });
        for (group, container) in known.collect::<Vec<_>>() {
            self.held.unnamed.remove(&group);
            self.processes.set_container(group, &container);
            self.groups.insert(group, Some(Arc::clone(&container)));
            self.new.push((group, container));
        }
    }

    /// Tells what waits no longer: the name came, or the time is over.
    pub(super) fn release_held(&mut self, tell: &mut dyn FnMut(Observation<'_>)) {
        if self.held.is_empty() {
            return;
        }
        let (now, full) = (Instant::now(), self.held.bytes > MOST_BYTES);
        let directory = &self.directory;
        let is_due = |waiting: &Waiting| {
            full || now >= waiting.until
                || !matches!(directory.identify(&waiting.path, Duration::ZERO), Lookup::Pending)
        };
        let due: Vec<u64> = self.held.groups.iter().filter(|(_, w)| is_due(w)).map(|(group, _)| *group).collect();
        for group in due {
            let Some(waiting) = self.held.groups.remove(&group) else { continue };
            for bytes in waiting.records {
                self.held.bytes = self.held.bytes.saturating_sub(bytes.len());
                if let Some(record) = Record::parse(&bytes) {
                    self.take(&record, tell);
                }
            }
        }
    }
}
