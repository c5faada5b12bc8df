use std::collections::BTreeMap;

use seawall_model::{Container, ContainerEngine, ContainerMount, Pod};
use serde::Deserialize;

use crate::identity::labels::{fill_from_labels, nanoseconds, pod_labels};
use crate::identity::reference::is_id;

/// What a runtime specification tells of a container.
#[derive(Debug)]
pub(in crate::identity) struct SpecDocument {
    pub(in crate::identity) container: Container,
    /// Names with digests under which the image is known.
    pub(in crate::identity) image_names: Vec<String>,
    /// The container that holds the pod's namespaces.
    pub(in crate::identity) sandbox: Option<String>,
    /// When it was made, nanoseconds since 1970.
    pub(in crate::identity) created: Option<u64>,
}

#[derive(Deserialize)]
struct Spec {
    annotations: Option<BTreeMap<String, String>>,
    process: Option<Process>,
    mounts: Option<Vec<Mount>>,
    linux: Option<Linux>,
}

#[derive(Deserialize)]
struct Process {
    capabilities: Option<Capabilities>,
}

#[derive(Deserialize)]
struct Capabilities {
    bounding: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Mount {
    destination: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    source: Option<String>,
    options: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linux {
    masked_paths: Option<Vec<String>>,
    readonly_paths: Option<Vec<String>>,
}

/// The capabilities of Linux 3.16, which every engine knows
/// ([capabilities(7)](https://man7.org/linux/man-pages/man7/capabilities.7.html)): one that lacks any of them was not
/// made privileged. The three that came later are left to newer kernels and engines.
const ALL: &[&str] = &[
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
];

/// Reads the specification of the container with this identifier.
pub(in crate::identity) fn read_spec(bytes: &[u8], id: &str) -> Result<SpecDocument, String> {
    let spec: Spec = serde_json::from_slice(bytes).map_err(|e| format!("specification of a container: {e}"))?;
    let privileged = privileged(&spec);
    let mounts = spec.mounts.unwrap_or_default().into_iter().filter_map(mount).collect();
    let annotations = spec.annotations.unwrap_or_default();
    let first = |names: &[&str]| {
        names.iter().find_map(|name| annotations.get(*name).filter(|value| !value.is_empty())).cloned()
    };
    let crio = annotations.contains_key("io.kubernetes.cri-o.ContainerType");
    let kind = first(&["io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"]);
    let pod = first(&["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name", "io.kubernetes.cri-o.KubeName"]);
    let name = if kind.as_deref() == Some("sandbox") {
        // The container that holds the pod's namespaces: it has no name of its own.
        pod.clone()
    } else {
        first(&["io.kubernetes.cri.container-name", "io.kubernetes.container.name", "nerdctl/name"])
    };
    let image = first(&[
        "io.kubernetes.cri.image-name",
        "io.kubernetes.cri.podsandbox.image-name",
        "io.kubernetes.cri-o.ImageName",
        "io.kubernetes.cri-o.Image",
    ]);
    let image_id = first(&["io.kubernetes.cri-o.ImageRef", "io.kubernetes.cri-o.Image"]).filter(|text| is_id(text));
    let digests = first(&["io.kubernetes.cri-o.ImageRepoDigests"]).unwrap_or_default();
    let mut container = Container {
        id: id.to_owned(),
        name,
        engine: if crio { ContainerEngine::Crio } else { ContainerEngine::Unknown },
        image,
        image_id: image_id.map(|id| if id.contains(':') { id } else { format!("sha256:{id}") }),
        labels: labels(&annotations, "io.kubernetes.cri-o.Labels"),
        mounts,
        privileged,
        addresses: ["io.kubernetes.cri-o.IP.0", "io.kubernetes.cri-o.IP.1"]
            .iter()
            .filter_map(|n| first(&[*n]))
            .collect(),
        pod: pod.map(|name| Pod {
            name,
            namespace: first(&[
                "io.kubernetes.cri.sandbox-namespace",
                "io.kubernetes.pod.namespace",
                "io.kubernetes.cri-o.Namespace",
            ])
            .unwrap_or_default(),
            uid: first(&["io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"]).unwrap_or_default(),
            service_account: first(&["io.kubernetes.pod.serviceAccount"]),
            labels: BTreeMap::new(),
        }),
        ..Container::default()
    };
    if kind.as_deref() == Some("sandbox")
        && let Some(pod) = &mut container.pod
    {
        pod.labels = pod_labels(container.labels.clone());
    }
    fill_from_labels(&mut container);
    let image_names = digests.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let created = first(&["io.kubernetes.cri-o.Created"]).and_then(|text| nanoseconds(&text));
    let sandbox = first(&["io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"]);
    Ok(SpecDocument { container, image_names, sandbox, created })
}

/// Labels that CRI-O keeps as a document in an annotation.
fn labels(annotations: &BTreeMap<String, String>, name: &str) -> BTreeMap<String, String> {
    annotations.get(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// No runtime has a flag for it: every capability, and neither masked nor read-only paths.
fn privileged(spec: &Spec) -> Option<bool> {
    let bounding = spec.process.as_ref()?.capabilities.as_ref()?.bounding.as_deref().unwrap_or_default();
    let linux = spec.linux.as_ref()?;
    let empty = |paths: &Option<Vec<String>>| paths.as_ref().is_none_or(Vec::is_empty);
    let has = |name: &&str| bounding.iter().any(|held| held.strip_prefix("CAP_").unwrap_or(held) == *name);
    Some(empty(&linux.masked_paths) && empty(&linux.readonly_paths) && ALL.iter().all(has))
}

/// A mount from outside.
fn mount(mount: Mount) -> Option<ContainerMount> {
    let options = mount.options.unwrap_or_default();
    let has = |name: &str| options.iter().any(|option| option == name);
    if mount.kind.as_deref() != Some("bind") && !has("bind") && !has("rbind") {
        return None;
    }
    let propagation =
        ["rprivate", "private", "rshared", "shared", "rslave", "slave"].into_iter().find(|name| has(name));
    Some(ContainerMount {
        source: mount.source.unwrap_or_default(),
        destination: mount.destination,
        writable: !has("ro"),
        propagation: propagation.unwrap_or_default().to_owned(),
        mode: options.join(","),
    })
}
