use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::gzip::Members;
use crate::{LimitExceeded, Limits};

/// How a layer blob is stored. It is told from the first bytes, not from the media type: registries mix them up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), of one or many members; eStargz is of many.
    Gzip,
    /// Zstandard (RFC 8878), of one or many frames; zstd:chunked has skippable ones.
    Zstd,
}

impl Compression {
    /// What the first bytes say.
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

const COMPRESSED_BUFFER: usize = 128 << 10;

/// Decompresses with limits on size and ratio.
pub struct Decoder<R: Read> {
    inner: Inner<R>,
    compression: Compression,
    compressed: Arc<AtomicU64>,
    produced: u64,
    limits: Limits,
}

enum Inner<R: Read> {
    None(BufReader<Counter<R>>),
    Gzip(Box<Members<BufReader<Counter<R>>>>),
    Zstd(Box<Frames<BufReader<Counter<R>>>>),
}

impl<R: Read> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("compression", &self.compression).field("produced", &self.produced).finish()
    }
}

impl<R: Read> Decoder<R> {
    /// Looks at the first bytes and decompresses accordingly.
    ///
    /// # Errors
    /// The reader's.
    pub fn new(reader: R, limits: &Limits) -> io::Result<Self> {
        let compressed = Arc::new(AtomicU64::new(0));
        let counter = Counter { inner: reader, count: compressed.clone() };
        let mut buffered = BufReader::with_capacity(COMPRESSED_BUFFER, counter);
        let compression = Compression::of(fill(&mut buffered)?);
        let inner = match compression {
            Compression::None => Inner::None(buffered),
            Compression::Gzip => Inner::Gzip(Box::new(Members::new(buffered))),
            Compression::Zstd => Inner::Zstd(Box::new(Frames::new(buffered, limits.window_bytes))),
        };
        Ok(Self { inner, compression, compressed, produced: 0, limits: limits.clone() })
    }

    /// What the first bytes said.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Reads what is left of the stored bytes (padding after the last member), so that a digest over them is whole.
    ///
    /// # Errors
    /// The reader's.
    pub fn drain(self) -> io::Result<R> {
        let mut rest = match self.inner {
            Inner::None(r) => r,
            Inner::Gzip(r) => r.into_inner(),
            Inner::Zstd(r) => r.source,
        };
        loop {
            let length = match rest.fill_buf() {
                Ok([]) => break,
                Ok(buffer) => buffer.len(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            rest.consume(length);
        }
        Ok(rest.into_inner().inner)
    }

    fn check(&self) -> io::Result<()> {
        if self.produced > self.limits.layer_bytes {
            let (limit, what) = (self.limits.layer_bytes, "uncompressed size");
            return Err(LimitExceeded { what, limit, flag: "--max-layer-bytes" }.into_io());
        }
        let compressed = self.compressed.load(Ordering::Relaxed).max(1);
        if self.compression != Compression::None
            && self.produced > self.limits.ratio_floor
            && self.produced / compressed > self.limits.ratio
        {
            let (limit, what) = (self.limits.ratio, "compression ratio");
            return Err(LimitExceeded { what, limit, flag: "--max-ratio" }.into_io());
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.inner {
            Inner::None(r) => r.read(buffer),
            Inner::Gzip(r) => r.read(buffer),
            Inner::Zstd(r) => r.read(buffer),
        }?;
        self.produced = self.produced.saturating_add(read as u64);
        self.check()?;
        Ok(read)
    }
}

fn fill<R: Read>(reader: &mut BufReader<R>) -> io::Result<&[u8]> {
    // One read may give fewer bytes than a magic number has; the files and sockets here give more, or are that short.
    loop {
        match reader.fill_buf() {
            Ok(_) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(reader.buffer())
}

struct Counter<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Zstandard frames one after the other; skippable frames are passed over.
struct Frames<R: BufRead> {
    decoder: FrameDecoder,
    source: R,
    in_frame: bool,
    window: u64,
}

impl<R: BufRead> Frames<R> {
    fn new(source: R, window: u64) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(window);
        Self { decoder, source, in_frame: false, window }
    }

    /// Opens the next frame; false at the end.
    fn advance(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            let mut magic = [0; 4];
            self.source.read_exact(&mut magic)?;
            if matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18]) {
                let mut length = [0; 4];
                self.source.read_exact(&mut length)?;
                let length = u64::from(u32::from_le_bytes(length));
                if io::copy(&mut self.source.by_ref().take(length), &mut io::sink())? != length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            let frame = io::Cursor::new(magic).chain(&mut self.source);
            let limit = self.window;
            self.decoder.reset(frame).map_err(|error| match error {
                FrameDecoderError::WindowSizeTooBig { .. } => {
                    LimitExceeded { what: "window of a Zstandard frame", limit, flag: "--max-memory" }.into_io()
                }
                other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
            })?;
            self.in_frame = true;
            return Ok(true);
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame && !self.advance()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()))?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.in_frame = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).expect("in memory");
        encoder.finish().expect("in memory")
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    fn decode(bytes: &[u8], limits: &Limits) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Decoder::new(bytes, limits)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn reads_every_form_also_of_many_members() {
        let limits = Limits::default();
        let text = b"seawall ".repeat(10_000);
        assert_eq!(decode(&text, &limits).expect("plain"), text);
        assert_eq!(decode(b"", &limits).expect("empty"), b"");
        let two = [gzip(&text), gzip(b"end")].concat();
        assert_eq!(decode(&two, &limits).expect("gzip").len(), text.len() + 3);
        let skippable = [&[0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(&text), &zstd(b"end")].concat();
        assert_eq!(decode(&skippable, &limits).expect("zstd").len(), text.len() + 3);
        assert_eq!(Decoder::new(&two[..], &limits).expect("opens").compression(), Compression::Gzip);
    }

    #[test]
    fn a_bomb_and_a_cut_stream_are_errors() {
        let bomb = gzip(&vec![0; 4 << 20]);
        let limits = Limits { ratio: 100, ratio_floor: 1 << 20, ..Limits::default() };
        let error = decode(&bomb, &limits).expect_err("a bomb");
        assert_eq!(LimitExceeded::of(&error).expect("a limit").what, "compression ratio");
        let limits = Limits { layer_bytes: 1 << 20, ..Limits::default() };
        assert!(decode(&bomb, &limits).is_err());
        for whole in [gzip(&b"seawall".repeat(999)), zstd(&b"seawall".repeat(999))] {
            for cut in 5..whole.len() {
                assert!(decode(&whole[..cut], &Limits::default()).is_err(), "cut at {cut}");
            }
        }
    }
}
