//! Which observations of lower layers a container still sees
//! ([OCI layers: whiteouts](https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts)).

use std::collections::HashSet;

use super::sieve::Sieve;
use crate::pass::{LayerScan, Seen};

/// For each layer, what the layers above it hide.
pub(super) struct Visible<'a> {
    hidden: Vec<HashSet<&'a str>>,
}

/// The paths in which something was seen or could not be read.
fn paths(scan: &LayerScan) -> impl Iterator<Item = &str> + Clone {
    let seen = scan.seen.iter().map(|s| s.path.as_str());
    seen.chain(scan.unknowns.iter().map(|u| u.path.split("!/").next().unwrap_or_default()))
}

/// A path, the folders that it is in, and the root.
fn with_folders(path: &str) -> impl Iterator<Item = &str> + Clone {
    let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    folders.chain([path, ""])
}

struct Hidden<'a> {
    sieve: Sieve,
    /// Paths that hide the same path.
    same: HashSet<&'a str>,
    /// Paths that hide all below them.
    below: HashSet<&'a str>,
}

impl<'a> Visible<'a> {
    pub(super) fn new(scans: &'a [LayerScan]) -> Self {
        let mut hidden = vec![HashSet::new(); scans.len()];
        let Some((_, lower)) = scans.split_last() else { return Self { hidden } };
        // Of all the paths of the upper layers only those matter that may hide something.
        let asked = lower.iter().flat_map(paths).flat_map(with_folders);
        let mut above = Hidden { sieve: Sieve::new(asked), same: HashSet::new(), below: HashSet::new() };
        for (index, scan) in scans.iter().enumerate().rev() {
            if index + 1 < scans.len()
                && let Some(set) = hidden.get_mut(index)
            {
                set.extend(paths(scan).filter(|p| above.hides(p)));
            }
            if index > 0 {
                above.add(scan);
            }
        }
        Self { hidden }
    }

    pub(super) fn is_hidden(&self, layer: usize, path: &str) -> bool {
        self.hidden.get(layer).is_some_and(|set| set.contains(path))
    }

    /// What is visible, from the base upwards, each with its layer.
    pub(super) fn seen(&self, scans: &'a [LayerScan]) -> Vec<(usize, &'a Seen)> {
        let mut out = Vec::new();
        for (index, scan) in scans.iter().enumerate() {
            out.extend(scan.seen.iter().filter(|s| !self.is_hidden(index, &s.path)).map(|s| (index, s)));
        }
        out
    }
}

impl<'a> Hidden<'a> {
    fn add(&mut self, scan: &'a LayerScan) {
        let sieve = &self.sieve;
        let passing = |paths: &'a str| paths.split_terminator('\0').filter(move |p| sieve.lets_through(p));
        for file in passing(&scan.files) {
            self.same.insert(file);
            self.below.insert(file);
        }
        self.same.extend(passing(&scan.folders));
        self.same.extend(scan.whiteouts.iter().map(String::as_str));
        self.below.extend(scan.whiteouts.iter().chain(&scan.opaque).map(String::as_str));
    }

    fn hides(&self, path: &str) -> bool {
        if self.same.contains(path) || self.below.contains("") {
            return true;
        }
        path.match_indices('/').any(|(at, _)| path.get(..at).is_some_and(|folder| self.below.contains(folder)))
    }
}
