use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

/// A question that a thread is to answer.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    /// Later questions have higher numbers: an earlier answer that comes late is not believed.
    pub(super) sequence: u64,
    pub(super) kind: JobKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobKind {
    /// As fast as can be.
    Look,
    /// What the engine says now.
    Refresh,
}

/// A bounded queue that several threads take from.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<(VecDeque<Job>, bool)>,
    filled: Condvar,
    most: usize,
}

impl Queue {
    pub(super) fn new(most: usize) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), most }
    }

    /// Whether there was room.
    pub(super) fn push(&self, job: Job) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let room = state.0.len() < self.most && !state.1;
        if room {
            state.0.push_back(job);
            self.filled.notify_one();
        }
        room
    }

    /// Waits for the next job; none when the queue was closed.
    pub(super) fn next(&self) -> Option<Job> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.filled.wait_while(state, |(jobs, closed)| jobs.is_empty() && !*closed);
        let mut state = waiting.unwrap_or_else(PoisonError::into_inner);
        if state.1 { None } else { state.0.pop_front() }
    }

    /// Ends it; what waits in it is left.
    pub(super) fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.filled.notify_all();
    }
}
