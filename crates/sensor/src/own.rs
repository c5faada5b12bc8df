//! What belongs to the agent: nobody else has business with it. Here is what of it the kernel's filter has to let cross.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use seawall_model::EventKind;
use seawall_rules::{PathOf, PathShape, PathTest};

use crate::{paths, proc};

/// What an agent reads, writes and runs.
#[derive(Debug, Clone, Default)]
pub struct OwnFiles {
    /// Its program.
    program: Vec<PathBuf>,
    /// What it is told by: policy and rules.
    read: Vec<PathBuf>,
    /// What it tells in: alerts, a recording.
    written: Vec<PathBuf>,
    /// Where its programs in the kernel are pinned.
    pins: PathBuf,
    /// Its memory, by the name in `/proc`.
    memory: Vec<u8>,
}

/// What kind of thing of the agent's a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owned {
    Program,
    Read,
    Written,
    Pin,
    /// Its memory, by the name in `/proc`.
    Memory,
    /// A file by which its control group is killed or halted.
    Group,
}

/// Files by which everything in a control group is killed or halted.
const GROUP: [&str; 3] = ["/cgroup.kill", "/cgroup.freeze", "/freezer.state"];

impl OwnFiles {
    /// Those of this process, which reads and writes these files beside its program.
    pub fn of_agent(read: &[PathBuf], written: &[PathBuf], pins: &Path) -> Self {
        let program = std::fs::read_link("/proc/self/exe").unwrap_or_default();
        let all = |files: &[PathBuf]| files.iter().flat_map(|file| names(file)).collect();
        let memory = format!("/proc/{}/mem", std::process::id()).into_bytes();
        Self { program: names(&program), read: all(read), written: all(written), pins: pins.to_owned(), memory }
    }

    /// Calls that send a signal to a process by its PID.
    pub(crate) const SIGNALS: [EventKind; 3] = [EventKind::Kill, EventKind::Tkill, EventKind::Tgkill];

    /// Kinds of events that can be about what belongs to the agent.
    pub fn kinds() -> impl Iterator<Item = EventKind> {
        use EventKind as K;
        let calls = [K::Bpf, K::Ptrace, K::ProcessVmWritev];
        calls.into_iter().chain(Self::SIGNALS).chain(WITH_PATHS.iter().copied())
    }

    /// Which paths of an event of this kind matter; none where paths do not tell.
    pub(crate) fn tests(&self, kind: EventKind) -> Vec<PathTest> {
        if !WITH_PATHS.contains(&kind) {
            return Vec::new();
        }
        let files = [&self.program, &self.read, &self.written].into_iter().flatten();
        // Another mount may have the file at another place, but seldom by another name.
        let mut texts: Vec<(PathShape, Vec<u8>)> = files.filter_map(|file| ending(file)).collect();
        texts.extend(self.pins.ancestors().take(3).filter_map(ending));
        if let Some(last) = last_two(&self.pins) {
            texts.push((PathShape::Contains, last));
        }
        texts.push((PathShape::Ends, self.memory.clone()));
        texts.extend(GROUP.iter().map(|name| (PathShape::Ends, name.as_bytes().to_vec())));
        texts
            .into_iter()
            .flat_map(|(shape, text)| {
                let of = |of: PathOf| PathTest { of, shape, text: text.clone().into() };
                // Only an open call tells where the kernel arrived.
                match kind {
                    EventKind::Open | EventKind::Openat | EventKind::Openat2 | EventKind::Creat => {
                        vec![of(PathOf::Name), of(PathOf::Resolved)]
                    }
                    _ => vec![of(PathOf::Name)],
                }
            })
            .collect()
    }

    /// What a path of this process's own mounts is to the agent.
    pub(crate) fn owned(&self, path: &[u8]) -> Option<Owned> {
        let is = |files: &[PathBuf]| files.iter().any(|file| file.as_os_str().as_bytes() == path);
        if is(&self.program) {
            return Some(Owned::Program);
        }
        if is(&self.read) {
            return Some(Owned::Read);
        }
        if is(&self.written) {
            return Some(Owned::Written);
        }
        if self.is_memory(path) {
            return Some(Owned::Memory);
        }
        let path = Path::new(OsStr::from_bytes(path));
        // Whoever takes a folder above away takes all that is in it.
        let above = self.pins.ancestors().take(3).any(|folder| folder == path);
        if above || self.pins.parent().is_some_and(|folder| path.starts_with(folder)) {
            return Some(Owned::Pin);
        }
        is_own_group(path).then_some(Owned::Group)
    }

    /// Whether it is the agent's memory, where `/proc` is of the agent's PID namespace.
    pub(crate) fn is_memory(&self, path: &[u8]) -> bool {
        path == self.memory
    }

    /// Whether a path in other mounts has the name of one of the agent's files.
    pub(crate) fn is_namesake(&self, path: &[u8], of: &Path) -> bool {
        of.file_name().is_some_and(|name| path.rsplit(|byte| *byte == b'/').next() == Some(name.as_bytes()))
    }

    /// What no one changes while the agent runs: its program and what it is told by.
    pub(crate) fn unchanging(&self) -> impl Iterator<Item = &Path> {
        self.program.iter().chain(&self.read).map(PathBuf::as_path)
    }

    pub(crate) fn pins(&self) -> &Path {
        &self.pins
    }
}

const WITH_PATHS: &[EventKind] = &[
    EventKind::Open,
    EventKind::Openat,
    EventKind::Openat2,
    EventKind::Creat,
    EventKind::Truncate,
    EventKind::Unlink,
    EventKind::Unlinkat,
    EventKind::Rename,
    EventKind::Renameat,
    EventKind::Renameat2,
    EventKind::Mount,
    EventKind::MoveMount,
    EventKind::Umount2,
];

/// A file's absolute path as it was given, and the one where the links in it lead.
fn names(file: &Path) -> Vec<PathBuf> {
    let Ok(absolute) = std::path::absolute(file) else { return Vec::new() };
    let plain = paths::absolute(b"", absolute.as_os_str().as_bytes());
    let mut names = vec![PathBuf::from(OsStr::from_bytes(&plain))];
    // A file that is yet to be written has a folder.
    let real = absolute
        .canonicalize()
        .ok()
        .or_else(|| Some(absolute.parent()?.canonicalize().ok()?.join(absolute.file_name()?)));
    names.extend(real.filter(|real| names.first() != Some(real)));
    names
}

fn ending(file: &Path) -> Option<(PathShape, Vec<u8>)> {
    let name = file.file_name()?;
    Some((PathShape::Ends, [b"/", name.as_bytes()].concat()))
}

/// `/seawall/v4` of a folder of pins; what lies beside it begins so too.
fn last_two(folder: &Path) -> Option<Vec<u8>> {
    let (last, before) = (folder.file_name()?, folder.parent()?.file_name()?);
    Some([b"/", before.as_bytes(), b"/", last.as_bytes()].concat())
}

/// Whether a file kills or halts this process's control group, or one above it.
fn is_own_group(path: &Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    if !GROUP.iter().any(|group| group.as_bytes().strip_prefix(b"/") == Some(name.as_bytes())) {
        return false;
    }
    let Some(folder) = path.parent() else { return false };
    proc::read("self/cgroup").lines().filter_map(|line| line.splitn(3, ':').nth(2)).any(|group| {
        let group = Path::new(group.trim_start_matches('/'));
        group.ancestors().filter(|part| !part.as_os_str().is_empty()).any(|part| folder.ends_with(part))
    })
}
