use std::collections::HashMap;
use std::io::{Read, Seek, Write};
use std::sync::Mutex;

use tempfile::SpooledTempFile;

/// Bytes of a layer that are kept in memory, before they go to a file.
const IN_MEMORY: usize = 256 << 10;

/// Layers that were fetched whole, until they are given back, or known not to be wanted again: a hard link may ask for
/// content that has gone past. They lie in unnamed temporary files, which end with the process.
#[derive(Debug, Default)]
pub(super) struct Kept(Mutex<HashMap<usize, SpooledTempFile>>);

impl Kept {
    /// The stored bytes of a layer; only once.
    pub(super) fn take(&self, index: usize) -> Option<Box<dyn Read + Send>> {
        let mut file = self.0.lock().ok()?.remove(&index)?;
        file.rewind().ok()?;
        Some(Box::new(file))
    }

    pub(super) fn put(&self, index: usize, file: SpooledTempFile) {
        if let Ok(mut files) = self.0.lock() {
            files.insert(index, file);
        }
    }

    pub(super) fn release(&self, index: usize) {
        if let Ok(mut files) = self.0.lock() {
            files.remove(&index);
        }
    }
}

/// What comes of a layer is written here too, as long as it may be kept: a full disk only costs a second request.
pub(super) struct Keeper {
    file: Option<SpooledTempFile>,
    left: u64,
}

impl Keeper {
    /// Keeps at most `limit` bytes; nothing where more is promised.
    pub(super) fn new(promised: Option<u64>, limit: u64) -> Self {
        let fits = limit > 0 && promised.is_none_or(|size| size <= limit);
        Self { file: fits.then(|| SpooledTempFile::new(IN_MEMORY)), left: limit }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) if file.write_all(bytes).is_ok() => self.left = left,
            _ => self.file = None,
        }
    }

    /// What was kept, where it is everything.
    pub(super) fn finish(&mut self) -> Option<SpooledTempFile> {
        self.file.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_not_kept() {
        for (promised, written, whole) in
            [(None, 10, true), (None, 11, false), (Some(10), 10, true), (Some(11), 5, false)]
        {
            let mut keeper = Keeper::new(promised, 10);
            for _ in 0..written {
                keeper.write(b"x");
            }
            assert_eq!(keeper.finish().is_some(), whole, "{promised:?} {written}");
        }
        assert!(Keeper::new(None, 0).finish().is_none());
    }

    #[test]
    fn what_is_kept_is_given_once() {
        let kept = Kept::default();
        let mut keeper = Keeper::new(None, 1 << 30);
        let bytes: Vec<u8> = (0..IN_MEMORY * 2).map(|n| (n % 251) as u8).collect();
        bytes.chunks(1_000).for_each(|chunk| keeper.write(chunk));
        kept.put(3, keeper.finish().expect("all of it"));
        assert!(kept.take(2).is_none());
        let mut back = Vec::new();
        kept.take(3).expect("kept").read_to_end(&mut back).expect("reads");
        assert!(back == bytes && kept.take(3).is_none());
        kept.put(4, SpooledTempFile::new(1));
        kept.release(4);
        assert!(kept.take(4).is_none());
    }
}
