//! Opens feed containers: archives of many documents, compressed single documents, plain files and folders.
//!
//! Everything is streamed: one document is in memory at a time, and a container that lies about its size or blows up on
//! decompression is refused with the limit that it hit.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use lzma_rust2::XzReader;
use seawall_io::{Decoder, Limits, tar};

/// The limits on one feed container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedLimits {
    /// Largest single document, uncompressed, bytes.
    pub document_bytes: u64,
    /// Largest container, uncompressed, bytes.
    pub container_bytes: u64,
    /// Largest ratio of uncompressed to compressed bytes; small tables of text reach a few hundred.
    pub ratio: u64,
    /// Most documents in one container.
    pub documents: u64,
    /// Deepest nesting of folders below a feed folder.
    pub depth: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self { document_bytes: 512 << 20, container_bytes: 16 << 30, ratio: 1_100, documents: 5_000_000, depth: 16 }
    }
}

impl FeedLimits {
    fn io(&self) -> Limits {
        Limits { layer_bytes: self.container_bytes, ratio: self.ratio, entries: self.documents, ..Limits::default() }
    }
}

/// Memory that an xz archive may ask for, KiB: `xz -9` asks for half of it.
const XZ_MEMORY: u32 = 128 << 10;

/// Why a feed container cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The system's error, or a limit that was reached ([`seawall_io::LimitExceeded`] inside).
    #[error("{path}: {source}")]
    Io {
        /// The container.
        path: String,
        /// What happened.
        source: io::Error,
    },
    /// A tar archive that is damaged or made to hurt.
    #[error("{path}: {source}")]
    Tar {
        /// The container.
        path: String,
        /// What happened.
        source: tar::TarError,
    },
    /// A zip archive that is damaged.
    #[error("{path}: {reason}")]
    Zip {
        /// The container.
        path: String,
        /// What happened.
        reason: String,
    },
    /// A limit of [`FeedLimits`] was reached.
    #[error("{path}: {what} is over the limit of {limit}")]
    Limit {
        /// The container, and the document where it is one.
        path: String,
        /// What was limited.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The visitor asked to stop.
    #[error("{0}")]
    Stopped(String),
}

/// Takes one document: its path within the container (for a single file its name without the compression suffix), and
/// its bytes.
pub type Visit<'a> = dyn FnMut(&str, &[u8]) -> Result<(), FeedError> + 'a;

/// Calls `visit` for every document of a feed container, in the container's order (folders: sorted by path).
///
/// Understood by name: `.tar.zst`, `.tar.gz`, `.tar.xz`, `.tgz`, `.tar`, `.zip` (many documents); `.gz`, `.zst` and everything
/// else (one document, decompressed where its first bytes say so); a folder (every file below it, each one document).
/// Symbolic links and special files are not followed.
///
/// # Errors
/// [`FeedError`]; documents that were visited before it stay visited.
pub fn documents(path: &Path, limits: &FeedLimits, visit: &mut Visit<'_>) -> Result<(), FeedError> {
    let io_error = |source| FeedError::Io { path: path.display().to_string(), source };
    if path.is_dir() {
        let mut seen = 0;
        return folder(path, path, limits, 0, &mut seen, visit);
    }
    let file = File::open(path).map_err(io_error)?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    match kind(&name) {
        Kind::Tar => archive(path, file, limits, visit),
        Kind::Zip => zip_archive(path, file, limits, visit),
        Kind::Document => {
            let bytes = document(path, file, limits)?;
            visit(plain_name(&name), &bytes)
        }
    }
}

enum Kind {
    Tar,
    Zip,
    Document,
}

fn kind(name: &str) -> Kind {
    if [".tar.zst", ".tar.gz", ".tgz", ".tar.xz", ".tar"].iter().any(|e| name.ends_with(e)) {
        Kind::Tar
    } else if name.ends_with(".zip") {
        Kind::Zip
    } else {
        Kind::Document
    }
}

fn plain_name(name: &str) -> &str {
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name)
}

fn document(path: &Path, file: File, limits: &FeedLimits) -> Result<Vec<u8>, FeedError> {
    let io_error = |source| FeedError::Io { path: path.display().to_string(), source };
    let mut decoder = Decoder::new(file, &limits.io()).map_err(io_error)?;
    seawall_io::read_to_limit(&mut decoder, limits.document_bytes).map_err(io_error)
}

fn archive(path: &Path, file: File, limits: &FeedLimits, visit: &mut Visit<'_>) -> Result<(), FeedError> {
    let shown = || path.display().to_string();
    let tar_error = |source| FeedError::Tar { path: shown(), source };
    let io_error = |source| FeedError::Io { path: shown(), source };
    let mut bounds = limits.io();
    let stored: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "xz") {
        // What the decoder reads is no longer compressed: the ratio becomes a limit on the whole.
        let most = file.metadata().map_err(io_error)?.len().saturating_mul(limits.ratio);
        bounds.layer_bytes = bounds.layer_bytes.min(most);
        Box::new(XzReader::new_mem_limit(BufReader::new(file), true, XZ_MEMORY))
    } else {
        Box::new(file)
    };
    let decoder = Decoder::new(stored, &bounds).map_err(io_error)?;
    let mut reader = tar::Reader::new(BufReader::with_capacity(256 << 10, decoder));
    let (mut seen, mut bytes) = (0_u64, Vec::new());
    while let Some(entry) = reader.next_entry().map_err(tar_error)? {
        if entry.kind != tar::EntryKind::File {
            continue;
        }
        let member = String::from_utf8_lossy(&entry.path).trim_start_matches("./").to_owned();
        count(&mut seen, limits, path)?;
        if entry.size > limits.document_bytes {
            return Err(too_large(path, &member, limits));
        }
        bytes.clear();
        while let Some(chunk) = reader.data().map_err(tar_error)? {
            bytes.extend_from_slice(chunk);
        }
        visit(&member, &bytes)?;
    }
    // To the end, where the checksums stand.
    reader.drain().map_err(io_error)?;
    Ok(())
}

fn zip_archive(path: &Path, file: File, limits: &FeedLimits, visit: &mut Visit<'_>) -> Result<(), FeedError> {
    let shown = || path.display().to_string();
    let zip_error = |e: zip::result::ZipError| FeedError::Zip { path: shown(), reason: e.to_string() };
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(zip_error)?;
    let (mut seen, mut total) = (0_u64, 0_u64);
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(zip_error)?;
        if !entry.is_file() {
            continue;
        }
        let member = entry.name().map_err(zip_error)?.into_owned();
        count(&mut seen, limits, path)?;
        let ceiling = entry.compressed_size().saturating_mul(limits.ratio).max(1 << 20).min(limits.document_bytes);
        let mut bytes = Vec::new();
        let read = entry
            .take(ceiling.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|source| FeedError::Io { path: format!("{}!/{member}", shown()), source })?;
        total = total.saturating_add(read as u64);
        if read as u64 > ceiling {
            return Err(too_large(path, &member, limits));
        }
        if total > limits.container_bytes {
            return Err(FeedError::Limit { path: shown(), what: "uncompressed size", limit: limits.container_bytes });
        }
        visit(&member, &bytes)?;
    }
    Ok(())
}

fn folder(
    root: &Path,
    at: &Path,
    limits: &FeedLimits,
    depth: usize,
    seen: &mut u64,
    visit: &mut Visit<'_>,
) -> Result<(), FeedError> {
    let io_error = |source| FeedError::Io { path: at.display().to_string(), source };
    if depth > limits.depth {
        return Err(FeedError::Limit {
            path: at.display().to_string(),
            what: "folder depth",
            limit: limits.depth as u64,
        });
    }
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(at).map_err(io_error)? {
        entries.push(entry.map_err(io_error)?.path());
    }
    entries.sort();
    for entry in entries {
        let kind = std::fs::symlink_metadata(&entry).map_err(io_error)?.file_type();
        if kind.is_dir() {
            folder(root, &entry, limits, depth.saturating_add(1), seen, visit)?;
        } else if kind.is_file() {
            count(seen, limits, root)?;
            let file = File::open(&entry).map_err(io_error)?;
            let bytes = document(&entry, file, limits)?;
            let member = entry.strip_prefix(root).unwrap_or(&entry).to_string_lossy().replace('\\', "/");
            visit(plain_name(&member), &bytes)?;
        }
    }
    Ok(())
}

fn count(seen: &mut u64, limits: &FeedLimits, path: &Path) -> Result<(), FeedError> {
    *seen = seen.saturating_add(1);
    if *seen > limits.documents {
        return Err(FeedError::Limit {
            path: path.display().to_string(),
            what: "number of documents",
            limit: limits.documents,
        });
    }
    Ok(())
}

fn too_large(path: &Path, member: &str, limits: &FeedLimits) -> FeedError {
    FeedError::Limit {
        path: format!("{}!/{member}", path.display()),
        what: "document size",
        limit: limits.document_bytes,
    }
}
