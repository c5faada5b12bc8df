//! Programs as a stream: what of them can hold constants, in overlapping windows, without their section table.
//!
//! An ELF file tells at its very beginning which of its segments are machine code
//! ([ELF gABI, program header](https://refspecs.linuxfoundation.org/elf/gabi4+/ch5.pheader.html)). Version strings and build
//! information are constants, so the code, which is most of a program, is not searched where the linker kept the two apart.
//! Everything else (PE, Mach-O, an ELF whose only segment mixes both) is searched whole.

/// The first bytes that are kept until the program headers can be read.
const HEAD: usize = 4096;
/// Small pieces are gathered until there are this many bytes, then searched at once.
const GATHER: usize = 128 * 1024;

/// What a search is given: a piece of the file in which a match may begin before `starts`.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    /// Offset of the first byte in the file.
    pub(crate) offset: u64,
    /// The bytes; those from `starts` on are shown again in the next window.
    pub(crate) bytes: &'a [u8],
    /// A match that begins here or later will be seen whole in the next window.
    pub(crate) starts: usize,
}

impl Window<'_> {
    /// Offset of a position within the window.
    pub(crate) fn at(&self, position: usize) -> u64 {
        self.offset.saturating_add(position as u64)
    }

    /// The bytes from this offset of the file on, as far as this window holds them.
    pub(crate) fn from(&self, offset: u64) -> &[u8] {
        let position = offset.saturating_sub(self.offset);
        usize::try_from(position).ok().and_then(|p| self.bytes.get(p..)).unwrap_or_default()
    }
}

/// Cuts a program that flows past into windows that overlap by `overlap` bytes, leaving its code out.
#[derive(Debug)]
pub(crate) struct Windows {
    overlap: usize,
    head: Option<Vec<u8>>,
    code: Vec<(u64, u64)>,
    fed: u64,
    /// Where the bytes that are kept stand in the file.
    start: u64,
    /// What has not been searched yet: the end of the last piece, or small pieces.
    kept: Vec<u8>,
}

impl Windows {
    /// Each sequence of up to `overlap` bytes is seen whole in some window.
    pub(crate) fn new(overlap: usize) -> Self {
        Self { overlap, head: Some(Vec::new()), code: Vec::new(), fed: 0, start: 0, kept: Vec::new() }
    }

    /// The next bytes of the file.
    pub(crate) fn feed(&mut self, chunk: &[u8], each: &mut dyn FnMut(&Window<'_>)) {
        let Some(mut head) = self.head.take() else { return self.pass(chunk, each) };
        if head.is_empty() && chunk.len() >= HEAD {
            self.code = code_of(chunk);
            return self.pass(chunk, each);
        }
        head.extend_from_slice(chunk);
        if head.len() < HEAD {
            self.head = Some(head);
            return;
        }
        self.code = code_of(&head);
        self.pass(&head, each);
    }

    /// After the last byte.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&Window<'_>)) {
        if let Some(head) = self.head.take() {
            self.code = code_of(&head);
            self.pass(&head, each);
        }
        self.flush(each);
    }

    fn pass(&mut self, chunk: &[u8], each: &mut dyn FnMut(&Window<'_>)) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let inside = self.code.iter().find(|(from, to)| (*from..*to).contains(&self.fed)).map(|(_, to)| *to);
            let next = match inside {
                Some(end) => end,
                None => self.code.iter().map(|(from, _)| *from).filter(|f| *f > self.fed).min().unwrap_or(u64::MAX),
            };
            let length = usize::try_from(next.saturating_sub(self.fed)).unwrap_or(usize::MAX).min(rest.len());
            let (piece, after) = rest.split_at(length);
            if inside.is_some() {
                self.flush(each);
            } else {
                self.gather(piece, each);
            }
            self.fed = self.fed.saturating_add(piece.len() as u64);
            rest = after;
        }
    }

    /// A long piece is searched where it lies; only its seam with what came before is copied.
    fn gather(&mut self, piece: &[u8], each: &mut dyn FnMut(&Window<'_>)) {
        if self.kept.is_empty() {
            self.start = self.fed;
        }
        if let Some((seam, _)) = piece.split_at_checked(self.overlap).filter(|(seam, rest)| rest.len() > seam.len()) {
            if !self.kept.is_empty() {
                let starts = self.kept.len();
                self.kept.extend_from_slice(seam);
                each(&Window { offset: self.start, bytes: &self.kept, starts });
                self.kept.clear();
            }
            let starts = piece.len().saturating_sub(self.overlap);
            each(&Window { offset: self.fed, bytes: piece, starts });
            self.start = self.fed.saturating_add(starts as u64);
            self.kept.extend_from_slice(piece.get(starts..).unwrap_or_default());
            return;
        }
        self.kept.extend_from_slice(piece);
        if self.kept.len() >= GATHER {
            let starts = self.kept.len().saturating_sub(self.overlap);
            each(&Window { offset: self.start, bytes: &self.kept, starts });
            self.kept.drain(..starts);
            self.start = self.start.saturating_add(starts as u64);
        }
    }

    fn flush(&mut self, each: &mut dyn FnMut(&Window<'_>)) {
        if !self.kept.is_empty() {
            each(&Window { offset: self.start, bytes: &self.kept, starts: self.kept.len() });
            self.kept.clear();
        }
    }
}

/// One loadable segment of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Offset in the file.
    pub(crate) offset: u64,
    /// Bytes in the file.
    pub(crate) size: u64,
    /// Address in memory.
    pub(crate) address: u64,
    /// `PF_X` 1, `PF_W` 2, `PF_R` 4.
    pub(crate) flags: u32,
}

/// The loadable segments, as far as they stand in these first bytes; empty where it is no ELF file.
pub(crate) fn segments(head: &[u8]) -> Vec<Segment> {
    read_segments(head).unwrap_or_default()
}

fn read_segments(head: &[u8]) -> Option<Vec<Segment>> {
    if !head.starts_with(b"\x7fELF") {
        return None;
    }
    let wide = *head.get(4)? == 2;
    let big = *head.get(5)? == 2;
    let number = |at: usize, size: usize| -> Option<u64> {
        let bytes = head.get(at..at.checked_add(size)?)?;
        let join = |all: u64, byte: &u8| (all << 8) | u64::from(*byte);
        Some(if big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
    };
    // Word size, then where e_phoff, e_phentsize and p_flags, p_offset, p_vaddr, p_filesz stand in the two classes.
    let (word, table, entry, flags, offset, address, size) =
        if wide { (8, 32, 54, 4, 8, 16, 32) } else { (4, 28, 42, 24, 4, 8, 16) };
    let table = usize::try_from(number(table, word)?).ok()?;
    let (length, count) = (usize::try_from(number(entry, 2)?).ok()?, number(entry + 2, 2)?);
    let mut found = Vec::new();
    for index in 0..usize::try_from(count).ok()? {
        let at = table.checked_add(index.checked_mul(length)?)?;
        const PT_LOAD: u64 = 1;
        if number(at, 4)? == PT_LOAD {
            found.push(Segment {
                offset: number(at.checked_add(offset)?, word)?,
                size: number(at.checked_add(size)?, word)?,
                address: number(at.checked_add(address)?, word)?,
                flags: u32::try_from(number(at.checked_add(flags)?, 4)?).ok()?,
            });
        }
    }
    Some(found)
}

/// Ranges of pure code: executable segments, if there is a segment of read-only constants beside them.
fn code_of(head: &[u8]) -> Vec<(u64, u64)> {
    let segments = segments(head);
    if !segments.iter().any(|s| s.flags & 3 == 0) {
        return Vec::new();
    }
    segments.iter().filter(|s| s.flags & 3 == 1).map(|s| (s.offset, s.offset.saturating_add(s.size))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(bytes: &[u8], chunk: usize) -> Vec<u8> {
        let (mut windows, mut out) = (Windows::new(16), Vec::new());
        let mut each = |w: &Window<'_>| out.extend_from_slice(&w.bytes[..w.starts]);
        bytes.chunks(chunk).for_each(|c| windows.feed(c, &mut each));
        windows.finish(&mut each);
        out
    }

    #[test]
    fn what_lies_across_pieces_is_seen_whole() {
        let bytes: Vec<u8> = (0..60_000u32).flat_map(u32::to_be_bytes).collect();
        for chunk in [7, 40, 4096, 100_000] {
            let (mut windows, mut met) = (Windows::new(16), 0);
            let mut each = |w: &Window<'_>| {
                assert_eq!(w.bytes, &bytes[w.offset as usize..][..w.bytes.len()]);
                let whole = |at: &usize| w.bytes.len() - at >= 16 || w.offset as usize + w.bytes.len() == bytes.len();
                assert!((0..w.starts).all(|at| whole(&at)), "{chunk}");
                met += w.starts;
            };
            bytes.chunks(chunk).for_each(|c| windows.feed(c, &mut each));
            windows.finish(&mut each);
            assert_eq!(met, bytes.len());
        }
    }

    #[test]
    fn each_byte_of_what_is_no_code_is_shown_once() {
        let mut bytes: Vec<u8> = (0..400_000u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(windows(&bytes, 4093), bytes);
        // An ELF file with constants at 0..0x2000, code at 0x2000..0x40000, constants after.
        bytes[..64].copy_from_slice(&{
            let mut h = [0; 64];
            h[..6].copy_from_slice(b"\x7fELF\x02\x01");
            h[32] = 64;
            h[54] = 56;
            h[56] = 2;
            h
        });
        let mut header = |index: usize, flags: u8, offset: u64, size: u64| {
            let h = &mut bytes[64 + index * 56..64 + (index + 1) * 56];
            h.fill(0);
            (h[0], h[4]) = (1, flags);
            h[8..16].copy_from_slice(&offset.to_le_bytes());
            h[32..40].copy_from_slice(&size.to_le_bytes());
        };
        header(0, 4, 0, 0x2000);
        header(1, 5, 0x2000, 0x3e000);
        let kept = [&bytes[..0x2000], &bytes[0x40000..]].concat();
        for chunk in [1, 4093, 65536] {
            assert_eq!(windows(&bytes, chunk), kept);
        }
    }
}
