//! The one pass: every file of a layer flows once past all units.

use std::collections::HashMap;
use std::io;

use seawall_io::tar::{Entry, EntryKind, Reader, TarError};
use seawall_io::{LimitExceeded, Limits, clean_path};
use seawall_model::{Unknown, UnknownKind};
use serde::{Deserialize, Serialize};

use crate::cost::{PATH, cost};
use crate::file_chunks::FileChunks;
use crate::unit::{File, Need, Observation, Observer, Scanner};
use crate::units::{Units, Wanted};

/// Entries between two looks at the memory that is left.
const MEMORY_EVERY: u64 = 256;

/// What one layer (or folder) gave. It depends on the layer's bytes and the units only, so it is cached by both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerScan {
    /// Entries in the layer.
    pub entries: u64,
    /// Paths of everything but folders, each ended by a NUL: what hides the same paths of lower layers.
    pub(crate) files: String,
    /// Paths of folders, likewise.
    pub(crate) folders: String,
    /// Paths that the layer deletes.
    pub(crate) whiteouts: Vec<String>,
    /// Folders of which the layer deletes what lower layers have in them.
    pub(crate) opaque: Vec<String>,
    /// What the units saw.
    pub(crate) seen: Vec<Seen>,
    /// What could not be read.
    pub(crate) unknowns: Vec<Unknown>,
}

/// An observation and where it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) cataloger: String,
    pub(crate) observation: Observation,
}

/// A file's bytes, lent chunk by chunk.
pub(crate) trait Chunks {
    /// The next chunk; the first one has at least 512 bytes or the whole file.
    fn next(&mut self) -> Result<Option<&[u8]>, TarError>;
}

impl<R: io::BufRead> Chunks for Reader<R> {
    fn next(&mut self) -> Result<Option<&[u8]>, TarError> {
        self.data()
    }
}

/// One pass over one layer.
pub struct Pass<'a> {
    units: &'a Units,
    limits: &'a Limits,
    scan: LayerScan,
    wanted: Vec<Wanted>,
    /// Hard links whose name a unit wants, by the path of their content.
    links: HashMap<String, Vec<String>>,
    /// The memory was nearly full: nothing more of a folder is looked at.
    full: bool,
}

/// Hard links of a layer whose names units want although their content went past under another name.
#[derive(Debug, Default)]
pub struct Deferred(HashMap<String, Vec<String>>);

impl Deferred {
    /// Whether there are none, so that the layer need not be read again.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> Pass<'a> {
    /// A pass with these units under these limits.
    pub fn new(units: &'a Units, limits: &'a Limits) -> Self {
        Self { units, limits, scan: LayerScan::default(), wanted: Vec::new(), links: HashMap::new(), full: false }
    }

    /// Reads a layer's tar to its end. A tar that breaks off leaves an unknown and what was seen before; limits too.
    /// The caller judges by the digest whether the layer is the one that was promised; the reader is given back for
    /// that, unless a limit kept it from being read to its end.
    ///
    /// # Errors
    /// Those of the reader below, other than limits.
    pub fn layer<R: io::BufRead>(mut self, source: R) -> io::Result<(LayerScan, Deferred, Option<R>)> {
        let mut reader = Reader::new(source);
        loop {
            let entry = match reader.next_entry() {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(error) => {
                    self.broken("", error)?;
                    break;
                }
            };
            self.scan.entries += 1;
            if self.scan.entries > self.limits.entries {
                let limit = self.limits.entries;
                self.unknown("", UnknownKind::Limit, "tar", format!("more than {limit} entries (--max-entries)"));
                break;
            }
            self.full |= self.scan.entries.is_multiple_of(MEMORY_EVERY) && self.limits.memory.is_nearly_full();
            if self.full {
                let reason = "the rest of the layer was not looked at: too little memory is left (--max-memory)";
                self.unknown("", UnknownKind::Limit, "tar", reason.to_owned());
                break;
            }
            if let Err(error) = self.entry(entry, &mut reader) {
                self.broken("", error)?;
                break;
            }
        }
        let reader = match reader.drain() {
            Ok(reader) => Some(reader),
            Err(error) => {
                self.broken("", error.into())?;
                self.unknown("", UnknownKind::Limit, "tar", "the layer's digest was not verified".to_owned());
                None
            }
        };
        Ok((self.scan, Deferred(self.links), reader))
    }

    /// Reads a layer again for the content of hard links that came after it. The reader is given back as by
    /// [`Pass::layer`].
    ///
    /// # Errors
    /// As [`Pass::layer`].
    pub fn links<R: io::BufRead>(
        mut self,
        source: R,
        deferred: &Deferred,
        scan: &mut LayerScan,
    ) -> io::Result<Option<R>> {
        let mut reader = Reader::new(source);
        while let Ok(Some(entry)) = reader.next_entry() {
            let Ok(path) = clean_path(&entry.path, self.limits.path_bytes) else { continue };
            let Some(links) = deferred.0.get(&path).filter(|_| entry.kind == EntryKind::File) else { continue };
            // One content, several names: the units see it under the first, the others are given as further evidence.
            let Some((first, others)) = links.split_first() else { continue };
            self.scan.seen.clear();
            if let Err(error) = self.file(first, entry.size, entry.mode, &mut reader) {
                self.broken(first, error)?;
                break;
            }
            let seen = std::mem::take(&mut self.scan.seen);
            for other in others {
                scan.seen.extend(seen.iter().cloned().map(|s| renamed(s, other)));
            }
            scan.seen.extend(seen);
        }
        let reader = match reader.drain() {
            Ok(reader) => Some(reader),
            Err(error) => {
                self.broken("", error.into())?;
                None
            }
        };
        scan.unknowns.append(&mut self.scan.unknowns);
        Ok(reader)
    }

    /// One file of a folder; `open` gives its bytes.
    pub fn file_of_tree(&mut self, path: &str, size: u64, mode: u32, open: impl FnOnce() -> io::Result<std::fs::File>) {
        self.scan.entries += 1;
        if self.full {
            return;
        }
        if self.scan.entries.is_multiple_of(MEMORY_EVERY) && self.limits.memory.is_nearly_full() {
            self.full = true;
            let reason = "the rest of the folder was not looked at: too little memory is left (--max-memory)";
            self.unknown(path, UnknownKind::Limit, "tree", reason.to_owned());
            return;
        }
        let mut chunks = FileChunks::new(open);
        if let Err(error) = self.file(path, size, mode, &mut chunks) {
            self.unknown(path, UnknownKind::Unreadable, "tree", error.to_string());
        }
    }

    /// Notes something of a folder that cannot be read.
    pub fn unreadable(&mut self, path: &str, reason: String) {
        self.unknown(path, UnknownKind::Unreadable, "tree", reason);
    }

    /// What the pass gave.
    pub fn finish(self) -> LayerScan {
        self.scan
    }

    fn entry<R: io::BufRead>(&mut self, entry: Entry, reader: &mut Reader<R>) -> Result<(), TarError> {
        let path = match clean_path(&entry.path, self.limits.path_bytes) {
            Ok(path) => path,
            Err(problem) => {
                let shown: String = String::from_utf8_lossy(&entry.path).chars().take(200).collect();
                self.unknown(&shown, UnknownKind::Unsupported, "tar", problem.to_string());
                return Ok(());
            }
        };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path.as_str()));
        if let Some(hidden) = name.strip_prefix(".wh.") {
            // https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts; `.wh..wh.` is AUFS's own.
            if name == ".wh..wh..opq" {
                self.scan.opaque.push(folder.to_owned());
            } else if !hidden.starts_with(".wh.") && !hidden.is_empty() {
                let hidden = if folder.is_empty() { hidden.to_owned() } else { format!("{folder}/{hidden}") };
                self.scan.whiteouts.push(hidden);
            }
            return Ok(());
        }
        self.full |= !self.limits.memory.keep(PATH + path.len() as u64);
        let list = if entry.kind == EntryKind::Directory { &mut self.scan.folders } else { &mut self.scan.files };
        list.push_str(&path);
        list.push('\0');
        match entry.kind {
            EntryKind::File => self.file(&path, entry.size, entry.mode, reader),
            EntryKind::HardLink => {
                self.hard_link(path, &entry.link);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A hard link that a unit wants by name needs its content under that name, which has gone past already.
    fn hard_link(&mut self, path: String, link: &[u8]) {
        self.units.by_path(&path, &mut self.wanted);
        if self.wanted.is_empty() {
            return;
        }
        match clean_path(link, self.limits.path_bytes) {
            Ok(target) => self.links.entry(target).or_default().push(path),
            Err(problem) => self.unknown(&path, UnknownKind::Unsupported, "tar", format!("hard link: {problem}")),
        }
    }

    fn file(&mut self, path: &str, size: u64, mode: u32, chunks: &mut dyn Chunks) -> Result<(), TarError> {
        let mut wanted = std::mem::take(&mut self.wanted);
        self.units.by_path(path, &mut wanted);
        let result = self.deliver(path, size, mode, chunks, &mut wanted);
        self.wanted = wanted;
        result
    }

    fn deliver(
        &mut self,
        path: &str,
        size: u64,
        mode: u32,
        chunks: &mut dyn Chunks,
        wanted: &mut Vec<Wanted>,
    ) -> Result<(), TarError> {
        let mut streams: Vec<(usize, Box<dyn Scanner>)> = Vec::new();
        let mut content: Vec<u8> = Vec::new();
        let mut keep = 0u64;
        let mut first = true;
        while let Some(chunk) = if first && size == 0 { None } else { chunks.next()? } {
            if first {
                self.units.by_magic(chunk, wanted);
                if wanted.is_empty() {
                    return Ok(());
                }
                keep = self.needed(path, size, wanted, &mut streams);
                if chunk.len() as u64 == size {
                    // The whole file lies in the reader's buffer: nothing is copied.
                    for (_, stream) in &mut streams {
                        stream.feed(chunk);
                    }
                    self.call(&File { path, size, mode, content: chunk }, wanted);
                    self.end_streams(path, size, mode, streams);
                    return Ok(());
                }
                content.reserve_exact(usize::try_from(keep.min(size)).unwrap_or(0));
            }
            first = false;
            for (_, stream) in &mut streams {
                stream.feed(chunk);
            }
            let room = usize::try_from(keep.saturating_sub(content.len() as u64)).unwrap_or(usize::MAX);
            content.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
            if streams.is_empty() && content.len() as u64 >= keep {
                break;
            }
        }
        if first {
            self.needed(path, size, wanted, &mut streams);
        }
        self.call(&File { path, size, mode, content: &content }, wanted);
        self.end_streams(path, size, mode, streams);
        Ok(())
    }

    /// How many bytes must be kept, with too large files noted and streaming units started.
    fn needed(
        &mut self,
        path: &str,
        size: u64,
        wanted: &mut Vec<Wanted>,
        streams: &mut Vec<(usize, Box<dyn Scanner>)>,
    ) -> u64 {
        let mut keep = 0;
        let (file_bytes, memory) = (self.limits.file_bytes, &self.limits.memory);
        let mut refused = Vec::new();
        let mut too_large = Vec::new();
        wanted.retain(|w| match w.need {
            Need::Name => true,
            Need::Head(length) => {
                keep = keep.max(length);
                true
            }
            Need::Content(limit) => {
                let limit = limit.min(file_bytes);
                if size > limit {
                    refused.push((w.unit, limit));
                    return false;
                }
                if !memory.holds(size) {
                    too_large.push(w.unit);
                    return false;
                }
                keep = keep.max(limit.min(size));
                true
            }
            Need::Stream => {
                streams.extend(self.units.get(w.unit).and_then(|u| u.scanner()).map(|s| (w.unit, s)));
                false
            }
        });
        for (unit, limit) in refused {
            let by = self.units.get(unit).map_or("", |u| u.id());
            let reason = format!("{size} bytes, more than the {limit} that are read (--max-file-bytes)");
            self.unknown(path, UnknownKind::Limit, by, reason);
        }
        for unit in too_large {
            let by = self.units.get(unit).map_or("", |u| u.id());
            let reason = format!("{size} bytes, for which too little memory is left (--max-memory)");
            self.unknown(path, UnknownKind::Limit, by, reason);
        }
        keep
    }

    fn call(&mut self, file: &File<'_>, wanted: &[Wanted]) {
        for w in wanted {
            let Some(unit) = self.units.get(w.unit) else { continue };
            let content = match w.need {
                Need::Name => &[][..],
                Need::Head(length) => {
                    let length = usize::try_from(length).unwrap_or(usize::MAX).min(file.content.len());
                    file.content.get(..length).unwrap_or_default()
                }
                Need::Content(_) | Need::Stream => file.content,
            };
            let mut seen = Observer::new(unit.id(), file.path);
            unit.catalog(&File { content, ..*file }, &mut seen);
            self.take(unit.id(), file.path, seen);
        }
    }

    fn end_streams(&mut self, path: &str, size: u64, mode: u32, streams: Vec<(usize, Box<dyn Scanner>)>) {
        for (unit, stream) in streams {
            let id = self.units.get(unit).map_or("", |u| u.id());
            let mut seen = Observer::new(id, path);
            stream.finish(&File { path, size, mode, content: &[] }, &mut seen);
            self.take(id, path, seen);
        }
    }

    fn take(&mut self, id: &str, path: &str, seen: Observer<'_>) {
        let mut left_out = 0_usize;
        let is_capped = self.limits.memory.bytes().is_some();
        for observation in seen.into_observations() {
            let taken = if is_capped { cost(&observation) } else { 0 };
            if taken > 0 && !self.limits.memory.keep(taken) {
                left_out += 1;
                continue;
            }
            match observation {
                Observation::Unknown { kind, within, reason } => {
                    let path = within.map_or_else(|| path.to_owned(), |member| format!("{path}!/{member}"));
                    self.unknown(&path, kind, id, reason);
                }
                observation => {
                    self.scan.seen.push(Seen { path: path.to_owned(), cataloger: id.to_owned(), observation })
                }
            }
        }
        if left_out > 0 {
            let reason = format!("{left_out} entries of it were left out: too little memory is left (--max-memory)");
            self.unknown(path, UnknownKind::Limit, id, reason);
        }
    }

    fn unknown(&mut self, path: &str, kind: UnknownKind, by: &str, reason: String) {
        self.scan.unknowns.push(Unknown { path: path.to_owned(), layer: None, kind, by: by.to_owned(), reason });
    }

    /// A tar that cannot be read on: an unknown if it is the archive's fault or a limit, else the reader's own error.
    fn broken(&mut self, path: &str, error: TarError) -> io::Result<()> {
        let kind = match error {
            TarError::Io(error) => match LimitExceeded::of(&error) {
                Some(limit) => {
                    self.unknown(path, UnknownKind::Limit, "tar", limit.to_string());
                    return Ok(());
                }
                None => return Err(error),
            },
            _ => UnknownKind::Malformed,
        };
        self.unknown(path, kind, "tar", error.to_string());
        Ok(())
    }
}

fn renamed(mut seen: Seen, path: &str) -> Seen {
    if let Observation::Package(package) = &mut seen.observation {
        for evidence in &mut package.evidence {
            if let Some(rest) = evidence.path.strip_prefix(&seen.path) {
                evidence.path = format!("{path}{rest}");
            }
        }
    }
    seen.path = path.to_owned();
    seen
}
