//! From what the kernel denied to alerts: each denial is told once, with the process that it met.

mod calls;
mod network;
mod words;

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

/// How long a denial waits for the events that came before it.
const SETTLED: Duration = Duration::from_millis(50);

/// Denials that are not told yet.
#[derive(Default)]
pub(super) struct Denials {
    waiting: Vec<(Denial, Instant)>,
    lost: u64,
    /// One was of a file that had changed since it was hashed.
    changed: bool,
}

impl Denials {
    fn read(&mut self, enforcer: &mut Enforcer) {
        let now = Instant::now();
        for denial in enforcer.denials() {
            self.changed |= denial.is_of_change();
            self.waiting.push((denial, now));
        }
    }

    /// Whether a file was denied because it had changed, since it was asked last.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
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
            // What it does and runs is read some time later than it is denied.
            let settled = since.elapsed() >= SETTLED;
            let known = || settled && !denial.is_exec() && sensor.process(denial.pid, denial.started).is_some();
            // Events that wait for a name come yet, and with them who it was.
            full || (since.elapsed() >= PATIENCE && !sensor.is_held(denial.cgroup)) || known()
        };
        for (denial, _) in self.waiting.extract_if(.., ready) {
            let process = sensor.process(denial.pid, denial.started);
            let mut alert = alert(guard, &denial, process);
            // The kernel says where it was denied; a process may be known by where it was made.
            if let Some(container) = sensor.container_of_group(denial.cgroup) {
                alert.seawall.container = Some(container);
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
        _ if denial.call != 0 => Action::Killed,
        _ if denial.before || network::words(denial).is_some() => Action::Denied,
        _ => Action::Killed,
    }
}

/// The alert about a denial that no rule spoke of.
pub(super) fn alert(guard: &Guard, denial: &Denial, process: Option<&Process>) -> Alert {
    let unknown = Process::default();
    let known = process.unwrap_or(&unknown);
    let text = |t: &ByteString| FieldValue::Text(t.to_text());
    let mut fields = BTreeMap::from([
        ("proc.pid".to_owned(), FieldValue::Unsigned(denial.pid.into())),
        ("proc.exepath".to_owned(), text(&known.exe_path)),
        ("proc.cmdline".to_owned(), text(&known.command_line)),
    ]);
    // What programs of control groups refuse has its own words; BPF-LSM tells a path.
    if let Some(words) = network::words(denial).filter(|_| !denial.before && denial.call == 0) {
        let subject = match process {
            Some(process) => process.exe_path.to_string(),
            None => format!("a program of process {}", denial.pid),
        };
        let verb = if denial.dry_run { "would have been refused" } else { "was refused" };
        let output = format!("{subject} {verb} {} | command={}", words.what, known.command_line);
        fields.extend(words.fields);
        let mut alert = guard.internal(words.rule, output, fields);
        network::TIER.clone_into(&mut alert.seawall.tier);
        return about(alert, denial, process);
    }
    if denial.call != 0 {
        let output = calls::output(denial, &known.command_line);
        return about(guard.internal(calls::RULE, output, fields), denial, process);
    }
    let path = denial.path();
    let (rule, what) = words::of(denial, &path, process);
    let verb = if denial.dry_run { "would have been refused" } else { "was refused" };
    let output = format!("{} {verb}: {} | command={}", what.subject, what.reason, known.command_line);
    if what.is_file {
        fields.insert("fd.name".to_owned(), text(&path));
    }
    let mut alert = about(guard.internal(rule, output, fields), denial, process);
    if what.is_file {
        alert.seawall.resolved_path = Some(path.to_text());
    }
    alert
}

/// What every alert about a denial says.
fn about(mut alert: Alert, denial: &Denial, process: Option<&Process>) -> Alert {
    alert.source = "syscall".to_owned();
    alert.seawall.action = action(denial);
    alert.seawall.container = process.and_then(|p| p.container.as_deref().cloned());
    alert.seawall.resolved_path = process.map(|p| p.exe_path.to_text());
    alert
}
