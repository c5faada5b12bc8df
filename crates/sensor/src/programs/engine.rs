//! Which images an engine has and in which folders their layers lie
//! ([Docker Engine API](https://docs.docker.com/reference/api/engine/)).

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use seawall_io::{LocalCloser, LocalHttp, read_to_limit};
use seawall_model::Digest;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::identity::checked_id;

/// Largest list, and largest description of one image or container, bytes.
const MAX_LIST: u64 = 64 << 20;
const MAX_DOCUMENT: u64 = 8 << 20;
/// Longest event.
const MAX_EVENT: u64 = 4 << 20;
/// `{"type":["image","container"],"event":[…]}`: what brings images, and what needs one.
const EVENTS: &str = "/events?filters=%7B%22type%22%3A%5B%22image%22%2C%22container%22%5D%2C%22event%22%3A%5B%22pull%22%2C\
    %22load%22%2C%22import%22%2C%22tag%22%2C%22build%22%2C%22delete%22%2C%22create%22%2C%22destroy%22%5D%7D";

/// A layer on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LayerFolder {
    pub(super) folder: PathBuf,
    /// The digest of the layer's tar, where the engine tells it.
    pub(super) diff_id: Option<Digest>,
}

/// An image, or a container whose image is gone.
#[derive(Debug, Clone)]
pub(super) struct ImageLayers {
    pub(super) name: String,
    pub(super) layers: Vec<LayerFolder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedImage {
    id: String,
    repo_tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedContainer {
    id: String,
    #[serde(default, rename = "ImageID")]
    image: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    #[serde(rename = "RootFS")]
    root: Option<Root>,
    graph_driver: Option<Driver>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Root {
    layers: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Driver {
    #[serde(default)]
    name: String,
    data: Option<BTreeMap<String, String>>,
}

/// What an engine has, those in use first.
pub(super) struct Held {
    /// By identifier: of images, and of containers whose image is gone.
    pub(super) images: Vec<(String, Source)>,
    /// How many of them, from the beginning, containers use.
    pub(super) in_use: usize,
}

/// Where the layers are told.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// By the image; its name for people.
    Image(String),
    /// By a container.
    Container,
}

/// The images and containers of an engine.
pub(super) fn held(http: &LocalHttp) -> Result<Held, String> {
    let images: Vec<ListedImage> = get(http, "/images/json?all=true", MAX_LIST)?;
    let containers: Vec<ListedContainer> = get(http, "/containers/json?all=true", MAX_LIST)?;
    let name = |image: &ListedImage| {
        let tag = image.repo_tags.iter().flatten().next();
        Source::Image(tag.cloned().unwrap_or_else(|| image.id.chars().take(19).collect()))
    };
    let is_used = |image: &&ListedImage| containers.iter().any(|container| container.image == image.id);
    let of_gone = containers.iter().filter(|container| !images.iter().any(|image| image.id == container.image));
    let mut held: Vec<_> = of_gone.map(|container| (container.id.clone(), Source::Container)).collect();
    held.extend(images.iter().filter(is_used).map(|image| (image.id.clone(), name(image))));
    let in_use = held.len();
    held.extend(images.iter().filter(|image| !is_used(image)).map(|image| (image.id.clone(), name(image))));
    Ok(Held { images: held, in_use })
}

/// Where the layers of an image lie, base first; none where it has gone meanwhile.
pub(super) fn layers(http: &LocalHttp, id: &str, source: &Source) -> Result<Option<ImageLayers>, String> {
    let id = checked_id(id)?;
    let (path, name) = match source {
        Source::Image(name) => (format!("/images/{id}/json"), name.clone()),
        Source::Container => (format!("/containers/{id}/json"), format!("of container {}", id.get(..12).unwrap_or(id))),
    };
    let Some(inspected) = found::<Inspected>(http, &path, MAX_DOCUMENT)? else { return Ok(None) };
    let driver = inspected.graph_driver.ok_or("the engine does not say in which folders its layers lie")?;
    let data = driver.data.unwrap_or_default();
    let lower = data.get("LowerDir").map(|text| text.split(':').map(PathBuf::from).collect()).unwrap_or_default();
    let lower: Vec<PathBuf> = lower;
    // Uppermost first, as overlayfs has them.
    let folders: Vec<PathBuf> = match source {
        Source::Image(_) => data.get("UpperDir").map(PathBuf::from).into_iter().chain(lower).collect(),
        // The first is the engine's own, with files such as /etc/hosts.
        Source::Container => lower.into_iter().skip(1).collect(),
    };
    let named = inspected.root.and_then(|root| root.layers).unwrap_or_default();
    if folders.is_empty() && (!named.is_empty() || driver.name != "overlay2") {
        return Err(format!("its storage driver `{}` has no folders of layers", driver.name));
    }
    if matches!(source, Source::Image(_)) && named.len() != folders.len() {
        return Err(format!("it has {} layers and {} folders", named.len(), folders.len()));
    }
    let mut diff_ids = named.iter().map(|text| text.parse().ok());
    let layers =
        folders.into_iter().rev().map(|folder| LayerFolder { folder, diff_id: diff_ids.next().flatten() }).collect();
    Ok(Some(ImageLayers { name, layers }))
}

/// Waits for events and gives a sign for each, until the stream ends or nobody listens.
pub(super) fn follow<T>(
    http: &LocalHttp,
    signs: &Sender<T>,
    sign: impl Fn() -> T,
    keep: impl FnOnce(LocalCloser),
) -> Result<(), String> {
    let (response, closer) = http.follow(EVENTS).map_err(|e| e.to_string())?;
    keep(closer);
    if response.status != 200 {
        return Err(format!("{EVENTS}: status {}", response.status));
    }
    let mut lines = BufReader::new(response.body);
    // What happened before is in the list, which is asked for now.
    while signs.send(sign()).is_ok() {
        let mut line = Vec::new();
        match lines.by_ref().take(MAX_EVENT).read_until(b'\n', &mut line) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(())
}

fn get<T: DeserializeOwned>(http: &LocalHttp, path: &str, limit: u64) -> Result<T, String> {
    found(http, path, limit)?.ok_or_else(|| format!("{path}: status 404"))
}

/// A document; none where the engine says that there is no such thing.
fn found<T: DeserializeOwned>(http: &LocalHttp, path: &str, limit: u64) -> Result<Option<T>, String> {
    let explain = |reason: &dyn std::fmt::Display| format!("{}: {path}: {reason}", http.address());
    let mut response = http.get(path).map_err(|e| explain(&e))?;
    match response.status {
        200 => {
            let bytes = read_to_limit(&mut response.body, limit).map_err(|e| explain(&e))?;
            serde_json::from_slice(&bytes).map(Some).map_err(|e| explain(&e))
        }
        404 => Ok(None),
        status => Err(explain(&format_args!("status {status}"))),
    }
}
