use std::io::{self, BufRead, BufReader, Read};

use super::header::{BLOCK, Entry, EntryKind, Flag, Header};
use super::pax::Pax;
use super::sparse::{self, Run};

/// Why an archive cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum TarError {
    /// The reader failed, or a limit of it was reached.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A header's checksum is wrong: the archive is damaged or not a tar.
    #[error("tar header at byte {offset} has a wrong checksum")]
    Checksum {
        /// Where the header begins, uncompressed.
        offset: u64,
    },
    /// A number field is not a number.
    #[error("tar header at byte {offset} has a malformed {field}")]
    Number {
        /// Where the header begins.
        offset: u64,
        /// Which field.
        field: &'static str,
    },
    /// An extended header is malformed or too large.
    #[error("extended tar header at byte {offset} is malformed or too large")]
    Extended {
        /// Where the header begins.
        offset: u64,
    },
    /// A sparse map is malformed.
    #[error("sparse map of the tar entry at byte {offset} is malformed")]
    Sparse {
        /// Where the header begins.
        offset: u64,
    },
    /// The archive ends within an entry.
    #[error("tar ends within an entry, at byte {offset}")]
    Truncated {
        /// Where it ends.
        offset: u64,
    },
}

/// Extended headers larger than this are refused.
const MAX_EXTENDED: u64 = 8 << 20;
/// Read ahead where content is sought over: a few headers.
const SEEKING_BUFFER: usize = 4 << 10;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// Reads an archive entry by entry. Content is lent from the source's own buffer, so that what nobody wants is not copied.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    /// Bytes of the source's buffer that were lent last.
    lent: usize,
    /// Bytes that were lent together although they lay across the end of the source's buffer.
    seam: Vec<u8>,
    consumed: u64,
    /// Stored bytes of the current entry that were not lent yet, and the padding after them.
    left: u64,
    padding: u64,
    /// Runs of the current sparse file, next one last.
    runs: Option<Vec<Run>>,
    global: Pax,
    ended: bool,
    seek: Option<fn(&mut R, u64) -> io::Result<()>>,
}

impl<R: Read + io::Seek> Reader<BufReader<R>> {
    /// A reader that seeks over content that nobody reads. An archive that is cut within such content is not noticed.
    pub fn seeking(source: R) -> Self {
        let mut reader = Self::new(BufReader::with_capacity(SEEKING_BUFFER, source));
        reader.seek = Some(|source, by| {
            let by = i64::try_from(by).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            source.seek_relative(by)
        });
        reader
    }
}

impl<R: BufRead> Reader<R> {
    /// A reader over an uncompressed archive.
    pub fn new(source: R) -> Self {
        Self {
            source,
            lent: 0,
            seam: Vec::new(),
            consumed: 0,
            left: 0,
            padding: 0,
            runs: None,
            global: Pax::default(),
            ended: false,
            seek: None,
        }
    }

    /// How many bytes of the archive lie before the next unread byte of the current entry's content.
    pub fn position(&self) -> u64 {
        self.consumed
    }

    /// The next entry; what was not read of the one before is passed over. `None` at the end.
    ///
    /// # Errors
    /// [`TarError`]; the archive cannot be read on after one.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, TarError> {
        if self.ended {
            return Ok(None);
        }
        self.skip(self.left.saturating_add(self.padding))?;
        (self.left, self.padding, self.runs) = (0, 0, None);
        let mut pax = self.global.clone();
        let (mut long_name, mut long_link) = (None, None);
        loop {
            let offset = self.consumed;
            let Some(block) = self.block()? else {
                // Many writers forget the two zero blocks at the end; a clean end at a boundary is one.
                self.ended = true;
                return Ok(None);
            };
            let header = Header::new(&block);
            if header.is_zero() {
                self.ended = true;
                return Ok(None);
            }
            header.verify(offset)?;
            let flag = header.flag();
            let size = header.size(offset)?;
            match flag {
                Flag::Pax => pax.read(&self.extended(size, offset)?).ok_or(TarError::Extended { offset })?,
                Flag::PaxGlobal => {
                    let bytes = self.extended(size, offset)?;
                    self.global.read(&bytes).ok_or(TarError::Extended { offset })?;
                    pax.read(&bytes).ok_or(TarError::Extended { offset })?;
                }
                Flag::LongName => long_name = Some(nul_ended(self.extended(size, offset)?)),
                Flag::LongLink => long_link = Some(nul_ended(self.extended(size, offset)?)),
                Flag::Entry(_) | Flag::GnuSparse => {
                    let size = pax.size.unwrap_or(size);
                    return self.entry(&block, flag, size, pax, (long_name, long_link), offset).map(Some);
                }
            }
        }
    }

    fn entry(
        &mut self,
        block: &[u8; BLOCK],
        flag: Flag,
        stored: u64,
        pax: Pax,
        (long_name, long_link): (Option<Vec<u8>>, Option<Vec<u8>>),
        offset: u64,
    ) -> Result<Entry, TarError> {
        let header = Header::new(block);
        let kind = match flag {
            Flag::Entry(kind) => kind,
            _ => EntryKind::File,
        };
        // Only files have content. A hard link may state a size; pax writers may even store the content, but what
        // Docker, containerd and GNU tar write stores none.
        let stored = if kind == EntryKind::File { stored } else { 0 };
        self.left = stored;
        self.padding = stored.next_multiple_of(BLOCK as u64) - stored;
        let mut entry = Entry {
            path: pax.real_path.or(pax.path).or(long_name).unwrap_or_else(|| header.path()),
            link: pax.link.or(long_link).unwrap_or_else(|| header.link()),
            kind,
            mode: header.mode(),
            size: stored,
        };
        let mut map = pax.map;
        if flag == Flag::GnuSparse {
            let real = super::header::number(header.field(483, 12)).ok_or(TarError::Sparse { offset })?;
            map.clear();
            let mut more = sparse::old_pairs(block, false, &mut map).ok_or(TarError::Sparse { offset })?;
            while more {
                let extension = self.block()?.ok_or(TarError::Truncated { offset: self.consumed })?;
                more = sparse::old_pairs(&extension, true, &mut map).ok_or(TarError::Sparse { offset })?;
            }
            entry.size = real;
        } else if pax.sparse_major == Some(1) {
            entry.size = pax.real_size.ok_or(TarError::Sparse { offset })?;
            map = self.leading_map(offset)?;
        } else if let Some(real) = pax.real_size.filter(|_| kind == EntryKind::File) {
            entry.size = real;
        } else {
            return Ok(entry);
        }
        let mut runs = sparse::runs(&map, self.left, entry.size, offset)?;
        runs.reverse();
        self.runs = Some(runs);
        Ok(entry)
    }

    fn leading_map(&mut self, offset: u64) -> Result<Vec<u64>, TarError> {
        let mut bytes = Vec::new();
        loop {
            match sparse::leading_map(&bytes).ok_or(TarError::Sparse { offset })? {
                Some((numbers, used)) if used <= bytes.len() => return Ok(numbers),
                _ => {
                    if self.left < BLOCK as u64 || bytes.len() as u64 > MAX_EXTENDED {
                        return Err(TarError::Sparse { offset });
                    }
                    let block = self.block()?.ok_or(TarError::Truncated { offset: self.consumed })?;
                    bytes.extend_from_slice(&block);
                    self.left -= BLOCK as u64;
                }
            }
        }
    }

    /// The next chunk of the current entry's content, lent from the buffer; `None` at its end. A chunk is at least 512
    /// bytes long, or all that is left (of a sparse file: of the run), so that the first one tells what a file is.
    ///
    /// # Errors
    /// As [`Reader::next_entry`].
    pub fn data(&mut self) -> Result<Option<&[u8]>, TarError> {
        let mut want = self.left;
        if let Some(runs) = &mut self.runs {
            match runs.pop() {
                None => return Ok(None),
                Some(Run::Hole(length)) => {
                    let part = length.min(ZEROS.len() as u64);
                    if length > part {
                        runs.push(Run::Hole(length - part));
                    }
                    return Ok(ZEROS.get(..part as usize));
                }
                Some(Run::Data(length)) => want = length,
            }
        }
        if want == 0 {
            return Ok(None);
        }
        let least = want.min(BLOCK as u64) as usize;
        let across = self.fill()?.len() < least;
        let length = if across { self.gather(least)? } else { want.min(self.fill()?.len() as u64) };
        if let Some(runs) = self.runs.as_mut().filter(|_| want > length) {
            runs.push(Run::Data(want - length));
        }
        self.left = self.left.saturating_sub(length);
        if across {
            return Ok(Some(&self.seam));
        }
        self.lent = length as usize;
        self.consumed = self.consumed.saturating_add(length);
        Ok(self.source.fill_buf()?.get(..self.lent))
    }

    /// The reader below, with what follows the archive still in it, so that a digest over the whole can be taken.
    ///
    /// # Errors
    /// The reader's.
    pub fn drain(mut self) -> io::Result<R> {
        loop {
            let length = self.fill()?.len();
            if length == 0 {
                return Ok(self.source);
            }
            self.source.consume(length);
        }
    }

    fn advance(&mut self, by: usize) {
        self.source.consume(by);
        self.consumed = self.consumed.saturating_add(by as u64);
    }

    /// What the source has in its buffer; nothing at its end.
    fn fill(&mut self) -> io::Result<&[u8]> {
        self.source.consume(std::mem::take(&mut self.lent));
        loop {
            match self.source.fill_buf() {
                Ok(_) => return self.source.fill_buf(),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Makes `least` bytes lie together in the seam; gives their number.
    fn gather(&mut self, least: usize) -> Result<u64, TarError> {
        let mut seam = std::mem::take(&mut self.seam);
        seam.clear();
        while seam.len() < least {
            let available = self.fill()?;
            if available.is_empty() {
                return Err(TarError::Truncated { offset: self.consumed });
            }
            let part = available.get(..least - seam.len()).unwrap_or(available);
            seam.extend_from_slice(part);
            let length = part.len();
            self.advance(length);
        }
        self.seam = seam;
        Ok(least as u64)
    }

    /// One block; `None` at a clean end.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, TarError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let available = self.fill()?;
            if available.is_empty() {
                return if filled == 0 { Ok(None) } else { Err(TarError::Truncated { offset: self.consumed }) };
            }
            let length = (BLOCK - filled).min(available.len());
            if let (Some(to), Some(from)) = (block.get_mut(filled..filled + length), available.get(..length)) {
                to.copy_from_slice(from);
            }
            filled += length;
            self.advance(length);
        }
        Ok(Some(block))
    }

    fn extended(&mut self, size: u64, offset: u64) -> Result<Vec<u8>, TarError> {
        if size > MAX_EXTENDED {
            return Err(TarError::Extended { offset });
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < size {
            let block = self.block()?.ok_or(TarError::Truncated { offset: self.consumed })?;
            bytes.extend_from_slice(&block);
        }
        bytes.truncate(size as usize);
        Ok(bytes)
    }

    fn skip(&mut self, mut length: u64) -> Result<(), TarError> {
        while length > 0 {
            let available = self.fill()?.len();
            if available == 0 {
                return Err(TarError::Truncated { offset: self.consumed });
            }
            let part = length.min(available as u64);
            self.advance(part as usize);
            length -= part;
            if let Some(seek) = self.seek.filter(|_| length > 0) {
                seek(&mut self.source, length)?;
                self.consumed = self.consumed.saturating_add(length);
                length = 0;
            }
        }
        Ok(())
    }
}

fn nul_ended(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = memchr::memchr(0, &bytes) {
        bytes.truncate(end);
    }
    bytes
}
