//! Reads a database of bbolt while its owner writes to it
//! ([layout](https://github.com/etcd-io/bbolt/blob/main/internal/common/page.go)).
//!
//! A commit writes only pages that the state before it does not use, and the head last. So whoever reads without the
//! owner's lock has seen one state where the head is the same afterwards; else it reads again.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

const MAGIC: u32 = 0xED0C_DAED;
const HEADER: usize = 16;
/// Elements of branches and of leaves are as long.
const ELEMENT: usize = 16;
const LEAF: u16 = 0x02;
const BRANCH: u16 = 0x01;
/// Largest page with what overflows from it, bytes.
const MAX_PAGE: u64 = 16 << 20;
/// Deepest tree.
const MAX_DEPTH: usize = 32;
/// Most pages and pairs of one bucket that are taken, and their bytes: pages that lead to each other would never end.
const MAX_PAIRS: usize = 10_000;
const MAX_BYTES: usize = 16 << 20;
/// How often a reader tries to see one state.
const TRIES: usize = 50;

/// One state of a database.
pub(super) struct Bolt {
    file: File,
    page_size: u64,
    root: u64,
    transaction: u64,
}

/// A bucket: a page of its own, or the page that its value holds.
#[derive(Debug, Clone)]
pub(super) enum Bucket {
    Root(u64),
    Inline(Vec<u8>),
}

/// A value, or a bucket in a bucket.
enum Item {
    Value(Vec<u8>),
    Bucket(Bucket),
}

/// Reads something from one state of a database; tries again where the owner wrote in the meantime.
pub(super) fn read<T>(path: &Path, work: impl Fn(&Bolt) -> io::Result<T>) -> io::Result<T> {
    for _ in 0..TRIES {
        let before = Bolt::open(path)?;
        let found = work(&before);
        if Bolt::open(path)?.transaction == before.transaction {
            return found;
        }
    }
    Err(io::Error::new(ErrorKind::WouldBlock, format!("{}: its owner writes to it all the time", path.display())))
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("damaged database: {what}"))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

/// FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Bolt {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // The second head is one page further, whose size only a head tells.
        let heads = [0].into_iter().chain((9..=16).map(|power| 1u64 << power)).filter_map(|at| Self::head(&file, at));
        let (transaction, page_size, root) = heads.max().ok_or_else(|| damaged("no head is whole"))?;
        Ok(Self { file, page_size, root, transaction })
    }

    /// Transaction, page size and root of the head at this place.
    fn head(file: &File, at: u64) -> Option<(u64, u64, u64)> {
        let mut bytes = [0; HEADER + 64];
        file.read_exact_at(&mut bytes, at).ok()?;
        let meta = bytes.get(HEADER..)?;
        let page_size = u64::from(u32_at(meta, 8)?);
        let whole = u32_at(meta, 0)? == MAGIC
            && u32_at(meta, 4)? == 2
            && (512..=1 << 16).contains(&page_size)
            && (at == 0 || at == page_size)
            && checksum(meta.get(..56)?) == u64_at(meta, 56)?;
        whole.then_some((u64_at(meta, 48)?, page_size, u64_at(meta, 16)?))
    }

    /// The bucket at a path of names; none where there is none.
    pub(super) fn bucket(&self, path: &[&str]) -> io::Result<Option<Bucket>> {
        let mut bucket = Bucket::Root(self.root);
        for name in path {
            match self.item(&bucket, name.as_bytes())? {
                Some(Item::Bucket(inner)) => bucket = inner,
                Some(Item::Value(_)) | None => return Ok(None),
            }
        }
        Ok(Some(bucket))
    }

    /// A value in a bucket.
    pub(super) fn value(&self, bucket: &Bucket, key: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(match self.item(bucket, key.as_bytes())? {
            Some(Item::Value(value)) => Some(value),
            Some(Item::Bucket(_)) | None => None,
        })
    }

    /// All values in a bucket.
    pub(super) fn values(&self, bucket: &Bucket) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let (mut found, mut bytes, mut pages) = (Vec::new(), 0usize, 0usize);
        let mut pending = vec![(self.start(bucket)?, 0)];
        while let Some((page, depth)) = pending.pop() {
            for index in 0..usize::from(count(&page)?) {
                if is_branch(&page)? {
                    pages += 1;
                    if depth >= MAX_DEPTH || pages >= MAX_PAIRS {
                        return Err(damaged("a tree is too large"));
                    }
                    pending.push((self.page(branch(&page, index)?.1)?, depth + 1));
                } else if let (key, Item::Value(value)) = leaf(&page, index)? {
                    bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
                    if found.len() >= MAX_PAIRS || bytes > MAX_BYTES {
                        return Err(damaged("a bucket is too large"));
                    }
                    found.push((key.to_vec(), value));
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn item(&self, bucket: &Bucket, key: &[u8]) -> io::Result<Option<Item>> {
        let mut page = self.start(bucket)?;
        for _ in 0..MAX_DEPTH {
            let count = usize::from(count(&page)?);
            if !is_branch(&page)? {
                for index in 0..count {
                    let (found, item) = leaf(&page, index)?;
                    if found == key {
                        return Ok(Some(item));
                    }
                }
                return Ok(None);
            }
            // The last child whose first key is not after what is looked for.
            let mut child = branch(&page, 0)?.1;
            for index in 1..count {
                let (first, at) = branch(&page, index)?;
                if first > key {
                    break;
                }
                child = at;
            }
            page = self.page(child)?;
        }
        Err(damaged("a tree is too deep"))
    }

    fn start(&self, bucket: &Bucket) -> io::Result<Vec<u8>> {
        match bucket {
            Bucket::Root(page) => self.page(*page),
            Bucket::Inline(page) => Ok(page.clone()),
        }
    }

    fn page(&self, number: u64) -> io::Result<Vec<u8>> {
        let at = number.checked_mul(self.page_size).ok_or_else(|| damaged("a page number is too large"))?;
        let mut header = [0; HEADER];
        self.file.read_exact_at(&mut header, at)?;
        let overflow = u64::from(u32_at(&header, 12).unwrap_or_default());
        let size = (overflow + 1).saturating_mul(self.page_size);
        if u64_at(&header, 0) != Some(number) || size > MAX_PAGE {
            return Err(damaged("a page is another's"));
        }
        let mut page = vec![0; usize::try_from(size).unwrap_or(0)];
        self.file.read_exact_at(&mut page, at)?;
        Ok(page)
    }
}

fn count(page: &[u8]) -> io::Result<u16> {
    u16_at(page, 10).ok_or_else(|| damaged("a page is too short"))
}

fn is_branch(page: &[u8]) -> io::Result<bool> {
    match u16_at(page, 8) {
        Some(BRANCH) => Ok(true),
        Some(LEAF) => Ok(false),
        _ => Err(damaged("a page of a tree is of another kind")),
    }
}

/// The first key and the page of a branch's element.
fn branch(page: &[u8], index: usize) -> io::Result<(&[u8], u64)> {
    let at = HEADER + index * ELEMENT;
    let read = || {
        let (start, length) = (u32_at(page, at)? as usize, u32_at(page, at + 4)? as usize);
        let key = page.get(at.checked_add(start)?..)?.get(..length)?;
        Some((key, u64_at(page, at + 8)?))
    };
    read().ok_or_else(|| damaged("a branch leads out of its page"))
}

/// The key and the content of a leaf's element.
fn leaf(page: &[u8], index: usize) -> io::Result<(&[u8], Item)> {
    let at = HEADER + index * ELEMENT;
    let read = || {
        let (flags, start) = (u32_at(page, at)?, u32_at(page, at + 4)? as usize);
        let (key, value) = (u32_at(page, at + 8)? as usize, u32_at(page, at + 12)? as usize);
        let (key, rest) = page.get(at.checked_add(start)?..)?.split_at_checked(key)?;
        let value = rest.get(..value)?;
        if flags & 1 == 0 {
            return Some((key, Item::Value(value.to_vec())));
        }
        let bucket = match u64_at(value, 0)? {
            0 => Bucket::Inline(value.get(16..)?.to_vec()),
            root => Bucket::Root(root),
        };
        Some((key, Item::Bucket(bucket)))
    };
    read().ok_or_else(|| damaged("a leaf leads out of its page"))
}
