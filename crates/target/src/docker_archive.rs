use std::io::Read;
use std::path::Path;

use seawall_io::{Limits, sha256};
use seawall_model::{Digest, Platform, TargetInfo, TargetKind};

use crate::archive::Archive;
use crate::error::split_name;
use crate::image::{Blobs, Image, ImageLayer};
use crate::manifest::SavedImage;
use crate::{TargetError, config, oci};

/// Opens what `docker save` writes, old layout (`ID/layer.tar`) and new (`blobs/sha256/…`), plain or compressed.
/// `PATH:NAME` chooses one of several images by tag.
///
/// # Errors
/// Where it is not such an archive, is damaged, or holds several images and none is chosen.
pub fn open_docker_archive(text: &str, limits: &Limits, platform: &Platform) -> Result<Image, TargetError> {
    let (path, wanted) = split_name(text);
    let archive = Archive::open(&path, limits)?;
    if !archive.has("manifest.json") && archive.has("index.json") {
        return oci::from_archive(archive, wanted, text, platform, limits);
    }
    from_archive(archive, wanted, text, TargetKind::DockerArchive, limits)
}

/// Reads an indexed `docker save` archive.
pub(crate) fn from_archive(
    archive: Archive,
    wanted: Option<&str>,
    name: &str,
    kind: TargetKind,
    limits: &Limits,
) -> Result<Image, TargetError> {
    let path = archive.path.clone();
    let saved: Vec<SavedImage> = serde_json::from_slice(&archive.document("manifest.json", limits)?)
        .map_err(|e| TargetError::malformed(&path, "manifest.json", e))?;
    let saved = choose(&path, saved, wanted)?;
    let raw = archive.document(&saved.config, limits)?;
    let config_digest = sha256(&raw);
    verify_name(&saved.config, config_digest)?;
    let read = config::read(&path, &raw)?;
    if read.diff_ids.len() != saved.layers.len() {
        let reason = format!("{} layers, but {} diff_ids", saved.layers.len(), read.diff_ids.len());
        return Err(TargetError::malformed(&path, "manifest.json", reason));
    }
    check_layer_count(&path, saved.layers.len(), limits)?;
    let layers = read
        .diff_ids
        .iter()
        .zip(&saved.layers)
        .zip(&read.instructions)
        .map(|((diff_id, member), instruction)| ImageLayer {
            digest: member.strip_prefix("blobs/sha256/").and_then(|hex| format!("sha256:{hex}").parse().ok()),
            diff_id: *diff_id,
            media_type: String::new(),
            size: None,
            instruction: instruction.clone(),
        })
        .collect();
    let info = TargetInfo {
        kind,
        name: name.to_owned(),
        tags: saved.repo_tags.unwrap_or_default(),
        manifest_digest: None,
        config_digest: Some(config_digest),
        platform: read.platform,
        size: None,
    };
    let blobs = Box::new(Members { archive, members: saved.layers });
    Ok(Image { info, config: read.config, layers, blobs })
}

pub(crate) fn check_layer_count(path: &Path, count: usize, limits: &Limits) -> Result<(), TargetError> {
    if count > limits.layers {
        let what = "number of layers".to_owned();
        return Err(TargetError::Limit { path: path.display().to_string(), what, limit: limits.layers as u64 });
    }
    Ok(())
}

fn choose(path: &Path, saved: Vec<SavedImage>, wanted: Option<&str>) -> Result<SavedImage, TargetError> {
    let count = saved.len();
    let tags = |s: &SavedImage| s.repo_tags.clone().unwrap_or_default();
    let names = saved.iter().flat_map(tags).collect::<Vec<_>>().join(", ");
    let mut fits = saved.into_iter().filter(|s| wanted.is_none_or(|w| tags(s).iter().any(|t| t == w)));
    match (fits.next(), fits.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(TargetError::missing(path, format!("image {} (there are: {names})", wanted.unwrap_or("")))),
        _ => Err(TargetError::Ambiguous { path: path.display().to_string(), count, names, prefix: "docker-archive" }),
    }
}

/// A member whose name is its digest must be what it says.
fn verify_name(member: &str, actual: Digest) -> Result<(), TargetError> {
    let stem = member.rsplit('/').next().unwrap_or(member);
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    match format!("sha256:{stem}").parse::<Digest>() {
        Ok(expected) if expected != actual => {
            Err(TargetError::DigestMismatch { what: "image configuration".to_owned(), expected, actual })
        }
        _ => Ok(()),
    }
}

struct Members {
    archive: Archive,
    members: Vec<String>,
}

impl Blobs for Members {
    fn open(&self, index: usize) -> Result<Box<dyn Read + Send>, TargetError> {
        let Some(member) = self.members.get(index) else {
            return Err(TargetError::missing(&self.archive.path, format!("layer {index}")));
        };
        Ok(Box::new(self.archive.reader(member)?))
    }
}
