//! From what the kernel denied to alerts: each denial is told once, with the process that it met.

mod network;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use seawall_decide::RuntimeDenial;
use seawall_model::{Action, Alert, ByteString, EventKind, FieldValue, Observation, Process};

use crate::enforce::{Denial, Enforcer};
use crate::{Guard, Sensor};

/// Denials that wait for their event; more are told without one.
const WAITING: usize = 4096;
/// How long a denial waits for its event, or for its process to be known.
const PATIENCE: Duration = Duration::from_secs(1);

/// Denials that are not told yet.
#[derive(Default)]
pub(super) struct Denials {
    waiting: Vec<(Denial, Instant)>,
    lost: u64,
}

impl Denials {
    fn read(&mut self, enforcer: &mut Enforcer) {
        let now = Instant::now();
        self.waiting.extend(enforcer.denials().into_iter().map(|denial| (denial, now)));
    }

    /// The denial of the run of a program that an event is about.
    pub(super) fn of_event(&mut self, enforcer: &mut Enforcer, observation: Observation<'_>) -> Option<Denial> {
        if !matches!(observation.event.kind, EventKind::Execve | EventKind::Execveat | EventKind::Procexit) {
            return None;
        }
        self.read(enforcer);
        if observation.event.kind == EventKind::Procexit {
            return None;
        }
        // A batch may hold an earlier program of the same process: the inode tells them apart.
        let (pid, inode) = (observation.process.pid, observation.process.executable.inode);
        let at = self.waiting.iter().position(|(d, _)| d.is_exec() && d.pid == pid && d.inode == inode)?;
        Some(self.waiting.remove(at).0)
    }

    /// What a process that ends was denied and is not told yet.
    pub(super) fn of_end(&mut self, observation: Observation<'_>) -> Vec<Denial> {
        if observation.event.kind != EventKind::Procexit || self.waiting.is_empty() {
            return Vec::new();
        }
        let pid = observation.process.pid;
        self.waiting.extract_if(.., |(d, _)| d.pid == pid && !d.is_exec()).map(|(d, _)| d).collect()
    }

    /// Tells the denials of processes that run, and those that have waited for long enough.
    pub(super) fn of_running(
        &mut self,
        enforcer: &mut Enforcer,
        sensor: &Sensor,
        guard: &Guard,
        raise: &mut dyn FnMut(Alert),
    ) {
        self.read(enforcer);
        let full = self.waiting.len() > WAITING;
        let ready = |(denial, since): &mut (Denial, Instant)| {
            let known = || !denial.is_exec() && sensor.process(denial.pid, denial.started).is_some();
            full || since.elapsed() >= PATIENCE || known()
        };
        for (denial, _) in self.waiting.extract_if(.., ready) {
            let process = sensor.process(denial.pid, denial.started);
            let mut alert = alert(guard, &denial, process);
            if process.is_none() {
                alert.seawall.container = sensor.container_of_group(denial.cgroup);
            }
            raise(alert);
        }
        let lost = enforcer.lost();
        if let Some(new) = lost.checked_sub(self.lost).filter(|n| *n > 0) {
            self.lost = lost;
            let fields = BTreeMap::from([("lost".to_owned(), FieldValue::Unsigned(new))]);
            let output = format!("{new} denials could not be told while nobody listened, {lost} in all");
            raise(guard.internal("Seawall internal: denials not told", output, fields));
        }
    }
}

/// What was done.
pub(super) fn action(denial: &Denial) -> Action {
    match denial.reason {
        _ if denial.dry_run => Action::WouldDeny,
        RuntimeDenial::Quarantine => Action::Quarantined,
        _ if denial.is_exec() => Action::Killed,
        _ => Action::Denied,
    }
}

/// The alert about a denial that no rule spoke of.
pub(super) fn alert(guard: &Guard, denial: &Denial, process: Option<&Process>) -> Alert {
    let words = network::words(denial);
    let what = match denial.reason {
        RuntimeDenial::DroppedPrograms => "was written since the container started",
        RuntimeDenial::MemoryPrograms => "exists in memory only",
        RuntimeDenial::VolumePrograms => "lies on a volume",
        _ => words.as_ref().map_or("", |words| &words.what),
    };
    let verb = if denial.dry_run { "would have been refused" } else { "was refused" };
    let unknown = Process::default();
    let known = process.unwrap_or(&unknown);
    let text = |t: &ByteString| FieldValue::Text(t.to_text());
    let mut fields = BTreeMap::from([
        ("proc.pid".to_owned(), FieldValue::Unsigned(denial.pid.into())),
        ("proc.exepath".to_owned(), text(&known.exe_path)),
        ("proc.cmdline".to_owned(), text(&known.command_line)),
    ]);
    let subject = match process {
        Some(process) => process.exe_path.to_string(),
        None => format!("a program of process {}", denial.pid),
    };
    let command = &known.command_line;
    let output = match &words {
        Some(_) => format!("{subject} {verb} {what} | command={command}"),
        None => format!("{subject} {verb}: it {what} | command={command}"),
    };
    let rule = words.as_ref().map_or("Program refused by policy", |words| words.rule);
    let in_groups = words.is_some();
    fields.extend(words.into_iter().flat_map(|words| words.fields));
    let mut alert = guard.internal(rule, output, fields);
    if in_groups {
        network::TIER.clone_into(&mut alert.seawall.tier);
    }
    alert.source = "syscall".to_owned();
    alert.seawall.action = action(denial);
    alert.seawall.container = known.container.as_deref().cloned();
    alert.seawall.resolved_path = process.map(|p| p.exe_path.to_text());
    alert
}
