use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use seawall_io::{Limits, read_bounded, sha256};
use seawall_model::{Digest, Platform, TargetInfo, TargetKind};

use crate::archive::Archive;
use crate::docker_archive::check_layer_count;
use crate::error::split_name;
use crate::image::{Blobs, Image, ImageLayer};
use crate::manifest::{Descriptor, Document, choose};
use crate::{TargetError, config};

/// Opens an OCI layout folder. `PATH:NAME` chooses one of several images.
///
/// # Errors
/// Where it is not a layout, is damaged, or has no image for the platform. `asked` says that the user chose it.
pub fn open_oci_layout(text: &str, limits: &Limits, platform: &Platform, asked: bool) -> Result<Image, TargetError> {
    let (path, wanted) = split_name(text);
    let layout = Layout::Folder(path);
    open(layout, wanted, text, TargetKind::Oci, (platform, asked), limits)
}

/// Opens an OCI layout in a tar file, plain or compressed.
///
/// # Errors
/// As [`open_oci_layout`].
pub fn open_oci_archive(text: &str, limits: &Limits, platform: &Platform, asked: bool) -> Result<Image, TargetError> {
    let (path, wanted) = split_name(text);
    let layout = Layout::Tar(Archive::open(&path, limits)?);
    open(layout, wanted, text, TargetKind::OciArchive, (platform, asked), limits)
}

/// An OCI layout in an archive that was taken for another kind until it was open.
pub(crate) fn from_archive(
    archive: Archive,
    wanted: Option<&str>,
    name: &str,
    platform: &Platform,
    limits: &Limits,
) -> Result<Image, TargetError> {
    open(Layout::Tar(archive), wanted, name, TargetKind::OciArchive, (platform, false), limits)
}

/// An OCI image layout, in a folder or in a tar.
enum Layout {
    Folder(PathBuf),
    Tar(Archive),
}

impl Layout {
    fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Tar(archive) => &archive.path,
        }
    }

    fn document(&self, name: &str, limits: &Limits) -> Result<Vec<u8>, TargetError> {
        match self {
            Self::Tar(archive) => archive.document(name, limits),
            Self::Folder(folder) => {
                let path = folder.join(name);
                read_bounded(&path, limits.document_bytes).map_err(TargetError::io(&path))
            }
        }
    }

    /// A small blob, verified.
    fn blob(&self, what: &str, digest: Digest, limits: &Limits) -> Result<Vec<u8>, TargetError> {
        let bytes = self.document(&blob_name(digest), limits)?;
        let actual = sha256(&bytes);
        if actual != digest {
            return Err(TargetError::DigestMismatch { what: what.to_owned(), expected: digest, actual });
        }
        Ok(bytes)
    }

    fn reader(&self, digest: Digest) -> Result<Box<dyn Read + Send>, TargetError> {
        Ok(match self {
            Self::Tar(archive) => Box::new(archive.reader(&blob_name(digest))?),
            Self::Folder(folder) => {
                let path = folder.join(blob_name(digest));
                Box::new(File::open(&path).map_err(TargetError::io(&path))?)
            }
        })
    }
}

fn blob_name(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

/// Indexes may point to indexes; deeper than this is a loop or a joke.
pub(crate) const MAX_DEPTH: usize = 4;

fn open(
    layout: Layout,
    wanted: Option<&str>,
    name: &str,
    kind: TargetKind,
    (platform, asked): (&Platform, bool),
    limits: &Limits,
) -> Result<Image, TargetError> {
    let path = layout.path().to_owned();
    let parse = |what: &str, bytes: &[u8]| {
        serde_json::from_slice::<Document>(bytes).map_err(|e| TargetError::malformed(&path, what, e))
    };
    let mut document = parse("index.json", &layout.document("index.json", limits)?)?;
    let mut manifests =
        document.manifests.take().ok_or_else(|| TargetError::missing(&path, "index.json: manifests"))?;
    if let Some(wanted) = wanted {
        manifests.retain(|d| d.names().iter().any(|n| n == wanted) || d.digest.to_string() == wanted);
        if manifests.is_empty() {
            return Err(TargetError::missing(&path, format!("image {wanted}")));
        }
    }
    let mut tags = Vec::new();
    let mut digest = None;
    for _ in 0..MAX_DEPTH {
        let chosen = if digest.is_none() {
            root(&path, &manifests, kind, platform, asked)?
        } else {
            choose(&manifests, platform, asked)?
        };
        tags.extend(chosen.names());
        digest = Some(chosen.digest);
        document = parse("manifest", &layout.blob("manifest", chosen.digest, limits)?)?;
        match document.manifests.take() {
            Some(next) => manifests = next,
            None => break,
        }
    }
    let (Some(config), Some(descriptors)) = (document.config, document.layers) else {
        return Err(TargetError::malformed(&path, "manifest", "it has no config and layers"));
    };
    let raw = layout.blob("image configuration", config.digest, limits)?;
    let blobs = Blob { digests: descriptors.iter().map(|d| d.digest).collect(), layout };
    assemble(&path, name, kind, tags, digest, &config, &raw, &descriptors, Box::new(blobs), limits)
}

/// The image of a whole layout: where its index names several, one must be chosen, unless platforms tell them apart.
fn root<'a>(
    path: &Path,
    manifests: &'a [Descriptor],
    kind: TargetKind,
    platform: &Platform,
    asked: bool,
) -> Result<&'a Descriptor, TargetError> {
    let mut names: Vec<String> =
        manifests.iter().filter(|d| !d.is_attestation()).map(|d| d.names().join(" = ")).collect();
    names.sort();
    names.dedup();
    if names.len() > 1 {
        let (count, names) = (names.len(), names.join(", "));
        return Err(TargetError::Ambiguous { path: path.display().to_string(), count, names, prefix: kind.prefix() });
    }
    choose(manifests, platform, asked)
}

/// An image from its verified documents.
#[allow(clippy::too_many_arguments, reason = "each is a document of the specification; both callers have them apart")]
pub(crate) fn assemble(
    path: &Path,
    name: &str,
    kind: TargetKind,
    tags: Vec<String>,
    manifest_digest: Option<Digest>,
    config: &Descriptor,
    raw: &[u8],
    descriptors: &[Descriptor],
    blobs: Box<dyn Blobs>,
    limits: &Limits,
) -> Result<Image, TargetError> {
    let read = config::read(path, raw)?;
    if read.diff_ids.len() != descriptors.len() {
        let reason = format!("{} layers, but {} diff_ids", descriptors.len(), read.diff_ids.len());
        return Err(TargetError::malformed(path, "image configuration", reason));
    }
    check_layer_count(path, descriptors.len(), limits)?;
    let layers = descriptors
        .iter()
        .zip(&read.diff_ids)
        .zip(&read.instructions)
        .map(|((descriptor, diff_id), instruction)| ImageLayer {
            digest: Some(descriptor.digest),
            diff_id: *diff_id,
            media_type: descriptor.media_type.clone(),
            size: Some(descriptor.size),
            instruction: instruction.clone(),
        })
        .collect();
    let info = TargetInfo {
        kind,
        name: name.to_owned(),
        tags,
        manifest_digest,
        config_digest: Some(config.digest),
        platform: read.platform,
        size: None,
    };
    Ok(Image { info, config: read.config, layers, blobs })
}

struct Blob {
    layout: Layout,
    digests: Vec<Digest>,
}

impl Blobs for Blob {
    fn open(&self, index: usize) -> Result<Box<dyn Read + Send>, TargetError> {
        match self.digests.get(index) {
            Some(digest) => self.layout.reader(*digest),
            None => Err(TargetError::missing(self.layout.path(), format!("layer {index}"))),
        }
    }
}
