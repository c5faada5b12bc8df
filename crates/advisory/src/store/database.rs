use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use memmap2::Mmap;
use seawall_model::Digest;
use sha2::Digest as _;

use super::bytes::u32_at;
use super::layout::{HEADER, Layout, Refusal, Section, VERSION};
use super::texts::BlockCache;
use super::{DatabaseInfo, Info, StoreError};

/// An open advisory database.
///
/// Opening reads the header and the section table and nothing else; lookups touch only the pages that they need. May
/// be shared between threads.
pub struct Database {
    path: PathBuf,
    map: Mmap,
    layout: Layout,
    pub(super) cache: Mutex<BlockCache>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path).field("bytes", &self.map.len()).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a database file.
    ///
    /// # Errors
    /// When the file is missing, is something else, is of another format version, or its header is damaged. Damage
    /// further in is found by the lookup that meets it, or by [`Database::verify`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|error| StoreError::io(path, error))?;
        let length = file.metadata().map_err(|error| StoreError::io(path, error))?.len();
        if length < HEADER as u64 {
            return Err(StoreError::NotADatabase { path: path.to_path_buf() });
        }
        let map = map(&file).map_err(|error| StoreError::io(path, error))?;
        let layout = Layout::parse(&map).map_err(|refusal| {
            let path = path.to_path_buf();
            match refusal {
                Refusal::NotADatabase => StoreError::NotADatabase { path },
                Refusal::Version(found) => StoreError::Version { path, found, supported: VERSION },
                Refusal::Corrupt(what) => StoreError::Corrupt { path, what },
            }
        })?;
        Ok(Self { path: path.to_path_buf(), map, layout, cache: Mutex::default() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The checksum of header and section table, which names the whole content (see [`DatabaseInfo::digest`]).
    pub fn digest(&self) -> Digest {
        Digest::from_sha256(self.layout.digest)
    }

    /// What the database says of itself: digest, counts, freshness, feeds.
    ///
    /// # Errors
    /// When the info section is damaged.
    pub fn info(&self) -> Result<DatabaseInfo, StoreError> {
        let bytes = self.section(Section::Info);
        let info: Info = serde_json::from_slice(bytes).map_err(|_| self.corrupt(Section::Info))?;
        Ok(DatabaseInfo {
            format: VERSION,
            digest: self.digest(),
            bytes: self.map.len() as u64,
            newest: info.newest,
            counts: info.counts,
            feeds: info.feeds,
        })
    }

    /// Compares every section with its checksum. Reads the whole file.
    ///
    /// # Errors
    /// At the first section that does not match.
    pub fn verify(&self) -> Result<(), StoreError> {
        for section in Section::ALL {
            let Some(entry) = self.layout.entry(section) else { return Err(self.corrupt(section)) };
            let sum: [u8; 32] = sha2::Sha256::digest(self.section(section)).into();
            if sum != entry.sha256 {
                return Err(StoreError::Checksum { path: self.path.clone(), section: section.name() });
            }
        }
        // What lies between sections is nothing, and stays nothing: a byte there is a sign of damage as well.
        let mut ranges: Vec<_> =
            Section::ALL.into_iter().filter_map(|s| self.layout.entry(s)).map(|e| &e.range).collect();
        // An empty section shares its place with the one behind it.
        ranges.retain(|range| !range.is_empty());
        ranges.sort_by_key(|range| range.start);
        let ends = ranges.iter().map(|range| range.end);
        let starts = ranges.iter().skip(1).map(|range| range.start).chain([self.map.len()]);
        for (end, start) in ends.zip(starts) {
            if self.map.get(end..start).is_some_and(|gap| gap.iter().any(|byte| *byte != 0)) {
                return Err(StoreError::Corrupt { path: self.path.clone(), what: "bytes between its sections" });
            }
        }
        Ok(())
    }

    /// The bytes of a section; none where the file has no such section.
    pub(super) fn section(&self, section: Section) -> &[u8] {
        self.layout.entry(section).and_then(|entry| self.map.get(entry.range.clone())).unwrap_or_default()
    }

    /// The interned text of that number.
    pub(super) fn string(&self, id: u32) -> Option<&str> {
        let starts = self.section(Section::StringStarts);
        let at = usize::try_from(id).ok()?.checked_mul(4)?;
        let start = usize::try_from(u32_at(starts, at)?).ok()?;
        let end = usize::try_from(u32_at(starts, at.checked_add(4)?)?).ok()?;
        std::str::from_utf8(self.section(Section::StringBytes).get(start..end)?).ok()
    }

    /// The error for a section whose bytes make no sense.
    pub(super) fn corrupt(&self, section: Section) -> StoreError {
        StoreError::Corrupt { path: self.path.clone(), what: section.name() }
    }
}

#[allow(unsafe_code, reason = "mapping a file is the one thing that the store needs and safe Rust does not have")]
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the invariant is that nobody changes or shortens a database file in place while it is mapped. Every
    // writer of ours (build, update, import) writes another file and renames it over the old one, which leaves the
    // mapped bytes as they are. Should another program write into the file all the same, every read of the map is
    // bounds-checked against the length taken here and every number and text is validated at the read that uses it,
    // so changed bytes give a wrong answer or an error; a shortened file ends the process with SIGBUS.
    unsafe { Mmap::map(file) }
}
