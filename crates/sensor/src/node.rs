//! The guard of a node: events, rules, and what the policy stops.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use seawall_decide::{Bundle, RuntimeDenial, RuntimeMode};
use seawall_model::{Action, Alert, EventKind, FieldValue, Observation};

use crate::enforce::{Denial, Enforcer};
use crate::{Guard, Sensor, SensorError, SensorOptions};

/// Denials that wait for their event.
const WAITING: usize = 4096;

/// Alerts about lost events come no closer together.
const BETWEEN_LOSSES: Duration = Duration::from_secs(1);

/// Everything that runs on a node.
pub struct Node {
    sensor: Sensor,
    guard: Guard,
    enforcement: Option<Enforcement>,
    /// When losses were told of last.
    told: Option<Instant>,
}

struct Enforcement {
    enforcer: Enforcer,
    policy: Bundle,
    waiting: HashMap<u32, Denial>,
    lost: u64,
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
        let mut enforcement = None;
        if let Some(policy) = policy.filter(|p| p.runtime().any(|entry| entry.mode != RuntimeMode::Observe)) {
            let mut enforcer = Enforcer::install(pins)?;
            enforcer.set_default(policy.runtime_default())?;
            enforcement = Some(Enforcement { enforcer, policy, waiting: HashMap::new(), lost: 0 });
        }
        let sensor = Sensor::start(options)?;
        let mut node = Self { sensor, guard, enforcement, told: None };
        let known = node.place(&mut |_| {});
        if let Some(enforcement) = &mut node.enforcement {
            enforcement.enforcer.keep_only(|group| known.contains(&group));
        }
        Ok(node)
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
        let Self { sensor, guard, enforcement, .. } = self;
        sensor.poll(limit, &mut |observation| {
            see(observation);
            let denial = match enforcement {
                Some(enforcement) if is_exec(observation) => enforcement.denial(observation),
                _ => None,
            };
            let mut told = false;
            let action = denial.map_or(Action::None, |d| if d.dry_run { Action::WouldDeny } else { Action::Killed });
            guard.judge(observation, &mut |mut alert| {
                told = true;
                alert.seawall.action = action;
                if let Some(denial) = denial {
                    let word = if denial.dry_run { "would be refused" } else { "refused" };
                    alert.output = format!("{} action={word}", alert.output);
                }
                raise(alert);
            });
            if let Some(denial) = denial.filter(|_| !told) {
                raise(denied(guard, observation, denial, action));
            }
        })?;
        self.place(raise);
        if self.told.is_none_or(|told| told.elapsed() >= BETWEEN_LOSSES) {
            self.tell_losses(raise);
        }
        if let Some(alert) = self.enforcement.as_mut().and_then(|e| e.losses(&self.guard)) {
            raise(alert);
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

    /// Applies the policy to containers that are new, and forgets those that are gone; returns the new ones' groups.
    fn place(&mut self, raise: &mut dyn FnMut(Alert)) -> Vec<u64> {
        let (new, gone) = self.sensor.take_groups();
        let Some(Enforcement { enforcer, policy, .. }) = &mut self.enforcement else { return Vec::new() };
        for group in gone {
            enforcer.forget(group);
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
        new.into_iter().map(|(group, _)| group).collect()
    }
}

impl Enforcement {
    fn denial(&mut self, observation: Observation<'_>) -> Option<Denial> {
        if self.waiting.len() > WAITING {
            self.waiting.clear();
        }
        self.waiting.extend(self.enforcer.denials().into_iter().map(|denial| (denial.pid, denial)));
        let denial = self.waiting.remove(&observation.process.pid)?;
        (denial.inode == observation.process.executable.inode).then_some(denial)
    }

    fn losses(&mut self, guard: &Guard) -> Option<Alert> {
        let lost = self.enforcer.lost();
        let new = lost.checked_sub(self.lost).filter(|n| *n > 0)?;
        self.lost = lost;
        let fields = BTreeMap::from([("lost".to_owned(), FieldValue::Unsigned(new))]);
        let output = format!("{new} programs were denied while nobody listened, {lost} in all");
        Some(guard.internal("Seawall internal: denials not told", output, fields))
    }
}

fn is_exec(observation: Observation<'_>) -> bool {
    matches!(observation.event.kind, EventKind::Execve | EventKind::Execveat)
}

/// The alert about a denial that no rule spoke of.
fn denied(guard: &Guard, observation: Observation<'_>, denial: Denial, action: Action) -> Alert {
    let process = observation.process;
    let what = match denial.reason {
        RuntimeDenial::DroppedPrograms => "was written since the container started",
        RuntimeDenial::MemoryPrograms => "exists in memory only",
        RuntimeDenial::VolumePrograms => "lies on a volume",
    };
    let verb = if denial.dry_run { "would have been refused" } else { "was refused" };
    let text = |t: &seawall_model::ByteString| FieldValue::Text(t.to_text());
    let fields = BTreeMap::from([
        ("proc.exepath".to_owned(), text(&process.exe_path)),
        ("proc.cmdline".to_owned(), text(&process.command_line)),
    ]);
    let output = format!("{} {verb}: it {what} | command={}", process.exe_path, process.command_line);
    let mut alert = guard.internal("Program refused by policy", output, fields);
    alert.source = "syscall".to_owned();
    alert.seawall.action = action;
    alert.seawall.container = process.container.as_deref().cloned();
    alert.seawall.resolved_path = Some(process.exe_path.to_text());
    alert
}
