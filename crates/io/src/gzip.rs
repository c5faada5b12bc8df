//! gzip ([RFC 1952](https://www.rfc-editor.org/rfc/rfc1952)) around the inflater, so that its CRC-32 runs at the speed of
//! carry-less multiplication: the inflater's own takes a tenth of a scan.

use std::io::{self, BufRead, Read};

use crc32fast::Hasher;
use flate2::{Decompress, FlushDecompress, Status};

/// Longest file name, comment or extra field of a header.
const MAX_FIELD: u64 = 64 << 10;

/// Members one after the other, each with its checksum and length verified. What follows the last member and is not
/// another one is an error.
pub(crate) struct Members<R: BufRead> {
    source: R,
    inflate: Decompress,
    crc: Hasher,
    in_member: bool,
    /// No member was read yet: an empty stream is cut, not at its end.
    first: bool,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, inflate: Decompress::new(false), crc: Hasher::new(), in_member: false, first: true }
    }

    pub(crate) fn into_inner(self) -> R {
        self.source
    }

    /// Reads the next member's header; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        if !self.first && self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        self.first = false;
        let mut fixed = [0; 10];
        self.source.read_exact(&mut fixed)?;
        let [0x1f, 0x8b, 8, flags, ..] = fixed else { return Err(invalid("not a gzip header")) };
        if flags & 0xe0 != 0 {
            return Err(invalid("gzip header with reserved flags"));
        }
        let mut checksum = Hasher::new();
        checksum.update(&fixed);
        if flags & 0x04 != 0 {
            let mut length = [0; 2];
            self.source.read_exact(&mut length)?;
            checksum.update(&length);
            let mut extra = vec![0; usize::from(u16::from_le_bytes(length))];
            self.source.read_exact(&mut extra)?;
            checksum.update(&extra);
        }
        for flag in [0x08, 0x10] {
            if flags & flag != 0 {
                let mut text = Vec::new();
                self.source.by_ref().take(MAX_FIELD).read_until(0, &mut text)?;
                if text.last() != Some(&0) {
                    return Err(invalid("gzip header with a text that does not end"));
                }
                checksum.update(&text);
            }
        }
        if flags & 0x02 != 0 {
            let mut stated = [0; 2];
            self.source.read_exact(&mut stated)?;
            if checksum.finalize().to_le_bytes().get(..2) != Some(&stated[..]) {
                return Err(invalid("gzip header with a wrong checksum"));
            }
        }
        self.inflate.reset(false);
        self.crc.reset();
        self.in_member = true;
        Ok(true)
    }

    fn finish(&mut self) -> io::Result<()> {
        let (mut crc, mut length) = ([0; 4], [0; 4]);
        self.source.read_exact(&mut crc)?;
        self.source.read_exact(&mut length)?;
        // The stated length is that of the content modulo 2^32.
        let whole = self.inflate.total_out() & u64::from(u32::MAX);
        if u32::from_le_bytes(crc) != self.crc.clone().finalize() || u64::from(u32::from_le_bytes(length)) != whole {
            return Err(invalid("gzip content with a wrong checksum"));
        }
        self.in_member = false;
        Ok(())
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if buffer.is_empty() || (!self.in_member && !self.advance()?) {
                return Ok(0);
            }
            let input = self.source.fill_buf()?;
            let ended = input.is_empty();
            let (taken, made) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, buffer, FlushDecompress::None).map_err(io::Error::from)?;
            let taken = usize::try_from(self.inflate.total_in().saturating_sub(taken)).unwrap_or(usize::MAX);
            let made = usize::try_from(self.inflate.total_out().saturating_sub(made)).unwrap_or(usize::MAX);
            self.source.consume(taken);
            self.crc.update(buffer.get(..made).unwrap_or_default());
            match status {
                Status::StreamEnd => self.finish()?,
                // Nothing more comes in and nothing more comes out: the stream is cut.
                _ if made == 0 && ended => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ if made == 0 && taken == 0 => return Err(invalid("gzip content that does not inflate")),
                _ => {}
            }
            if made > 0 {
                return Ok(made);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Members::new(io::BufReader::with_capacity(7, bytes)).read_to_end(&mut out)?;
        Ok(out)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::GzBuilder::new()
            .filename("name")
            .comment("comment")
            .extra(vec![1, 2, 3])
            .write(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("in memory");
        encoder.finish().expect("in memory")
    }

    #[test]
    fn every_field_of_a_header_is_passed_over() {
        let text = b"seawall".repeat(20_000);
        assert_eq!(read(&[gzip(&text), gzip(b""), gzip(b"end")].concat()).expect("gzip").len(), text.len() + 3);
    }

    #[test]
    fn header_checksum() {
        let mut bytes = vec![0x1f, 0x8b, 8, 2, 0, 0, 0, 0, 0, 3];
        let mut crc = Hasher::new();
        crc.update(&bytes);
        bytes.extend_from_slice(&crc.finalize().to_le_bytes()[..2]);
        bytes.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(read(&bytes).expect("empty"), b"");
        bytes[10] ^= 1;
        assert!(read(&bytes).is_err());
    }

    #[test]
    fn whatever_is_cut_flipped_or_added_is_an_error() {
        let whole = gzip(b"seawall");
        for cut in 0..whole.len() {
            assert!(read(&whole[..cut]).is_err(), "cut at {cut}");
        }
        for at in whole.len() - 8..whole.len() {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            assert!(read(&flipped).is_err(), "flipped at {at}");
        }
        assert!(read(&[&whole[..], b"more"].concat()).is_err());
        let mut endless = vec![0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3];
        endless.resize(200_000, b'a');
        assert!(read(&endless).is_err());
    }
}
