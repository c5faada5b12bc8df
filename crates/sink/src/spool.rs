//! A disk queue of records: bounded, first in first out, and still there after `kill -9`.
//!
//! A folder holds segments and a cursor. Records are appended to the newest segment and read from the oldest; a segment
//! that was read to its end is removed. Where the process is killed between a delivery and moving the cursor, those
//! records are delivered again: each at least once, none lost. Writes are not flushed to the disk: what the machine had
//! not written yet when its power failed is lost, and that is counted where a later segment shows it.

mod cursor;
mod segment;

use std::collections::VecDeque;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use cursor::{Cursor, Place};
pub(crate) use segment::MAX_RECORD;
use segment::{HEADER, Reader, Segment};

/// A new segment is begun at this size, or at an eighth of the whole.
const SEGMENT: u64 = 1 << 20;

/// Why a record was not appended.
#[derive(Debug)]
pub enum AppendError {
    /// The bound is reached.
    Full,
    /// The record is larger than a record may be.
    TooLarge,
    /// The system's, for example a full disk.
    Io(io::Error),
}

/// A disk queue of records: bounded, first in first out, and still there after `kill -9`. The source says how it is laid
/// out.
///
/// ```
/// let folder = tempfile::tempdir().unwrap();
/// let mut spool = seawall_sink::Spool::open(folder.path(), 1 << 20).unwrap();
/// spool.append(b"one").unwrap();
/// let records = spool.peek(10, 1 << 20).unwrap();
/// assert_eq!(records, [b"one"]);
/// spool.commit(&records).unwrap();
/// assert_eq!(spool.len(), 0);
/// ```
pub struct Spool {
    folder: PathBuf,
    limit: u64,
    /// Oldest first; never empty after the first append.
    segments: VecDeque<Segment>,
    /// Appends to the last segment.
    writer: Option<File>,
    cursor: Cursor,
    reader: Option<Reader>,
    /// Records that were found to be damaged and are lost.
    damaged: u64,
    lock: File,
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Closing is not enough: a process that another thread begins to start at this moment has the file until its exec.
        let _ = self.lock.unlock();
    }
}

impl Spool {
    /// Opens the queue in this folder, making it where it is not there, and repairs what a crash left behind. It takes at
    /// most about `limit` bytes.
    ///
    /// # Errors
    /// The system's, and `ResourceBusy` where the folder is in use.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let lock = File::options().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::new(io::ErrorKind::ResourceBusy, "another channel uses it"),
            TryLockError::Error(error) => error,
        })?;
        let (mut segments, mut damaged) = (VecDeque::new(), 0);
        for path in segment::paths(folder)? {
            match Segment::recover(&path)? {
                Some(segment) => segments.push_back(segment),
                // Not even its head is whole: nothing in it can be told.
                None => std::fs::remove_file(&path)?,
            }
        }
        let mut cursor = Cursor::open(&folder.join("cursor"))?;
        // What a damaged segment lost is what is missing before the next.
        let mut expected: Option<u64> = None;
        for segment in &segments {
            let gap = expected.map_or(0, |number: u64| segment.first.saturating_sub(number));
            damaged = gap.saturating_add(damaged);
            expected = Some(segment.first + segment.records);
        }
        let place = cursor.place();
        let is_known = segments.iter().any(|s| s.first <= place.record && place.record <= s.first + s.records);
        if !is_known {
            // The cursor is older or newer than what is there: begin at the oldest record.
            let record = segments.front().map_or(place.record, |s| s.first);
            damaged = record.saturating_sub(place.record).saturating_add(damaged);
            cursor.set(Place { record, offset: HEADER })?;
        }
        let mut spool =
            Self { folder: folder.to_owned(), limit, segments, writer: None, cursor, reader: None, damaged, lock };
        spool.forget_read()?;
        Ok(spool)
    }

    /// Records that wait.
    pub fn len(&self) -> u64 {
        let place = self.cursor.place();
        self.segments.iter().map(|s| (s.first + s.records).saturating_sub(s.first.max(place.record))).sum()
    }

    /// Whether none wait.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records were lost to damage since the last call.
    pub fn take_damaged(&mut self) -> u64 {
        std::mem::take(&mut self.damaged)
    }

    fn bytes(&self) -> u64 {
        self.segments.iter().map(|s| s.bytes).sum()
    }

    /// Appends a record. On an error nothing of it is there.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub fn append(&mut self, record: &[u8]) -> Result<(), AppendError> {
        if record.len() > MAX_RECORD {
            return Err(AppendError::TooLarge);
        }
        let size = segment::framed(record);
        if self.bytes() + size + HEADER > self.limit {
            return Err(AppendError::Full);
        }
        let largest = SEGMENT.min(self.limit / 8);
        if self.writer.is_none() || self.segments.back().is_none_or(|s| s.bytes + size > largest.max(size + HEADER)) {
            self.begin().map_err(AppendError::Io)?;
        }
        let (Some(writer), Some(segment)) = (&mut self.writer, self.segments.back_mut()) else {
            return Err(AppendError::Io(io::ErrorKind::NotFound.into()));
        };
        let result = segment.append(writer, record);
        if result.is_err() {
            // The tail is cut when it can be; appending goes on in a new segment in any case.
            self.writer = None;
        }
        result.map_err(AppendError::Io)
    }

    /// Begins a segment, named by the number of its first record.
    fn begin(&mut self) -> io::Result<()> {
        let first = self.segments.back().map_or(self.cursor.place().record, |s| s.first + s.records);
        // An empty last segment would have the same name.
        if self.segments.back().is_some_and(|s| s.records == 0) {
            if let Some(empty) = self.segments.pop_back() {
                std::fs::remove_file(&empty.path)?;
            }
            self.reader = None;
        }
        let (segment, writer) = Segment::create(&self.folder, first)?;
        self.segments.push_back(segment);
        self.writer = Some(writer);
        Ok(())
    }

    /// The oldest records, at most `count` and about `bytes`, without removing them.
    ///
    /// # Errors
    /// The system's.
    pub fn peek(&mut self, count: usize, bytes: usize) -> io::Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        let (mut total, mut place) = (0, self.cursor.place());
        while found.len() < count && total < bytes {
            let Some(segment) = self.segments.iter().find(|s| s.first <= place.record && place.record < s.end()) else {
                // Nothing is left, or the cursor stands where a damaged segment ended and the next begins later.
                let Some(next) = self.segments.iter().find(|s| s.first > place.record && s.records > 0) else { break };
                if !found.is_empty() {
                    break;
                }
                place = Place { record: next.first, offset: HEADER };
                self.cursor.set(place)?;
                continue;
            };
            if place.record == segment.first {
                place.offset = HEADER;
            }
            if self.reader.as_ref().is_none_or(|r| r.first() != segment.first) {
                self.reader = Some(Reader::open(segment)?);
            }
            let Some(reader) = &self.reader else { break };
            match reader.read(place.offset)? {
                Some((record, next)) => {
                    total += record.len();
                    found.push(record);
                    place = Place { record: place.record + 1, offset: next };
                }
                None => {
                    // It was whole when it was opened or written, and is no longer.
                    let lost = segment.end() - place.record;
                    if !found.is_empty() {
                        break;
                    }
                    self.damaged = self.damaged.saturating_add(lost);
                    place = Place { record: segment.end(), offset: HEADER };
                    self.cursor.set(place)?;
                }
            }
        }
        Ok(found)
    }

    /// The oldest `records`, as [`Spool::peek`] gave them, are dealt with.
    ///
    /// # Errors
    /// Where the cursor cannot be written: they are gone all the same, but may come again after a restart.
    pub fn commit(&mut self, records: &[Vec<u8>]) -> io::Result<()> {
        let mut place = self.cursor.place();
        for record in records {
            let is_first = self.segments.iter().any(|s| s.first == place.record);
            let offset = if is_first { HEADER } else { place.offset };
            place = Place { record: place.record + 1, offset: offset + segment::framed(record) };
        }
        self.cursor.set(place)?;
        self.forget_read()
    }

    /// Removes segments that were read to their end.
    fn forget_read(&mut self) -> io::Result<()> {
        let place = self.cursor.place();
        while self.segments.front().is_some_and(|s| s.end() <= place.record) {
            if let Some(read) = self.segments.pop_front() {
                if self.segments.is_empty() {
                    self.writer = None;
                }
                self.reader = None;
                std::fs::remove_file(&read.path)?;
            }
        }
        Ok(())
    }
}
