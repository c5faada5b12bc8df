use std::collections::BTreeMap;
use std::path::Path;

use seawall_model::{Digest, ImageConfig, Platform};
use serde::Deserialize;

use crate::TargetError;

/// An image configuration, read: what the model keeps, and what only opening needs.
pub(crate) struct ReadConfig {
    pub(crate) config: ImageConfig,
    pub(crate) platform: Option<Platform>,
    pub(crate) diff_ids: Vec<Digest>,
    /// The instruction of each layer.
    pub(crate) instructions: Vec<Option<String>>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    config: Option<RawRun>,
    rootfs: RawRootfs,
    #[serde(default)]
    history: Option<Vec<RawHistory>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct RawRun {
    user: Option<String>,
    env: Option<Vec<String>>,
    entrypoint: Option<OneOrMany>,
    cmd: Option<OneOrMany>,
    exposed_ports: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    volumes: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    working_dir: Option<String>,
    labels: Option<BTreeMap<String, String>>,
    stop_signal: Option<String>,
    healthcheck: Option<serde::de::IgnoredAny>,
}

/// Old Docker versions wrote a single word without a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn list(this: Option<Self>) -> Vec<String> {
        match this {
            None => Vec::new(),
            Some(Self::One(word)) => vec![word],
            Some(Self::Many(words)) => words,
        }
    }
}

#[derive(Deserialize)]
struct RawRootfs {
    #[serde(default)]
    diff_ids: Vec<Digest>,
}

#[derive(Deserialize)]
struct RawHistory {
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    empty_layer: Option<bool>,
}

pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<ReadConfig, TargetError> {
    let raw: Raw = serde_json::from_slice(bytes).map_err(|e| TargetError::malformed(path, "image configuration", e))?;
    let run = raw.config.unwrap_or_default();
    let history = raw.history.unwrap_or_default();
    let mut instructions: Vec<Option<String>> =
        history.iter().filter(|h| h.empty_layer != Some(true)).map(|h| h.created_by.clone()).collect();
    // Squashed images keep the history of layers that are gone: then no instruction can be told from another.
    if instructions.len() != raw.rootfs.diff_ids.len() {
        instructions = vec![None; raw.rootfs.diff_ids.len()];
    }
    let sorted = |map: Option<BTreeMap<String, serde::de::IgnoredAny>>| map.unwrap_or_default().into_keys().collect();
    Ok(ReadConfig {
        config: ImageConfig {
            user: run.user.unwrap_or_default(),
            env: run.env.unwrap_or_default(),
            entrypoint: OneOrMany::list(run.entrypoint),
            cmd: OneOrMany::list(run.cmd),
            exposed_ports: sorted(run.exposed_ports),
            volumes: sorted(run.volumes),
            working_dir: run.working_dir.unwrap_or_default(),
            labels: run.labels.unwrap_or_default(),
            stop_signal: run.stop_signal,
            has_healthcheck: run.healthcheck.is_some(),
            created: raw.created,
            author: raw.author,
            history: history.into_iter().map(|h| h.created_by.unwrap_or_default()).collect(),
        },
        platform: (!raw.os.is_empty() || !raw.architecture.is_empty()).then_some(Platform {
            os: raw.os,
            architecture: raw.architecture,
            variant: raw.variant.filter(|v| !v.is_empty()),
        }),
        diff_ids: raw.rootfs.diff_ids,
        instructions,
    })
}
