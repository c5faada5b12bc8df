//! A folder of feeds becomes a database.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};

use seawall_model::{Advisory, EndOfLife, Epss, KnownExploited};

use crate::build::Builder;
use crate::feed::{FeedLimits, documents};
use crate::sources::{Sink, Source, read_document, source_of};
use crate::store::{DatabaseInfo, FeedInfo, StoreError};

/// What went into a database, and what did not.
#[derive(Debug, Clone, PartialEq)]
pub struct FolderReport {
    /// What the database says of itself.
    pub info: DatabaseInfo,
    /// Files of the folder that are no feed, by their path below it.
    pub ignored: Vec<String>,
    /// Feeds that could not be read to their end, with the reason; what was read before counts.
    pub broken: Vec<String>,
}

/// Why a folder gives no database.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The folder.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// No file of the folder is a feed.
    #[error("{path}: none of its files is a feed that is known")]
    NoFeeds {
        /// The folder.
        path: String,
    },
    /// The database could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Deepest folder that is looked into for feeds.
const MAX_DEPTH: usize = 6;
/// Records that travel together from the threads that read to the one that builds.
const BATCH: usize = 128;

/// Reads every feed below `folder` on all cores and writes the database to `out`. The result depends on the feeds'
/// content only.
///
/// # Errors
/// Where the folder has no feed, or the database cannot be written; `out` is then as it was.
pub fn build_from_folder(folder: &Path, out: &Path, limits: &FeedLimits) -> Result<FolderReport, FolderError> {
    let mut found = Found::default();
    found.walk(folder, folder, 0).map_err(|source| FolderError::Io { path: folder.display().to_string(), source })?;
    if found.feeds.is_empty() {
        return Err(FolderError::NoFeeds { path: folder.display().to_string() });
    }
    // Largest first, so that both cores end at about the same time.
    found.feeds.sort_by_key(|feed| std::cmp::Reverse(feed.bytes));
    let queue = Mutex::new(VecDeque::from(found.feeds));
    let (sender, receiver) = sync_channel::<Batch>(64);
    let mut builder = Builder::new();
    let mut broken = Vec::new();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            let sender = sender.clone();
            let queue = &queue;
            scope.spawn(move || {
                while let Some(feed) = queue.lock().ok().and_then(|mut q| q.pop_front()) {
                    read(&feed, limits, &sender);
                }
            });
        }
        drop(sender);
        for batch in receiver {
            builder.begin(FeedInfo { id: batch.source.to_owned(), ..FeedInfo::default() });
            for record in batch.records {
                match record {
                    Record::Advisory(advisory) => builder.advisory(&advisory),
                    Record::Epss(cve, epss) => builder.epss(&cve, epss),
                    Record::Exploited(cve, known) => builder.kev(&cve, known),
                    Record::EndOfLife(cycle) => builder.end_of_life(cycle),
                    Record::Unknown(member, reason) => builder.unknown(&member, reason),
                    Record::Broken(reason) => broken.push(reason),
                }
            }
        }
    });
    broken.sort();
    found.ignored.sort();
    Ok(FolderReport { info: builder.finish(out)?, ignored: found.ignored, broken })
}

#[derive(Default)]
struct Found {
    feeds: Vec<Feed>,
    ignored: Vec<String>,
}

struct Feed {
    source: &'static dyn Source,
    path: PathBuf,
    bytes: u64,
}

impl Found {
    fn walk(&mut self, root: &Path, folder: &Path, depth: usize) -> io::Result<()> {
        let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            // Hidden files are the updater's own notes.
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let meta = entry.metadata()?;
            match source_of(&name) {
                Some(source) => self.feeds.push(Feed { source, path, bytes: meta.len() }),
                None if meta.is_dir() && depth < MAX_DEPTH => self.walk(root, &path, depth + 1)?,
                None => self.ignored.push(name),
            }
        }
        Ok(())
    }
}

enum Record {
    Advisory(Box<Advisory>),
    Epss(String, Epss),
    Exploited(String, KnownExploited),
    EndOfLife(EndOfLife),
    Unknown(String, String),
    Broken(String),
}

struct Batch {
    source: &'static str,
    records: Vec<Record>,
}

fn read(feed: &Feed, limits: &FeedLimits, sender: &SyncSender<Batch>) {
    let mut batches = Batches { source: feed.source.id(), records: Vec::new(), sender };
    let newer = newer(&feed.path);
    let visited = documents(&feed.path, limits, &mut |member, bytes| {
        if newer.as_ref().is_some_and(|newer| is_there(newer, member)) {
            return Ok(());
        }
        read_document(feed.source, member, bytes, &mut batches);
        Ok(())
    });
    if let Err(error) = visited {
        batches.unknown("container", error.to_string());
        batches.push(Record::Broken(error.to_string()));
    }
    batches.send();
}

/// The folder of documents that replace those of an archive: `redhat-csaf-changes` beside `redhat-csaf.tar.zst`.
fn newer(archive: &Path) -> Option<PathBuf> {
    let name = archive.file_name()?.to_string_lossy();
    let (stem, _) = name.split_once(".tar")?;
    Some(archive.with_file_name(format!("{stem}-changes"))).filter(|folder| folder.is_dir())
}

/// Whether the folder has a document of the same name in a folder of the same name.
fn is_there(folder: &Path, member: &str) -> bool {
    let mut parts = member.rsplit('/');
    let (Some(name), Some(year)) = (parts.next(), parts.next()) else { return false };
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.');
    plain(name) && plain(year) && folder.join(year).join(name).is_file()
}

/// Collects records and sends them on in batches.
struct Batches<'a> {
    source: &'static str,
    records: Vec<Record>,
    sender: &'a SyncSender<Batch>,
}

impl Batches<'_> {
    fn push(&mut self, record: Record) {
        self.records.push(record);
        if self.records.len() >= BATCH {
            self.send();
        }
    }

    fn send(&mut self) {
        let records = std::mem::take(&mut self.records);
        // The builder only goes away when it panicked, and then nothing is left to do here.
        let _ = self.sender.send(Batch { source: self.source, records });
    }
}

impl Sink for Batches<'_> {
    fn advisory(&mut self, advisory: Advisory) {
        self.push(Record::Advisory(Box::new(advisory)));
    }

    fn epss(&mut self, cve: &str, epss: Epss) {
        self.push(Record::Epss(cve.to_owned(), epss));
    }

    fn kev(&mut self, cve: &str, exploited: KnownExploited) {
        self.push(Record::Exploited(cve.to_owned(), exploited));
    }

    fn end_of_life(&mut self, cycle: EndOfLife) {
        self.push(Record::EndOfLife(cycle));
    }

    fn unknown(&mut self, member: &str, reason: String) {
        self.push(Record::Unknown(member.to_owned(), reason));
    }
}
