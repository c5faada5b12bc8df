//! Fetches feeds from their publishers into a folder, from which a database is then built.
//!
//! Only what changed is transferred (conditional requests), an interrupted transfer goes on where it stopped, a file is
//! replaced when its successor is whole and looks like what it should be, and each publisher's failure is its own.

mod changes;
mod fetch;
mod locate;
mod publishers;
mod state;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seawall_io::HttpClient;
use serde::Serialize;

use fetch::Fetch;
pub use publishers::{Changes, Publisher, RemoteFile, Way, publishers};

/// Where states and partial files are kept, below the folder of the feeds. Starts with a dot: no feed is looked for in it.
const WORKSHOP: &str = ".seawall-update";
/// Publishers asked at the same time.
const AT_ONCE: usize = 4;

/// How patient an update is.
#[derive(Debug, Clone)]
pub struct UpdateSettings {
    /// Attempts for one file without a single new byte, after which it is given up.
    pub attempts: u32,
    /// Wait before the second attempt; doubles with each.
    pub first_wait: Duration,
    /// Longest wait. A publisher that asks for a longer one is left for the next update.
    pub longest_wait: Duration,
    /// Varies the waits, so that many installations do not come back at the same moment. The same seed gives the same
    /// waits.
    pub seed: u64,
    /// Asks nobody: everything is reported as skipped.
    pub offline: bool,
}

impl Default for UpdateSettings {
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(120),
            seed: 0,
            offline: false,
        }
    }
}

/// What an update needs from outside besides the network.
pub struct UpdateContext<'a> {
    /// Makes the requests; its settings carry time limits, proxy and certificates.
    pub client: &'a HttpClient,
    /// Waits. A test gives a function that only writes down for how long.
    pub sleep: &'a (dyn Fn(Duration) + Sync),
    /// The time now, RFC 3339, noted beside each fetched file.
    pub now: &'a str,
}

/// What became of one file of one publisher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "result")]
pub enum Outcome {
    /// A new version is in place.
    Updated {
        /// Its size.
        bytes: u64,
        /// How many of them were there from an interrupted transfer.
        resumed: u64,
    },
    /// The publisher has nothing newer.
    Unchanged,
    /// Not asked.
    Skipped {
        /// Why.
        reason: String,
    },
    /// No new version; an older one, if there is one, is still in place.
    Failed {
        /// Why.
        reason: String,
        /// Whether there is an older version.
        kept: bool,
    },
}

/// One file of one publisher, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileOutcome {
    /// The publisher.
    pub publisher: String,
    /// The file's name in the folder.
    pub file: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of everything: files in the order of the publishers given, then what changed beside archives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateReport {
    /// One entry for each file.
    pub files: Vec<FileOutcome>,
}

impl UpdateReport {
    /// Whether any file is new, so that building again is worth it.
    pub fn changed(&self) -> bool {
        self.files.iter().any(|file| matches!(file.outcome, Outcome::Updated { .. }))
    }

    /// The files that could not be brought up to date.
    pub fn failed(&self) -> impl Iterator<Item = &FileOutcome> {
        self.files.iter().filter(|file| matches!(file.outcome, Outcome::Failed { .. }))
    }
}

/// Why an update did not even begin.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The folder cannot be made or written.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Another update works in the same folder.
    #[error("{}: another update is under way", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
}

/// Fetches every file of every publisher into `folder`.
///
/// # Errors
/// Only when the folder cannot be used at all. What happens to single publishers is in the report.
pub fn update(
    folder: &Path,
    publishers: &[Publisher],
    settings: &UpdateSettings,
    context: &UpdateContext<'_>,
) -> Result<UpdateReport, UpdateError> {
    let lists: Vec<(&Publisher, RemoteFile)> =
        publishers.iter().filter_map(|publisher| Some((publisher, publisher.changes.as_ref()?.list()))).collect();
    let files = publishers.iter().flat_map(|publisher| publisher.files.iter().map(move |file| (publisher, file)));
    let jobs: Vec<Job<'_>> = files.chain(lists.iter().map(|(publisher, list)| (*publisher, list))).collect();
    if settings.offline {
        let skipped = || Outcome::Skipped { reason: "offline".to_owned() };
        return Ok(UpdateReport { files: jobs.iter().map(|job| named(job, skipped())).collect() });
    }
    let workshop = folder.join(WORKSHOP);
    let fail = |source| UpdateError::Folder { path: folder.to_path_buf(), source };
    fs::create_dir_all(&workshop).map_err(fail)?;
    // Held until the end; the system lets go of it even if the process dies.
    let lock = File::create(workshop.join("lock")).map_err(fail)?;
    if lock.try_lock().is_err() {
        return Err(UpdateError::Busy { path: folder.to_path_buf() });
    }
    let place = Place { folder, workshop: &workshop, settings, context };
    let mut files = place.fetch(&jobs);
    for publisher in publishers {
        let Some(changes) = &publisher.changes else { continue };
        files.push(match changes::plan(folder, &workshop, changes) {
            Ok(plan) => {
                let jobs: Vec<Job<'_>> = plan.files.iter().map(|file| (publisher, file)).collect();
                changes::sum(publisher, changes, &plan, &place.fetch(&jobs))
            }
            Err(reason) => {
                let outcome = Outcome::Failed { reason, kept: true };
                FileOutcome { publisher: publisher.id.clone(), file: changes.folder.clone(), outcome }
            }
        });
    }
    Ok(UpdateReport { files })
}

/// A file of a publisher.
type Job<'a> = (&'a Publisher, &'a RemoteFile);

/// Where files are fetched to, and how.
struct Place<'a> {
    folder: &'a Path,
    workshop: &'a Path,
    settings: &'a UpdateSettings,
    context: &'a UpdateContext<'a>,
}

impl Place<'_> {
    /// Fetches files, several at a time; what became of them, in their order.
    fn fetch(&self, jobs: &[Job<'_>]) -> Vec<FileOutcome> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<(usize, FileOutcome)>> = Mutex::default();
        let Place { folder, workshop, settings, context } = *self;
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(index) else { return };
                let fetch = Fetch { folder, workshop, publisher: job.0, file: job.1, settings, context };
                let outcome = named(job, fetch.run());
                results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((index, outcome));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(jobs.len()) {
                scope.spawn(work);
            }
        });
        let mut results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        results.sort_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

fn named(job: &Job<'_>, outcome: Outcome) -> FileOutcome {
    FileOutcome { publisher: job.0.id.clone(), file: job.1.name.clone(), outcome }
}
