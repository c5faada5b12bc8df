use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use seawall_model::Container;

use super::bolt::{self, Bolt};
use crate::identity::labels::pod_labels;
use crate::identity::reference::parts;

/// What containerd's own database tells of a container
/// ([buckets](https://github.com/containerd/containerd/blob/main/core/metadata/buckets.go)).
#[derive(Debug, Default)]
struct Record {
    image: String,
    labels: BTreeMap<String, String>,
    /// The digest of the image's manifest or index.
    digest: String,
    /// The digest of its configuration, where the image is not an index.
    image_id: Option<String>,
    pod_labels: BTreeMap<String, String>,
}

/// Adds what containerd's database, in the folder `data`, tells of a container. A database that cannot be read adds
/// nothing: the container is known by its specification then.
pub(super) fn fill_from_containerd(
    data: &Path,
    namespace: &str,
    sandbox: Option<&str>,
    container: &mut Container,
    image_names: &mut Vec<String>,
) {
    let file = data.join("io.containerd.metadata.v1.bolt/meta.db");
    let found = bolt::read(&file, |database| record(database, namespace, &container.id, sandbox));
    let Ok(Some(record)) = found else { return };
    container.labels.extend(record.labels);
    container.image_id = container.image_id.take().or(record.image_id);
    if container.name.is_none() {
        container.name = container.labels.get("nerdctl/name").cloned();
    }
    if !record.image.is_empty() {
        container.image.get_or_insert_with(|| record.image.clone());
        if let Some(image) = parts(&record.image)
            && !record.digest.is_empty()
        {
            image_names.push(format!("{}@{}", image.repository, record.digest));
        }
    }
    if let Some(pod) = &mut container.pod {
        pod.labels.extend(record.pod_labels);
    }
}

/// Reads the container that a database of containerd tells of; for tests and for who has the file alone.
pub(in crate::identity) fn read_database(file: &Path, namespace: &str, id: &str) -> io::Result<Option<Container>> {
    let found = bolt::read(file, |database| record(database, namespace, id, None))?;
    Ok(found.map(|record| Container {
        id: id.to_owned(),
        image: Some(record.image),
        image_id: record.image_id,
        labels: record.labels,
        ..Container::default()
    }))
}

fn record(database: &Bolt, namespace: &str, id: &str, sandbox: Option<&str>) -> io::Result<Option<Record>> {
    let Some(container) = database.bucket(&["v1", namespace, "containers", id])? else { return Ok(None) };
    let text = |value: Option<Vec<u8>>| value.and_then(|value| String::from_utf8(value).ok()).unwrap_or_default();
    let image = text(database.value(&container, "image")?);
    let target = database.bucket(&["v1", namespace, "images", &image, "target"])?;
    let digest = match target {
        Some(target) => text(database.value(&target, "digest")?),
        None => String::new(),
    };
    let manifest = labels(database, &["v1", namespace, "content", "blob", &digest, "labels"])?;
    let image_id = manifest.get("containerd.io/gc.ref.content.config").cloned();
    // A pod's labels are those of the container that holds its namespaces; containerd 2 has them as a sandbox too.
    let mut of_pod = BTreeMap::new();
    for kind in ["containers", "sandboxes"] {
        if let Some(sandbox) = sandbox
            && of_pod.is_empty()
        {
            of_pod = labels(database, &["v1", namespace, kind, sandbox, "labels"])?;
        }
    }
    let labels = labels(database, &["v1", namespace, "containers", id, "labels"])?;
    Ok(Some(Record { image, labels, digest, image_id, pod_labels: pod_labels(of_pod) }))
}

fn labels(database: &Bolt, path: &[&str]) -> io::Result<BTreeMap<String, String>> {
    let Some(bucket) = database.bucket(path)? else { return Ok(BTreeMap::new()) };
    let pairs = database.values(&bucket)?.into_iter();
    Ok(pairs.filter_map(|(k, v)| Some((String::from_utf8(k).ok()?, String::from_utf8(v).ok()?))).collect())
}
