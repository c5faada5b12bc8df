//! What all four forms say, before it is an inventory.

use std::collections::{BTreeMap, HashMap};

use seawall_model::{
    Ecosystem, Evidence, Inventory, OperatingSystem, Package, Recognition, Relationship, RelationshipKind, TargetInfo,
    TargetKind, Unknown, UnknownKind,
};

use super::purl;

/// One component or package of a document.
#[derive(Debug, Clone, Default)]
pub(super) struct Component {
    /// By which the document refers to it.
    pub(super) reference: String,
    /// CycloneDX type or SPDX purpose, lower case: `library`, `operating-system`, `container`, `file`, …
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) description: String,
    pub(super) purl: String,
    pub(super) licences: Vec<String>,
    /// `algorithm:hex`, lower case.
    pub(super) checksums: Vec<String>,
    pub(super) vendor: String,
    pub(super) paths: Vec<String>,
    /// purl of the owner, where Seawall's own property says so.
    pub(super) owned_by: String,
}

/// A document, read.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) components: Vec<Component>,
    /// From, what, to; by reference.
    pub(super) edges: Vec<(String, RelationshipKind, String)>,
}

impl Document {
    pub(super) fn into_inventory(self, name: &str) -> Inventory {
        let mut os = None;
        let mut unknowns = Vec::new();
        let mut packages: BTreeMap<String, Package> = BTreeMap::new();
        let mut purls: HashMap<String, String> = HashMap::new();
        let mut unknown = |path: &str, kind, reason: String| {
            unknowns.push(Unknown {
                path: path.chars().take(300).collect(),
                layer: None,
                kind,
                by: "sbom".to_owned(),
                reason,
            });
        };
        for component in &self.components {
            match component.kind.as_str() {
                "operating-system" => os = os.or_else(|| system(component)),
                // What the document is about, and what is no package.
                "container" | "file" | "device" | "data" | "source" | "platform" => {}
                _ => match package(component, name) {
                    Ok(found) => {
                        let purl = found.purl();
                        purls.insert(component.reference.clone(), purl.clone());
                        match packages.get_mut(&purl) {
                            Some(known) => known.evidence.extend(found.evidence),
                            None => {
                                packages.insert(purl, found);
                            }
                        }
                    }
                    Err(reason) if reason.is_empty() => {}
                    Err(reason) => {
                        let shown = if component.purl.is_empty() { &component.name } else { &component.purl };
                        unknown(shown, UnknownKind::Unsupported, reason);
                    }
                },
            }
        }
        let os = os.or_else(|| packages.values().find_map(|p| p.distro.as_deref()).and_then(of_distro));
        let mut relationships: Vec<Relationship> = Vec::new();
        for (from, kind, to) in &self.edges {
            if let (Some(from), Some(to)) = (purls.get(from), purls.get(to)) {
                relationships.push(Relationship { from: from.clone(), kind: *kind, to: to.clone() });
            }
        }
        for (purl, package) in &packages {
            if let Some(owner) = &package.owned_by {
                let (from, to) = (purl.clone(), owner.clone());
                relationships.push(Relationship { from, kind: RelationshipKind::OwnedBy, to });
            }
        }
        relationships.sort();
        relationships.dedup();
        for relationship in relationships.iter().filter(|r| r.kind == RelationshipKind::OwnedBy) {
            if let Some(package) = packages.get_mut(&relationship.from) {
                package.owned_by = Some(relationship.to.clone());
            }
        }
        unknowns.sort();
        let target = TargetInfo {
            kind: TargetKind::Sbom,
            name: name.to_owned(),
            tags: Vec::new(),
            manifest_digest: None,
            config_digest: None,
            platform: None,
            size: None,
        };
        let packages = packages.into_values().collect();
        Inventory { target, os, layers: Vec::new(), config: None, packages, relationships, unknowns }
    }
}

/// A package, or why it is none: an empty reason means that nothing is lost.
fn package(component: &Component, document: &str) -> Result<Package, String> {
    let mut package = if component.purl.is_empty() {
        if component.name.is_empty() || component.version.is_empty() {
            return Err("a component without purl and version".to_owned());
        }
        Package::new(Ecosystem::Generic, &component.name, &component.version)
    } else {
        purl::read(&component.purl)?
    };
    if package.version.is_empty() {
        package.version.clone_from(&component.version);
    }
    if package.ecosystem == Ecosystem::Pypi && !component.name.is_empty() {
        // The purl has the name lower case; the document has it as the package writes it.
        package.name.clone_from(&component.name);
    }
    package.licences.clone_from(&component.licences);
    package.checksums.clone_from(&component.checksums);
    package.vendor = Some(component.vendor.clone()).filter(|v| !v.is_empty());
    package.owned_by = Some(component.owned_by.clone()).filter(|o| !o.is_empty());
    let evidence = |path: &str| Evidence {
        path: path.trim_start_matches('/').to_owned(),
        layer: None,
        how: Recognition::Sbom,
        cataloger: "sbom".to_owned(),
    };
    package.evidence = component.paths.iter().map(|p| evidence(p)).collect();
    if package.evidence.is_empty() {
        package.evidence.push(evidence(document));
    }
    Ok(package)
}

fn system(component: &Component) -> Option<OperatingSystem> {
    let pretty = Some(component.description.clone()).filter(|d| !d.is_empty());
    (!component.name.is_empty()).then(|| named(&component.name.to_ascii_lowercase(), &component.version, pretty))
}

/// `debian-12`, `alpine-3.20.3`, `opensuse-leap-15.5`: the release follows the last dash that a digit follows.
fn of_distro(distro: &str) -> Option<OperatingSystem> {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    match distro.rsplit_once('-').filter(|(_, rest)| digit(rest)) {
        Some((id, version)) => Some(named(id, version, None)),
        None => Some(named(distro, "", None)),
    }
}

fn named(id: &str, version: &str, pretty_name: Option<String>) -> OperatingSystem {
    // Other tools write the purl's namespace where os-release has another id.
    let id = match id {
        "redhat" => "rhel",
        other => other,
    };
    OperatingSystem {
        id: id.to_owned(),
        id_like: Vec::new(),
        version_id: version.to_owned(),
        codename: None,
        pretty_name,
        cpe: None,
        variant_id: None,
        repositories: Vec::new(),
    }
}
