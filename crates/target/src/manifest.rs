//! The documents of the OCI image specification and of `docker save`, as far as they are needed.

use std::collections::BTreeMap;

use seawall_model::{Digest, Platform};
use serde::Deserialize;

/// A descriptor: what another document refers to.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    #[serde(default)]
    pub(crate) media_type: String,
    pub(crate) digest: Digest,
    #[serde(default)]
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) platform: Option<DescriptorPlatform>,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DescriptorPlatform {
    #[serde(default)]
    pub(crate) os: String,
    #[serde(default)]
    pub(crate) architecture: String,
    #[serde(default)]
    pub(crate) variant: Option<String>,
}

impl DescriptorPlatform {
    pub(crate) fn to_model(&self) -> Platform {
        Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone().filter(|v| !v.is_empty()),
        }
    }
}

/// An image manifest or an index: told apart by what is in it, since media types are often missing.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    #[serde(default)]
    pub(crate) manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    pub(crate) config: Option<Descriptor>,
    #[serde(default)]
    pub(crate) layers: Option<Vec<Descriptor>>,
}

/// One image in the `manifest.json` of `docker save`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SavedImage {
    pub(crate) config: String,
    #[serde(default)]
    pub(crate) repo_tags: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) layers: Vec<String>,
}

/// Annotation with an image's name in an OCI layout.
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation with an image's whole name, as containerd and Docker write it.
pub(crate) const IMAGE_NAME: &str = "io.containerd.image.name";

impl Descriptor {
    /// The names that the annotations give.
    pub(crate) fn names(&self) -> Vec<String> {
        [IMAGE_NAME, REF_NAME].iter().filter_map(|key| self.annotations.get(*key).cloned()).collect()
    }

    /// BuildKit keeps attestations beside the images, under a platform that no machine has.
    pub(crate) fn is_attestation(&self) -> bool {
        self.annotations.contains_key("vnd.docker.reference.type")
            || self.platform.as_ref().is_some_and(|p| p.os == "unknown" && p.architecture == "unknown")
    }
}

/// Picks the descriptor for a platform. An index with a single image gives it whatever its platform is; the report
/// names it.
pub(crate) fn choose<'a>(
    manifests: &'a [Descriptor],
    wanted: &Platform,
    asked: bool,
) -> Result<&'a Descriptor, crate::TargetError> {
    let images: Vec<_> = manifests.iter().filter(|d| !d.is_attestation()).collect();
    let fits = |d: &&&Descriptor| {
        d.platform.as_ref().is_some_and(|p| {
            p.os == wanted.os
                && p.architecture == wanted.architecture
                && (wanted.variant.is_none() || p.variant == wanted.variant)
        })
    };
    if let Some(found) = images.iter().find(fits) {
        return Ok(found);
    }
    match images.as_slice() {
        [only] if !asked || only.platform.is_none() => Ok(only),
        _ => {
            let mut available: Vec<String> =
                images.iter().filter_map(|d| d.platform.as_ref()).map(|p| p.to_model().to_string()).collect();
            available.dedup();
            Err(crate::TargetError::Platform { wanted: wanted.to_string(), available: available.join(", ") })
        }
    }
}
