//! Which operating-system package owns a file.

use std::collections::HashMap;

use seawall_model::Ecosystem;

use crate::pass::Seen;
use crate::unit::Observation;

/// The owners of the files that something was seen in.
pub(super) struct Owners<'a> {
    by_path: HashMap<String, (Ecosystem, &'a str)>,
}

impl<'a> Owners<'a> {
    /// Looks up only the files that a language package or a program was seen in: an image has a hundred thousand
    /// owned files, and few of them matter here.
    ///
    /// `others` are further files whose owner will be asked for.
    pub(super) fn new<'p>(seen: &[(usize, &'a Seen)], others: impl Iterator<Item = &'p str>) -> Self {
        let key = |path: &str| merged(path.split("!/").next().unwrap_or_default()).to_owned();
        let mut wanted: HashMap<String, Option<(Ecosystem, &'a str)>> = others.map(|p| (key(p), None)).collect();
        for (_, s) in seen {
            match &s.observation {
                Observation::Package(p) if !p.ecosystem.is_operating_system() => {
                    wanted.insert(merged(&s.path).to_owned(), None);
                }
                // A piece becomes a package of the same file.
                Observation::Piece { .. } => {
                    wanted.insert(merged(&s.path).to_owned(), None);
                }
                _ => {}
            }
        }
        if !wanted.is_empty() {
            for (_, s) in seen {
                if let Observation::Owns { ecosystem, name, files } = &s.observation {
                    for file in files {
                        if let Some(slot) = wanted.get_mut(merged(file)) {
                            *slot = Some((*ecosystem, name.as_str()));
                        }
                    }
                }
            }
        }
        Self { by_path: wanted.into_iter().filter_map(|(path, owner)| Some((path, owner?))).collect() }
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
