use std::path::Path;

use seawall_io::tar::Reader;
use seawall_io::{Compression, Decoder, Limits, clean_path};
use seawall_model::TargetKind;

use crate::TargetError;
use crate::archive::Archive;

/// A target as the user wrote it, with its kind known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRef {
    /// What it is.
    pub kind: TargetKind,
    /// What stands after the prefix.
    pub name: String,
    /// Whether the kind was told from what is there rather than from a prefix: then it is to be said.
    pub guessed: bool,
}

/// Reads `PREFIX:NAME`; without a prefix, tells the kind from what is there: a path that exists, else the name of an
/// image in a registry.
///
/// # Errors
/// Where a path exists that is no kind of target.
pub fn detect(text: &str, limits: &Limits) -> Result<TargetRef, TargetError> {
    for kind in TargetKind::ALL {
        if let Some(name) = text.strip_prefix(kind.prefix()).and_then(|rest| rest.strip_prefix(':')) {
            return Ok(TargetRef { kind, name: name.to_owned(), guessed: false });
        }
    }
    let guess = |kind| Ok(TargetRef { kind, name: text.to_owned(), guessed: true });
    let (path, _) = crate::error::split_name(text);
    if !path.exists() {
        let looks_like_a_path = text.starts_with(['.', '/', '~']) || text.ends_with('/');
        if looks_like_a_path || text.is_empty() {
            let reason = "no such file or folder".to_owned();
            return Err(TargetError::NotFound { name: text.to_owned(), reason });
        }
        return guess(TargetKind::Registry);
    }
    if path.is_dir() {
        return guess(folder(&path));
    }
    guess(file(&path, limits))
}

fn folder(path: &Path) -> TargetKind {
    if path.join("oci-layout").is_file() {
        TargetKind::Oci
    } else if path.join("etc").is_dir() && ["usr", "bin", "lib", "var"].iter().any(|d| path.join(d).exists()) {
        TargetKind::Rootfs
    } else {
        TargetKind::Dir
    }
}

/// The bytes at the beginning of a file that tell an SBOM.
const HEAD: u64 = 4 << 10;

fn file(path: &Path, limits: &Limits) -> TargetKind {
    let head = head(path);
    if Compression::of(&head) != Compression::None {
        // Indexing it would decompress it whole; the first member tells enough, and opening tells the two apart.
        return if first_member_is_of_an_image(path, limits) { TargetKind::DockerArchive } else { TargetKind::File };
    }
    if head.get(257..262) == Some(b"ustar")
        && let Ok(archive) = Archive::open(path, limits)
    {
        if archive.has("manifest.json") {
            return TargetKind::DockerArchive;
        }
        if archive.has("oci-layout") || archive.has("index.json") {
            return TargetKind::OciArchive;
        }
        return TargetKind::File;
    }
    if is_sbom(&head) { TargetKind::Sbom } else { TargetKind::File }
}

fn first_member_is_of_an_image(path: &Path, limits: &Limits) -> bool {
    let first = std::fs::File::open(path)
        .and_then(|file| Decoder::new(file, limits))
        .ok()
        .and_then(|decoder| Reader::new(std::io::BufReader::new(decoder)).next_entry().ok().flatten())
        .and_then(|entry| clean_path(&entry.path, limits.path_bytes).ok());
    let Some(first) = first else { return false };
    let stem = first.split(['/', '.']).next().unwrap_or_default();
    let is_digest = stem.len() == 64 && stem.bytes().all(|b| b.is_ascii_hexdigit());
    is_digest || ["blobs", "manifest", "oci-layout", "index", "repositories"].contains(&stem)
}

fn head(path: &Path) -> Vec<u8> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    if let Ok(file) = std::fs::File::open(path) {
        // A file that cannot be read is told as such when it is opened as a target.
        let _ = file.take(HEAD).read_to_end(&mut bytes);
    }
    bytes
}

/// Whether the first bytes are those of a CycloneDX or SPDX document.
fn is_sbom(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let json = text.starts_with('{') && (text.contains("\"bomFormat\"") || text.contains("\"spdxVersion\""));
    let xml = text.starts_with('<') && text.contains("cyclonedx.org/schema/bom");
    json || xml || text.starts_with("SPDXVersion:")
}
