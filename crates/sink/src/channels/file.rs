use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_model::Alert;

use super::lines::Lines;
use crate::channel::{Channel, Delivery};
use crate::counters::Counters;
use crate::{SinkError, SinkSpec};

/// After a rotation that failed, the next is tried so much later.
const ROTATE_AGAIN: Duration = Duration::from_secs(10);

/// A file that is appended to, one document a line. A line is there whole or not at all; where the disk is full, alerts
/// wait in the queue. The file has one writer.
pub(super) struct FileChannel {
    path: PathBuf,
    spec: SinkSpec,
    counters: Arc<Counters>,
    open: Option<Open>,
    rotate_from: Instant,
}

struct Open {
    file: File,
    /// Device and inode: what stands at the path may be another file by now.
    identity: (u64, u64),
    /// The last line could not be taken back: the next begins with a line end.
    is_torn: bool,
}

impl FileChannel {
    /// Opens the file, so that a path that cannot be written is told at once.
    pub(super) fn open(path: &Path, spec: &SinkSpec, counters: Arc<Counters>) -> Result<Self, SinkError> {
        let open = open(path).map_err(|error| SinkError::File { path: path.to_owned(), error })?;
        Ok(Self { path: path.to_owned(), spec: spec.clone(), counters, open: Some(open), rotate_from: Instant::now() })
    }

    /// Opens the file where it is not, or where another or none stands at its path.
    fn ready(&mut self) -> io::Result<(&mut Open, u64)> {
        let at_path = std::fs::metadata(&self.path).map(|m| (m.dev(), m.ino()));
        let is_there = match (&self.open, at_path) {
            (Some(open), Ok(identity)) => open.identity == identity,
            (Some(_), Err(error)) => error.kind() != ErrorKind::NotFound,
            (None, _) => false,
        };
        if !is_there {
            self.open = Some(open(&self.path)?);
        }
        let open = self.open.as_mut().ok_or_else(|| io::Error::from(ErrorKind::NotFound))?;
        let size = open.file.metadata()?.len();
        Ok((open, size))
    }

    fn rotate_if_full(&mut self) -> io::Result<()> {
        let Some(limit) = self.spec.options.rotate else { return Ok(()) };
        let (_, size) = self.ready()?;
        if size < limit || Instant::now() < self.rotate_from {
            return Ok(());
        }
        if let Err(error) = rotate(&self.path, self.spec.options.keep) {
            self.rotate_from = Instant::now() + ROTATE_AGAIN;
            // Alerts go on into the file that is too large.
            self.counters.explain(format!("{}: rotating: {error}", self.path.display()));
        }
        self.open = None;
        Ok(())
    }

    /// Writes the first alerts, at least one, and tells how many are in the file.
    fn write(&mut self, alerts: &[Arc<Alert>]) -> (usize, io::Result<()>) {
        let (spec, counters) = (self.spec.clone(), Arc::clone(&self.counters));
        let (open, start) = match self.ready() {
            Ok(ready) => ready,
            Err(error) => return (0, Err(error)),
        };
        let room = spec.options.rotate.map_or(u64::MAX, |limit| limit.saturating_sub(start));
        let written = Lines::new(&spec, &counters, alerts, open.is_torn, room).write(&mut open.file);
        // Half a line must not stay; where it cannot be taken back, the next one begins on a line of its own.
        let keep = start.saturating_add(written.whole as u64);
        if written.is_torn {
            open.is_torn = open.file.set_len(keep).is_err() || (open.is_torn && written.lines == 0);
        } else if written.lines > 0 {
            open.is_torn = false;
        }
        (written.lines, written.result)
    }
}

impl Channel for FileChannel {
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Delivery {
        let mut done = 0;
        while let Some(rest) = alerts.get(done..).filter(|rest| !rest.is_empty()) {
            let (count, result) = match self.rotate_if_full() {
                Ok(()) => self.write(rest),
                Err(error) => (0, Err(error)),
            };
            done += count;
            self.counters.delivered(count);
            if let Err(error) = result {
                return Delivery::stuck(done, format!("{}: {error}", self.path.display()));
            }
        }
        Delivery::all(done)
    }

    fn reopen(&mut self) {
        self.open = None;
    }
}

fn open(path: &Path) -> io::Result<Open> {
    // Arguments of programs may hold secrets: not for everybody's eyes.
    let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
    let metadata = file.metadata()?;
    Ok(Open { identity: (metadata.dev(), metadata.ino()), file, is_torn: false })
}

/// FILE becomes FILE.1, FILE.1 becomes FILE.2 and so on; FILE.`keep` is replaced. Each step is one rename, so that being
/// killed in between loses nothing.
fn rotate(path: &Path, keep: u32) -> io::Result<()> {
    let numbered = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..keep).rev() {
        match std::fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    std::fs::rename(path, numbered(1))
}
