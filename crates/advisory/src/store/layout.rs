//! The outside of the file: header and section table (docs/reference/database-format.md).

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::bytes::{record_at, u32_at, u64_at};

/// First eight bytes of every database.
pub(crate) const MAGIC: [u8; 8] = *b"SEAWALLD";
/// Version of the format that this program writes, and the only one that it reads. Rises with every change that a
/// reader of the version before would take for damage.
pub(crate) const VERSION: u32 = 2;
/// Size of the header.
pub(crate) const HEADER: usize = 64;
/// Size of one entry of the section table.
pub(crate) const ENTRY: usize = 64;
/// Sections start at multiples of this.
pub(crate) const ALIGN: usize = 8;
/// A table that claims more sections than this is not read.
const MAX_SECTIONS: u32 = 64;

/// What a section holds. The number is its id in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Section {
    Info = 1,
    StringStarts = 2,
    StringBytes = 3,
    Streams = 4,
    Packages = 5,
    RowLists = 6,
    Payloads = 7,
    VersionLists = 8,
    Advisories = 9,
    BlockIndex = 10,
    Blocks = 11,
    CveIds = 12,
    OtherIds = 13,
    Mentions = 14,
    Epss = 15,
    KnownExploited = 16,
    EndOfLife = 17,
}

impl Section {
    /// Every section, in the order of the file.
    pub(crate) const ALL: [Self; 17] = [
        Self::Info,
        Self::StringStarts,
        Self::StringBytes,
        Self::Streams,
        Self::Packages,
        Self::RowLists,
        Self::Payloads,
        Self::VersionLists,
        Self::Advisories,
        Self::BlockIndex,
        Self::Blocks,
        Self::CveIds,
        Self::OtherIds,
        Self::Mentions,
        Self::Epss,
        Self::KnownExploited,
        Self::EndOfLife,
    ];

    /// The name, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::StringStarts => "string-starts",
            Self::StringBytes => "string-bytes",
            Self::Streams => "streams",
            Self::Packages => "packages",
            Self::RowLists => "row-lists",
            Self::Payloads => "payloads",
            Self::VersionLists => "version-lists",
            Self::Advisories => "advisories",
            Self::BlockIndex => "block-index",
            Self::Blocks => "blocks",
            Self::CveIds => "cve-ids",
            Self::OtherIds => "other-ids",
            Self::Mentions => "mentions",
            Self::Epss => "epss",
            Self::KnownExploited => "known-exploited",
            Self::EndOfLife => "end-of-life",
        }
    }
}

/// Where a section lies, and its checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) range: Range<usize>,
    pub(crate) sha256: [u8; 32],
}

/// One more than the highest number of a section.
const SECTIONS: usize = Section::ALL.len() + 1;

/// The header and the section table, checked.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// By the number of the section.
    entries: [Option<Entry>; SECTIONS],
    /// Checksum of header and section table; since the table carries every section's checksum, it names the content.
    pub(crate) digest: [u8; 32],
}

/// Why a header is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotADatabase,
    Version(u32),
    Corrupt(&'static str),
}

impl Layout {
    /// Reads and checks header and table; looks at no section.
    pub(crate) fn parse(file: &[u8]) -> Result<Self, Refusal> {
        if file.get(..8) != Some(&MAGIC[..]) {
            return Err(Refusal::NotADatabase);
        }
        let short = Refusal::Corrupt("the header is cut short");
        let version = u32_at(file, 8).ok_or(short)?;
        if version != VERSION {
            return Err(Refusal::Version(version));
        }
        let count = u32_at(file, 12).ok_or(short)?;
        if count > MAX_SECTIONS {
            return Err(Refusal::Corrupt("the section table is too long"));
        }
        if u64_at(file, 16).ok_or(short)? != file.len() as u64 {
            return Err(Refusal::Corrupt("the file is not as long as its header says"));
        }
        let count = count as usize;
        let table = file.get(HEADER..HEADER.saturating_add(count.saturating_mul(ENTRY))).ok_or(short)?;
        let stated = file.get(32..HEADER).ok_or(short)?;
        let digest = header_digest(file.get(..32).ok_or(short)?, table);
        if stated != digest {
            return Err(Refusal::Corrupt("the header checksum does not match"));
        }
        let mut entries = [const { None }; SECTIONS];
        for index in 0..count {
            let entry = record_at(table, index, ENTRY).ok_or(short)?;
            let outside = Refusal::Corrupt("a section lies outside the file");
            let (number, entry) = parse_entry(entry, file.len()).ok_or(outside)?;
            // Of two sections of one number the first counts; numbers of later versions of the format are passed over.
            let slot = usize::try_from(number).ok().and_then(|number| entries.get_mut(number));
            if let Some(slot) = slot.filter(|slot| slot.is_none()) {
                *slot = Some(entry);
            }
        }
        Ok(Self { entries, digest })
    }

    /// The section, if the file has it.
    pub(crate) fn entry(&self, section: Section) -> Option<&Entry> {
        self.entries.get(section as usize)?.as_ref()
    }
}

fn parse_entry(entry: &[u8], length: usize) -> Option<(u32, Entry)> {
    let start = usize::try_from(u64_at(entry, 8)?).ok()?;
    let end = start.checked_add(usize::try_from(u64_at(entry, 16)?).ok()?)?;
    if end > length {
        return None;
    }
    let sha256 = entry.get(32..64)?.try_into().ok()?;
    Some((u32_at(entry, 0)?, Entry { range: start..end, sha256 }))
}

/// The bytes of header and section table for sections that will be written one after the other.
pub(crate) fn header(sections: &[(Section, u64, [u8; 32])]) -> Vec<u8> {
    let mut offset = (HEADER + sections.len() * ENTRY) as u64;
    let mut table = Vec::with_capacity(sections.len() * ENTRY);
    for (section, length, sha256) in sections {
        table.extend_from_slice(&(*section as u32).to_le_bytes());
        table.extend_from_slice(&0u32.to_le_bytes());
        table.extend_from_slice(&offset.to_le_bytes());
        table.extend_from_slice(&length.to_le_bytes());
        table.extend_from_slice(&0u64.to_le_bytes());
        table.extend_from_slice(sha256);
        offset += length.next_multiple_of(ALIGN as u64);
    }
    let mut out = Vec::with_capacity(HEADER + table.len());
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&u32::try_from(sections.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&offset.to_le_bytes());
    out.extend_from_slice(&0u64.to_le_bytes());
    let digest = header_digest(&out, &table);
    out.extend_from_slice(&digest);
    out.extend_from_slice(&table);
    out
}

fn header_digest(start: &[u8], table: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(start).chain_update(table).finalize().into()
}
