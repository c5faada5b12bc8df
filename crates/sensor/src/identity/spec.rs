//! What engines leave in files: the container's specification for its runtime
//! ([OCI runtime specification](https://github.com/opencontainers/runtime-spec/blob/main/config.md)) and what they write
//! beside it. Root may read these without any engine answering, and they are there before the first instruction.

mod bolt;
mod containerd;
mod document;
mod storage;
mod token;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use seawall_io::read_bounded;
use seawall_model::{Container, ContainerEngine};

use super::docker::{MAX_DOCUMENT, checked, read_written};
use super::reference::fill_image;
use containerd::fill_from_containerd;
pub(super) use containerd::read_database;
pub(super) use document::{SpecDocument, read_spec};
use storage::fill_from_storage;
use token::service_account;

/// Folders of containerd's tasks, one folder a namespace below each, and the folder of its database.
const TASKS: &[(&str, &str)] = &[
    ("run/containerd/io.containerd.runtime.v2.task", "var/lib/containerd"),
    ("run/k3s/containerd/io.containerd.runtime.v2.task", "var/lib/rancher/k3s/agent/containerd"),
    ("run/docker/containerd/daemon/io.containerd.runtime.v2.task", "var/lib/docker/containerd/daemon"),
    (
        "var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task",
        "var/snap/microk8s/common/var/lib/containerd",
    ),
    ("run/k0s/containerd/io.containerd.runtime.v2.task", "var/lib/k0s/containerd"),
    ("run/containerd/io.containerd.runtime.v1.linux", "var/lib/containerd"),
];
/// Namespaces that are looked into first.
const NAMESPACES: &[&str] = &["k8s.io", "moby", "default"];
/// Folders of Podman's and CRI-O's containers, `DRIVER-containers/ID/userdata` below each.
const STORAGES: &[&str] = &["run/containers/storage", "var/lib/containers/storage"];
/// Most folders of one kind that are looked into.
const MAX_FOLDERS: usize = 64;

/// The files of all engines below one root.
#[derive(Debug)]
pub(super) struct SpecFiles {
    root: PathBuf,
    docker: PathBuf,
}

/// Where a container's specification may be.
struct Place {
    folder: PathBuf,
    /// containerd's namespace, and the folder of its database.
    containerd: Option<(String, PathBuf)>,
}

/// What the files tell of a container.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) container: Container,
    /// Nothing more is to be had from an engine.
    pub(super) complete: bool,
}

impl SpecFiles {
    /// The files below `root`, Docker's in its folder `docker` of the host.
    pub(super) fn new(root: PathBuf, docker: PathBuf) -> Self {
        Self { root, docker }
    }

    /// Looks for a container; none where no file tells of it.
    pub(super) fn find(&self, id: &str) -> Result<Option<Found>, String> {
        let id = checked(id)?;
        if let Some(document) = read_written(&self.root, &self.docker, id, ContainerEngine::Docker)? {
            let mut container = document.container;
            fill_image(&mut container, &[], &[]);
            // The digest is in no file that is promised to stay.
            return Ok(Some(Found { container, complete: false }));
        }
        for place in self.places(id) {
            let file = place.folder.join("config.json");
            let bytes = match read_bounded(&file, MAX_DOCUMENT) {
                Ok(bytes) => bytes,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
                Err(error) => return Err(format!("{}: {error}", file.display())),
            };
            let document = read_spec(&bytes, id).map_err(|e| format!("{}: {e}", file.display()))?;
            return Ok(Some(self.complete(document, &place)));
        }
        Ok(None)
    }

    /// Adds what stands beside the specification.
    fn complete(&self, document: SpecDocument, place: &Place) -> Found {
        let SpecDocument { mut container, mut image_names, sandbox, created } = document;
        let namespace = place.containerd.as_ref().map(|(namespace, _)| namespace.as_str());
        match &place.containerd {
            Some((namespace, _)) if namespace == "moby" => container.engine = ContainerEngine::Docker,
            Some((namespace, data)) => {
                container.engine = ContainerEngine::Containerd;
                fill_from_containerd(data, namespace, sandbox.as_deref(), &mut container, &mut image_names);
            }
            None => {
                if container.engine == ContainerEngine::Unknown {
                    container.engine = ContainerEngine::Podman;
                }
                if let Some(containers) = place.folder.parent().and_then(Path::parent) {
                    fill_from_storage(&self.root, containers, &mut container, &mut image_names);
                    if let (Some(pod), Some(sandbox)) = (&mut container.pod, &sandbox) {
                        pod.labels.extend(labels_of_sandbox(containers, sandbox));
                    }
                }
            }
        }
        fill_image(&mut container, &[], &image_names);
        if let Some(pod) = &mut container.pod
            && pod.service_account.is_none()
        {
            pod.service_account = service_account(&self.root, &container.mounts);
        }
        container.started = modified(&place.folder.join("init.pid")).or(created);
        let complete = container.name.is_some() && container.image.is_some() && namespace != Some("moby");
        Found { container, complete }
    }

    /// Where a container's specification may be.
    fn places(&self, id: &str) -> Vec<Place> {
        let mut places = Vec::new();
        for (tasks, data) in TASKS {
            let (tasks, data) = (self.root.join(tasks), self.root.join(data));
            let mut namespaces: Vec<String> = NAMESPACES.iter().map(|name| (*name).to_owned()).collect();
            namespaces.extend(folders(&tasks, |name| !NAMESPACES.contains(&name)));
            places.extend(namespaces.into_iter().map(|namespace| {
                let folder = tasks.join(&namespace).join(id);
                Place { folder, containerd: Some((namespace, data.clone())) }
            }));
        }
        for storage in STORAGES {
            let storage = self.root.join(storage);
            let containers = folders(&storage, |name| name.ends_with("-containers"));
            places.extend(containers.into_iter().map(|name| {
                let folder = storage.join(name).join(id).join("userdata");
                Place { folder, containerd: None }
            }));
        }
        places
    }
}

/// A pod's labels, which CRI-O keeps with the container that holds the pod's namespaces.
fn labels_of_sandbox(containers: &Path, sandbox: &str) -> BTreeMap<String, String> {
    let read = || {
        let sandbox = checked(sandbox).ok()?;
        let bytes = read_bounded(&containers.join(sandbox).join("userdata/config.json"), MAX_DOCUMENT).ok()?;
        read_spec(&bytes, sandbox).ok()?.container.pod
    };
    read().map(|pod| pod.labels).unwrap_or_default()
}

/// The names of folders that are wanted, in order.
fn folders(of: &Path, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let entries = std::fs::read_dir(of).into_iter().flatten().flatten().take(MAX_FOLDERS);
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| wanted(name)).collect();
    names.sort_unstable();
    names
}

/// When a file was written, nanoseconds since 1970.
fn modified(file: &Path) -> Option<u64> {
    let time = std::fs::metadata(file).ok()?.modified().ok()?;
    u64::try_from(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos()).ok()
}
