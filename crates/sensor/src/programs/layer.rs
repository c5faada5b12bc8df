//! One layer: every program of it is hashed, and the kernel is told whether the image's list has it.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use seawall_io::{Limits, sha256};
use seawall_model::Digest;

use super::Worker;
use super::engine::LayerFolder;
use super::file::{Facts, Layer};
use super::walk::{Program, programs};
use crate::enforce::{FileKey, HashedFile, HashedFiles};
use crate::identity::below;

/// Two changes within one tick of the kernel's clock have one time: what is younger is not believed yet.
const TICK: Duration = Duration::from_millis(50);
/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;
/// Files of one layer that are named.
const MAX_NAMED: usize = 10;

/// What a layer's programs are compared with.
struct Judge<'a> {
    hashed: &'a mut HashedFiles,
    /// The list of a scan elsewhere.
    list: Option<&'a HashSet<Digest>>,
    /// The layer was hashed whole before: nothing can have come since.
    is_known: bool,
    keys: HashSet<FileKey>,
    /// There was no room for one.
    full: bool,
    /// Programs that are not listed.
    foreign: Vec<String>,
    problems: Vec<String>,
    chunk: Vec<u8>,
}

impl Worker {
    /// Hashes what is not hashed yet.
    pub(super) fn layer(&mut self, of: &LayerFolder) {
        let path = below(&self.root, &of.folder);
        let opened = Layer::open(&path).and_then(|layer| Ok((self.mark(&layer, of)?, layer)));
        let ((mark, name, is_known), layer) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let text = format!("the programs of layer {} are not hashed, and may not run: {error}", path.display());
                return self.missed(text);
            }
        };
        let list = of.diff_id.and_then(|id| self.inventories.of(id));
        let mut judge = Judge {
            hashed: &mut self.hashed,
            list,
            is_known,
            keys: HashSet::new(),
            full: false,
            foreign: Vec::new(),
            problems: Vec::new(),
            chunk: vec![0; CHUNK],
        };
        let stop = &self.stop;
        let limits = Limits::default();
        let mut problems = programs(&layer, &limits, &mut |program| {
            if !stop.is_set() {
                judge.program(&layer, program);
            }
        });
        if self.stop.is_set() {
            return;
        }
        let Judge { keys, foreign, problems: more, full, .. } = judge;
        if full && !self.swept && self.sweep() {
            return self.layer(of);
        }
        problems.extend(more);
        let mut keys: Vec<FileKey> = keys.into_iter().collect();
        if problems.is_empty() {
            let whole = HashedFile { changed: 0, size: 0, digest: name, listed: false };
            match self.hashed.put(mark, whole) {
                Ok(()) => keys.push(mark),
                Err(error) => problems.push(error),
            }
        }
        self.layers.insert(of.folder.clone(), keys);
        for (rule, what, all) in [
            ("Seawall internal: programs not hashed", "programs are not hashed, and may not run", problems),
            ("Layer changed on the node", "programs are not those of the image, and may not run", foreign),
        ] {
            if !all.is_empty() {
                let named: Vec<_> = all.iter().take(MAX_NAMED).map(String::as_str).collect();
                let text = format!("layer {}: {} {what}: {}", of.folder.display(), all.len(), named.join(", "));
                self.note(rule, text);
            }
        }
    }

    /// Takes out, once, what earlier agents hashed and no image has any more; false where there is nothing.
    fn sweep(&mut self) -> bool {
        let known: HashSet<&FileKey> = self.layers.values().flatten().collect();
        let stale: Vec<FileKey> = self.hashed.keys().into_iter().filter(|key| !known.contains(key)).collect();
        stale.iter().for_each(|key| self.hashed.remove(*key));
        self.swept = true;
        !stale.is_empty()
    }

    /// What says that a layer was hashed whole: an entry of its folder, which no program can be, with the digest of its path.
    fn mark(&self, layer: &Layer, of: &LayerFolder) -> io::Result<(FileKey, Digest, bool)> {
        let key = layer.facts(&layer.below("".as_ref(), rustix::fs::OFlags::DIRECTORY)?)?.key;
        let name = sha256(of.folder.as_os_str().as_bytes());
        Ok((key, name, self.hashed.get(key).is_some_and(|mark| mark.digest == name)))
    }
}

impl Judge<'_> {
    fn program(&mut self, layer: &Layer, program: Program<'_>) {
        let Program { path, mut file, facts } = program;
        // Another name of the same file.
        if !self.keys.insert(facts.key) {
            return;
        }
        let before = self.hashed.get(facts.key);
        let same = before.filter(|b| b.changed == facts.changed && b.size == facts.size);
        let hashed = match same {
            Some(same) => same,
            None => match hash(layer, &mut file, &facts, &mut self.chunk) {
                Ok(Some(hashed)) => hashed,
                Ok(None) => return self.problems.push(format!("/{} changed while it was read", path.display())),
                Err(error) => return self.problems.push(format!("/{}: {error}", path.display())),
            },
        };
        let listed = match (self.list, before) {
            (Some(list), _) => list.contains(&hashed.digest),
            (None, _) if !self.is_known => true,
            (None, Some(before)) => before.listed && before.digest == hashed.digest,
            (None, None) => false,
        };
        if !listed {
            self.foreign.push(format!("/{} ({})", path.display(), hashed.digest));
        }
        // What it was stays known: then it may run again where it becomes that again.
        let is_other = self.list.is_none() && before.is_some_and(|before| before.digest != hashed.digest);
        if self.is_known && is_other {
            return;
        }
        if let Err(error) = self.hashed.put(facts.key, HashedFile { listed, ..hashed }) {
            self.full = true;
            self.problems.push(format!("/{}: {error}", path.display()));
        }
    }
}

/// Hashes a file, once a change that came after that would be seen.
fn hash(layer: &Layer, file: &mut File, facts: &Facts, chunk: &mut [u8]) -> io::Result<Option<HashedFile>> {
    let now = clock_gettime(ClockId::Realtime);
    let now =
        u64::try_from(now.tv_sec).unwrap_or(0).saturating_mul(1_000_000_000) + u64::try_from(now.tv_nsec).unwrap_or(0);
    if now.saturating_sub(facts.changed) < u64::try_from(TICK.as_nanos()).unwrap_or(u64::MAX) {
        std::thread::sleep(TICK);
    }
    layer.hash(file, facts, chunk)
}
