//! What packages say they need, resolved to packages of the same inventory.

use std::collections::HashMap;

use seawall_model::{Ecosystem, Package, Relationship, RelationshipKind};

/// The relations; drops the names that they were resolved from.
pub(super) fn resolve(packages: &mut [Package]) -> Vec<Relationship> {
    let mut relationships = Vec::new();
    let purls: Vec<String> = packages.iter().map(Package::purl).collect();
    let mut names: HashMap<(Ecosystem, &str), Vec<usize>> = HashMap::new();
    for (index, package) in packages.iter().enumerate() {
        for name in std::iter::once(&package.name).chain(&package.provides) {
            names.entry((package.ecosystem, name)).or_default().push(index);
        }
    }
    for (index, package) in packages.iter().enumerate() {
        let Some(from) = purls.get(index) else { continue };
        for dependency in &package.dependencies {
            let Some(candidates) = names.get(&(package.ecosystem, dependency.name.as_str())) else { continue };
            let found = pick(packages, package, candidates, dependency.version.as_deref());
            if let Some(to) = found.and_then(|i| purls.get(i)).filter(|to| *to != from) {
                relationships.push(Relationship {
                    from: from.clone(),
                    kind: RelationshipKind::DependsOn,
                    to: to.clone(),
                });
            }
        }
        if let Some(to) = &package.contained_in {
            let kind = RelationshipKind::ContainedIn;
            relationships.push(Relationship { from: from.clone(), kind, to: to.clone() });
        }
        if let Some(to) = &package.owned_by {
            relationships.push(Relationship { from: from.clone(), kind: RelationshipKind::OwnedBy, to: to.clone() });
        }
    }
    relationships.sort();
    relationships.dedup();
    for package in packages {
        package.dependencies = Vec::new();
        package.provides = Vec::new();
    }
    relationships
}

/// The one that is meant: the pinned version, the only one, or the nearest one in the folder tree, as node resolves.
fn pick(packages: &[Package], from: &Package, candidates: &[usize], version: Option<&str>) -> Option<usize> {
    if let Some(version) = version {
        return candidates.iter().copied().find(|i| packages.get(*i).is_some_and(|p| p.version == version));
    }
    if let [only] = candidates {
        return Some(*only);
    }
    let path = from.evidence.first()?.path.as_str();
    candidates.iter().copied().max_by_key(|i| {
        let other = packages.get(*i).and_then(|p| p.evidence.first()).map_or("", |e| e.path.as_str());
        let common = path.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        // Of equally near ones, the one that lies higher up, then the first.
        (common, std::cmp::Reverse(other.len()), std::cmp::Reverse(*i))
    })
}
