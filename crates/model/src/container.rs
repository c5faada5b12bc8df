use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A running container, as its engine knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// The whole identifier, 64 hexadecimal digits for most engines.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Who runs it.
    pub engine: ContainerEngine,
    /// The image, as it was named when the container was made.
    pub image: Option<String>,
    /// The image's repository, without tag and digest.
    pub image_repository: Option<String>,
    /// The image's tag.
    pub image_tag: Option<String>,
    /// The manifest's digest, where the engine knows one.
    pub image_digest: Option<String>,
    /// The image's own identifier: the digest of its configuration.
    pub image_id: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Mounts from outside.
    pub mounts: Vec<ContainerMount>,
    /// Every capability and no masks; none where it could not be told.
    pub privileged: Option<bool>,
    /// When it started, nanoseconds since 1970.
    pub started: Option<u64>,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// The name servers that whoever made it gave it, besides the node's own.
    // Not written: recordings keep their layout.
    #[serde(skip)]
    pub name_servers: Vec<String>,
    /// The Kubernetes pod that it belongs to.
    pub pod: Option<Pod>,
    /// The Swarm service that it belongs to.
    pub service: Option<String>,
    /// The Swarm task that it is.
    pub task: Option<String>,
}

impl Container {
    /// The first twelve characters of the identifier (`container.id`).
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// Who runs a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerEngine {
    /// Told by its control group alone.
    #[default]
    Unknown,
    /// Docker, also under Swarm.
    Docker,
    /// containerd without Docker.
    Containerd,
    /// CRI-O.
    Crio,
    /// Podman.
    Podman,
}

impl ContainerEngine {
    /// The word for it (`container.type`).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::Crio => "cri-o",
            Self::Podman => "podman",
        }
    }
}

/// A mount from outside into a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerMount {
    /// The path outside.
    pub source: String,
    /// The path inside.
    pub destination: String,
    /// Options as the engine gives them.
    pub mode: String,
    /// It may be written.
    pub writable: bool,
    /// `rprivate`, `shared` and so on.
    pub propagation: String,
}

/// A Kubernetes pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its identifier.
    pub uid: String,
    /// The account that it runs under, where it is known.
    pub service_account: Option<String>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}
