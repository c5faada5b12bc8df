use std::path::Path;

use seawall_io::read_bounded;
use seawall_model::Container;
use serde::Deserialize;

/// Largest list of containers or images, bytes.
const MAX_LIST: u64 = 64 << 20;

/// A line of `containers.json`, where Podman and CRI-O keep names
/// ([containers-storage](https://github.com/containers/storage)).
#[derive(Deserialize)]
struct Stored {
    id: String,
    names: Option<Vec<String>>,
    /// The image's identifier.
    image: Option<String>,
    /// A document in text.
    metadata: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Metadata {
    image_name: Option<String>,
    name: Option<String>,
    container_name: Option<String>,
}

#[derive(Deserialize)]
struct StoredImage {
    id: String,
    digest: Option<String>,
    names: Option<Vec<String>>,
}

/// Adds what `containers.json` and `images.json` tell of a container whose specification lies below `containers`, a
/// folder `…/DRIVER-containers`. What cannot be read adds nothing.
pub(super) fn fill_from_storage(
    root: &Path,
    containers: &Path,
    container: &mut Container,
    image_names: &mut Vec<String>,
) {
    let Some(driver) = containers.file_name().and_then(|name| name.to_str()?.strip_suffix("-containers")) else {
        return;
    };
    // A run folder holds the specification, the folder that stays the names; either may hold both.
    let stays = root.join("var/lib/containers/storage");
    let beside = containers.parent().unwrap_or(root).to_owned();
    let lists = [&beside, &stays].map(|s| s.join(format!("{driver}-containers")));
    let stored = lists.iter().flat_map(|folder| {
        ["containers.json", "volatile-containers.json"].map(|name| list::<Stored>(&folder.join(name)))
    });
    let Some(stored) = stored.flatten().find(|stored| stored.id == container.id) else { return };
    let metadata = stored.metadata.and_then(|text| serde_json::from_str::<Metadata>(&text).ok()).unwrap_or_default();
    let first = stored.names.unwrap_or_default().into_iter().next();
    container.name = container.name.take().or(metadata.container_name).or(metadata.name).or(first);
    container.image = container.image.take().or(metadata.image_name).filter(|image| !image.is_empty());
    let Some(id) = stored.image.filter(|id| !id.is_empty()) else { return };
    container.image_id.get_or_insert_with(|| format!("sha256:{id}"));
    let images = [&beside, &stays].map(|s| list::<StoredImage>(&s.join(format!("{driver}-images/images.json"))));
    if let Some(image) = images.into_iter().flatten().find(|image| image.id == id) {
        let (digest, names) = (image.digest.unwrap_or_default(), image.names.unwrap_or_default());
        if !digest.is_empty() {
            let bare = names.iter().filter_map(|name| crate::identity::reference::parts(name));
            image_names.extend(bare.map(|parts| format!("{}@{digest}", parts.repository)));
        }
    }
}

fn list<T: for<'de> Deserialize<'de>>(file: &Path) -> Vec<T> {
    let bytes = read_bounded(file, MAX_LIST).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
