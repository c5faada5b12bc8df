//! Joins what the passes over the layers saw into one inventory.

mod maven;
mod merge;
mod ownership;
mod relationships;
mod sha1_table;
mod sieve;
mod visible;

pub use sha1_table::{Sha1Table, Sha1TableError, apply_sha1_table};

use seawall_model::{
    Ecosystem, Evidence, ImageConfig, Inventory, Layer, OperatingSystem, Package, Recognition, TargetInfo, Unknown,
    UnknownKind,
};

use crate::pass::{LayerScan, Seen};
use crate::unit::Observation;
use visible::Visible;

/// Joins the scans of an image's layers, from the base upwards, or the one scan of a folder or file (with no layers).
pub fn assemble(
    target: TargetInfo,
    config: Option<ImageConfig>,
    layers: Vec<Layer>,
    scans: Vec<LayerScan>,
    archives: Option<&Sha1Table>,
) -> Inventory {
    let layered = !layers.is_empty();
    let visible = Visible::new(&scans);
    let seen = visible.seen(&scans);
    let unsaid = scans.iter().flat_map(|s| &s.unknowns).filter(|u| u.kind == UnknownKind::Unsupported);
    let owners = ownership::Owners::new(&seen, unsaid.map(|u| u.path.as_str()));
    let mut unknowns = unknowns(&scans, &visible, &owners, layered);
    let (os, os_evidence) = operating_system(&seen, layered).unzip();
    let pieces = merge::resolved_pieces(&seen, &mut unknowns);
    let mut merger = merge::Merger::new(os.as_ref());
    let origins = merge::Origins::new(&scans);
    // Where the packages go is found out first, so that they can be moved there.
    let placed = |layer: usize, package: &Package| (layered.then_some(layer), owners.of_package(package));
    let places: Vec<Option<merge::Place>> = scans
        .iter()
        .enumerate()
        .flat_map(|(layer, scan)| scan.seen.iter().map(move |s| (layer, s)))
        .map(|(layer, s)| match &s.observation {
            Observation::Package(package) if !visible.is_hidden(layer, &s.path) => {
                Some(placed(origins.layer(s, package, layer), package))
            }
            _ => None,
        })
        .collect();
    let pieces: Vec<_> = pieces.into_iter().map(|(layer, package)| (placed(layer, &package), package)).collect();
    let licences = merge::licences(&seen);
    let observations = scans.into_iter().flat_map(|scan| scan.seen).map(|s| s.observation);
    for (observation, place) in observations.zip(places) {
        if let (Observation::Package(package), Some(place)) = (observation, place) {
            merger.add(package, place);
        }
    }
    for (place, package) in pieces {
        merger.add(package, place);
    }
    let mut packages = merger.finish(&licences);
    if let Some(table) = archives {
        apply_sha1_table(&mut packages, table);
        packages.sort_by_key(Package::purl);
        packages.dedup_by_key(|p| p.purl());
    }
    packages.retain(|package| {
        let nameless = package.ecosystem == Ecosystem::Maven && package.version.is_empty();
        let of_archive = package.evidence.iter().all(|e| e.how == Recognition::Archive);
        if nameless && of_archive && package.owned_by.is_none() {
            unknowns.extend(package.evidence.iter().map(nameless_archive));
        }
        !(nameless && of_archive)
    });
    let relationships = relationships::resolve(&mut packages);
    unknowns.sort();
    unknowns.dedup();
    Inventory { target, os, os_evidence, layers, config, packages, relationships, unknowns }
}

fn nameless_archive(evidence: &Evidence) -> Unknown {
    Unknown {
        path: evidence.path.clone(),
        layer: evidence.layer,
        kind: UnknownKind::Unsupported,
        by: evidence.cataloger.clone(),
        reason: "a Java archive that states no version of itself (--java-archives names known ones)".to_owned(),
    }
}

/// What could not be read, of layers as a whole and of files that are still there.
///
/// A well-formed file that says nothing of itself is no loss where an operating-system package owns it: that package
/// is known and judged.
fn unknowns(scans: &[LayerScan], visible: &Visible<'_>, owners: &ownership::Owners<'_>, layered: bool) -> Vec<Unknown> {
    let mut all = Vec::new();
    for (index, scan) in scans.iter().enumerate() {
        for unknown in &scan.unknowns {
            let file = unknown.path.split("!/").next().unwrap_or_default();
            let owned = unknown.kind == UnknownKind::Unsupported && owners.of(file).is_some();
            if unknown.by != "tar" && (owned || visible.is_hidden(index, file)) {
                continue;
            }
            let layer = if layered { u32::try_from(index).ok() } else { None };
            all.push(Unknown { layer, ..unknown.clone() });
        }
    }
    all
}

/// The operating system and where it is said: the observation whose file ranks first, with what other files add.
fn operating_system(seen: &[(usize, &Seen)], layered: bool) -> Option<(OperatingSystem, Evidence)> {
    let mut best: Option<(u8, usize, &Seen, &OperatingSystem)> = None;
    let mut repositories = Vec::new();
    for (layer, s) in seen {
        match &s.observation {
            Observation::OperatingSystem(os) => {
                let rank = crate::catalogers::os_release::os_release_rank(&s.path);
                if best.is_none_or(|(known, ..)| rank < known) {
                    best = Some((rank, *layer, s, os));
                }
            }
            Observation::Repositories(names) => repositories.extend(names.iter().cloned()),
            _ => {}
        }
    }
    let (_, layer, said, os) = best?;
    let mut os = os.clone();
    let evidence = Evidence {
        path: said.path.clone(),
        layer: u32::try_from(layer).ok().filter(|_| layered),
        how: Recognition::InstalledMetadata,
        cataloger: said.cataloger.clone(),
    };
    os.repositories.append(&mut repositories);
    os.repositories.sort();
    os.repositories.dedup();
    Some((os, evidence))
}
