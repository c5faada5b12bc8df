//! The text of an advisory, and the way from an id to the advisories that carry it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use seawall_model::Advisory;

use super::bytes::{Cursor, partition, record_at, u32_at, u64_at};
use super::ids::{cve_key, other_key};
use super::layout::Section;
use super::payload::{kind_of, severity_of};
use super::{AdvisoryIndex, Database, Relation, StoreError, record};

/// Size of a record of the block index: first advisory, offset in the blocks, size once decompressed.
pub(crate) const BLOCK: usize = 12;
/// Texts are gathered into blocks until they reach this size, or half of it where the texts about one vulnerability end:
/// a finding reads all of these, and inflating them is most of its cost.
pub(crate) const BLOCK_TARGET: usize = 6 * 1024;
/// No text, and so no block beyond its target, is larger.
pub(crate) const MAX_RECORD: usize = 1024 * 1024;
/// Deflate level: beyond it the blocks hardly get smaller.
const LEVEL: u32 = 7;
/// Most that the length before a text takes.
const LENGTH: usize = 5;
/// Blocks kept decompressed, about 2 MB: a package is matched against all its advisories before its findings are made.
const CACHED_BLOCKS: usize = 512;

/// The blocks that were read last.
#[derive(Debug, Default)]
pub(super) struct BlockCache {
    blocks: HashMap<usize, Arc<[u8]>>,
    /// Their numbers, oldest first.
    order: VecDeque<usize>,
    /// Inflaters that nobody uses now, one for each thread at most: a block is far smaller than what one allocates.
    inflaters: Vec<Decompress>,
}

impl Database {
    /// The advisory without what it affects (`affected` is empty; see [`Database::advisory_affected`]).
    ///
    /// # Errors
    /// When there is no such advisory or its bytes are damaged.
    pub fn advisory(&self, advisory: AdvisoryIndex) -> Result<Advisory, StoreError> {
        self.read_advisory(advisory.0).ok_or_else(|| self.corrupt(Section::Blocks))
    }

    /// The number of advisories; their indexes are `0..count`.
    pub fn advisory_count(&self) -> usize {
        self.section(Section::Advisories).len() / super::affected::ADVISORY
    }

    /// Every advisory, in order.
    pub fn advisories(&self) -> impl Iterator<Item = AdvisoryIndex> + use<> {
        (0..u32::try_from(self.advisory_count()).unwrap_or(u32::MAX)).map(AdvisoryIndex)
    }

    /// The advisories that carry an id as their own, as an alias or as related, in this order for each advisory, sorted
    /// by advisory. CVE ids are found exactly; other ids through 64 bits of their SHA-256.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn mentions(&self, id: &str) -> Result<Vec<(AdvisoryIndex, Relation)>, StoreError> {
        self.find_mentions(id).ok_or_else(|| self.corrupt(Section::Mentions))
    }

    /// The advisories of [`Database::mentions`], each once.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn by_id(&self, id: &str) -> Result<impl Iterator<Item = AdvisoryIndex> + use<>, StoreError> {
        let mut found: Vec<AdvisoryIndex> = self.mentions(id)?.into_iter().map(|(advisory, _)| advisory).collect();
        found.dedup();
        Ok(found.into_iter())
    }

    fn find_mentions(&self, id: &str) -> Option<Vec<(AdvisoryIndex, Relation)>> {
        let offset = match cve_key(id) {
            Some(key) => {
                let section = self.section(Section::CveIds);
                find(section, 8, |record| Some(u32_at(record, 0)?.cmp(&key)), |record| u32_at(record, 4))?
            }
            None => {
                let key = other_key(id);
                let section = self.section(Section::OtherIds);
                find(section, 12, |record| Some(u64_at(record, 0)?.cmp(&key)), |record| u32_at(record, 8))?
            }
        };
        let Some(offset) = offset else { return Some(Vec::new()) };
        let mut cursor = Cursor::at(self.section(Section::Mentions), offset)?;
        let mut advisory = 0u32;
        let mut out = Vec::new();
        for _ in 0..cursor.count()? {
            let step = cursor.varint()?;
            advisory = advisory.checked_add(u32::try_from(step >> 2).ok()?)?;
            let relation = match step & 3 {
                0 => Relation::Id,
                1 => Relation::Alias,
                2 => Relation::Related,
                _ => return None,
            };
            out.push((AdvisoryIndex(advisory), relation));
        }
        Some(out)
    }

    fn read_advisory(&self, advisory: u32) -> Option<Advisory> {
        let (_, facts) = self.advisory_facts(advisory)?;
        let index = self.section(Section::BlockIndex);
        let blocks = index.len() / BLOCK;
        let first_of = |block: usize| u32_at(record_at(index, block, BLOCK)?, 0);
        let block = partition(blocks, |block| Some(first_of(block)? <= advisory))?.checked_sub(1)?;
        let raw = self.block(block)?;
        let mut cursor = Cursor::new(&raw);
        for _ in first_of(block)?..advisory {
            let length = usize::try_from(cursor.varint()?).ok()?;
            cursor.bytes(length)?;
        }
        let length = usize::try_from(cursor.varint()?).ok()?;
        let source = self.string(facts.source())?;
        record::decode(cursor.bytes(length)?, source, kind_of(facts.kind())?, severity_of(facts.severity())?)
    }

    fn block(&self, block: usize) -> Option<Arc<[u8]>> {
        let lock = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cache = lock();
        if let Some(raw) = cache.blocks.get(&block) {
            return Some(Arc::clone(raw));
        }
        let mut inflater = cache.inflaters.pop().unwrap_or_else(|| Decompress::new(false));
        drop(cache);
        // Outside the lock, so that threads inflate side by side; two that want the same block both do, which is rare.
        let raw: Arc<[u8]> = self.decompress(block, &mut inflater)?.into();
        let mut cache = lock();
        cache.inflaters.push(inflater);
        if cache.order.len() >= CACHED_BLOCKS
            && let Some(oldest) = cache.order.pop_front()
        {
            cache.blocks.remove(&oldest);
        }
        if cache.blocks.insert(block, Arc::clone(&raw)).is_none() {
            cache.order.push_back(block);
        }
        Some(raw)
    }

    fn decompress(&self, block: usize, inflater: &mut Decompress) -> Option<Vec<u8>> {
        let index = self.section(Section::BlockIndex);
        let blocks = self.section(Section::Blocks);
        let record = record_at(index, block, BLOCK)?;
        let start = usize::try_from(u32_at(record, 4)?).ok()?;
        let size = usize::try_from(u32_at(record, 8)?).ok()?;
        let end = match record_at(index, block.checked_add(1)?, BLOCK) {
            Some(next) => usize::try_from(u32_at(next, 4)?).ok()?,
            None => blocks.len(),
        };
        if size > BLOCK_TARGET + MAX_RECORD + LENGTH {
            return None;
        }
        decompress(inflater, blocks.get(start..end)?, size)
    }
}

/// Raw deflate ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)): a third smaller than LZ4 on these texts, and no slower
/// to read in blocks that share their neighbours' package.
pub(crate) fn compress(raw: &[u8]) -> Option<Vec<u8>> {
    // Deflate stores what it cannot make smaller with a few bytes for every 16 KiB.
    let mut out = Vec::with_capacity(raw.len().saturating_add(raw.len() / 512).saturating_add(64));
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    let status = deflate.compress_vec(raw, &mut out, FlushCompress::Finish).ok()?;
    (status == Status::StreamEnd).then_some(out)
}

/// The inverse of [`compress`]: exactly `size` bytes, or nothing.
fn decompress(inflater: &mut Decompress, compressed: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(size);
    inflater.reset(false);
    let status = inflater.decompress_vec(compressed, &mut out, FlushDecompress::Finish).ok()?;
    (status == Status::StreamEnd && out.len() == size).then_some(out)
}

/// Binary search in a section of sorted records: `Some(None)` where there is none, `None` where a record is damaged.
pub(super) fn find<'db, T>(
    section: &'db [u8],
    size: usize,
    compare: impl Fn(&'db [u8]) -> Option<std::cmp::Ordering>,
    read: impl Fn(&'db [u8]) -> Option<T>,
) -> Option<Option<T>> {
    let count = section.len() / size;
    let at = partition(count, |index| Some(compare(record_at(section, index, size)?)?.is_lt()))?;
    let Some(record) = record_at(section, at, size) else { return Some(None) };
    if compare(record)?.is_eq() { read(record).map(Some) } else { Some(None) }
}
