use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// What kind of thing a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// A `docker save` archive.
    DockerArchive,
    /// An OCI layout in a tar file.
    OciArchive,
    /// An OCI layout folder.
    Oci,
    /// A root file system folder.
    Rootfs,
    /// A project folder.
    Dir,
    /// One file.
    File,
    /// An SBOM.
    Sbom,
    /// An image in a Docker engine.
    Docker,
    /// An image in a Podman engine.
    Podman,
    /// An image in an OCI distribution registry.
    Registry,
}

impl TargetKind {
    /// The word that stands before the colon on the command line.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::DockerArchive => "docker-archive",
            Self::OciArchive => "oci-archive",
            Self::Oci => "oci",
            Self::Rootfs => "rootfs",
            Self::Dir => "dir",
            Self::File => "file",
            Self::Sbom => "sbom",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Registry => "registry",
        }
    }

    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::DockerArchive,
        Self::OciArchive,
        Self::Oci,
        Self::Rootfs,
        Self::Dir,
        Self::File,
        Self::Sbom,
        Self::Docker,
        Self::Podman,
        Self::Registry,
    ];
}

/// An operating system and processor, as image indexes name them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `windows`.
    pub os: String,
    /// `amd64`, `arm64`, `arm`, …
    pub architecture: String,
    /// `v7`, `v8`.
    pub variant: Option<String>,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetInfo {
    /// Its kind.
    pub kind: TargetKind,
    /// What the user called it, without the prefix.
    pub name: String,
    /// Image names that the target itself states.
    pub tags: Vec<String>,
    /// Digest of the image's manifest.
    pub manifest_digest: Option<Digest>,
    /// Digest of the image's configuration (the image id of engines).
    pub config_digest: Option<Digest>,
    /// Platform of the image.
    pub platform: Option<Platform>,
    /// Uncompressed bytes of all layers.
    pub size: Option<u64>,
}

/// One layer of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layer {
    /// Digest of the uncompressed tar, recomputed.
    pub diff_id: Digest,
    /// Digest of the blob as stored, recomputed; equal to `diff_id` where it is stored uncompressed.
    pub digest: Digest,
    /// Media type as the manifest states it.
    pub media_type: String,
    /// Bytes as stored.
    pub size: u64,
    /// Bytes uncompressed.
    pub uncompressed_size: u64,
    /// The instruction of the build history that made it.
    pub instruction: Option<String>,
    /// Number of files, folders and links in it.
    pub entries: u64,
    /// Its programs, sorted by path, where they were asked for: also those that a layer above it hides, as the layer may
    /// be in other images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<Vec<ProgramFile>>,
}

/// A file that may be executed or mapped to be: a compiled program or library, or a script that names its interpreter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramFile {
    /// Path in the image, without a leading slash.
    pub path: String,
    /// Digest of its content.
    pub digest: Digest,
}

impl ProgramFile {
    /// How many bytes of a file's beginning tell whether it is one.
    pub const HEAD: usize = 4;

    /// Whether a file that begins so, with this mode, is one. Libraries need no permission to be mapped.
    pub fn is_one(head: &[u8], mode: u32) -> bool {
        const MAY_BE_EXECUTED: u32 = 0o111;
        head.starts_with(b"\x7fELF") || head.starts_with(b"#!") && mode & MAY_BE_EXECUTED != 0
    }
}

/// What an image says of how it wants to be run
/// ([OCI image configuration](https://github.com/opencontainers/image-spec/blob/main/config.md)).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageConfig {
    /// `User`; empty means root.
    pub user: String,
    /// `Env`, as `NAME=value`.
    pub env: Vec<String>,
    /// `Entrypoint`.
    pub entrypoint: Vec<String>,
    /// `Cmd`.
    pub cmd: Vec<String>,
    /// `ExposedPorts`, such as `8080/tcp`, sorted.
    pub exposed_ports: Vec<String>,
    /// `Volumes`, sorted.
    pub volumes: Vec<String>,
    /// `WorkingDir`.
    pub working_dir: String,
    /// `Labels`.
    pub labels: BTreeMap<String, String>,
    /// `StopSignal`.
    pub stop_signal: Option<String>,
    /// Whether a health check is set.
    pub has_healthcheck: bool,
    /// `created`, as the image states it (RFC 3339).
    pub created: Option<String>,
    /// `author`.
    pub author: Option<String>,
    /// Every instruction of the history in order, also those that made no layer.
    pub history: Vec<String>,
}

/// The operating system of an image
/// ([os-release](https://www.freedesktop.org/software/systemd/man/latest/os-release.html)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatingSystem {
    /// `ID`: `debian`, `alpine`, `rhel`, `sles`, …
    pub id: String,
    /// `ID_LIKE`, split.
    pub id_like: Vec<String>,
    /// `VERSION_ID`, as written; empty for rolling releases that state none.
    pub version_id: String,
    /// `VERSION_CODENAME`.
    pub codename: Option<String>,
    /// `PRETTY_NAME`.
    pub pretty_name: Option<String>,
    /// `CPE_NAME`.
    pub cpe: Option<String>,
    /// `VARIANT_ID`.
    pub variant_id: Option<String>,
    /// Red Hat content sets or repository names that the image states, sorted.
    pub repositories: Vec<String>,
}
