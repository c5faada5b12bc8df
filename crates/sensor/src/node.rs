//! The guard of a node: events, rules, and what the policy stops.

mod denials;
mod own;
mod programs;
mod quarantine;
mod reach;
mod servers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use denials::Denials;
use own::Own;
pub(crate) use own::probe_signals;
pub(crate) use quarantine::host_network;
pub use quarantine::{Quarantined, quarantine};
use reach::Reach;
use seawall_decide::{Bundle, RuntimeDenial, RuntimeMode, RuntimePolicy};
use seawall_model::{Action, Alert, FieldValue, Observation};
use servers::Servers;

use crate::enforce::Enforcer;
use crate::programs::Programs;
use crate::respond::{Answer, Responder};
use crate::{Guard, Names, OwnFiles, Sensor, SensorError, SensorOptions};

/// Alerts about lost events come no closer together.
const BETWEEN_LOSSES: Duration = Duration::from_secs(1);

/// Where evidence goes where nobody says otherwise.
const EVIDENCE: &str = "/var/lib/seawall/evidence";

/// Everything that runs on a node.
pub struct Node {
    sensor: Sensor,
    guard: Guard,
    enforcement: Option<Enforcement>,
    /// When losses were told of last.
    told: Option<Instant>,
    names: Option<Names>,
    responder: Option<Responder>,
    own: Option<Own>,
}

struct Enforcement {
    enforcer: Enforcer,
    policy: Arc<Bundle>,
    denials: Denials,
    reach: Reach,
    /// Where an entry judges programs by their digest.
    programs: Option<Programs>,
    servers: Servers,
    /// What names are not followed by, to be told once.
    faults: Vec<String>,
}

impl Node {
    /// Starts to watch, and to enforce where a policy asks for it. `pins` is the folder of [`crate::pin_folder`].
    ///
    /// # Errors
    /// There can be no events, or the policy cannot be enforced here.
    pub fn start(
        options: SensorOptions,
        guard: Guard,
        policy: Option<Bundle>,
        pins: &Path,
    ) -> Result<Self, SensorError> {
        Self::start_with(options, guard, policy, pins, Path::new(EVIDENCE))
    }

    /// As [`Node::start`], with the folder where responses keep evidence.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub fn start_with(
        options: SensorOptions,
        guard: Guard,
        policy: Option<Bundle>,
        pins: &Path,
        evidence: &Path,
    ) -> Result<Self, SensorError> {
        let policy = policy.map(Arc::new);
        let engines = options.directory.engines.clone();
        let responder =
            policy.as_ref().and_then(|p| Responder::new(p, engines, PathBuf::from(evidence), PathBuf::from(pins)));
        let denies = |p: &Arc<Bundle>| {
            p.cuts_network() || p.runtime().any(|e| e.mode != RuntimeMode::Observe && !e.deny.is_empty())
        };
        let mut enforcement = None;
        if let Some(policy) = policy.filter(denies) {
            let is_first = !pins.exists();
            let mut enforcer = Enforcer::install(pins, &policy)?;
            for entry in policy.runtime() {
                if let Some((denial, reason)) = enforcer.cannot(entry).into_iter().next() {
                    drop(enforcer);
                    // What was just brought goes with the refusal; what another agent left goes on.
                    if is_first {
                        let _ = Enforcer::remove(pins);
                    }
                    return Err(SensorError::NotEnforceable { entry: entry.id.clone(), denial: denial.name(), reason });
                }
            }
            let (servers, faults) = (Servers::of_node(), enforcer.follow(policy.runtime())?);
            let (reach, denials) = (Reach::start(&policy), Denials::default());
            enforcer.fill_digests(policy.runtime())?;
            let programs = programs::start(&options.directory, &policy, pins)?;
            enforcement = Some(Enforcement { enforcer, policy, denials, reach, programs, servers, faults });
        }
        let sensor = Sensor::start(options)?;
        // What is not hashed is refused: at first that would be everything.
        if let Some(programs) = enforcement.iter().find_map(|e| e.programs.as_ref()) {
            programs.wait(programs::IN_USE, programs::REST);
        }
        let mut node = Self { sensor, guard, enforcement, told: None, names: None, responder, own: None };
        // Lists are filled before anything points at them: what another agent left goes on until then.
        let known = node.place(true, &mut |_| {})?;
        if let Some(enforcement) = &mut node.enforcement {
            enforcement.enforcer.set_default(enforcement.policy.runtime_default())?;
            enforcement.enforcer.keep_only(|group| known.contains(&group));
        }
        Ok(node)
    }

    /// From now on it looks after itself: whoever signals it or changes what is its own is told. The error says what of that
    /// cannot be seen here.
    pub fn guard_itself(&mut self, files: OwnFiles) -> Option<SensorError> {
        let refuses = self.enforcement.as_ref().is_some_and(|e| {
            let is_denied = |entry: &RuntimePolicy| entry.deny.contains(&RuntimeDenial::AgentTampering);
            e.policy.runtime().any(|entry| entry.mode == RuntimeMode::Enforce && is_denied(entry))
        });
        let (own, error) = Own::start(files, &self.sensor, refuses);
        self.own = Some(own);
        error
    }

    /// From now on the names that rules compare addresses with have these.
    pub fn set_names(&mut self, names: Names) {
        self.names = Some(names);
    }

    /// Where events come from.
    pub fn sensor(&self) -> &Sensor {
        &self.sensor
    }

    /// Who judges them.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Waits for events, at most for `limit`; gives each observation to `see` and each alert to `raise`.
    ///
    /// # Errors
    /// Events cannot be waited for.
    pub fn step(
        &mut self,
        limit: Duration,
        see: &mut dyn FnMut(Observation<'_>),
        raise: &mut dyn FnMut(Alert),
    ) -> Result<(), SensorError> {
        let Self { sensor, guard, enforcement, names, responder, own, .. } = self;
        if let Some(addresses) = names.as_mut().and_then(Names::take) {
            guard.rules().set_addresses(&addresses);
        }
        let mut answers: Vec<Answer> = Vec::new();
        sensor.poll(limit, &mut |observation| {
            see(observation);
            if let Some(names) = names.as_mut() {
                names.see(observation.event);
            }
            if let Some(responder) = &mut *responder {
                responder.remember(observation);
            }
            if let Some(own) = &mut *own {
                own.judge(observation, guard, raise);
            }
            let mut judged = |alert: Alert, raise: &mut dyn FnMut(Alert)| {
                let answered = match &*responder {
                    Some(responder) => responder.answers(alert, observation),
                    None => Err(Box::new(alert)),
                };
                match answered {
                    Ok(answer) => answers.push(answer),
                    Err(alert) => raise(*alert),
                }
            };
            let Some(Enforcement { enforcer, denials, policy, .. }) = enforcement else {
                return guard.judge(observation, &mut |alert| judged(alert, raise));
            };
            let denial = denials.of_event(enforcer, observation);
            let mut told = false;
            guard.judge(observation, &mut |mut alert| {
                told = true;
                if let Some(denial) = denial {
                    alert.seawall.action = denials::action(&denial);
                    let word = if denial.dry_run { "would be refused" } else { "refused" };
                    alert.output = format!("{} action={word}", alert.output);
                }
                judged(named(policy, alert), raise);
            });
            if let Some(denial) = denial.filter(|_| !told) {
                judged(named(policy, denials::alert(guard, &denial, Some(observation.process))), raise);
            }
            for denial in denials.of_end(observation) {
                raise(named(policy, denials::alert(guard, &denial, Some(observation.process))));
            }
        })?;
        if let Some(responder) = responder {
            for answer in answers {
                responder.answer(answer, sensor, guard, raise);
            }
            responder.told(guard, raise);
        }
        if let Some(own) = own {
            own.step(guard, sensor, raise);
        }
        if let Some(Enforcement { enforcer, denials, policy, .. }) = enforcement {
            denials.of_running(enforcer, sensor, guard, &mut |alert| raise(named(policy, alert)));
        }
        if let Some(Enforcement { denials, programs: Some(programs), .. }) = enforcement {
            programs::tell(programs, denials.take_changed(), guard, raise);
        }
        self.place(false, raise)?;
        if self.told.is_none_or(|told| told.elapsed() >= BETWEEN_LOSSES) {
            self.tell_losses(raise);
        }
        Ok(())
    }

    /// Raises the alerts about events that were lost since it was done last; each step does so once a second at most.
    pub fn tell_losses(&mut self, raise: &mut dyn FnMut(Alert)) {
        let statistics = self.sensor.statistics();
        if !self.guard.has_losses(&statistics) {
            return;
        }
        self.told = Some(Instant::now());
        let losses = self.sensor.losses();
        self.guard.losses(&statistics, &losses).into_iter().for_each(raise);
    }

    /// Waits for responses that are being done, at the end, and tells who ended it.
    pub fn finish(&mut self, raise: &mut dyn FnMut(Alert)) {
        if let Some(own) = &mut self.own {
            own.step(&self.guard, &self.sensor, raise);
        }
        if let Some(responder) = &mut self.responder {
            responder.finish(&self.guard, raise);
        }
    }

    /// Applies the policy to containers that are new, and forgets those that are gone; returns the new ones' groups.
    fn place(&mut self, at_start: bool, raise: &mut dyn FnMut(Alert)) -> Result<Vec<u64>, SensorError> {
        let (new, gone) = self.sensor.take_groups();
        let Some(Enforcement { enforcer, policy, reach, servers, faults, .. }) = &mut self.enforcement else {
            return Ok(Vec::new());
        };
        for group in &gone {
            enforcer.forget(*group);
        }
        let (changed, failed) = reach.update(&new, &gone);
        for (name, reason) in failed {
            let output = format!("the name {name} of the policy has no address, what it had before holds: {reason}");
            let fields = BTreeMap::from([("name".to_owned(), FieldValue::Text(name))]);
            raise(self.guard.internal("Seawall internal: name not resolved", output, fields));
        }
        if (changed || at_start)
            && let Err(error) = enforcer.fill(policy.runtime(), reach)
        {
            if at_start {
                return Err(error);
            }
            let output = format!("the lists of addresses could not be brought up to date: {error}");
            raise(self.guard.internal("Seawall internal: policy not set", output, BTreeMap::new()));
        }
        if let Some(believed) = servers.update(&new, &gone)
            && let Err(error) = enforcer.believe(&believed)
        {
            faults.push(format!("the name servers could not be set: {error}"));
        }
        if !at_start {
            for fault in faults.drain(..) {
                let output = format!("names of the policy are not all followed by their answers: {fault}");
                raise(self.guard.internal("Seawall internal: policy not set", output, BTreeMap::new()));
            }
        }
        for (group, container) in &new {
            if let Err(error) = enforcer.set(*group, policy.runtime_for(container)) {
                let name = container.name.as_deref().unwrap_or(&container.id);
                let output = format!("the policy of container {name} could not be set, the default holds: {error}");
                let fields =
                    BTreeMap::from([("container.id".to_owned(), FieldValue::Text(container.short_id().to_owned()))]);
                raise(self.guard.internal("Seawall internal: policy not set", output, fields));
            }
        }
        Ok(new.into_iter().map(|(group, _)| group).collect())
    }
}

/// Names the entry of the policy by which something was denied.
fn named(policy: &Bundle, mut alert: Alert) -> Alert {
    if matches!(alert.seawall.action, Action::Denied | Action::WouldDeny | Action::Killed) {
        let container = alert.seawall.container.as_ref();
        let entry = container.map_or_else(|| policy.runtime_default(), |container| policy.runtime_for(container));
        if let Some(entry) = entry {
            alert.output_fields.insert("policy.entry".to_owned(), FieldValue::Text(entry.id.clone()));
        }
    }
    alert
}
