use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{Container, ContainerEngine, ContainerMount};
use serde::Deserialize;

use crate::identity::labels::{fill_from_labels, nanoseconds};
use crate::identity::reference::is_id;

/// A container as a document tells it, its image's names still to be added.
#[derive(Debug)]
pub(in crate::identity) struct Document {
    pub(in crate::identity) container: Container,
    /// The image's identifier.
    pub(in crate::identity) image: String,
}

/// The answer to `GET /containers/ID/json`, and `config.v2.json`, which has the same words but for mounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    #[serde(alias = "ID")]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    image: String,
    /// The manifest, with the containerd image store.
    #[serde(alias = "ImageManifest")]
    image_manifest_descriptor: Option<Descriptor>,
    config: Option<Config>,
    state: Option<State>,
    host_config: Option<HostConfig>,
    mounts: Option<Vec<Mount>>,
    mount_points: Option<BTreeMap<String, Mount>>,
    network_settings: Option<NetworkSettings>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    image: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    started_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    privileged: Option<bool>,
    dns: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Mount {
    #[serde(rename = "Name")]
    name: Option<String>,
    #[serde(rename = "Source")]
    source: Option<String>,
    #[serde(rename = "Destination")]
    destination: Option<String>,
    #[serde(rename = "Mode", alias = "Relabel")]
    mode: Option<String>,
    #[serde(rename = "RW")]
    writable: Option<bool>,
    #[serde(rename = "Propagation")]
    propagation: Option<String>,
}

#[derive(Deserialize)]
struct NetworkSettings {
    #[serde(flatten)]
    first: Addresses,
    #[serde(rename = "Networks")]
    networks: Option<BTreeMap<String, Option<Addresses>>>,
}

#[derive(Deserialize)]
struct Addresses {
    #[serde(rename = "IPAddress")]
    v4: Option<String>,
    #[serde(rename = "GlobalIPv6Address")]
    v6: Option<String>,
}

impl From<Mount> for ContainerMount {
    fn from(mount: Mount) -> Self {
        let source = mount.source.filter(|source| !source.is_empty()).or(mount.name);
        Self {
            source: source.unwrap_or_default(),
            destination: mount.destination.unwrap_or_default(),
            mode: mount.mode.unwrap_or_default(),
            writable: mount.writable.unwrap_or(false),
            propagation: mount.propagation.unwrap_or_default(),
        }
    }
}

/// Reads what an engine answers or writes down of a container.
pub(in crate::identity) fn read_document(bytes: &[u8], engine: ContainerEngine) -> Result<Document, String> {
    let read: Inspected = serde_json::from_slice(bytes).map_err(|e| format!("description of a container: {e}"))?;
    let id = super::checked(&read.id)?.to_owned();
    let mounts = read.mounts.unwrap_or_default().into_iter();
    let mounts = mounts.chain(read.mount_points.unwrap_or_default().into_values()).map(ContainerMount::from);
    let (image, labels) = read.config.map(|c| (c.image, c.labels)).unwrap_or_default();
    let (privileged, name_servers) = read.host_config.map(|host| (host.privileged, host.dns)).unwrap_or_default();
    let mut container = Container {
        id,
        name: Some(read.name.trim_start_matches('/').to_owned()).filter(|name| !name.is_empty()),
        engine,
        image: image.filter(|image| !image.is_empty()),
        image_digest: read.image_manifest_descriptor.and_then(|d| d.digest).filter(|digest| !digest.is_empty()),
        image_id: Some(read.image.clone()).filter(|id| !id.is_empty()).map(|id| with_algorithm(&id)),
        labels: labels.unwrap_or_default(),
        mounts: mounts.collect(),
        privileged,
        started: read.state.and_then(|state| state.started_at).and_then(|text| nanoseconds(&text)),
        addresses: read.network_settings.map(addresses).unwrap_or_default(),
        name_servers: name_servers.unwrap_or_default(),
        ..Container::default()
    };
    fill_from_labels(&mut container);
    Ok(Document { container, image: read.image })
}

/// Whether `hostconfig.json` says privileged, and the name servers that it gives.
pub(in crate::identity) fn read_host_config(bytes: &[u8]) -> (Option<bool>, Vec<String>) {
    let read = serde_json::from_slice::<HostConfig>(bytes).ok();
    read.map(|host| (host.privileged, host.dns.unwrap_or_default())).unwrap_or_default()
}

/// Podman leaves the algorithm out.
fn with_algorithm(id: &str) -> String {
    if !id.contains(':') && is_id(id) { format!("sha256:{id}") } else { id.to_owned() }
}

fn addresses(settings: NetworkSettings) -> Vec<String> {
    let networks = settings.networks.unwrap_or_default().into_values().flatten();
    let all = std::iter::once(settings.first).chain(networks).flat_map(|a| [a.v4, a.v6]);
    let mut seen = BTreeSet::new();
    all.flatten().filter(|address| !address.is_empty() && seen.insert(address.clone())).collect()
}
