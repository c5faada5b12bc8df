use std::io::{self, Read};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use seawall_inspect::{Deferred, LayerScan, MAX_SBOM_BYTES, Pass, Sha1Table, Units, assemble, read_sbom};
use seawall_io::{Compression, Decoder, DigestReader, Limits, pipe, read_bounded};
use seawall_model::{Digest, Inventory, Layer, TargetInfo, TargetKind};
use seawall_target::{Image, TargetError, TargetRef, Tree};

use crate::cache::{Cache, CachedLayer};
use crate::{EngineError, Progress, Stage};

/// Turns targets into inventories.
#[derive(Debug)]
pub struct Inspector {
    /// The units of the pass.
    pub units: Units,
    /// Limits on hostile input.
    pub limits: Limits,
    /// Where results of layers are kept; `None` reads everything anew.
    pub cache: Option<Cache>,
    /// Known Java archives by SHA-1, where a table is given.
    pub archives: Option<Sha1Table>,
    /// Whether [`PROGRAM_DIGESTS`](seawall_inspect::PROGRAM_DIGESTS) is among the units, and layers tell their programs.
    pub programs: bool,
    /// Layers read at the same time; each uses two threads.
    pub parallel: usize,
}

type LayerResult = Result<(LayerScan, Layer), EngineError>;

/// What an SBOM takes in memory until it is an inventory, for each of its bytes.
const SBOM: u64 = 8;

/// What a layer that was kept takes in memory, for each byte in its file.
const CACHED: u64 = 6;

/// Chunks between the thread that decompresses and the one that reads.
const PIPE: (usize, usize) = (4, 256 << 10);

impl Inspector {
    /// The inventory of an image. Layers are read largest first, on all cores.
    ///
    /// # Errors
    /// Where a layer cannot be read, or is not what its digests promise.
    pub fn image(&self, image: Image, progress: &dyn Progress) -> Result<Inventory, EngineError> {
        let total = image.layers.len();
        let mut order: Vec<usize> = (0..total).collect();
        order.sort_by_key(|i| std::cmp::Reverse(image.layers.get(*i).and_then(|l| l.size).unwrap_or(0)));
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<LayerResult>>> = (0..total).map(|_| Mutex::new(None)).collect();
        let work = || {
            while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let result = self.layer(&image, *index);
                image.blobs.release(*index);
                let failed = result.is_err();
                if let Some(Ok(mut slot)) = results.get(*index).map(Mutex::lock) {
                    *slot = Some(result);
                }
                if failed {
                    next.store(total, Ordering::Relaxed);
                }
                progress.report(Stage::Layers { done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.parallel.clamp(1, total.max(1)) {
                scope.spawn(work);
            }
            work();
        });
        let (mut scans, mut layers) = (Vec::new(), Vec::new());
        let mut skipped = false;
        for slot in results {
            match slot.into_inner().ok().flatten() {
                Some(result) => {
                    let (scan, layer) = result?;
                    scans.push(scan);
                    layers.push(layer);
                }
                // Only where another layer failed; its error comes later in the list.
                None => skipped = true,
            }
        }
        if skipped {
            let what = "layer".to_owned();
            return Err(TargetError::Missing { path: image.info.name, what }.into());
        }
        let mut info = image.info;
        info.size = Some(layers.iter().map(|l| l.uncompressed_size).sum());
        Ok(assemble(info, Some(image.config), layers, scans, self.archives.as_ref()))
    }

    fn layer(&self, image: &Image, index: usize) -> Result<(LayerScan, Layer), EngineError> {
        let Some(stated) = image.layers.get(index) else {
            return Err(TargetError::Missing { path: image.info.name.clone(), what: format!("layer {index}") }.into());
        };
        let describe = |cached: &CachedLayer, digest: Digest, size: u64| Layer {
            diff_id: stated.diff_id,
            digest,
            media_type: stated.media_type.clone(),
            size,
            uncompressed_size: cached.uncompressed_size,
            instruction: stated.instruction.clone(),
            entries: cached.scan.entries,
            programs: self.programs.then(|| cached.scan.programs()),
        };
        let most = self.limits.memory.room() / CACHED;
        if let Some(cached) = self.cache.as_ref().and_then(|c| c.get(stated.diff_id, most)) {
            let size = stated.size.unwrap_or(cached.uncompressed_size);
            let layer = describe(&cached, stated.digest.unwrap_or(stated.diff_id), size);
            return Ok((cached.scan, layer));
        }
        let failed = |source: io::Error| EngineError::Layer {
            index,
            digest: stated.digest.unwrap_or(stated.diff_id).to_string(),
            source,
        };
        let read = self.read_layer(image.blobs.open(index)?).map_err(failed)?;
        let mut scan = read.scan;
        if read.verified {
            for (what, expected, actual) in
                [("blob", stated.digest, read.digest), ("diff_id", Some(stated.diff_id), read.diff_id)]
            {
                if let Some(expected) = expected.filter(|e| *e != actual) {
                    let what = format!("layer {index} ({what})");
                    return Err(TargetError::DigestMismatch { what, expected, actual }.into());
                }
            }
        }
        if !read.deferred.is_empty() {
            let blob = DigestReader::new(image.blobs.open(index)?);
            let decoder = Decoder::new(blob, &self.limits).map_err(failed)?;
            let decoder = io::BufReader::with_capacity(PIPE.1, decoder);
            let pass = Pass::new(&self.units, &self.limits);
            let decoder = pass.links(decoder, &read.deferred, &mut scan).map_err(failed)?;
            // What is read a second time may have come a second time, and is another until its digest says otherwise.
            if let Some(decoder) = decoder.filter(|_| read.verified) {
                let actual = decoder.into_inner().drain().map_err(failed)?.finish();
                if actual != read.digest {
                    let what = format!("layer {index} (blob, read again)");
                    return Err(TargetError::DigestMismatch { what, expected: read.digest, actual }.into());
                }
            }
        }
        let cached = CachedLayer { scan, uncompressed_size: read.uncompressed_size };
        // Writing takes as much again, and what was left out for want of memory may be looked at another time.
        let whole = read.verified && self.limits.memory.bytes().is_none();
        if let Some(cache) = self.cache.as_ref().filter(|_| whole) {
            cache.put(stated.diff_id, &cached);
        }
        let layer = describe(&cached, read.digest, read.size);
        Ok((cached.scan, layer))
    }

    /// Reads one blob on two threads: one reads, hashes the stored bytes and decompresses, the other hashes the
    /// uncompressed bytes and passes over the files.
    fn read_layer(&self, mut blob: Box<dyn Read + Send>) -> io::Result<ReadLayer> {
        let mut head = Vec::with_capacity(4);
        blob.by_ref().take(4).read_to_end(&mut head)?;
        let compressed = Compression::of(&head) != Compression::None;
        let stored = DigestReader::new(io::Cursor::new(head).chain(blob));
        if !compressed {
            let (end, pump) = pipe(PIPE.0, PIPE.1);
            let (pass, stored) = std::thread::scope(|scope| {
                let pumped = scope.spawn(move || pump(stored));
                let pass = Pass::new(&self.units, &self.limits).layer(end);
                (pass, pumped.join())
            });
            let stored = stored.map_err(|_| io::Error::other("the reading thread broke off"))?;
            let (scan, deferred, _) = pass?;
            let size = stored.count();
            let digest = stored.finish();
            let verified = true;
            return Ok(ReadLayer { scan, deferred, digest, diff_id: digest, size, uncompressed_size: size, verified });
        }
        let decoder = Decoder::new(stored, &self.limits)?;
        let (end, pump) = pipe(PIPE.0, PIPE.1);
        let (pass, decoder) = std::thread::scope(|scope| {
            let pumped = scope.spawn(move || pump(decoder));
            let pass = Pass::new(&self.units, &self.limits).layer(DigestReader::new(end));
            (pass, pumped.join())
        });
        let decoder = decoder.map_err(|_| io::Error::other("the decompressing thread broke off"))?;
        let (scan, deferred, uncompressed) = pass?;
        let stored = decoder.drain()?;
        let size = stored.count();
        let uncompressed_size = uncompressed.as_ref().map_or(0, DigestReader::count);
        let digest = stored.finish();
        let verified = uncompressed.is_some();
        let diff_id = uncompressed.map_or(digest, DigestReader::finish);
        Ok(ReadLayer { scan, deferred, digest, diff_id, size, uncompressed_size, verified })
    }

    /// The inventory of a folder or one file.
    ///
    /// # Errors
    /// Where the folder itself cannot be read.
    pub fn tree(&self, tree: &Tree, target: &TargetRef, progress: &dyn Progress) -> Result<Inventory, EngineError> {
        let pass = std::cell::RefCell::new(Pass::new(&self.units, &self.limits));
        let mut files = 0;
        tree.walk(
            &self.limits,
            &mut |entry| {
                files += 1;
                if files % 1_000 == 0 {
                    progress.report(Stage::Files { done: files });
                }
                pass.borrow_mut().file_of_tree(&entry.path, entry.size, entry.mode, || entry.open());
            },
            &mut |problem| pass.borrow_mut().unreadable(&problem.path, problem.error.to_string()),
        )
        .map_err(|source| TargetError::Io { path: target.name.clone(), source })?;
        let info = TargetInfo {
            kind: target.kind,
            name: target.name.clone(),
            tags: Vec::new(),
            manifest_digest: None,
            config_digest: None,
            platform: None,
            size: None,
        };
        debug_assert!(matches!(target.kind, TargetKind::Dir | TargetKind::File | TargetKind::Rootfs));
        Ok(assemble(info, None, Vec::new(), vec![pass.into_inner().finish()], self.archives.as_ref()))
    }
}

impl Inspector {
    /// The inventory that an SBOM states.
    ///
    /// # Errors
    /// Where it cannot be read or is no SBOM.
    pub fn sbom(&self, path: &std::path::Path, target: &TargetRef) -> Result<Inventory, EngineError> {
        let most = (MAX_SBOM_BYTES as u64).min(self.limits.memory.room() / SBOM);
        let bytes = read_bounded(path, most).map_err(TargetError::io(path))?;
        Ok(read_sbom(&bytes, &target.name)?)
    }
}

struct ReadLayer {
    scan: LayerScan,
    deferred: Deferred,
    digest: Digest,
    diff_id: Digest,
    size: u64,
    uncompressed_size: u64,
    /// Whether all bytes were read, so that the digests are those of the whole layer.
    verified: bool,
}
