use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use seawall_inspect::LayerScan;
use seawall_io::{crc32, read_bounded, sha256};
use seawall_model::Digest;
use serde::{Deserialize, Serialize};

/// What is kept of a layer: what the pass saw, and how large the layer is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CachedLayer {
    pub(crate) scan: LayerScan,
    pub(crate) uncompressed_size: u64,
}

/// Results by layer digest and unit versions, one file each, so that a rebuilt top layer costs only itself.
///
/// The folder belongs to the user; a file in it that is damaged or of another version is as good as none.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    fingerprint: String,
}

const MAGIC: &[u8; 8] = b"swlayer2";
/// A cached layer larger than this is not read; a layer of a million files takes about a tenth of it.
const MAX_BYTES: u64 = 1 << 30;

impl Cache {
    /// A cache in `folder` for results of units with this fingerprint
    /// ([`Units::fingerprint`](seawall_inspect::Units::fingerprint)) under these limits.
    pub fn new(folder: &Path, fingerprint: &str) -> Self {
        let short = sha256(fingerprint.as_bytes()).short();
        Self { folder: folder.join("layers"), fingerprint: short }
    }

    fn path(&self, diff_id: Digest) -> PathBuf {
        self.folder.join(format!("{}-{}", diff_id.hex(), self.fingerprint))
    }

    /// What is kept of a layer, if it is whole and takes `most` bytes at most.
    pub(crate) fn get(&self, diff_id: Digest, most: u64) -> Option<CachedLayer> {
        let bytes = read_bounded(&self.path(diff_id), most.min(MAX_BYTES)).ok()?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (sum, payload) = rest.split_first_chunk()?;
        if u32::from_le_bytes(*sum) != crc32(payload) {
            return None;
        }
        postcard::from_bytes(payload).ok()
    }

    /// Keeps what a layer gave. A full disk or a read-only folder only costs the next scan its speed.
    pub(crate) fn put(&self, diff_id: Digest, layer: &CachedLayer) {
        let _ = self.try_put(diff_id, layer);
    }

    fn try_put(&self, diff_id: Digest, layer: &CachedLayer) -> io::Result<()> {
        let payload = postcard::to_stdvec(layer).map_err(io::Error::other)?;
        fs::create_dir_all(&self.folder)?;
        let path = self.path(diff_id);
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let mut file = fs::File::create(&temporary)?;
        file.write_all(MAGIC)?;
        file.write_all(&crc32(&payload).to_le_bytes())?;
        file.write_all(&payload)?;
        drop(file);
        fs::rename(&temporary, &path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::field_reassign_with_default, reason = "the other fields are private")]
    fn gives_back_what_it_got_and_nothing_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::new(folder.path(), "units@1");
        let mut scan = LayerScan::default();
        scan.entries = 7;
        let layer = CachedLayer { scan, uncompressed_size: 9 };
        let digest = sha256(b"layer");
        assert_eq!(cache.get(digest, MAX_BYTES), None);
        cache.put(digest, &layer);
        assert_eq!(cache.get(digest, MAX_BYTES), Some(layer));
        assert_eq!(Cache::new(folder.path(), "units@2").get(digest, MAX_BYTES), None);
        let path = cache.path(digest);
        let mut bytes = read_bounded(&path, MAX_BYTES).expect("a file");
        *bytes.last_mut().expect("bytes") ^= 1;
        fs::write(&path, bytes).expect("writable");
        assert_eq!(cache.get(digest, MAX_BYTES), None);
    }
}
