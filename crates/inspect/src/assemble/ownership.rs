//! Which operating-system package owns a file.

use std::collections::HashMap;

use seawall_model::{Ecosystem, Evidence, Package};

use super::sieve::Sieve;
use crate::pass::Seen;
use crate::unit::Observation;

/// Ecosystem and name of the package that owns a file, where one does.
pub(super) type Owner = Option<(Ecosystem, String)>;

/// The owners of the files that something was seen in.
pub(super) struct Owners<'a> {
    by_path: HashMap<&'a str, (Ecosystem, &'a str)>,
}

impl<'a> Owners<'a> {
    /// Looks up only the files that a language package or a program was seen in: an image has a hundred thousand
    /// owned files, and few of them matter here.
    ///
    /// `others` are further files whose owner will be asked for.
    pub(super) fn new(seen: &[(usize, &'a Seen)], others: impl Iterator<Item = &'a str>) -> Self {
        let key = |path: &'a str| merged(path.split("!/").next().unwrap_or_default());
        let mut wanted: HashMap<&str, Option<(Ecosystem, &str)>> = others.map(|p| (key(p), None)).collect();
        for (_, s) in seen {
            match &s.observation {
                Observation::Package(p) if !p.ecosystem.is_operating_system() => {
                    wanted.insert(merged(&s.path), None);
                }
                // A piece becomes a package of the same file.
                Observation::Piece { .. } => {
                    wanted.insert(merged(&s.path), None);
                }
                _ => {}
            }
        }
        if !wanted.is_empty() {
            let sieve = Sieve::new(wanted.keys().copied());
            for (_, s) in seen {
                if let Observation::Owns { ecosystem, name, files } = &s.observation {
                    for file in files.iter().map(merged).filter(|f| sieve.lets_through(f)) {
                        if let Some(slot) = wanted.get_mut(file) {
                            *slot = Some((*ecosystem, name.as_str()));
                        }
                    }
                }
            }
        }
        Self { by_path: wanted.into_iter().filter_map(|(path, owner)| Some((path, owner?))).collect() }
    }

    /// For each evidence of a package, the operating-system package that owns the file, if that is another one.
    pub(super) fn of_package(&self, package: &Package) -> Vec<Owner> {
        let of = |e: &Evidence| if package.ecosystem.is_operating_system() { None } else { self.of(&e.path) };
        package.evidence.iter().map(|e| of(e).map(|(ecosystem, name)| (ecosystem, name.to_owned()))).collect()
    }

    /// The owner of the file that evidence names.
    pub(super) fn of(&self, evidence: &str) -> Option<(Ecosystem, &'a str)> {
        let file = evidence.split("!/").next().unwrap_or_default();
        self.by_path.get(merged(file)).copied()
    }
}

/// Distributions with a merged `/usr` list files under the old path and ship them under the new one.
fn merged(path: &str) -> &str {
    match path.strip_prefix("usr/") {
        Some(rest) if ["bin/", "sbin/", "lib/", "lib64/", "lib32/"].iter().any(|d| rest.starts_with(d)) => rest,
        _ => path,
    }
}
