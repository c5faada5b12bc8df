//! The draft becomes an inventory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use seawall_model::{Evidence, Inventory, Package, Recognition, Relationship, RelationshipKind, UnknownKind};

use super::{BY, Draft, Edge, Entry};
use crate::sbom::component::MAX_LIST;
use crate::sbom::system;

/// What the purls of all relations may weigh together: a relation names two of them.
const MAX_RELATION_BYTES: usize = 256 << 20;

/// What the texts put in place of licence references may weigh together; a reference to them weighs little.
const MAX_LICENCE_BYTES: usize = 64 << 20;

/// Packages by purl.
type Packages = BTreeMap<Rc<str>, Package>;

impl Draft {
    /// The inventory: packages merged by purl, references resolved.
    pub(in crate::sbom) fn finish(mut self) -> Inventory {
        let layers = self.resolve_layers();
        let mut licence_budget = MAX_LICENCE_BYTES;
        let mut packages = Packages::new();
        let mut purl_of: HashMap<u32, Rc<str>> = HashMap::new();
        let mut parents: Vec<(Rc<str>, usize)> = Vec::new();
        let mut purls: Vec<Option<Rc<str>>> = Vec::with_capacity(self.entries.len());
        self.add_places();
        let owned: HashSet<u32> = self.edges.iter().filter(|e| e.2 == Edge::OwnedBy).map(|e| e.0).collect();
        // Packages of which there is a copy that nobody owns.
        let mut free: HashSet<Rc<str>> = HashSet::new();
        for Entry { reference, parent, package } in std::mem::take(&mut self.entries) {
            let Some(mut package) = package else {
                purls.push(None);
                continue;
            };
            self.prepare(&mut package, &layers, &mut licence_budget);
            let purl: Rc<str> = package.purl().into();
            purls.push(Some(purl.clone()));
            if !owned.is_empty() && package.owned_by.is_none() && reference.is_none_or(|r| !owned.contains(&r)) {
                free.insert(purl.clone());
            }
            purl_of.extend(reference.map(|r| (r, purl.clone())));
            parents.extend(parent.map(|parent| (purl.clone(), parent)));
            match packages.entry(purl) {
                std::collections::btree_map::Entry::Vacant(slot) => {
                    slot.insert(package);
                }
                std::collections::btree_map::Entry::Occupied(mut slot) => join(slot.get_mut(), package),
            }
        }
        let mut edges = self.edges(&purl_of);
        edges.retain(|(from, _, edge)| *edge != Edge::OwnedBy || !free.contains(from));
        let nested = parents
            .iter()
            .filter_map(|(child, parent)| Some((child.clone(), purls.get(*parent)?.clone()?, Edge::ContainedIn)));
        edges.extend(nested);
        if self.os.is_none() {
            self.os_of_packages(&packages);
        }
        self.belong(&mut packages, &mut edges);
        let relationships = self.relationships(edges);
        packages.values_mut().for_each(each_once);
        self.say_what_was_cut();
        self.unknowns.sort();
        self.unknowns.dedup();
        Inventory {
            target: self.target,
            os: self.os,
            os_evidence: self.os_evidence,
            layers: self.layers.into_iter().filter_map(super::StatedLayer::layer).collect(),
            config: None,
            packages: packages.into_values().collect(),
            relationships,
            unknowns: self.unknowns,
        }
    }

    /// For each layer name, the index of the layer. Layers with a gap between them are none: their order is not known.
    fn resolve_layers(&mut self) -> HashMap<u32, u32> {
        if self.layers.iter().any(|l| l.diff_id.is_none()) {
            self.layers.clear();
        }
        let ids = self.layers.iter().zip(0_u32..).filter_map(|(layer, index)| {
            let name = self.layer_names.known(&layer.diff_id?.to_string())?;
            Some((name, index))
        });
        ids.collect()
    }

    /// What a lockfile component needs was found in that lockfile.
    fn add_places(&mut self) {
        if self.places.is_empty() {
            return;
        }
        let of = self.edges.iter().filter(|(_, _, edge)| *edge == Edge::DependsOn);
        let found: HashMap<u32, &String> = of.filter_map(|(from, to, _)| Some((*to, self.places.get(from)?))).collect();
        for entry in &mut self.entries {
            let place = entry.reference.and_then(|r| found.get(&r));
            if let (Some(package), Some(place)) = (entry.package.as_mut().filter(|p| p.evidence.is_empty()), place) {
                package.evidence.push(evidence(place));
            }
        }
    }

    fn prepare(&self, package: &mut Package, layers: &HashMap<u32, u32>, licence_budget: &mut usize) {
        for evidence in &mut package.evidence {
            evidence.layer = evidence.layer.and_then(|name| layers.get(&name)).copied();
        }
        if package.evidence.is_empty() {
            package.evidence.push(evidence(&self.target.name));
        }
        for licence in &mut package.licences {
            let Some(text) = self.licence_texts.get(licence.as_str()) else { continue };
            if let Some(rest) = licence_budget.checked_sub(text.len()) {
                *licence_budget = rest;
                licence.clone_from(text);
            }
        }
    }

    /// The edges between packages, each once.
    fn edges(&mut self, purl_of: &HashMap<u32, Rc<str>>) -> Vec<(Rc<str>, Rc<str>, Edge)> {
        let mut edges = std::mem::take(&mut self.edges);
        edges.sort_unstable();
        edges.dedup();
        let purls = edges.iter().filter_map(|(from, to, edge)| {
            let (from, to) = (purl_of.get(from)?, purl_of.get(to)?);
            (from != to).then(|| (from.clone(), to.clone(), *edge))
        });
        purls.collect()
    }

    /// Sets what packages are owned by and contained in, and adds the relations that only properties state. An SBOM that
    /// names an owner takes a package out of matching, so that the owner has to be there and of the right kind.
    fn belong(&mut self, packages: &mut Packages, edges: &mut Vec<(Rc<str>, Rc<str>, Edge)>) {
        let mut stated = Vec::new();
        let mut wrong = Vec::new();
        for (purl, package) in packages.iter_mut() {
            for (to, edge) in
                [(package.owned_by.take(), Edge::OwnedBy), (package.contained_in.take(), Edge::ContainedIn)]
            {
                stated.extend(to.map(|to| (purl.clone(), Rc::from(to), edge)));
            }
        }
        edges.append(&mut stated);
        edges.retain(|(from, to, edge)| {
            let owner = packages.get(to).map(|p| p.ecosystem.is_operating_system());
            let is_owned = packages.get(from).is_some_and(|p| !p.ecosystem.is_operating_system());
            let fits = match edge {
                Edge::DependsOn => true,
                Edge::ContainedIn => owner.is_some() && from != to,
                Edge::OwnedBy => owner == Some(true) && is_owned,
            };
            if !fits && *edge == Edge::OwnedBy {
                wrong.push(from.clone());
            }
            fits
        });
        for from in wrong {
            let reason = "it is said to belong to a package that is none of the operating system's here";
            self.unknown(&from, UnknownKind::Malformed, reason);
        }
        for (from, to, edge) in edges.iter() {
            let Some(package) = packages.get_mut(from) else { continue };
            match edge {
                Edge::DependsOn => {}
                Edge::ContainedIn => package.contained_in = package.contained_in.take().or(Some(to.to_string())),
                Edge::OwnedBy => package.owned_by = package.owned_by.take().or(Some(to.to_string())),
            }
        }
    }

    fn relationships(&mut self, mut edges: Vec<(Rc<str>, Rc<str>, Edge)>) -> Vec<Relationship> {
        edges.sort();
        edges.dedup();
        let mut budget = MAX_RELATION_BYTES;
        let mut relationships = Vec::new();
        for (from, to, edge) in &edges {
            match budget.checked_sub(from.len().saturating_add(to.len())) {
                Some(rest) => budget = rest,
                None => {
                    self.cut_edges = self.cut_edges.saturating_add(1);
                    continue;
                }
            }
            let kind = match edge {
                Edge::DependsOn => RelationshipKind::DependsOn,
                Edge::ContainedIn => RelationshipKind::ContainedIn,
                Edge::OwnedBy => RelationshipKind::OwnedBy,
            };
            relationships.push(Relationship { from: from.to_string(), kind, to: to.to_string() });
        }
        relationships.sort();
        relationships
    }

    /// The distribution that most purls name.
    fn os_of_packages(&mut self, packages: &Packages) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for package in packages.values().filter(|p| p.ecosystem.is_operating_system()) {
            if let Some(distro) = &package.distro {
                let count = counts.entry(distro).or_default();
                *count = count.saturating_add(1);
            }
        }
        let best = counts.iter().max_by_key(|(distro, count)| (**count, std::cmp::Reverse(**distro)));
        let Some((distro, _)) = best else { return };
        let (distro, others) = ((*distro).to_owned(), counts.len().saturating_sub(1));
        if others > 0 {
            let reason = format!("packages of {others} more distributions; all are judged by this one");
            self.unknown(&distro, UnknownKind::Unsupported, &reason);
        }
        self.os = Some(system::from_distro(&distro));
    }

    fn say_what_was_cut(&mut self) {
        let name = self.target.name.clone();
        let more = std::mem::take(&mut self.more_unknowns);
        self.unknowns.truncate(super::MAX_UNKNOWNS.saturating_sub(3));
        if more > 0 {
            self.unknown(&name, UnknownKind::Limit, &format!("{more} more components that are not understood"));
        }
        if self.cut_packages > 0 {
            let reason = format!("{} more components than {}", self.cut_packages, super::MAX_PACKAGES);
            self.unknown(&name, UnknownKind::Limit, &reason);
        }
        if self.cut_edges > 0 {
            let reason = format!("{} more relations than {}", self.cut_edges, super::MAX_EDGES);
            self.unknown(&name, UnknownKind::Limit, &reason);
        }
    }
}

fn evidence(path: &str) -> Evidence {
    Evidence { path: path.to_owned(), layer: None, how: Recognition::Sbom, cataloger: BY.to_owned() }
}

/// The same purl twice: a tool that lists a package once for each place.
fn join(package: &mut Package, other: Package) {
    let room = |list: usize| MAX_LIST.saturating_sub(list);
    package.evidence.extend(other.evidence.into_iter().take(room(package.evidence.len())));
    package.licences.extend(other.licences.into_iter().take(room(package.licences.len())));
    package.checksums.extend(other.checksums.into_iter().take(room(package.checksums.len())));
    package.vendor = package.vendor.take().or(other.vendor);
    package.source = package.source.take().or(other.source);
    package.contained_in = package.contained_in.take().or(other.contained_in);
    // A copy that nobody owns has to be matched.
    package.owned_by = package.owned_by.take().filter(|owner| other.owned_by.as_ref() == Some(owner));
    if package.scope == seawall_model::Scope::Development {
        package.scope = other.scope;
    }
}

/// Keeps the first of equal entries.
fn each_once(package: &mut Package) {
    let mut paths = HashSet::new();
    package.evidence.retain(|e| paths.insert(e.path.clone()));
    for list in [&mut package.licences, &mut package.checksums] {
        let mut texts = HashSet::new();
        list.retain(|text| texts.insert(text.clone()));
    }
}
