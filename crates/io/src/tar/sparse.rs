//! Where the stored bytes of a sparse file belong.

use super::header::{BLOCK, Header, number};
use super::pax::{MAX_MAP, decimal};
use super::reader::TarError;

/// What comes next in a sparse file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Hole(u64),
    Data(u64),
}

/// The runs of a sparse file, from (offset, length) pairs that must rise and fit.
pub(super) fn runs(map: &[u64], stored: u64, size: u64, offset: u64) -> Result<Vec<Run>, TarError> {
    let bad = TarError::Sparse { offset };
    let mut runs = Vec::new();
    let (mut position, mut data) = (0u64, 0u64);
    for pair in map.chunks(2) {
        let [start, length] = pair else { return Err(bad) };
        let hole = start.checked_sub(position).ok_or(TarError::Sparse { offset })?;
        if hole > 0 {
            runs.push(Run::Hole(hole));
        }
        if *length > 0 {
            runs.push(Run::Data(*length));
        }
        position = start.checked_add(*length).ok_or(TarError::Sparse { offset })?;
        data = data.checked_add(*length).ok_or(TarError::Sparse { offset })?;
    }
    if position > size || data > stored {
        return Err(bad);
    }
    if size > position {
        runs.push(Run::Hole(size - position));
    }
    Ok(runs)
}

/// The pairs in an old GNU header (four) or in one of its extension blocks (21), and whether another block follows.
pub(super) fn old_pairs(block: &[u8; BLOCK], extension: bool, into: &mut Vec<u64>) -> Option<bool> {
    let header = Header::new(block);
    let (from, count, more) = if extension { (0, 21, 504) } else { (386, 4, 482) };
    for i in 0..count {
        let start = header.field(from + i * 24, 12);
        let length = header.field(from + i * 24 + 12, 12);
        if start.first().is_none_or(|b| *b == 0) {
            break;
        }
        if into.len() >= MAX_MAP {
            return None;
        }
        into.push(number(start)?);
        into.push(number(length)?);
    }
    Some(header.field(more, 1).first().is_some_and(|b| *b != 0))
}

/// The map that begins the content of a format 1.0 file: decimal lines, the first of which counts the pairs.
/// Returns `None` while lines are missing, else the numbers and how many bytes they took.
pub(super) fn leading_map(bytes: &[u8]) -> Option<Option<(Vec<u64>, usize)>> {
    let mut numbers = Vec::new();
    let mut used = 0;
    let mut want = 1;
    while numbers.len() < want {
        let rest = bytes.get(used..)?;
        let Some(end) = memchr::memchr(b'\n', rest) else { return Some(None) };
        let value = decimal(rest.get(..end)?)?;
        if numbers.is_empty() {
            let pairs = usize::try_from(value).ok().filter(|p| *p <= MAX_MAP / 2)?;
            want = pairs * 2 + 1;
        }
        numbers.push(value);
        used += end + 1;
    }
    numbers.remove(0);
    Some(Some((numbers, used.div_ceil(BLOCK) * BLOCK)))
}
