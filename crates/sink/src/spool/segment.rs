//! A segment: a head of 16 bytes (`SWQ1`, a checksum of what follows, the number of the first record as 64 bits), then
//! records: length, checksum of the bytes, the bytes. All numbers are little-endian, lengths and checksums 32 bits.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 4] = b"SWQ1";
/// Bytes before the first record.
pub(super) const HEADER: u64 = 16;
/// Bytes before each record's own.
const FRAME: u64 = 8;
/// A longer record is not taken, and a longer length is damage.
pub(crate) const MAX_RECORD: usize = 4 << 20;
/// The end of a segment's file name.
const SUFFIX: &str = ".segment";

/// Bytes that a record takes.
pub(super) fn framed(record: &[u8]) -> u64 {
    FRAME + record.len() as u64
}

/// One file of records.
pub(super) struct Segment {
    pub(super) path: PathBuf,
    /// The number of its first record.
    pub(super) first: u64,
    /// How many whole records it has.
    pub(super) records: u64,
    /// Where they end.
    pub(super) bytes: u64,
}

/// The segments of a folder, oldest first.
pub(super) fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.ends_with(SUFFIX)) {
            found.push(path);
        }
    }
    // Their names have all digits: the order of names is the order of numbers.
    found.sort();
    Ok(found)
}

impl Segment {
    /// The number after the last record.
    pub(super) fn end(&self) -> u64 {
        self.first + self.records
    }

    /// Makes an empty segment.
    pub(super) fn create(folder: &Path, first: u64) -> io::Result<(Self, File)> {
        let path = folder.join(format!("{first:020}{SUFFIX}"));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&crc32fast::hash(&first.to_le_bytes()).to_le_bytes());
        head.extend_from_slice(&first.to_le_bytes());
        if let Err(error) = file.write_all(&head) {
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        Ok((Self { path, first, records: 0, bytes: HEADER }, file))
    }

    /// Counts the whole records of a segment that was left behind, and cuts off what follows them. None where its head
    /// is not whole.
    pub(super) fn recover(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let length = file.metadata()?.len();
        let mut segment = Self { path: path.to_owned(), first: 0, records: 0, bytes: HEADER };
        let reader = Reader { file, first: 0, end: length };
        let Some(first) = reader.first_record()? else { return Ok(None) };
        segment.first = first;
        while let Some((_, next)) = reader.read(segment.bytes)? {
            segment.records += 1;
            segment.bytes = next;
        }
        if segment.bytes < length {
            reader.file.set_len(segment.bytes)?;
        }
        Ok(Some(segment))
    }

    /// Appends a record at the end; on an error takes back what was written of it.
    pub(super) fn append(&mut self, writer: &mut File, record: &[u8]) -> io::Result<()> {
        let mut frame = Vec::with_capacity(record.len() + FRAME as usize);
        let length = u32::try_from(record.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(&crc32fast::hash(record).to_le_bytes());
        frame.extend_from_slice(record);
        match writer.write_all_at(&frame, self.bytes) {
            Ok(()) => {
                self.records += 1;
                self.bytes += frame.len() as u64;
                Ok(())
            }
            Err(error) => {
                let _ = writer.set_len(self.bytes);
                Err(error)
            }
        }
    }
}

/// Reads records of one segment by position.
pub(super) struct Reader {
    file: File,
    first: u64,
    end: u64,
}

impl Reader {
    pub(super) fn open(segment: &Segment) -> io::Result<Self> {
        // The segment may grow while it is read; a record is only asked for once it is there.
        Ok(Self { file: File::open(&segment.path)?, first: segment.first, end: u64::MAX })
    }

    /// The number of the first record, as the segment was opened.
    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The number of the first record, as the head says it.
    fn first_record(&self) -> io::Result<Option<u64>> {
        let mut head = [0; HEADER as usize];
        match self.file.read_exact_at(&mut head, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let (magic, rest) = head.split_at(4);
        let (sum, first) = rest.split_at(4);
        let is_whole = magic == MAGIC && sum == crc32fast::hash(first).to_le_bytes();
        // Half of the numbers is more than any queue will see, and leaves room for arithmetic.
        let number = <[u8; 8]>::try_from(first).map(u64::from_le_bytes).ok().filter(|n| *n < u64::MAX / 2);
        Ok(number.filter(|_| is_whole))
    }

    /// The record at `offset` and where the next begins; none where there is none or it is not whole.
    pub(super) fn read(&self, offset: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
        let mut frame = [0; FRAME as usize];
        match self.file.read_exact_at(&mut frame, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let number = u64::from_le_bytes(frame);
        let (length, sum) = (number & 0xffff_ffff, number >> 32);
        let next = offset.saturating_add(FRAME).saturating_add(length);
        if length > MAX_RECORD as u64 || next > self.end {
            return Ok(None);
        }
        let mut record = vec![0; usize::try_from(length).unwrap_or(MAX_RECORD)];
        match self.file.read_exact_at(&mut record, offset + FRAME) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        Ok((u64::from(crc32fast::hash(&record)) == sum).then_some((record, next)))
    }
}
