use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::LimitExceeded;

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// The system's, or [`LimitExceeded`] where the file is larger.
pub fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    // Room for all of it at once, if it is as long as it says; a byte more shows that it ends there.
    let length = file.metadata()?.len().min(limit).saturating_add(1);
    read(&mut file, limit, Vec::with_capacity(usize::try_from(length).unwrap_or(0)))
}

/// Reads a reader to its end, at most `limit` bytes.
///
/// # Errors
/// The reader's, or [`LimitExceeded`] where there is more.
pub fn read_to_limit(reader: &mut dyn Read, limit: u64) -> io::Result<Vec<u8>> {
    read(reader, limit, Vec::new())
}

fn read(reader: &mut dyn Read, limit: u64, mut bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(LimitExceeded { what: "size", limit, flag: "--max-document-bytes" }.into_io());
    }
    Ok(bytes)
}

/// A part of a file, read by position, so that many readers can share one file.
#[derive(Debug, Clone)]
pub struct SectionReader {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl SectionReader {
    /// The `length` bytes from `start` on. A file that ends earlier gives `UnexpectedEof`.
    pub fn new(file: Arc<File>, start: u64, length: u64) -> Self {
        Self { file, position: start, end: start.saturating_add(length) }
    }
}

impl Read for SectionReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let want = left.min(buffer.len());
        if want == 0 {
            return Ok(0);
        }
        let Some(part) = buffer.get_mut(..want) else { return Ok(0) };
        let read = self.file.read_at(part, self.position)?;
        if read == 0 {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the file ends before the part that was promised",
            ));
        }
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}
