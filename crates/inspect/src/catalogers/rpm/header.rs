//! A package header as a database stores it: an index of tags, then their data.
//!
//! Specification: <https://rpm-software-management.github.io/rpm/manual/format_header.html>. All numbers are
//! big-endian, whatever the machine.

use std::borrow::Cow;

use super::Fault;
use super::bytes::Order;
use crate::catalogers::os_bounds::text;

/// Tags that are read
/// ([list](https://rpm-software-management.github.io/rpm/manual/tags.html)).
pub(super) mod tag {
    pub(in super::super) const SIGMD5: u32 = 261;
    pub(in super::super) const NAME: u32 = 1000;
    pub(in super::super) const VERSION: u32 = 1001;
    pub(in super::super) const RELEASE: u32 = 1002;
    pub(in super::super) const EPOCH: u32 = 1003;
    pub(in super::super) const VENDOR: u32 = 1011;
    pub(in super::super) const LICENSE: u32 = 1014;
    pub(in super::super) const ARCH: u32 = 1022;
    pub(in super::super) const OLDFILENAMES: u32 = 1027;
    pub(in super::super) const FILEMODES: u32 = 1030;
    pub(in super::super) const SOURCERPM: u32 = 1044;
    pub(in super::super) const PROVIDENAME: u32 = 1047;
    pub(in super::super) const REQUIRENAME: u32 = 1049;
    pub(in super::super) const DIRINDEXES: u32 = 1116;
    pub(in super::super) const BASENAMES: u32 = 1117;
    pub(in super::super) const DIRNAMES: u32 = 1118;
    pub(in super::super) const MODULARITYLABEL: u32 = 5096;

    /// All of them.
    pub(super) const ALL: [u32; 17] = [
        SIGMD5,
        NAME,
        VERSION,
        RELEASE,
        EPOCH,
        VENDOR,
        LICENSE,
        ARCH,
        OLDFILENAMES,
        FILEMODES,
        SOURCERPM,
        PROVIDENAME,
        REQUIRENAME,
        DIRINDEXES,
        BASENAMES,
        DIRNAMES,
        MODULARITYLABEL,
    ];
}

/// Types of data.
const INT16: u32 = 3;
const INT32: u32 = 4;
const STRING: u32 = 6;
const BIN: u32 = 7;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// Bytes of the two counts at the start, and of one index entry.
const START: usize = 8;
const ENTRY: usize = 16;

/// Strings of one array: ten times the files of the largest packages. They take 24 bytes each, however short they are.
const MAX_STRINGS: usize = 1 << 20;

#[derive(Clone, Copy)]
struct Entry {
    tag: u32,
    kind: u32,
    offset: usize,
    count: usize,
}

/// A header, of which the entries are found but not yet read.
pub(super) struct Header<'a> {
    entries: Vec<Entry>,
    store: &'a [u8],
}

impl<'a> Header<'a> {
    /// Finds the entries of a header.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let number = |at: usize| Order::Big.u32(bytes, at).and_then(|n| usize::try_from(n).ok());
        let sizes = || {
            let index = number(0)?.checked_mul(ENTRY)?;
            let store = START.checked_add(index)?;
            let end = store.checked_add(number(4)?)?;
            Some((bytes.get(START..store)?, bytes.get(store..end)?))
        };
        let (index, store) = sizes().ok_or_else(|| Fault::malformed("a package header is longer than its record"))?;
        let mut entries: Vec<Entry> = Vec::with_capacity(tag::ALL.len());
        for raw in index.chunks_exact(ENTRY) {
            let field = |at: usize| Order::Big.u32(raw, at).unwrap_or_default();
            let tag = field(0);
            // The first entry of a tag counts: what an installation added comes after what the package brought.
            if tag::ALL.contains(&tag) && entries.iter().all(|e| e.tag != tag) {
                let size = |at| usize::try_from(field(at)).unwrap_or(usize::MAX);
                entries.push(Entry { tag, kind: field(4), offset: size(8), count: size(12) });
            }
        }
        Ok(Self { entries, store })
    }

    fn entry(&self, tag: u32, kinds: &[u32]) -> Option<(Entry, &'a [u8])> {
        let entry = self.entries.iter().find(|e| e.tag == tag && kinds.contains(&e.kind))?;
        Some((*entry, self.store.get(entry.offset..)?))
    }

    /// A string; the first, where there is one in each language.
    pub(super) fn string(&self, tag: u32) -> Option<Cow<'a, str>> {
        let (_, data) = self.entry(tag, &[STRING, STRING_ARRAY, I18N_STRING])?;
        let end = memchr::memchr(0, data)?;
        let text = text(data.get(..end)?);
        (!text.is_empty() && text != "(none)").then_some(text)
    }

    /// All strings of an array; none where there is no such tag.
    pub(super) fn strings(&self, tag: u32) -> Result<Vec<Cow<'a, str>>, Fault> {
        let Some((entry, mut data)) = self.entry(tag, &[STRING, STRING_ARRAY]) else {
            return Ok(Vec::new());
        };
        if entry.count > MAX_STRINGS {
            return Err(Fault::limit("a package has more than a million files or names"));
        }
        let mut strings = Vec::with_capacity(entry.count.min(data.len()));
        for _ in 0..entry.count {
            let end = memchr::memchr(0, data);
            let Some((string, rest)) = end.and_then(|end| Some((data.get(..end)?, data.get(end.checked_add(1)?..)?)))
            else {
                return Err(Fault::malformed(format_args!("the strings of tag {tag} leave the header")));
            };
            strings.push(text(string));
            data = rest;
        }
        Ok(strings)
    }

    /// All 32-bit numbers of an array.
    pub(super) fn numbers(&self, tag: u32) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let (entry, data) = self.entry(tag, &[INT32])?;
        let data = data.get(..entry.count.checked_mul(4)?)?;
        Some(data.chunks_exact(4).filter_map(|raw| Order::Big.u32(raw, 0)))
    }

    /// All 16-bit numbers of an array.
    pub(super) fn short_numbers(&self, tag: u32) -> Option<impl Iterator<Item = u16> + use<'a>> {
        let (entry, data) = self.entry(tag, &[INT16])?;
        let data = data.get(..entry.count.checked_mul(2)?)?;
        Some(data.chunks_exact(2).filter_map(|raw| Order::Big.u16(raw, 0)))
    }

    /// Bytes.
    pub(super) fn binary(&self, tag: u32) -> Option<&'a [u8]> {
        let (entry, data) = self.entry(tag, &[BIN])?;
        data.get(..entry.count)
    }
}
