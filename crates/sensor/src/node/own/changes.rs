//! What changed of the agent's files and pins, looked at by itself: an event may be lost, or have another name for the file.

use std::collections::VecDeque;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::own::OwnFiles;

/// Pins that are looked at.
const MOST: usize = 256;
/// Changes in other mounts that are remembered.
const SUSPECTS: usize = 64;
/// How long an event explains a change, and a change in another mount is suspected.
const EXPLAINS: Duration = Duration::from_secs(5);

/// Inode, length and time of change; none where there is nothing.
type State = Option<(u64, u64, i64, i64)>;

struct Watched {
    path: PathBuf,
    known: State,
    /// It was another at the last look, and no event had said so by then.
    odd: bool,
    explained: Option<Instant>,
}

/// What should stay as it is.
pub(super) struct Changes {
    watched: Vec<Watched>,
    suspects: VecDeque<(Instant, PathBuf, String)>,
}

impl Changes {
    pub(super) fn start(files: &OwnFiles) -> Self {
        let pins =
            std::fs::read_dir(files.pins()).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
        let paths = files.unchanging().map(Path::to_owned).chain(pins.take(MOST));
        let watched = paths
            .map(|path| Watched { known: state(&path), path, odd: false, explained: None })
            .filter(|watched| watched.known.is_some());
        Self { watched: watched.collect(), suspects: VecDeque::new() }
    }

    /// An event told of a change at this path, or of what lies above it.
    pub(super) fn explain(&mut self, path: &[u8]) {
        let path = Path::new(std::ffi::OsStr::from_bytes(path));
        let now = Instant::now();
        for watched in self.watched.iter_mut().filter(|watched| watched.path.starts_with(path)) {
            watched.explained = Some(now);
        }
    }

    /// Somebody changed a file in other mounts that has the name of one of these.
    pub(super) fn suspect(&mut self, files: &OwnFiles, path: &[u8], who: impl Fn() -> String) {
        for watched in self.watched.iter().filter(|watched| files.is_namesake(path, &watched.path)) {
            self.suspects.push_back((Instant::now(), watched.path.clone(), who()));
        }
        while self.suspects.len() > SUSPECTS {
            self.suspects.pop_front();
        }
    }

    /// What changed without an event, with whoever changed something of that name elsewhere. A change is told at the second
    /// look: its event may come a moment later.
    pub(super) fn look(&mut self) -> Vec<(Vec<String>, Vec<String>)> {
        self.suspects.retain(|(since, ..)| since.elapsed() < EXPLAINS);
        let mut unseen: Vec<(Vec<String>, Vec<String>)> = Vec::new();
        for watched in &mut self.watched {
            let now = state(&watched.path);
            let was_odd = std::mem::take(&mut watched.odd);
            if now == watched.known {
                continue;
            }
            let is_explained = watched.explained.is_some_and(|when| when.elapsed() < EXPLAINS);
            if !is_explained && !was_odd {
                watched.odd = true;
                continue;
            }
            watched.known = now;
            if is_explained {
                continue;
            }
            let path = watched.path.display().to_string();
            let mut suspects: Vec<_> =
                self.suspects.iter().filter(|(_, of, _)| *of == watched.path).map(|(.., who)| who.clone()).collect();
            suspects.dedup();
            match unseen.iter_mut().find(|(_, others)| *others == suspects) {
                Some((paths, _)) => paths.push(path),
                None => unseen.push((vec![path], suspects)),
            }
        }
        unseen
    }
}

fn state(path: &Path) -> State {
    let meta = std::fs::symlink_metadata(path).ok()?;
    Some((meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}
