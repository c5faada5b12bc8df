//! Images in a registry ([OCI distribution specification](https://github.com/opencontainers/distribution-spec/blob/main/spec.md)).

mod auth;
mod blob;
mod challenge;
mod client;
mod endpoint;
mod failure;
mod kept;
mod retry;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seawall_io::Limits;
use seawall_model::{Digest, Platform, TargetKind};
use serde::Deserialize;

use crate::certificates::CertificateStore;
use crate::credentials::CredentialStore;
use crate::image_reference::ImageReference;
use crate::manifest::{Document, choose};
use crate::oci::{MAX_DEPTH, assemble};
use crate::{Image, TargetError};
use blob::RemoteLayers;
use client::Client;
pub use endpoint::{Mirror, MirrorError};

/// How registries are asked.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// Asks every registry over plain HTTP; without it only loopback is.
    pub plain_http: bool,
    /// Which authorities are trusted, and what registries are shown that ask for a certificate.
    pub certificates: CertificateStore,
    /// Asked in this order, before the registry itself.
    pub mirrors: Vec<Mirror>,
    /// Where credentials come from.
    pub credentials: CredentialStore,
    /// How often one thing is asked for before giving up; what came in between counts as a new beginning.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each further one.
    pub backoff: Duration,
    /// The longest wait before an attempt; a registry that asks for a longer one is given up.
    pub longest_wait: Duration,
    /// How long nothing may come.
    pub stall_timeout: Duration,
    /// Largest layer, bytes as stored, that is kept in a temporary file while it is read, so that what a hard link in it
    /// points back to need not be fetched again.
    pub kept_bytes: u64,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            plain_http: false,
            certificates: CertificateStore::none(),
            mirrors: Vec::new(),
            credentials: CredentialStore::none(),
            attempts: 5,
            backoff: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            stall_timeout: Duration::from_secs(30),
            kept_bytes: 1 << 30,
        }
    }
}

/// What a document of the first manifest version has, and no later one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OldDocument {
    #[serde(default)]
    schema_version: u64,
    #[serde(default)]
    fs_layers: Option<serde::de::IgnoredAny>,
}

/// Opens an image in a registry by its reference: the manifest and the configuration are fetched and verified, the
/// layers are fetched when they are opened. `asked` says that the user chose the platform.
///
/// # Errors
/// Where the reference is none, the registry does not give what it should, or there is no image for the platform.
pub fn open_registry(
    text: &str,
    limits: &Limits,
    platform: &Platform,
    asked: bool,
    options: &RegistryOptions,
) -> Result<Image, TargetError> {
    let reference: ImageReference = text.parse()?;
    let client = Arc::new(Client::new(&reference, limits, options)?);
    let name = reference.to_string();
    let path = Path::new(&name);
    let mut wanted = reference.wanted();
    let mut expected = reference.digest();
    let mut document = None;
    for _ in 0..MAX_DEPTH {
        let (digest, bytes) = client.manifest(&wanted, expected)?;
        let read = parse(path, &bytes)?;
        match &read.manifests {
            Some(manifests) => {
                let chosen = choose(manifests, platform, asked)?.digest;
                (wanted, expected) = (chosen.to_string(), Some(chosen));
            }
            None => {
                document = Some((digest, read));
                break;
            }
        }
    }
    let (digest, document) = document.ok_or_else(|| {
        TargetError::malformed(path, "index", format!("indexes point to indexes, more than {MAX_DEPTH} deep"))
    })?;
    let (Some(config), Some(layers)) = (document.config, document.layers) else {
        return Err(TargetError::malformed(path, "manifest", "it has no config and layers"));
    };
    if let Some(large) = layers.iter().find(|l| l.size > limits.layer_bytes) {
        let what = format!("size of layer {}", large.digest);
        return Err(TargetError::Limit { path: name, what, limit: limits.layer_bytes });
    }
    let raw = client.document(config.digest)?;
    let blobs = Box::new(RemoteLayers::new(client, &layers));
    let tags = reference.tag().map(|_| name.clone()).into_iter().collect();
    assemble(path, text, TargetKind::Registry, tags, Some(digest), &config, &raw, &layers, blobs, limits)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Document, TargetError> {
    let malformed = |e: serde_json::Error| TargetError::malformed(path, "manifest", e);
    let old: OldDocument = serde_json::from_slice(bytes).map_err(malformed)?;
    if old.schema_version == 1 || old.fs_layers.is_some() {
        let reason = "it is of schema version 1, which cannot be verified\nhint: push the image anew";
        return Err(TargetError::malformed(path, "manifest", reason));
    }
    serde_json::from_slice(bytes).map_err(malformed)
}

/// How a blob is called in messages.
fn blob_name(digest: Digest) -> String {
    format!("blob {digest}")
}
