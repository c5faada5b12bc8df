//! Files that were hashed and digests that a policy names, as the programs read them (ebpf/include/listed.h).

use std::collections::BTreeSet;
use std::path::Path;

use aya::maps::{HashMap, Map, MapData};
use seawall_decide::RuntimePolicy;
use seawall_model::Digest;

use super::group_lists::{GroupLists, failed};
use crate::SensorError;
use crate::kernel::error_chain;
use crate::record::Cursor;

/// The sizes of struct file_key, hashed and digest_key.
const KEY: usize = 16;
const VALUE: usize = 56;
const DIGEST_KEY: usize = 36;

/// Which file: as the kernel numbers devices and inodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileKey {
    pub(crate) inode: u64,
    pub(crate) device: u32,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashedFile {
    /// When it was changed last, nanoseconds since 1970.
    pub(crate) changed: u64,
    pub(crate) size: u64,
    pub(crate) digest: Digest,
    /// The image's list has it.
    pub(crate) listed: bool,
}

/// The pinned map of files that were hashed.
pub(crate) struct HashedFiles(HashMap<MapData, [u8; KEY], [u8; VALUE]>);

/// The pinned maps of digests that a policy names.
pub(super) struct Digests {
    digests: HashMap<MapData, [u8; DIGEST_KEY], u32>,
    lists: GroupLists,
}

impl HashedFiles {
    pub(crate) fn open(folder: &Path) -> Result<Self, SensorError> {
        let map = MapData::from_pin(folder.join("HASHED")).map_err(failed)?;
        Ok(Self(HashMap::try_from(Map::HashMap(map)).map_err(failed)?))
    }

    pub(crate) fn get(&self, key: FileKey) -> Option<HashedFile> {
        self.0.get(&key.bytes(), 0).ok().map(|value| HashedFile::parse(&value))
    }

    /// Puts a file in; an error where there is no room left.
    pub(crate) fn put(&mut self, key: FileKey, file: HashedFile) -> Result<(), String> {
        self.0.insert(key.bytes(), file.bytes(), 0).map_err(|error| error_chain(&error))
    }

    pub(crate) fn remove(&mut self, key: FileKey) {
        // One that is not there is gone already.
        let _ = self.0.remove(&key.bytes());
    }

    pub(crate) fn keys(&self) -> Vec<FileKey> {
        self.0.keys().filter_map(Result::ok).map(|key| FileKey::parse(&key)).collect()
    }
}

impl FileKey {
    fn bytes(self) -> [u8; KEY] {
        let mut bytes = [0; KEY];
        bytes[..8].copy_from_slice(&self.inode.to_ne_bytes());
        bytes[8..12].copy_from_slice(&self.device.to_ne_bytes());
        bytes
    }

    fn parse(bytes: &[u8; KEY]) -> Self {
        let mut c = Cursor(bytes);
        Self { inode: c.u64(), device: c.u32() }
    }
}

impl HashedFile {
    fn bytes(&self) -> [u8; VALUE] {
        let mut bytes = [0; VALUE];
        bytes[..8].copy_from_slice(&self.changed.to_ne_bytes());
        bytes[8..16].copy_from_slice(&self.size.to_ne_bytes());
        bytes[16..48].copy_from_slice(self.digest.as_bytes());
        bytes[48..52].copy_from_slice(&u32::from(self.listed).to_ne_bytes());
        bytes
    }

    fn parse(bytes: &[u8; VALUE]) -> Self {
        let mut c = Cursor(bytes);
        let (changed, size, digest) = (c.u64(), c.u64(), Digest::from_sha256(c.array()));
        Self { changed, size, digest, listed: c.u32() != 0 }
    }
}

impl Digests {
    /// None where no program that judges by digest was taken.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, SensorError> {
        if !folder.join("DIGESTS").exists() {
            return Ok(None);
        }
        let map = MapData::from_pin(folder.join("DIGESTS")).map_err(failed)?;
        Ok(Some(Self {
            digests: HashMap::try_from(Map::HashMap(map)).map_err(failed)?,
            lists: GroupLists::open(&folder.join("DIGEST_LISTS"))?,
        }))
    }

    /// What holds for a group from now on. Its digests must be there already.
    pub(super) fn set(&mut self, group: Option<u64>, policy: Option<&RuntimePolicy>) -> Result<(), SensorError> {
        self.lists.set(group, policy.filter(|policy| !policy.digests.is_empty()).map(number))
    }

    pub(super) fn forget(&mut self, group: u64) {
        self.lists.forget(group);
    }

    /// The groups that have a list.
    pub(super) fn groups(&self) -> impl Iterator<Item = u64> {
        self.lists.groups()
    }

    /// Makes the digests those that the policies name: new ones are there before old ones are taken away.
    pub(super) fn fill<'p>(&mut self, policies: impl Iterator<Item = &'p RuntimePolicy>) -> Result<(), SensorError> {
        let wanted: BTreeSet<_> = policies
            .flat_map(|policy| policy.digests.iter().map(|digest| key(number(policy), *digest)).collect::<Vec<_>>())
            .collect();
        let there: BTreeSet<_> = self.digests.keys().filter_map(Result::ok).collect();
        for new in wanted.difference(&there) {
            self.digests.insert(new, 1, 0).map_err(failed)?;
        }
        for old in there.difference(&wanted) {
            self.digests.remove(old).map_err(failed)?;
        }
        Ok(())
    }
}

/// The number of an entry's list, from what it says: an agent that starts again finds its lists in use.
fn number(policy: &RuntimePolicy) -> u32 {
    let digests = policy.digests.iter().flat_map(|digest| *digest.as_bytes()).collect::<Vec<_>>();
    crc32fast::hash(&[policy.id.as_bytes(), &digests].concat())
}

fn key(list: u32, digest: Digest) -> [u8; DIGEST_KEY] {
    let mut bytes = [0; DIGEST_KEY];
    bytes[..4].copy_from_slice(&list.to_ne_bytes());
    bytes[4..].copy_from_slice(digest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let key = FileKey { inode: 0x1122_3344_5566_7788, device: 0x80_0001 };
        assert_eq!(FileKey::parse(&key.bytes()), key);
        let digest = seawall_io::sha256(b"x");
        let file = HashedFile { changed: 7, size: 1 << 40, digest, listed: true };
        assert_eq!(HashedFile::parse(&file.bytes()), file);
    }
}
