//! A reader of SQLite tables: the pages of a table's tree in order, each row's record put together from its overflow
//! pages. Section numbers are those of <https://www.sqlite.org/fileformat2.html>.

use std::borrow::Cow;

use crate::catalogers::rpm::Fault;
use crate::catalogers::rpm::bytes::{Order, Pages};

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes of the file's header, which precedes the first page's own.
const FILE_HEADER: usize = 100;
/// Page types (1.6).
const INTERIOR_TABLE: u8 = 5;
const LEAF_TABLE: u8 = 13;

/// What a row's record is given to. An error ends the walk.
pub(super) type Visit<'v> = dyn FnMut(Result<Cow<'_, [u8]>, Fault>) -> Result<(), Fault> + 'v;

/// A database file.
pub(super) struct Database<'a> {
    pages: Pages<'a>,
    /// Bytes of a page without those that are reserved at its end.
    usable: usize,
    /// Pages that the file's header says there are.
    stated: usize,
}

impl<'a> Database<'a> {
    /// Reads the file's header (1.3).
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Fault> {
        if !bytes.starts_with(MAGIC) {
            return Err(Fault::malformed("not an SQLite database"));
        }
        let size = match Order::Big.u16(bytes, 16) {
            Some(1) => 65536,
            size => usize::from(size.unwrap_or_default()),
        };
        let reserved = usize::from(bytes.get(20).copied().unwrap_or_default());
        let usable = size.saturating_sub(reserved);
        if !size.is_power_of_two() || size < 512 || usable < 480 {
            return Err(Fault::malformed(format_args!("pages of {size} bytes, {reserved} of them reserved")));
        }
        // The number of pages is only right where its writer also kept the change counter beside it.
        let number = |at| Order::Big.u32(bytes, at);
        let stated = if number(24) == number(92) { number(28).unwrap_or_default() } else { 0 };
        Ok(Self { pages: Pages::new(bytes, size), usable, stated: usize::try_from(stated).unwrap_or(usize::MAX) })
    }

    /// Whether the file has all of its pages.
    pub(super) fn is_whole(&self) -> Result<(), Fault> {
        let count = self.pages.count();
        if self.stated > count {
            return Err(Fault::malformed(format_args!("cut off: {count} pages of {}", self.stated)));
        }
        Ok(())
    }

    /// Gives every row's record of the table with this root, in the order of the table.
    pub(super) fn rows(&mut self, root: usize, visit: &mut Visit<'_>) -> Result<(), Fault> {
        let mut open = Vec::new();
        self.push(root, &mut open, visit)?;
        while let Some(number) = open.pop() {
            let Some(page) = self.page(number) else { continue };
            let start = if number == 1 { FILE_HEADER } else { 0 };
            let at = |offset: usize| start.saturating_add(offset);
            let cells = usize::from(Order::Big.u16(page, at(3)).unwrap_or_default());
            let (is_leaf, table) = match page.get(at(0)) {
                Some(&LEAF_TABLE) => (true, at(8)),
                Some(&INTERIOR_TABLE) => (false, at(12)),
                _ => {
                    visit(Err(Fault::malformed(format_args!("page {number} is not part of a table"))))?;
                    continue;
                }
            };
            let Some(table) = table.checked_add(cells.saturating_mul(2)).and_then(|end| page.get(table..end)) else {
                visit(Err(Fault::malformed(format_args!("page {number} has more cells than it can hold"))))?;
                continue;
            };
            let offsets = table.chunks_exact(2).filter_map(|raw| Order::Big.u16(raw, 0)).map(usize::from);
            if is_leaf {
                for offset in offsets {
                    let record = self.record(page, offset);
                    visit(record.ok_or_else(|| Fault::malformed(format_args!("a row of page {number} is broken"))))?;
                }
            } else {
                // The last child first, so that the first is on top.
                let last = Order::Big.u32(page, at(8));
                let children = offsets.rev().map(|offset| Order::Big.u32(page, offset));
                for child in std::iter::once(last).chain(children) {
                    let child = child.and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
                    self.push(child, &mut open, visit)?;
                }
            }
        }
        Ok(())
    }

    /// Puts a page on the list of those still to be read; what was on it before is a loop.
    fn push(&mut self, number: usize, open: &mut Vec<usize>, visit: &mut Visit<'_>) -> Result<(), Fault> {
        if number.checked_sub(1).is_some_and(|index| self.pages.claim(index)) {
            open.push(number);
            return Ok(());
        }
        visit(Err(Fault::malformed(format_args!("page {number} is missing or used twice"))))
    }

    /// The page with this number, counted from 1, without the bytes reserved at its end.
    fn page(&self, number: usize) -> Option<&'a [u8]> {
        self.pages.get(number.checked_sub(1)?)?.get(..self.usable)
    }

    /// The record of a leaf's cell (1.6): its length, the row's number, the part that is on the page, and the number of
    /// the first overflow page if that is not all.
    fn record(&mut self, page: &'a [u8], offset: usize) -> Option<Cow<'a, [u8]>> {
        let (length, rest) = varint(page.get(offset..)?)?;
        let (_, rest) = varint(rest)?;
        let length = usize::try_from(length).ok()?;
        let most = self.usable.checked_sub(35)?;
        if length <= most {
            return rest.get(..length).map(Cow::Borrowed);
        }
        // 1.5: no less than `least` stays on the page, and overflow pages are filled.
        let least = self.usable.checked_sub(12)?.checked_mul(32)?.checked_div(255)?.checked_sub(23)?;
        let body = self.usable.checked_sub(4)?;
        let filled = least.checked_add(length.checked_sub(least)?.checked_rem(body)?)?;
        let local = if filled <= most { filled } else { least };
        let mut record = rest.get(..local)?.to_vec();
        let mut next = usize::try_from(Order::Big.u32(rest, local)?).ok()?;
        while record.len() < length {
            if !self.pages.claim(next.checked_sub(1)?) {
                return None;
            }
            let overflow = self.page(next)?;
            let data = overflow.get(4..)?;
            let wanted = length.checked_sub(record.len())?;
            record.extend_from_slice(data.get(..wanted).unwrap_or(data));
            next = usize::try_from(Order::Big.u32(overflow, 0)?).ok()?;
        }
        Some(Cow::Owned(record))
    }
}

/// A number of one to nine bytes, seven bits each, the ninth whole.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for at in 0..9 {
        let byte = *bytes.get(at)?;
        if at == 8 {
            value = (value << 8) | u64::from(byte);
            return Some((value, bytes.get(9..)?));
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at.checked_add(1)?..)?));
        }
    }
    None
}

/// A column of a record (2.1): its serial type and its bytes.
pub(super) fn column(record: &[u8], wanted: usize) -> Option<(u64, &[u8])> {
    let (header, _) = varint(record)?;
    let header = usize::try_from(header).ok()?;
    let mut types = varint(record.get(..header)?)?.1;
    let mut start = header;
    for at in 0..=wanted {
        let (kind, rest) = varint(types)?;
        types = rest;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            n => usize::try_from(n.checked_sub(12)? / 2).ok()?,
        };
        let end = start.checked_add(length)?;
        if at == wanted {
            return Some((kind, record.get(start..end)?));
        }
        start = end;
    }
    None
}

/// Whether a serial type is that of bytes.
pub(super) fn is_blob(kind: u64) -> bool {
    kind >= 12 && kind.is_multiple_of(2)
}

/// A column as a number that is not negative.
pub(super) fn integer((kind, bytes): (u64, &[u8])) -> Option<u64> {
    match kind {
        8 => Some(0),
        9 => Some(1),
        1..=6 if bytes.first().is_some_and(|first| first & 0x80 == 0) => {
            Some(bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        assert_eq!(varint(&[0x7f, 1]), Some((127, &[1][..])));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, &[][..])));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, &[][..])));
        assert_eq!(varint(&[0xff; 8]), None);
        assert_eq!(varint(&[]), None);
    }

    #[test]
    fn columns_are_found_by_their_types() {
        // Header of four bytes: null, a byte, text of two bytes, then the values.
        let record = [4, 0, 1, 17, 42, b'a', b'b'];
        assert_eq!(column(&record, 0), Some((0, &[][..])));
        assert_eq!(column(&record, 1).and_then(integer), Some(42));
        assert_eq!(column(&record, 2), Some((17, &b"ab"[..])));
        assert_eq!(column(&record, 3), None);
        assert_eq!(column(&[200, 0], 0), None);
    }
}
