//! What is done where a rule speaks and the policy's `responses` answer it. One file a response; a new one is a line in
//! [`RESPONSES`] and a name in the policy language.
//!
//! Responses wait for engines and read files, so that a thread of their own does them: events go on being read. An alert
//! that is answered is held until it can say what was done. Nothing is done to what is outside containers, to the
//! guard's own container, or to the first process of the host.

mod cgroup;
mod collect;
mod containers;
mod cut_network;
mod engine;
mod kill_process;
mod limit;
mod process;
mod record;
mod resume;
mod worker;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use seawall_decide::{Bundle, RuntimeMode, RuntimeResponse};
use seawall_model::{Action, Alert, Container, Event, Observation, Process, ProcessKey};

use crate::identity::{ContainerId, EngineSocket};
use crate::{Guard, Sensor};
use limit::{Limits, Turn};
pub use resume::resume;
use worker::Worker;

/// Events that are kept for evidence.
const EVENTS: usize = 2_048;

/// A response.
trait Response: Sync {
    /// Which one of the policy language.
    fn name(&self) -> RuntimeResponse;
    /// What an alert says that was answered by it.
    fn action(&self) -> Action;
    /// Does it; what was done in words, or why it could not be.
    fn run(&self, order: &Order, tools: &Tools) -> Result<String, String>;
}

/// Every response.
const RESPONSES: &[&dyn Response] = &[
    &kill_process::KillProcess,
    &containers::PauseContainer,
    &containers::StopContainer,
    &containers::KillContainer,
    &cut_network::CutNetwork,
    &collect::Collect,
];

fn response(name: RuntimeResponse) -> Option<&'static dyn Response> {
    RESPONSES.iter().copied().find(|response| response.name() == name)
}

/// What responses work with.
struct Tools {
    engines: Vec<EngineSocket>,
    /// Where evidence goes.
    evidence: PathBuf,
    /// Where what is in the kernel is pinned.
    pins: PathBuf,
}

/// A process of the container, and when it was made, nanoseconds since boot: a PID alone could be another's by now.
struct Member {
    process: Process,
    started: u64,
    /// Its control group; zero where it is not known.
    group: u64,
}

/// What is to be done.
struct Order {
    alert: Alert,
    /// The policy's entry.
    entry: String,
    actions: Vec<RuntimeResponse>,
    container: Arc<Container>,
    /// The process that the alert is about; none where it has ended.
    process: Option<Member>,
    pid: u32,
    members: Vec<Member>,
    events: Vec<(Event, String)>,
}

/// An alert that is answered as soon as events have been read.
pub(crate) struct Answer {
    alert: Alert,
    entry: usize,
    response: usize,
    container: Arc<Container>,
    key: ProcessKey,
    pid: u32,
}

/// Answers alerts.
pub(crate) struct Responder {
    policy: Arc<Bundle>,
    worker: Worker,
    limits: Limits,
    /// The guard's own container.
    own: Option<String>,
    events: VecDeque<(Arc<Container>, Event, String)>,
    collects: bool,
}

impl Responder {
    /// One that does what a policy says; none where it answers nothing.
    pub(crate) fn new(
        policy: &Arc<Bundle>,
        engines: Vec<EngineSocket>,
        evidence: PathBuf,
        pins: PathBuf,
    ) -> Option<Self> {
        let mut answering = policy.runtime().filter(|e| e.mode != RuntimeMode::Observe && !e.responses.is_empty());
        answering.next()?;
        let text = process::read_own("cgroup");
        let own = ContainerId::of_cgroup_file(&text).into_iter().next().map(|found| found.id);
        let collects =
            policy.runtime().flat_map(|e| &e.responses).any(|r| r.actions.contains(&RuntimeResponse::Collect));
        Some(Self {
            policy: Arc::clone(policy),
            worker: Worker::start(Tools { engines, evidence, pins }),
            limits: Limits::default(),
            own,
            events: VecDeque::new(),
            collects,
        })
    }

    /// Keeps an event of a container for evidence.
    pub(crate) fn remember(&mut self, observation: Observation<'_>) {
        let Some(container) = observation.process.container.as_ref().filter(|_| self.collects) else { return };
        if self.events.len() >= EVENTS {
            self.events.pop_front();
        }
        let command = observation.process.command_line.to_text();
        self.events.push_back((Arc::clone(container), observation.event.clone(), command));
    }

    /// Whether an alert is answered; it is given back where it is not.
    pub(crate) fn answers(&self, alert: Alert, observation: Observation<'_>) -> Result<Answer, Box<Alert>> {
        let Some(container) = &observation.process.container else { return Err(Box::new(alert)) };
        let found = self.policy.runtime().enumerate().find(|(_, entry)| entry.selects(container));
        let Some((number, entry)) = found.filter(|(_, entry)| entry.mode != RuntimeMode::Observe) else {
            return Err(Box::new(alert));
        };
        let response = entry.responses.iter().position(|r| r.answers(&alert.rule, alert.priority));
        let Some(response) = response else { return Err(Box::new(alert)) };
        let (key, pid) = (observation.process.key, observation.process.pid);
        Ok(Answer { alert, entry: number, response, container: Arc::clone(container), key, pid })
    }

    /// Answers an alert, or says in a record why it does not.
    pub(crate) fn answer(&mut self, answer: Answer, sensor: &Sensor, guard: &Guard, raise: &mut dyn FnMut(Alert)) {
        let Answer { mut alert, entry: number, response, container, key, pid } = answer;
        let policy = Arc::clone(&self.policy);
        let Some(entry) = policy.runtime().nth(number) else { return raise(alert) };
        let Some(rule) = entry.responses.get(response) else { return raise(alert) };
        let record = |result: &str, alert: &Alert| {
            let actions: Vec<_> = rule.actions.iter().map(|action| action.name()).collect();
            record::alert(guard, alert, &container, &entry.id, &actions.join(", "), result)
        };
        if self.own.as_ref() == Some(&container.id) {
            raise(record("not done: it is the guard's own container", &alert));
            return raise(alert);
        }
        match self.limits.take((number, response), rule.most, rule.per, Instant::now()) {
            Turn::Go => {}
            Turn::First => {
                let limit = format!("not done: {} within {} s are done already", rule.most, rule.per.as_secs());
                raise(record(&format!("{limit}; further ones in this time are not told"), &alert));
                return raise(alert);
            }
            Turn::Held => return raise(alert),
        }
        if entry.mode == RuntimeMode::DryRun {
            alert.seawall.action = Action::WouldRespond;
            raise(record("dry run: would have been done", &alert));
            return raise(alert);
        }
        let member = |process: &Process| {
            let (started, group) = (sensor.started(process.key)?, sensor.group(process.key));
            Some(Member { process: process.clone(), started, group })
        };
        let members: Vec<Member> = sensor.of_container(&container.id).filter_map(member).collect();
        let process = sensor.by_key(key).filter(|p| p.ended.is_none()).and_then(member);
        let events = self.events.iter().filter(|(of, _, _)| of.id == container.id);
        let events = events.map(|(_, event, command)| (event.clone(), command.clone())).collect();
        let (actions, entry_id) = (rule.actions.clone(), entry.id.clone());
        let order =
            Order { alert, entry: entry_id, actions, container: Arc::clone(&container), process, pid, members, events };
        if let Err(order) = self.worker.give(order) {
            raise(record("not done: too many responses wait", &order.alert));
            raise(order.alert);
        }
    }

    /// Raises the alerts whose answers are done, each with a record of what was done.
    pub(crate) fn told(&mut self, guard: &Guard, raise: &mut dyn FnMut(Alert)) {
        for done in self.worker.done() {
            done.raise(guard, raise);
        }
    }

    /// Waits for what is being done, at the end.
    pub(crate) fn finish(&mut self, guard: &Guard, raise: &mut dyn FnMut(Alert)) {
        for done in self.worker.finish() {
            done.raise(guard, raise);
        }
    }
}
