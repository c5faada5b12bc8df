//! Joins what the passes over the layers saw into one inventory.

mod merge;
mod ownership;
mod relationships;
mod visible;

use seawall_model::{ImageConfig, Inventory, Layer, OperatingSystem, TargetInfo, Unknown};

use crate::pass::{LayerScan, Seen};
use crate::unit::Observation;
use visible::Visible;

/// Joins the scans of an image's layers, from the base upwards, or the one scan of a folder or file (with no layers).
pub fn assemble(
    target: TargetInfo,
    config: Option<ImageConfig>,
    layers: Vec<Layer>,
    scans: Vec<LayerScan>,
) -> Inventory {
    let layered = !layers.is_empty();
    let visible = Visible::new(&scans);
    let mut unknowns = unknowns(&scans, &visible, layered);
    let seen = visible.seen(&scans);
    let os = operating_system(&seen);
    let pieces = merge::resolved_pieces(&seen, &mut unknowns);
    let mut merger = merge::Merger::new(os.as_ref());
    let origins = merge::Origins::new(&scans);
    let owners = ownership::Owners::new(&seen);
    for (layer, s) in &seen {
        if let Observation::Package(package) = &s.observation {
            merger.add(package.clone(), layered.then(|| origins.layer(s, package, *layer)), &owners);
        }
    }
    for (layer, package) in pieces {
        merger.add(package, layered.then_some(layer), &owners);
    }
    let mut packages = merger.finish(&seen);
    let relationships = relationships::resolve(&mut packages);
    unknowns.sort();
    unknowns.dedup();
    Inventory { target, os, layers, config, packages, relationships, unknowns }
}

/// What could not be read, of layers as a whole and of files that are still there.
fn unknowns(scans: &[LayerScan], visible: &Visible<'_>, layered: bool) -> Vec<Unknown> {
    let mut all = Vec::new();
    for (index, scan) in scans.iter().enumerate() {
        for unknown in &scan.unknowns {
            let file = unknown.path.split("!/").next().unwrap_or_default();
            if unknown.by != "tar" && visible.is_hidden(index, file) {
                continue;
            }
            let layer = if layered { u32::try_from(index).ok() } else { None };
            all.push(Unknown { layer, ..unknown.clone() });
        }
    }
    all
}

/// The operating system: the observation whose file ranks first, with what other files add.
fn operating_system(seen: &[(usize, &Seen)]) -> Option<OperatingSystem> {
    let mut best: Option<(u8, &OperatingSystem)> = None;
    let mut repositories = Vec::new();
    for (_, s) in seen {
        match &s.observation {
            Observation::OperatingSystem(os) => {
                let rank = crate::catalogers::os_release::os_release_rank(&s.path);
                if best.is_none_or(|(known, _)| rank < known) {
                    best = Some((rank, os));
                }
            }
            Observation::Repositories(names) => repositories.extend(names.iter().cloned()),
            _ => {}
        }
    }
    let mut os = best?.1.clone();
    os.repositories.append(&mut repositories);
    os.repositories.sort();
    os.repositories.dedup();
    Some(os)
}
