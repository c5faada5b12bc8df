//! The guard looks after itself: who signals it, who changes what is its own, and what changed without anybody being seen.

mod changes;
mod objects;
mod signals;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use changes::Changes;
use objects::Objects;
use seawall_model::{Alert, Argument, ArgumentValue, EventKind, Executable, FieldValue, Observation, Process};
use signals::Signals;
pub(crate) use signals::probe as probe_signals;

use crate::own::{OwnFiles, Owned};
use crate::{Guard, Sensor, SensorError};

/// The rule of every alert about it, in each tier.
const RULE: &str = "Tampering with the guard";

/// Between two looks at what should not change.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What somebody did to what is the agent's.
struct Deed {
    what: String,
    path: Option<String>,
}

/// The agent, as it looks after itself.
pub(super) struct Own {
    signals: Option<Signals>,
    files: OwnFiles,
    changes: Changes,
    objects: Objects,
    /// This process: asking for it is a call, and every event is compared with it.
    pid: u32,
    /// The program that this process runs, as the kernel tells it.
    program: Executable,
    /// Inode numbers of this process's mount and PID namespaces.
    mounts: u32,
    pids: u32,
    /// Attempts that are refused are told by what refuses them.
    refuses: bool,
    looked: Instant,
}

impl Own {
    /// Begins. What cannot be watched here is the second value.
    pub(super) fn start(files: OwnFiles, sensor: &Sensor, refuses: bool) -> (Self, Option<SensorError>) {
        let (signals, error) = match Signals::start(files.pins()) {
            Ok(signals) => (Some(signals), None),
            Err(error) => (None, Some(error)),
        };
        let namespace = |name: &str| {
            let meta = std::fs::metadata(format!("/proc/self/ns/{name}")).ok();
            meta.and_then(|meta| u32::try_from(meta.ino()).ok()).unwrap_or(0)
        };
        let pid = std::process::id();
        let own = sensor.running().find(|process| process.pid == pid);
        let own = Self {
            signals,
            pid,
            changes: Changes::start(&files),
            objects: Objects::of_agent(files.pins()),
            program: own.map(|process| process.executable).unwrap_or_default(),
            mounts: namespace("mnt"),
            pids: namespace("pid"),
            files,
            refuses,
            looked: Instant::now(),
        };
        (own, error)
    }

    /// Tells where an event is about what is the agent's.
    pub(super) fn judge(&mut self, observation: Observation<'_>, guard: &Guard, raise: &mut dyn FnMut(Alert)) {
        let (event, process) = (observation.event, observation.process);
        if process.pid == self.pid || (self.refuses && event.result == -i64::from(libc::EPERM)) {
            return;
        }
        let deed = match event.kind {
            EventKind::Ptrace => self.ptrace(observation),
            EventKind::ProcessVmWritev => {
                self.is_agent(observation).then(|| deed("writing into the memory of the guard"))
            }
            kind if OwnFiles::SIGNALS.contains(&kind) => self.refused_signal(observation),
            EventKind::Bpf if event.result >= 0 => self.objects.opened(event).map(|what| deed(&what)),
            _ => self.path(observation),
        };
        let Some(deed) = deed.filter(|_| !self.is_another_run(process)) else { return };
        let said = match event.result {
            0.. => "",
            _ => " was tried, and failed,",
        };
        let output = format!(
            "{}{said} by {}, process {} of user {} | command={}",
            deed.what, process.name, process.pid, process.uid, process.command_line
        );
        let mut fields = of_process(process);
        if let Some(path) = &deed.path {
            fields.insert("fd.name".to_owned(), FieldValue::Text(path.clone()));
        }
        let mut alert = guard.internal(RULE, output, fields);
        "syscall".clone_into(&mut alert.source);
        alert.seawall.container = process.container.as_deref().cloned();
        alert.seawall.resolved_path = deed.path;
        raise(alert);
    }

    /// Tells what is known by other ways than events.
    pub(super) fn step(&mut self, guard: &Guard, sensor: &Sensor, raise: &mut dyn FnMut(Alert)) {
        if let Some(signals) = &mut self.signals {
            signals.tell(guard, sensor, raise);
        }
        if self.looked.elapsed() < BETWEEN_LOOKS {
            return;
        }
        self.looked = Instant::now();
        for (paths, suspects) in self.changes.look() {
            let mut output = format!("{} of the guard changed, and nobody was seen to do it", paths.join(", "));
            if !suspects.is_empty() {
                output.push_str(&format!("; a file of this name was changed by {}", suspects.join(" and by ")));
            }
            let fields = BTreeMap::from([("fd.name".to_owned(), FieldValue::Text(paths.join(", ")))]);
            raise(guard.internal(RULE, output, fields));
        }
    }

    /// Whether the process is another run of the agent's program on the node: `seawall guard --remove`. A container may have
    /// the program too.
    fn is_another_run(&self, process: &Process) -> bool {
        let (own, other) = (&self.program, &process.executable);
        own.inode != 0
            && (own.device, own.inode) == (other.device, other.inode)
            && process.container.is_none()
            && process.namespaces.mount == self.mounts
    }

    /// Whether the process that a call names by its PID is this one.
    fn is_agent(&self, observation: Observation<'_>) -> bool {
        let event = observation.event;
        let named = event.argument(Argument::Pid).or_else(|| event.argument(Argument::Tid));
        matches!(named, Some(ArgumentValue::Number(pid)) if u32::try_from(*pid) == Ok(self.pid))
            && observation.process.namespaces.pid == self.pids
    }

    /// A signal that the kernel did not send; the others are told by the queue.
    fn refused_signal(&self, observation: Observation<'_>) -> Option<Deed> {
        let event = observation.event;
        let Some(ArgumentValue::Number(signal @ 1..)) = event.argument(Argument::Sig) else { return None };
        let refused = event.result == -i64::from(libc::EPERM);
        (refused && self.is_agent(observation)).then(|| deed(&format!("sending signal {signal} to the guard")))
    }

    fn ptrace(&self, observation: Observation<'_>) -> Option<Deed> {
        const ATTACH: u64 = 16;
        const SEIZE: u64 = 0x4206;
        let request = observation.event.argument(Argument::Request);
        let attaches = matches!(request, Some(ArgumentValue::Flags(ATTACH | SEIZE)));
        (attaches && self.is_agent(observation)).then(|| deed("tracing the guard"))
    }

    /// Of calls that take paths.
    fn path(&mut self, observation: Observation<'_>) -> Option<Deed> {
        let (event, process) = (observation.event, observation.process);
        // What is not there is nobody's.
        if event.result == -i64::from(libc::ENOENT) {
            return None;
        }
        let verb = verb(event.kind)?;
        let mut paths: Vec<&[u8]> = Vec::new();
        match event.file() {
            Some(file) if file.flags & 3 == 0 => return None,
            Some(file) => paths.extend([&*file.name, &*file.resolved]),
            None => paths.extend(event.arguments.iter().filter_map(|(name, value)| match value {
                // Who mounts something from there changes nothing there.
                ArgumentValue::Path { absolute, .. } if !is_source(event.kind, *name) => Some(&**absolute),
                _ => None,
            })),
        }
        let shown = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        if process.namespaces.mount != self.mounts {
            let path = paths.iter().find(|p| self.files.is_memory(p) && process.namespaces.pid == self.pids);
            if let Some(path) = path {
                return Some(Deed { what: format!("{verb} the memory of the guard"), path: Some(shown(path)) });
            }
            // In other mounts a path says little: what changes here will tell.
            for path in paths {
                self.changes.suspect(&self.files, path, || {
                    let container =
                        process.container.as_ref().map_or("", |c| c.name.as_deref().unwrap_or(c.short_id()));
                    format!(
                        "{} (process {}, container {container}): {}",
                        process.name, process.pid, process.command_line
                    )
                });
            }
            return None;
        }
        let (path, owned) = paths.into_iter().find_map(|path| Some((path, self.files.owned(path)?)))?;
        self.changes.explain(path);
        // Only an unmount, a mount or a rename can be about what lies above the pins, and opening does nothing to one.
        let what = match owned {
            Owned::Program => "the program",
            Owned::Read => "what the guard is told by,",
            Owned::Written => "what the guard writes,",
            Owned::Pin => "what the guard put into the kernel,",
            Owned::Memory => "the memory of the guard,",
            Owned::Group => "what kills or halts the control group of the guard,",
        };
        Some(Deed { what: format!("{verb} {what} {}", shown(path)), path: Some(shown(path)) })
    }
}

fn deed(what: &str) -> Deed {
    Deed { what: what.to_owned(), path: None }
}

fn is_source(kind: EventKind, name: Argument) -> bool {
    kind == EventKind::Mount && name == Argument::Source || kind == EventKind::MoveMount && name == Argument::OldPath
}

fn verb(kind: EventKind) -> Option<&'static str> {
    use EventKind as K;
    Some(match kind {
        K::Open | K::Openat | K::Openat2 | K::Creat => "opening to write",
        K::Truncate => "cutting",
        K::Unlink | K::Unlinkat => "removing",
        K::Rename | K::Renameat | K::Renameat2 => "renaming or replacing",
        K::Mount | K::MoveMount => "mounting over",
        K::Umount2 => "unmounting",
        _ => return None,
    })
}

/// What every alert about a deed says of who did it.
fn of_process(process: &Process) -> BTreeMap<String, FieldValue> {
    let text = |text: String| FieldValue::Text(text);
    BTreeMap::from([
        ("proc.pid".to_owned(), FieldValue::Unsigned(process.pid.into())),
        ("proc.name".to_owned(), text(process.name.to_text())),
        ("proc.exepath".to_owned(), text(process.exe_path.to_text())),
        ("proc.cmdline".to_owned(), text(process.command_line.to_text())),
        ("user.uid".to_owned(), FieldValue::Unsigned(process.uid.into())),
    ])
}
