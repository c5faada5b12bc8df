//! What waits for a receiver: on disk, and in memory where there is no disk queue or it takes nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::counters::{Counters, DropReason};
use crate::spool::{AppendError, Spool};

/// Shared by the thread that takes alerts in and the one that sends them.
pub(super) struct Backlog {
    state: Mutex<State>,
    changed: Condvar,
    counters: Arc<Counters>,
}

struct State {
    spool: Option<Spool>,
    /// Newer than all that is on disk.
    memory: VecDeque<Vec<u8>>,
    bytes: usize,
    limit: usize,
    /// Nothing more comes, and there is time until then.
    closing: Option<Instant>,
    is_sender_gone: bool,
    /// What waited was counted; a request that still runs changes nothing any more.
    is_over: bool,
}

/// What became of an entry.
pub(super) enum Added {
    Yes,
    /// There is no room for now.
    NoRoom,
    /// It will never fit.
    TooLarge,
}

impl Backlog {
    pub(super) fn new(spool: Option<Spool>, limit: usize, counters: Arc<Counters>) -> Self {
        let state = State {
            spool,
            memory: VecDeque::new(),
            bytes: 0,
            limit,
            closing: None,
            is_sender_gone: false,
            is_over: false,
        };
        let backlog = Self { state: Mutex::new(state), changed: Condvar::new(), counters };
        backlog.count(&backlog.lock());
        backlog
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, state: &State) {
        self.counters.set_waiting(state.memory.len(), state.spool.as_ref().map_or(0, Spool::len));
    }

    /// Adds an entry at the end: on disk where that goes, else in memory while there is room.
    pub(super) fn add(&self, entry: &[u8]) -> Added {
        let mut state = self.lock();
        let mut reason = String::new();
        if let Err(error) = state.move_to_disk() {
            reason = error;
        } else if let Some(spool) = &mut state.spool {
            match spool.append(entry) {
                Ok(()) => {
                    self.count(&state);
                    self.changed.notify_all();
                    return Added::Yes;
                }
                Err(AppendError::TooLarge) => return Added::TooLarge,
                Err(error) => reason = words(&error),
            }
        }
        if !reason.is_empty() {
            self.counters.explain(reason);
        }
        if entry.len() > state.limit {
            return Added::TooLarge;
        }
        if state.bytes + entry.len() > state.limit {
            return Added::NoRoom;
        }
        state.bytes += entry.len();
        state.memory.push_back(entry.to_vec());
        self.count(&state);
        self.changed.notify_all();
        Added::Yes
    }

    /// Waits until something changes, at most so long.
    pub(super) fn wait(&self, wait: Duration) {
        let state = self.lock();
        drop(self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner));
    }

    /// The oldest entries, once there are `count` or the oldest waited for `wait`; none when all is over.
    pub(super) fn next(&self, count: usize, bytes: usize, wait: Duration) -> Option<Vec<Vec<u8>>> {
        let mut state = self.lock();
        loop {
            while state.is_empty() {
                if state.closing.is_some() {
                    return None;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let few = |state: &mut State| state.len() < count && state.closing.is_none();
            state = self.changed.wait_timeout_while(state, wait, few).unwrap_or_else(PoisonError::into_inner).0;
            if state.closing.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            let found = match &mut state.spool {
                Some(spool) if !spool.is_empty() => spool.peek(count, bytes),
                _ => Ok(state.memory.iter().take(count).cloned().collect()),
            };
            if let Some(spool) = &mut state.spool {
                self.counters.dropped(DropReason::Damaged, spool.take_damaged(), time_of(found.as_deref().ok()));
            }
            self.count(&state);
            match found {
                Ok(entries) if !entries.is_empty() => return Some(entries),
                Ok(_) => {}
                Err(error) => {
                    self.counters.failed(format!("the disk queue cannot be read: {error}"));
                    let moment = Duration::from_secs(1);
                    state = self.changed.wait_timeout(state, moment).unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// The oldest entries are dealt with.
    pub(super) fn done(&self, entries: &[Vec<u8>]) {
        let mut state = self.lock();
        if state.is_over {
            return;
        }
        let on_disk = state.spool.as_ref().map_or(0, Spool::len);
        // Those that waited in memory may have been moved to disk meanwhile, all or the oldest of them.
        let (disk, memory) = entries.split_at(usize::try_from(on_disk).unwrap_or(usize::MAX).min(entries.len()));
        if let (Some(spool), false) = (&mut state.spool, disk.is_empty())
            && let Err(error) = spool.commit(disk)
        {
            self.counters.explain(format!("the disk queue's cursor: {error}"));
        }
        for _ in memory {
            state.bytes -= state.memory.pop_front().map_or(0, |entry| entry.len());
        }
        self.count(&state);
        self.changed.notify_all();
    }

    /// Waits before another attempt; true where there will be none, because time is over or all that is left is on disk.
    pub(super) fn pause(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            if state.closing.is_some_and(|end| state.memory.is_empty() || now >= end) {
                return true;
            }
            let end = state.closing.map_or(until, |end| end.min(until));
            if now >= end {
                return false;
            }
            state = self.changed.wait_timeout(state, end - now).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Nothing more comes: waits for the sender until then, and counts what stays in memory as lost.
    pub(super) fn close(&self, until: Instant) {
        let mut state = self.lock();
        state.closing = Some(until);
        self.changed.notify_all();
        while !state.is_sender_gone {
            let now = Instant::now();
            if now >= until {
                break;
            }
            state = self.changed.wait_timeout(state, until - now).unwrap_or_else(PoisonError::into_inner).0;
        }
        // A disk that was full may have room again.
        let _ = state.move_to_disk();
        let lost: Vec<_> = std::mem::take(&mut state.memory).into();
        state.bytes = 0;
        self.counters.dropped(DropReason::Shutdown, lost.len() as u64, time_of(Some(&lost)));
        self.count(&state);
        // A sender that hangs in a request must not keep the folder from who opens it next.
        state.is_over = true;
        state.spool = None;
    }

    /// The sender ends.
    pub(super) fn sender_is_gone(&self) {
        self.lock().is_sender_gone = true;
        self.changed.notify_all();
    }
}

impl State {
    fn len(&self) -> usize {
        let on_disk = self.spool.as_ref().map_or(0, Spool::len);
        self.memory.len().saturating_add(usize::try_from(on_disk).unwrap_or(usize::MAX))
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves what waits in memory to disk, in order; says why where it does not all fit.
    fn move_to_disk(&mut self) -> Result<(), String> {
        let Some(spool) = &mut self.spool else { return Ok(()) };
        while let Some(entry) = self.memory.front() {
            spool.append(entry).map_err(|error| words(&error))?;
            self.bytes -= entry.len();
            self.memory.pop_front();
        }
        Ok(())
    }
}

fn words(error: &AppendError) -> String {
    match error {
        AppendError::Full => "the disk queue is full".to_owned(),
        AppendError::TooLarge => "too large for the disk queue".to_owned(),
        AppendError::Io(error) => format!("the disk queue cannot be written: {error}"),
    }
}

/// An entry: the alert's time, a line end, the record.
pub(super) fn entry(time: &str, record: &[u8]) -> Vec<u8> {
    let mut entry: Vec<u8> = crate::text::line(time).into_bytes();
    entry.push(b'\n');
    entry.extend_from_slice(record);
    entry
}

/// The time and the record of an entry.
pub(super) fn split(entry: &[u8]) -> (&str, &[u8]) {
    let end = entry.iter().position(|b| *b == b'\n').unwrap_or(0);
    let (time, record) = entry.split_at(end);
    (str::from_utf8(time).unwrap_or_default(), record.strip_prefix(b"\n").unwrap_or(record))
}

fn time_of(entries: Option<&[Vec<u8>]>) -> Option<&str> {
    entries?.last().map(|entry| split(entry).0)
}
