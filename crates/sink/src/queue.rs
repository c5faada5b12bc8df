//! A bounded queue of alerts for one channel.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use seawall_model::{Alert, FieldValue, Priority};

/// What is waiting, oldest first.
///
/// Where it is full, what is waiting stays and what comes is dropped: the first alerts of an attack tell most. A quarter
/// is kept for priority `Error` and worse, so that a flood of lesser alerts cannot hide one.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    limit: usize,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Arc<Alert>, usize)>,
    bytes: usize,
    is_closing: bool,
    /// When a closing queue gives up waiting for a channel that is in trouble.
    give_up: Option<Instant>,
}

/// What a worker finds.
pub(crate) enum Taken {
    /// The oldest alerts; they stay in the queue until [`Queue::done`].
    Alerts(Vec<Arc<Alert>>),
    /// Nothing came in the given time.
    Idle,
    /// Nothing is waiting and nothing will come.
    Closed,
}

impl Queue {
    /// A queue of at most about `limit` bytes of alerts.
    pub(crate) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), limit }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A worker that panicked leaves numbers that still add up.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an alert of about `size` bytes; false where it is dropped.
    pub(crate) fn push(&self, alert: &Arc<Alert>, size: usize) -> bool {
        let limit = if alert.priority <= Priority::Error { self.limit } else { self.limit / 4 * 3 };
        let mut state = self.lock();
        if state.bytes.saturating_add(size) > limit || state.is_closing {
            return false;
        }
        state.bytes += size;
        state.waiting.push_back((Arc::clone(alert), size));
        drop(state);
        self.changed.notify_all();
        true
    }

    /// At most `count` of the oldest alerts, waiting up to `wait` for one.
    pub(crate) fn take(&self, count: usize, wait: Duration) -> Taken {
        let state = self.lock();
        let empty = |state: &mut State| state.waiting.is_empty() && !state.is_closing;
        let (state, _) = self.changed.wait_timeout_while(state, wait, empty).unwrap_or_else(PoisonError::into_inner);
        if !state.waiting.is_empty() {
            return Taken::Alerts(state.waiting.iter().take(count).map(|(alert, _)| Arc::clone(alert)).collect());
        }
        if state.is_closing { Taken::Closed } else { Taken::Idle }
    }

    /// The oldest `count` alerts are dealt with.
    pub(crate) fn done(&self, count: usize) {
        let mut state = self.lock();
        for _ in 0..count {
            let Some((_, size)) = state.waiting.pop_front() else { break };
            state.bytes = state.bytes.saturating_sub(size);
        }
    }

    /// How many are waiting.
    pub(crate) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Takes nothing more; a worker in trouble goes on trying until `give_up`.
    pub(crate) fn close(&self, give_up: Instant) {
        let mut state = self.lock();
        state.is_closing = true;
        state.give_up = Some(give_up);
        drop(state);
        self.changed.notify_all();
    }

    /// When a closing queue gives up.
    pub(crate) fn gives_up(&self) -> Option<Instant> {
        self.lock().give_up
    }

    /// Forgets what is waiting and takes nothing more; tells how many that were, and the time of the newest.
    pub(crate) fn abandon(&self) -> (usize, Option<String>) {
        let mut state = self.lock();
        state.is_closing = true;
        state.bytes = 0;
        let newest = state.waiting.back().map(|(alert, _)| alert.time.clone());
        (std::mem::take(&mut state.waiting).len(), newest)
    }

    /// Waits before another attempt; true where there will be none.
    pub(crate) fn pause(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let end = state.give_up.map_or(until, |give_up| give_up.min(until));
            if now >= end {
                return state.give_up.is_some_and(|give_up| now >= give_up);
            }
            (state, _) = self.changed.wait_timeout(state, end - now).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// About how many bytes an alert takes.
pub(crate) fn size(alert: &Alert) -> usize {
    let fields: usize = alert
        .output_fields
        .iter()
        .map(|(name, value)| 64 + name.len() + if let FieldValue::Text(text) = value { text.len() } else { 0 })
        .sum();
    let labels = alert.seawall.container.as_ref().map_or(0, |container| {
        let labels: usize = container.labels.iter().map(|(name, value)| 64 + name.len() + value.len()).sum();
        let mounts: usize = container.mounts.iter().map(|m| 128 + m.source.len() + m.destination.len()).sum();
        512 + labels + mounts
    });
    512 + alert.output.len() + fields + labels
}
