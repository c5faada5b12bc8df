use std::fmt;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use ureq::BodyReader;

use crate::LimitExceeded;

/// The body of an answer. Ends with an error of kind `FileTooLarge` beyond its limit, `TimedOut` where it stalls, and
/// `UnexpectedEof` where it ends before the stated length.
pub struct HttpBody {
    reader: BodyReader<'static>,
    left: u64,
    pub(super) limit: u64,
    read: u64,
    started: Instant,
    stall: Duration,
    min_rate: u64,
}

impl HttpBody {
    pub(super) fn new(reader: BodyReader<'static>, limit: u64, stall: Duration, min_rate: u64) -> Self {
        Self { reader, left: limit, limit, read: 0, started: Instant::now(), stall, min_rate }
    }

    /// Whether bytes came more slowly than the least rate, counted from the start and forgiving the first stall time.
    fn is_too_slow(&self) -> bool {
        let elapsed = self.started.elapsed();
        elapsed > self.stall && u128::from(self.read) * 1000 < u128::from(self.min_rate) * elapsed.as_millis()
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBody").field("read", &self.read).field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Read for HttpBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        // One byte more than is left, so that a body of exactly the limit is told from a larger one.
        let want = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..want) else { return Ok(0) };
        let read = self.reader.read(part).map_err(plain)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(LimitExceeded { what: "download", limit: self.limit, flag: "--max-download-bytes" }.into_io());
        };
        self.left = left;
        self.read = self.read.saturating_add(read as u64);
        if read > 0 && self.is_too_slow() {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the body comes too slowly"));
        }
        Ok(read)
    }
}

/// The library's errors as plain I/O errors of the right kind.
fn plain(error: io::Error) -> io::Error {
    match ureq::Error::from(error) {
        ureq::Error::Io(error) => error,
        ureq::Error::Timeout(which) => io::Error::new(io::ErrorKind::TimedOut, format!("the body stalled ({which})")),
        other => io::Error::other(other.to_string()),
    }
}
