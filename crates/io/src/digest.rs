use std::io::{self, BufRead, Read};

use seawall_model::Digest;
use sha2::{Digest as _, Sha256};

/// The SHA-256 digest of some bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_sha256(Sha256::digest(bytes).into())
}

/// The CRC-32 of some bytes: it tells damage, nothing more.
pub fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Hashes bytes that come piece by piece.
#[derive(Debug, Default)]
pub struct DigestPieces(Sha256);

impl DigestPieces {
    /// The next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Digest {
        Digest::from_sha256(self.0.finalize().into())
    }
}

/// Hashes all that is read through it.
#[derive(Debug)]
pub struct DigestReader<R> {
    inner: R,
    hasher: Sha256,
    bytes: u64,
    /// Bytes at the beginning of the inner reader's buffer that are hashed already.
    ahead: usize,
}

impl<R> DigestReader<R> {
    /// A reader that hashes what `inner` gives.
    pub fn new(inner: R) -> Self {
        Self { inner, hasher: Sha256::new(), bytes: 0, ahead: 0 }
    }

    /// How many bytes came through.
    pub fn count(&self) -> u64 {
        self.bytes
    }

    /// The digest of the bytes that came through.
    pub fn finish(self) -> Digest {
        Digest::from_sha256(self.hasher.finalize().into())
    }
}

impl<R: Read> Read for DigestReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let known = self.ahead.min(read);
        self.ahead = self.ahead.saturating_sub(known);
        let fresh = buffer.get(known..read).unwrap_or_default();
        self.hasher.update(fresh);
        self.bytes = self.bytes.saturating_add(fresh.len() as u64);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for DigestReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.inner.fill_buf()?;
        let fresh = buffer.get(self.ahead..).unwrap_or_default();
        self.hasher.update(fresh);
        self.bytes = self.bytes.saturating_add(fresh.len() as u64);
        self.ahead = self.ahead.max(buffer.len());
        Ok(buffer)
    }

    fn consume(&mut self, length: usize) {
        self.ahead = self.ahead.saturating_sub(length);
        self.inner.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_hashed_once_however_it_is_read() {
        let bytes: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
        let mut reader = DigestReader::new(io::BufReader::with_capacity(1_000, &bytes[..]));
        let mut small = [0; 300];
        for step in 0.. {
            if step % 2 == 0 {
                let length = reader.fill_buf().expect("memory").len();
                reader.consume(length.min(700));
            } else if reader.read(&mut small).expect("memory") == 0 {
                break;
            }
        }
        assert_eq!(reader.count(), 10_000);
        assert_eq!(reader.finish(), sha256(&bytes));
    }
}
