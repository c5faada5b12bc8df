use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_io::{LocalAddress, LocalCloser};
use seawall_model::ContainerEngine;

use super::Shared;
use super::queue::{Job, JobKind, Queue};
use super::table::{Answer, Rank};
use crate::identity::docker::{Docker, EngineEvent, EventAction, read_event};

/// Most questions that wait for an engine.
const MAX_JOBS: usize = 16_384;
/// How soon an engine that has gone is tried again, at first and at the longest.
const SOON: Duration = Duration::from_millis(50);
const LATE: Duration = Duration::from_secs(5);

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineState {
    /// Not tried yet.
    Connecting,
    /// Its events are followed.
    Following,
    /// It cannot be asked, and why; what it has written into files is still read, and it is tried again.
    Unreachable(String),
}

/// An engine and how it is.
#[derive(Debug, Clone)]
pub struct EngineStatus {
    /// Which one.
    pub engine: ContainerEngine,
    /// Where it listens.
    pub address: LocalAddress,
    /// How it is.
    pub state: EngineState,
    /// Since when.
    pub since: Instant,
}

/// One engine and its threads' common things.
pub(super) struct Engine {
    docker: Docker,
    pub(super) queue: Queue,
    state: Mutex<(EngineState, Instant)>,
    /// Ends the stream of events that is being read.
    closer: Mutex<Option<LocalCloser>>,
}

impl Engine {
    pub(super) fn new(docker: Docker) -> Self {
        Self {
            docker,
            queue: Queue::new(MAX_JOBS),
            state: Mutex::new((EngineState::Connecting, Instant::now())),
            closer: Mutex::new(None),
        }
    }

    pub(super) fn status(&self) -> EngineStatus {
        let (state, since) = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        EngineStatus { engine: self.docker.engine(), address: self.docker.http().address().clone(), state, since }
    }

    pub(super) fn close(&self) {
        self.queue.close();
        if let Some(closer) = &*self.closer.lock().unwrap_or_else(PoisonError::into_inner) {
            closer.close();
        }
    }

    fn set(&self, state: EngineState) {
        let mut current = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != state {
            *current = (state, Instant::now());
        }
    }

    fn unreachable(&self) -> Option<String> {
        match &self.state.lock().unwrap_or_else(PoisonError::into_inner).0 {
            EngineState::Unreachable(reason) => Some(reason.clone()),
            EngineState::Connecting | EngineState::Following => None,
        }
    }
}

impl Shared {
    /// Answers what is asked of an engine, until the end.
    pub(super) fn ask_engine(&self, index: usize) {
        let Some(engine) = self.engines.get(index) else { return };
        while let Some(job) = engine.queue.next() {
            let ask = || match engine.unreachable() {
                // Each question would wait for nothing.
                Some(reason) => Err(reason),
                None => engine.docker.inspect(&job.id),
            };
            let read = || engine.docker.written(&job.id);
            let found = match job.kind {
                JobKind::Look => read().and_then(|found| found.map_or_else(ask, |found| Ok(Some(found)))),
                JobKind::Refresh => ask().or_else(|reason| read().and_then(|found| found.map(Some).ok_or(reason))),
            };
            let found = found.map(|found| found.map(|container| (container, true)));
            self.table.answer(&job.id, Answer { rank: Rank::Engine, sequence: job.sequence, found });
        }
    }

    /// Follows an engine's events, again and again, until the end.
    pub(super) fn follow(&self, index: usize) {
        let Some(engine) = self.engines.get(index) else { return };
        let mut pause = SOON;
        while !self.stopping() {
            let reason = match self.follow_once(engine, &mut pause) {
                Ok(()) => {
                    format!("{} at {} ended its events", engine.docker.engine().name(), engine.docker.http().address())
                }
                Err(reason) => reason,
            };
            engine.set(EngineState::Unreachable(reason));
            let (stopped, wake) = &self.stopped;
            let stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
            // Where waiting fails the lock is poisoned, and the flag tells.
            drop(wake.wait_timeout_while(stopped, pause, |stopped| !*stopped));
            pause = (pause * 2).min(LATE);
        }
    }

    /// One connection: events first, and then the list, so that nothing falls between.
    fn follow_once(&self, engine: &Engine, pause: &mut Duration) -> Result<(), String> {
        let (mut lines, closer) = engine.docker.events()?;
        *engine.closer.lock().unwrap_or_else(PoisonError::into_inner) = Some(closer);
        if self.stopping() {
            return Ok(());
        }
        engine.docker.locate()?;
        let running = engine.docker.list()?;
        engine.set(EngineState::Following);
        *pause = SOON;
        self.table.reconnected();
        self.table.only(engine.docker.engine(), &running);
        for id in running {
            self.refresh(engine, id);
        }
        let ended =
            |reason| format!("{} at {}: {reason}", engine.docker.engine().name(), engine.docker.http().address());
        while let Some(line) = lines.next_line().map_err(ended)? {
            // A line that is no event is the engine's fault, and does not end the others.
            if let Ok(Some(event)) = read_event(&line, engine.docker.engine()) {
                self.take(engine, event);
            }
        }
        Ok(())
    }

    fn take(&self, engine: &Engine, event: EngineEvent) {
        let EngineEvent { action, container } = event;
        let id = container.id.clone();
        match action {
            EventAction::Ended => self.table.end(&id, Instant::now()),
            EventAction::Created => {
                self.table.told(container, self.sources());
                self.ask(&id);
            }
            EventAction::Started | EventAction::Changed => {
                self.table.told(container, 0);
                self.refresh(engine, id);
            }
        }
    }

    fn refresh(&self, engine: &Engine, id: String) {
        self.table.expect(&id, 1);
        let job = Job { id: id.clone(), sequence: self.table.next(), kind: JobKind::Refresh };
        if !engine.queue.push(job) {
            self.table.overflow(&id);
        }
    }
}
