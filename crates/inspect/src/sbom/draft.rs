//! What a reader has understood so far. References within a document may point forwards, so that all of it has to be
//! there before it becomes an inventory.

mod finish;
mod names;

use std::collections::HashMap;

use seawall_model::{
    Digest, Evidence, Layer, OperatingSystem, Package, Platform, Recognition, TargetInfo, TargetKind, Unknown,
    UnknownKind,
};

use super::component::{Component, Meaning};
use super::system;
use names::Names;

/// Who reports what an SBOM holds.
const BY: &str = "sbom";
/// More packages come from no honest document; the rest is cut off and said to be.
const MAX_PACKAGES: usize = 250_000;
/// As much for relations between them.
const MAX_EDGES: usize = 1_000_000;
/// Unknowns that are listed one by one.
const MAX_UNKNOWNS: usize = 1_000;
/// A longer text is a licence, not what one is called.
const MAX_LICENCE: usize = 1_000;
/// Layers of one image; engines stop at 127.
const MAX_LAYERS: usize = 1_024;

/// Which relation an edge of a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Edge {
    /// The first needs the second.
    DependsOn,
    /// The first lies within the second.
    ContainedIn,
    /// The first one's files belong to the second.
    OwnedBy,
}

/// A package that is being read, so that those nested in it can point to it.
pub(super) type Slot = Option<usize>;

struct Entry {
    reference: Option<u32>,
    parent: Slot,
    /// `layer` of its evidence is an index into `layer_names` until the layers are known.
    package: Option<Package>,
}

/// An inventory that is being made.
pub(super) struct Draft {
    target: TargetInfo,
    os: Option<OperatingSystem>,
    os_evidence: Option<Evidence>,
    layers: Vec<StatedLayer>,
    layer_names: Names,
    entries: Vec<Entry>,
    references: Names,
    edges: Vec<(u32, u32, Edge)>,
    /// Lockfiles that are components of their own, by reference.
    places: HashMap<u32, String>,
    unknowns: Vec<Unknown>,
    /// Unknowns that were not listed.
    more_unknowns: usize,
    cut_packages: usize,
    cut_edges: usize,
    /// The licence texts that SPDX documents hold, by `LicenseRef-…`.
    licence_texts: HashMap<String, String>,
}

#[derive(Default)]
struct StatedLayer {
    diff_id: Option<Digest>,
    digest: Option<Digest>,
    instruction: Option<String>,
}

impl Draft {
    pub(super) fn new(name: String) -> Self {
        Self {
            target: TargetInfo {
                kind: TargetKind::Sbom,
                name,
                tags: Vec::new(),
                manifest_digest: None,
                config_digest: None,
                platform: None,
                size: None,
            },
            os: None,
            os_evidence: None,
            layers: Vec::new(),
            layer_names: Names::default(),
            entries: Vec::new(),
            references: Names::default(),
            edges: Vec::new(),
            places: HashMap::new(),
            unknowns: Vec::new(),
            more_unknowns: 0,
            cut_packages: 0,
            cut_edges: 0,
            licence_texts: HashMap::new(),
        }
    }

    /// What a `LicenseRef-…` of an expression stands for: the first that is said and short enough to be a name.
    pub(super) fn licence_text(&mut self, id: &str, text: &str) {
        let text = text.trim();
        let is_said = !matches!(text, "" | "NOASSERTION") && text.len() <= MAX_LICENCE;
        if is_said && self.licence_texts.len() < MAX_PACKAGES {
            self.licence_texts.entry(id.to_owned()).or_insert_with(|| text.to_owned());
        }
    }

    /// A component begins; others may lie within it.
    pub(super) fn open(&mut self, parent: Slot) -> Slot {
        if self.entries.len() >= MAX_PACKAGES {
            self.cut_packages = self.cut_packages.saturating_add(1);
            return None;
        }
        self.entries.push(Entry { reference: None, parent, package: None });
        self.entries.len().checked_sub(1)
    }

    /// A component has been read.
    pub(super) fn close(&mut self, slot: Slot, component: &Component) {
        let Some(index) = slot else { return };
        match component.meaning() {
            Meaning::Package(package) => self.keep(index, component, *package),
            Meaning::System => match (system::from_component(component), &self.os) {
                (Some(os), None) => {
                    self.os = Some(os);
                    self.os_evidence = system::evidence(component, BY);
                }
                (Some(os), Some(known)) if (&os.id, &os.version_id) == (&known.id, &known.version_id) => {}
                _ => self.unknown(
                    component.label(),
                    UnknownKind::Unsupported,
                    "a second operating system, or one without a name; packages are judged by the first",
                ),
            },
            Meaning::Place(path) => {
                if let Some(reference) = self.references.id(&component.reference) {
                    self.places.insert(reference, path);
                }
            }
            Meaning::Nothing => {}
            Meaning::Unknown(kind, reason) => self.unknown(component.label(), kind, &reason),
        }
        // Nothing can point to a slot at the end that nobody filled.
        if self.entries.len().checked_sub(1) == slot && self.entries.last().is_some_and(|e| e.package.is_none()) {
            self.entries.pop();
        }
    }

    fn keep(&mut self, index: usize, component: &Component, mut package: Package) {
        if package.version.is_empty() {
            let reason = "it states no version, so no advisory can be compared";
            self.unknown(component.label(), UnknownKind::NotMatched, reason);
        }
        package.evidence = component
            .places()
            .into_iter()
            .map(|place| Evidence {
                layer: if place.layer.is_empty() { None } else { self.layer_names.id(&place.layer) },
                path: place.path,
                how: Recognition::Sbom,
                cataloger: BY.to_owned(),
            })
            .collect();
        let reference = [&component.reference, &component.purl].into_iter().find(|r| !r.is_empty());
        let reference = reference.and_then(|r| self.references.id(r));
        if let Some(entry) = self.entries.get_mut(index) {
            entry.reference = reference;
            entry.package = Some(package);
        }
    }

    /// The component that the document is about has been read. It is a package too where it has a purl of one.
    pub(super) fn subject(&mut self, slot: Slot, component: &Component) {
        for (name, value) in &component.properties {
            self.about(name, value);
        }
        let digests = component.checksums.iter().filter_map(|c| c.strip_prefix("sha256:"));
        let image = digests.filter_map(digest).find(|d| self.target.config_digest != Some(*d));
        if matches!(component.kind.as_str(), "container") {
            self.target.manifest_digest = self.target.manifest_digest.or(image);
        }
        if let (true, Meaning::Package(_)) = (!component.purl.is_empty(), component.meaning()) {
            self.close(slot, component);
        }
    }

    /// A property of the target.
    fn about(&mut self, name: &str, value: &str) {
        match name {
            "seawall:image:tag" | "aquasecurity:trivy:RepoTag" if self.target.tags.len() < MAX_LAYERS => {
                self.target.tags.push(value.to_owned());
            }
            "seawall:image:configDigest" | "aquasecurity:trivy:ImageID" => self.target.config_digest = digest(value),
            "seawall:image:manifestDigest" => self.target.manifest_digest = digest(value),
            "seawall:image:platform" => self.target.platform = platform(value),
            "aquasecurity:trivy:DiffID" if self.layers.len() < MAX_LAYERS => {
                self.layers.push(StatedLayer { diff_id: digest(value), ..StatedLayer::default() });
            }
            _ => {
                if let Some((place, what)) = name.strip_prefix("seawall:layer:").and_then(|n| n.split_once(':')) {
                    self.about_layer(place, what, value);
                }
            }
        }
    }

    fn about_layer(&mut self, place: &str, what: &str, value: &str) {
        let Some(place) = place.parse::<usize>().ok().filter(|place| *place < MAX_LAYERS) else { return };
        if place >= self.layers.len() {
            self.layers.resize_with(place.saturating_add(1), StatedLayer::default);
        }
        let Some(layer) = self.layers.get_mut(place) else { return };
        match what {
            "diffId" => layer.diff_id = digest(value),
            "digest" => layer.digest = digest(value),
            "instruction" => layer.instruction = Some(value.to_owned()),
            _ => {}
        }
    }

    /// A property of the document: what its own maker could not look at.
    pub(super) fn document_property(&mut self, name: &str, value: &str) {
        let Some(rest) = name.strip_prefix("seawall:unknown") else { return };
        let kind = match rest {
            // Matching is done anew.
            ":not-matched" => return,
            ":malformed" => UnknownKind::Malformed,
            ":limit" => UnknownKind::Limit,
            ":unsupported" => UnknownKind::Unsupported,
            _ => UnknownKind::Unreadable,
        };
        let (path, reason) = value.split_once(": ").unwrap_or(("", value));
        self.unknown(path, kind, reason);
    }

    /// The number of a reference, whatever it turns out to be; `None` where there are too many.
    pub(super) fn reference(&mut self, reference: &str) -> Option<u32> {
        self.references.id(reference)
    }

    /// A relation between two references.
    pub(super) fn edge(&mut self, from: Option<u32>, to: Option<u32>, edge: Edge) {
        match (from, to) {
            (Some(from), Some(to)) if self.edges.len() < MAX_EDGES => self.edges.push((from, to, edge)),
            _ => self.cut_edges = self.cut_edges.saturating_add(1),
        }
    }

    pub(super) fn unknown(&mut self, path: &str, kind: UnknownKind, reason: &str) {
        if self.unknowns.len() >= MAX_UNKNOWNS {
            self.more_unknowns = self.more_unknowns.saturating_add(1);
            return;
        }
        let cut = |text: &str, most| text.chars().take(most).collect::<String>();
        self.unknowns.push(Unknown {
            path: cut(path, 512),
            layer: None,
            kind,
            by: BY.to_owned(),
            reason: cut(reason, 300),
        });
    }
}

impl StatedLayer {
    fn layer(self) -> Option<Layer> {
        let diff_id = self.diff_id?;
        Some(Layer {
            diff_id,
            // An SBOM need not say how the layer was stored.
            digest: self.digest.unwrap_or(diff_id),
            media_type: String::new(),
            size: 0,
            uncompressed_size: 0,
            programs: None,
            instruction: self.instruction,
            entries: 0,
        })
    }
}

fn digest(text: &str) -> Option<Digest> {
    let text = text.trim();
    if text.contains(':') { text.parse().ok() } else { format!("sha256:{text}").parse().ok() }
}

fn platform(text: &str) -> Option<Platform> {
    let mut parts = text.splitn(3, '/').map(str::to_owned);
    Some(Platform { os: parts.next()?, architecture: parts.next()?, variant: parts.next() })
}
