//! Docker's engine, and Podman's through the interface that it shares
//! ([Docker Engine API](https://docs.docker.com/reference/api/engine/)).

mod document;
mod event;

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use seawall_io::{LocalCloser, LocalHttp, LocalResponse, read_bounded};
use seawall_model::{Container, ContainerEngine};
use serde::Deserialize;

use super::reference::fill_image;
pub(super) use document::{Document, read_document, read_host_config};
pub(super) use event::{EngineEvent, EventAction, EventLines, read_event};

/// Largest description of a container or an image, bytes.
pub(super) const MAX_DOCUMENT: u64 = 8 << 20;
/// Largest list of containers, bytes.
const MAX_LIST: u64 = 64 << 20;
/// How long an image's names are taken from memory.
const IMAGE_AGE: Duration = Duration::from_secs(60);
/// Most images whose names are kept.
const MAX_IMAGES: usize = 512;

/// One engine's socket.
pub(super) struct Docker {
    http: LocalHttp,
    engine: ContainerEngine,
    /// The host's root as this process sees it.
    root: PathBuf,
    /// Where the engine keeps its containers, as the host sees it.
    folder: Mutex<PathBuf>,
    images: Mutex<HashMap<String, (Instant, Arc<ImageNames>)>>,
}

/// Under which names an engine has an image.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImageNames {
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    #[serde(default)]
    docker_root_dir: String,
}

impl Docker {
    pub(super) fn new(http: LocalHttp, engine: ContainerEngine, root: PathBuf, folder: PathBuf) -> Self {
        Self { http, engine, root, folder: Mutex::new(folder), images: Mutex::default() }
    }

    pub(super) fn http(&self) -> &LocalHttp {
        &self.http
    }

    pub(super) fn engine(&self) -> ContainerEngine {
        self.engine
    }

    /// What the engine says of a container; none where it has no such container.
    pub(super) fn inspect(&self, id: &str) -> Result<Option<Container>, String> {
        let Some(bytes) = self.get(&format!("/containers/{}/json", checked(id)?), MAX_DOCUMENT)? else {
            return Ok(None);
        };
        Ok(Some(self.complete(read_document(&bytes, self.engine)?)))
    }

    /// What the engine wrote down of a container before it was started. Asking instead would wait: the engine locks a
    /// container while it starts or ends, and a short one has gone by then.
    pub(super) fn written(&self, id: &str) -> Result<Option<Container>, String> {
        if self.engine != ContainerEngine::Docker {
            // The folder is Docker's: what lies there is not Podman's.
            return Ok(None);
        }
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(read_written(&self.root, &folder, checked(id)?, self.engine)?.map(|document| self.complete(document)))
    }

    /// The containers that there are, running or not, newest first.
    pub(super) fn list(&self) -> Result<Vec<String>, String> {
        let bytes = self.get("/containers/json?all=true", MAX_LIST)?.ok_or("the engine has no list of containers")?;
        let listed: Vec<Listed> = serde_json::from_slice(&bytes).map_err(|e| format!("list of containers: {e}"))?;
        Ok(listed.into_iter().map(|listed| listed.id).filter(|id| checked(id).is_ok()).collect())
    }

    /// Asks where the engine keeps its containers.
    pub(super) fn locate(&self) -> Result<(), String> {
        let Some(bytes) = self.get("/info", MAX_DOCUMENT)? else { return Ok(()) };
        let info: Info = serde_json::from_slice(&bytes).map_err(|e| format!("information on the engine: {e}"))?;
        if info.docker_root_dir.starts_with('/') {
            *self.folder.lock().unwrap_or_else(PoisonError::into_inner) = PathBuf::from(info.docker_root_dir);
        }
        Ok(())
    }

    /// The stream of what happens to containers, from now on.
    pub(super) fn events(&self) -> Result<(EventLines, LocalCloser), String> {
        // `{"type":["container"]}`
        let path = "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D";
        let (response, closer) = self.http.follow(path).map_err(|e| self.silent(&e))?;
        match response.status {
            200 => Ok((EventLines::new(response.body), closer)),
            status => Err(self.explain(&format!("status {status}{}", message(response)))),
        }
    }

    /// Adds the image's names.
    fn complete(&self, document: Document) -> Container {
        let Document { mut container, image } = document;
        let names = self.image(&image);
        let list = |names: &Option<Vec<String>>| names.clone().unwrap_or_default();
        fill_image(&mut container, &list(&names.repo_tags), &list(&names.repo_digests));
        container
    }

    /// An image's names; none where the engine does not tell, which leaves the container's own.
    fn image(&self, id: &str) -> Arc<ImageNames> {
        let now = Instant::now();
        let lock = || self.images.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, names)) = lock().get(id)
            && now.duration_since(*at) < IMAGE_AGE
        {
            return Arc::clone(names);
        }
        let known = checked(id).and_then(|id| self.get(&format!("/images/{id}/json"), MAX_DOCUMENT));
        let Some(names) = known.ok().flatten().and_then(|bytes| serde_json::from_slice::<ImageNames>(&bytes).ok())
        else {
            return Arc::default();
        };
        let names = Arc::new(names);
        let mut images = lock();
        if images.len() >= MAX_IMAGES {
            images.clear();
        }
        images.insert(id.to_owned(), (now, Arc::clone(&names)));
        names
    }

    /// A document; none where the engine says that there is no such thing.
    fn get(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, String> {
        let mut response = self.http.get(path).map_err(|e| self.silent(&e))?;
        match response.status {
            200 => {
                let bytes = seawall_io::read_to_limit(&mut response.body, limit);
                Ok(Some(bytes.map_err(|e| self.explain(&format!("{path}: {e}")))?))
            }
            404 => Ok(None),
            status => Err(self.explain(&format!("{path}: status {status}{}", message(response)))),
        }
    }

    /// Why no answer comes.
    fn silent(&self, error: &io::Error) -> String {
        match error.kind() {
            // What the system calls a read that took too long.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => self.explain("it does not answer in time"),
            _ => self.explain(&error.to_string()),
        }
    }

    fn explain(&self, reason: &str) -> String {
        format!("{} at {}: {reason}", self.engine.name(), self.http.address())
    }
}

/// A path of the host as this process sees it.
pub(crate) fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The files `config.v2.json` and `hostconfig.json` of a container below Docker's folder on the host.
pub(super) fn read_written(
    root: &Path,
    data: &Path,
    id: &str,
    engine: ContainerEngine,
) -> Result<Option<Document>, String> {
    let folder = below(root, data).join("containers").join(id);
    let file = folder.join("config.v2.json");
    let bytes = match read_bounded(&file, MAX_DOCUMENT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", file.display())),
    };
    let mut document = read_document(&bytes, engine).map_err(|e| format!("{}: {e}", file.display()))?;
    // Written at the same time; where it is missing, whether the container is privileged stays open.
    if let Ok(bytes) = read_bounded(&folder.join("hostconfig.json"), MAX_DOCUMENT) {
        (document.container.privileged, document.container.name_servers) = read_host_config(&bytes);
    }
    for mount in &mut document.container.mounts {
        // A volume is written down by name.
        if !mount.source.is_empty() && !mount.source.starts_with('/') {
            mount.source = data.join("volumes").join(&mount.source).join("_data").display().to_string();
        }
    }
    Ok(Some(document))
}

/// An identifier or a name, as far as it may stand in an address and in a path.
pub(crate) fn checked(id: &str) -> Result<&str, String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':');
    let fine = (1..=255).contains(&id.len()) && id.bytes().all(allowed) && !id.starts_with('.');
    fine.then_some(id).ok_or_else(|| format!("{:?} is not an identifier", id.chars().take(80).collect::<String>()))
}

/// The message in an engine's error document.
fn message(response: LocalResponse) -> String {
    #[derive(Deserialize)]
    struct Message {
        message: String,
    }
    let mut bytes = Vec::new();
    // Where even that fails the status alone is said.
    let _ = response.body.take(4 << 10).read_to_end(&mut bytes);
    let text = serde_json::from_slice::<Message>(&bytes).map(|m| m.message).unwrap_or_default();
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}
