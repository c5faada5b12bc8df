//! Packages of the same purl become one, with all its evidence.

use std::collections::{BTreeMap, HashMap};

use seawall_model::{Ecosystem, OperatingSystem, Package, Unknown};

use super::maven;
use super::ownership::Owner;
use crate::pass::{LayerScan, Seen};
use crate::unit::Observation;

/// For each file and package, the layer from which on the file has listed the package without a break. A package
/// database is rewritten whole by every installation; the layer that brought a package is the first to list it.
pub(super) struct Origins<'a> {
    first: HashMap<&'a str, HashMap<Key<'a>, usize>>,
}

type Key<'a> = (Ecosystem, &'a str, &'a str, Option<&'a str>);

fn key(package: &Package) -> Key<'_> {
    (package.ecosystem, &package.name, &package.version, package.architecture.as_deref())
}

impl<'a> Origins<'a> {
    pub(super) fn new(scans: &'a [LayerScan]) -> Self {
        let mut first: HashMap<&str, HashMap<Key<'_>, usize>> = HashMap::new();
        for (layer, scan) in scans.iter().enumerate() {
            let mut here: HashMap<&str, HashMap<Key<'_>, usize>> = HashMap::new();
            for s in &scan.seen {
                if let Observation::Package(package) = &s.observation {
                    let before = first.get(s.path.as_str()).and_then(|known| known.get(&key(package)));
                    let origin = before.copied().unwrap_or(layer);
                    here.entry(&s.path).or_default().insert(key(package), origin);
                }
            }
            first.extend(here);
        }
        Self { first }
    }

    pub(super) fn layer(&self, seen: &Seen, package: &Package, layer: usize) -> usize {
        self.first.get(seen.path.as_str()).and_then(|known| known.get(&key(package))).copied().unwrap_or(layer)
    }
}

/// The layer that brought a package, where there are layers, and for each evidence who owns the file.
pub(super) type Place = (Option<usize>, Vec<Owner>);

/// Licences that other files name, by package.
pub(super) type Licences = HashMap<(Ecosystem, String), Vec<String>>;

/// Of several files that name the licences of one package, the last one counts.
pub(super) fn licences(seen: &[(usize, &Seen)]) -> Licences {
    let named = seen.iter().filter_map(|(_, s)| match &s.observation {
        Observation::Licences { ecosystem, name, licences } => Some(((*ecosystem, name.clone()), licences.clone())),
        _ => None,
    });
    named.collect()
}

/// Collects packages by purl.
pub(super) struct Merger<'a> {
    os: Option<&'a OperatingSystem>,
    packages: BTreeMap<String, Merged>,
}

struct Merged {
    package: Package,
    /// For each evidence, the operating-system package that owns the file.
    owners: Vec<Owner>,
}

impl<'a> Merger<'a> {
    pub(super) fn new(os: Option<&'a OperatingSystem>) -> Self {
        Self { os, packages: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, mut package: Package, (layer, owners): Place) {
        if package.ecosystem.is_operating_system()
            && let Some(os) = self.os
        {
            package.namespace.get_or_insert_with(|| purl_namespace(os));
            package
                .distro
                .get_or_insert_with(|| format!("{}-{}", os.id, os.version_id).trim_end_matches('-').to_owned());
        }
        for evidence in &mut package.evidence {
            evidence.layer = layer.and_then(|l| u32::try_from(l).ok());
        }
        match self.packages.entry(package.purl()) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(Merged { package, owners });
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => slot.get_mut().join(package, owners),
        }
    }

    pub(super) fn finish(self, licences: &Licences) -> Vec<Package> {
        let mut purls: HashMap<_, Vec<(Option<String>, String)>> = HashMap::new();
        for (purl, merged) in self.packages.iter().filter(|(_, m)| m.package.ecosystem.is_operating_system()) {
            let p = &merged.package;
            purls.entry((p.ecosystem, p.name.clone())).or_default().push((p.architecture.clone(), purl.clone()));
        }
        let mut packages = Vec::with_capacity(self.packages.len());
        for (_, Merged { mut package, owners }) in self.packages {
            let mut owner = None;
            let whole = !owners.is_empty() && owners.iter().all(Option::is_some);
            if let (true, Some(Some((ecosystem, name)))) = (whole, owners.first()) {
                let (bare, architecture) = name.split_once(':').map_or((name.as_str(), None), |(n, a)| (n, Some(a)));
                let candidates = purls.get(&(*ecosystem, bare.to_owned()));
                owner = candidates.and_then(|c| {
                    c.iter().find(|(a, _)| architecture.is_none() || a.as_deref() == architecture).or(c.first())
                });
            }
            // The same file may have been reported by two units, or in two layers.
            package.evidence.sort_by(|a, b| (a.layer, &a.path).cmp(&(b.layer, &b.path)));
            package.evidence.dedup_by(|a, b| a.path == b.path);
            package.owned_by = owner.map(|(_, purl)| purl.clone());
            if package.licences.is_empty()
                && let Some(found) = licences.get(&(package.ecosystem, package.name.clone()))
            {
                package.licences.clone_from(found);
            }
            packages.push(package);
        }
        packages
    }
}

impl Merged {
    fn join(&mut self, other: Package, owners: Vec<Owner>) {
        let package = &mut self.package;
        package.evidence.extend(other.evidence);
        self.owners.extend(owners);
        extend(&mut package.licences, other.licences);
        extend(&mut package.checksums, other.checksums);
        extend(&mut package.dependencies, other.dependencies);
        extend(&mut package.provides, other.provides);
        package.vendor = package.vendor.take().or(other.vendor);
        package.source = package.source.take().or(other.source);
        package.contained_in = package.contained_in.take().or(other.contained_in);
        if package.scope == seawall_model::Scope::Development {
            package.scope = other.scope;
        }
    }
}

/// Lists of one package longer than this come from no honest image.
const MAX_LIST: usize = 2_000;

fn extend<T: PartialEq>(list: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if list.len() < MAX_LIST && !list.contains(&item) {
            list.push(item);
        }
    }
}

/// The namespace that purls of a distribution's packages have
/// ([purl types](https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst)).
fn purl_namespace(os: &OperatingSystem) -> String {
    match os.id.as_str() {
        "rhel" => "redhat",
        "sles" | "sled" | "sle-micro" | "sle-micro-rancher" | "sl-micro" | "suse-microos" | "sle_hpc" => "suse",
        "leap-micro" => "opensuse",
        id if id.starts_with("opensuse") => "opensuse",
        id => id,
    }
    .to_owned()
}

/// The packages that resolvers make from pieces of several files, each with the layer of the file that it comes from.
pub(super) fn resolved_pieces(seen: &[(usize, &Seen)], unknowns: &mut Vec<Unknown>) -> Vec<(usize, Package)> {
    let mut layers = HashMap::new();
    let mut pieces = Vec::new();
    for (layer, s) in seen {
        if let Observation::Piece { resolver, data } = &s.observation
            && resolver == maven::RESOLVER
        {
            layers.insert(s.path.as_str(), *layer);
            pieces.push((s.path.clone(), data.clone()));
        }
    }
    let mut packages = Vec::new();
    for (path, observation) in maven::resolve(&pieces) {
        match observation {
            Observation::Package(package) => packages.push((layers.get(path.as_str()).copied().unwrap_or(0), package)),
            Observation::Unknown { kind, reason, .. } => {
                let by = maven::RESOLVER.to_owned();
                unknowns.push(Unknown { path, layer: None, kind, by, reason });
            }
            _ => {}
        }
    }
    packages
}
