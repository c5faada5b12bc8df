use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seawall_model::{Container, ContainerEngine};

use super::Lookup;

/// Longest text on why a container is unknown, bytes.
const MAX_REASON: usize = 1_000;

/// Counts of questions and answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IdentityStatistics {
    /// Questions.
    pub lookups: u64,
    /// Those that had an answer at once.
    pub known: u64,
    /// Those for containers that nobody knew.
    pub unknown: u64,
    /// Those that waited.
    pub waits: u64,
    /// Those that waited for nothing.
    pub timeouts: u64,
    /// Events of engines that told something.
    pub events: u64,
    /// How often an engine was connected to.
    pub connections: u64,
    /// Containers that were forgotten for want of room.
    pub evicted: u64,
    /// Questions that were not passed on, because too many were waiting.
    pub overflows: u64,
    /// Containers that are remembered now.
    pub entries: u64,
}

/// Whose word counts more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Event,
    Files,
    Engine,
}

/// What one source says.
pub(super) struct Answer {
    pub(super) rank: Rank,
    pub(super) sequence: u64,
    /// The container, and whether no other source is needed.
    pub(super) found: Result<Option<(Container, bool)>, String>,
}

struct Entry {
    container: Option<Arc<Container>>,
    complete: bool,
    rank: Rank,
    sequence: u64,
    /// Sources that have not answered yet.
    open: usize,
    reason: String,
    asked: Instant,
    ended: Option<Instant>,
    /// When it was last asked for, in questions.
    used: u64,
}

struct State {
    entries: HashMap<String, Entry>,
    sequence: u64,
    statistics: IdentityStatistics,
}

/// What is known of each container.
pub(super) struct Table {
    state: Mutex<State>,
    changed: Condvar,
    most: usize,
    keep: Duration,
    retry: Duration,
}

impl Entry {
    fn new(used: u64, open: usize) -> Self {
        Self {
            container: None,
            complete: false,
            rank: Rank::Event,
            sequence: 0,
            open,
            reason: String::new(),
            asked: Instant::now(),
            ended: None,
            used,
        }
    }

    fn lookup(&self) -> Lookup {
        match &self.container {
            Some(container) if self.complete || self.open == 0 => Lookup::Known(Arc::clone(container)),
            _ if self.open > 0 => Lookup::Pending,
            _ if self.reason.is_empty() => Lookup::Unknown("no engine and no file tells of it".to_owned()),
            _ => Lookup::Unknown(self.reason.clone()),
        }
    }

    /// Takes what a source says; what a better one said already stays.
    fn take(&mut self, container: Container, rank: Rank, sequence: u64) {
        let old = self.container.take().map(Arc::unwrap_or_clone);
        let newer = rank > self.rank || (rank == self.rank && sequence >= self.sequence);
        let merged = match old {
            Some(old) if newer => fill(container, old),
            Some(old) => fill(old, container),
            None => container,
        };
        if newer {
            (self.rank, self.sequence) = (rank, sequence);
        }
        self.container = Some(Arc::new(merged));
    }

    /// Lower goes first where room is wanted: what nobody knows, what has ended, what can be asked for again.
    fn worth(&self) -> (u8, u64) {
        (u8::from(self.container.is_some()) + u8::from(self.container.is_some() && self.ended.is_none()), self.used)
    }
}

/// The first's fields, and the second's where the first has none.
fn fill(mut container: Container, other: Container) -> Container {
    if container.engine == ContainerEngine::Unknown {
        container.engine = other.engine;
    }
    // The parts of an image's name belong together.
    if container.image_repository.is_none() && (container.image.is_none() || container.image == other.image) {
        container.image_repository = other.image_repository;
        container.image_tag = other.image_tag;
    }
    container.name = container.name.or(other.name);
    container.image = container.image.or(other.image);
    container.image_digest = container.image_digest.or(other.image_digest);
    container.image_id = container.image_id.or(other.image_id);
    container.privileged = container.privileged.or(other.privileged);
    container.started = container.started.or(other.started);
    container.service = container.service.or(other.service);
    container.task = container.task.or(other.task);
    container.pod = container.pod.or(other.pod);
    if container.labels.is_empty() {
        container.labels = other.labels;
    }
    if container.mounts.is_empty() {
        container.mounts = other.mounts;
    }
    if container.addresses.is_empty() {
        container.addresses = other.addresses;
    }
    if container.name_servers.is_empty() {
        container.name_servers = other.name_servers;
    }
    container
}

impl Table {
    pub(super) fn new(most: usize, keep: Duration, retry: Duration) -> Self {
        let state = State { entries: HashMap::new(), sequence: 0, statistics: IdentityStatistics::default() };
        Self { state: Mutex::new(state), changed: Condvar::new(), most: most.max(1), keep, retry }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next question.
    pub(super) fn next(&self) -> u64 {
        let mut state = self.lock();
        state.sequence += 1;
        state.sequence
    }

    /// What is known, and whether so many sources are to be asked.
    pub(super) fn lookup(&self, id: &str, sources: usize) -> (Lookup, bool) {
        let mut state = self.lock();
        state.statistics.lookups += 1;
        let used = state.statistics.lookups;
        if let Some(entry) = state.entries.get_mut(id) {
            entry.used = used;
            let lookup = entry.lookup();
            match lookup {
                Lookup::Unknown(_) if entry.asked.elapsed() >= self.retry => {
                    (entry.open, entry.asked) = (sources, Instant::now());
                    entry.reason.clear();
                    return (Lookup::Pending, true);
                }
                Lookup::Unknown(_) => state.statistics.unknown += 1,
                Lookup::Known(_) => state.statistics.known += 1,
                Lookup::Pending => {}
            }
            return (lookup, false);
        }
        self.insert(&mut state, id, Entry::new(used, sources));
        (Lookup::Pending, true)
    }

    /// Waits until a container is known or known to be unknown.
    pub(super) fn wait(&self, id: &str, deadline: Instant) -> Lookup {
        let mut state = self.lock();
        let waits = u64::from(deadline > Instant::now());
        state.statistics.waits += waits;
        loop {
            match state.entries.get(id).map(Entry::lookup) {
                Some(Lookup::Pending) => {}
                Some(answer) => return answer,
                None => return Lookup::Unknown("too many containers are asked for at once".to_owned()),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                state.statistics.timeouts += waits;
                return Lookup::Pending;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes a source's answer.
    pub(super) fn answer(&self, id: &str, answer: Answer) {
        let mut state = self.lock();
        // Forgotten in the meantime, for want of room.
        let Some(entry) = state.entries.get_mut(id) else { return };
        entry.open = entry.open.saturating_sub(1);
        match answer.found {
            Ok(Some((container, complete))) => {
                entry.take(container, answer.rank, answer.sequence);
                entry.complete |= complete;
            }
            Ok(None) => {}
            Err(reason) if entry.reason.is_empty() => entry.reason = reason,
            Err(reason) => {
                // One reason a source; a source that is asked again says the same again.
                if !entry.reason.contains(&reason) && entry.reason.len() < MAX_REASON {
                    entry.reason = format!("{}; {reason}", entry.reason);
                }
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// An answer that will not come.
    pub(super) fn overflow(&self, id: &str) {
        self.lock().statistics.overflows += 1;
        let found = Err("too many containers are asked for at once".to_owned());
        self.answer(id, Answer { rank: Rank::Event, sequence: 0, found });
    }

    /// Takes what an event tells, and expects so many answers more.
    pub(super) fn told(&self, container: Container, open: usize) {
        let mut state = self.lock();
        state.statistics.events += 1;
        let used = state.statistics.lookups;
        if !state.entries.contains_key(&container.id) {
            self.insert(&mut state, &container.id, Entry::new(used, 0));
        }
        let Some(entry) = state.entries.get_mut(&container.id) else { return };
        entry.open += open;
        entry.ended = None;
        // The engine's newest word on the name, whoever told the rest.
        let name = container.name.clone();
        entry.take(container, Rank::Event, 0);
        if let (Some(container), Some(name)) = (entry.container.as_mut(), name)
            && container.name.as_ref() != Some(&name)
        {
            Arc::make_mut(container).name = Some(name);
        }
    }

    /// Expects so many answers more for a container.
    pub(super) fn expect(&self, id: &str, open: usize) {
        let mut state = self.lock();
        let used = state.statistics.lookups;
        match state.entries.get_mut(id) {
            Some(entry) => entry.open += open,
            None => self.insert(&mut state, id, Entry::new(used, open)),
        }
    }

    /// A container has ended: it is kept for a while.
    pub(super) fn end(&self, id: &str, now: Instant) {
        let mut state = self.lock();
        if let Some(entry) = state.entries.get_mut(id) {
            entry.ended.get_or_insert(now);
        }
        let keep = self.keep;
        state.entries.retain(|_, entry| entry.ended.is_none_or(|ended| now.duration_since(ended) < keep));
    }

    /// These are all containers of an engine: others of it have ended while nobody listened.
    pub(super) fn only(&self, engine: ContainerEngine, ids: &[String]) {
        let ids: HashSet<&str> = ids.iter().map(String::as_str).collect();
        let now = Instant::now();
        for (id, entry) in &mut self.lock().entries {
            let of_engine = entry.container.as_ref().is_some_and(|container| container.engine == engine);
            if of_engine && !ids.contains(id.as_str()) {
                entry.ended.get_or_insert(now);
            }
        }
    }

    pub(super) fn reconnected(&self) {
        self.lock().statistics.connections += 1;
    }

    pub(super) fn statistics(&self) -> IdentityStatistics {
        let state = self.lock();
        IdentityStatistics { entries: state.entries.len() as u64, ..state.statistics }
    }

    fn insert(&self, state: &mut State, id: &str, entry: Entry) {
        if state.entries.len() >= self.most {
            let least = state.entries.iter().min_by_key(|(_, entry)| entry.worth()).map(|(id, _)| id.clone());
            if let Some(least) = least {
                state.entries.remove(&least);
                state.statistics.evicted += 1;
            }
        }
        state.entries.insert(id.to_owned(), entry);
    }
}
