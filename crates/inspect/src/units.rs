//! Which units want a file: declared wants, turned into a few look-ups.

use std::collections::HashMap;

use crate::unit::{Cataloger, Files, Need};

/// A set of catalogers, ready to be asked about files.
pub struct Units {
    all: Vec<&'static dyn Cataloger>,
    paths: HashMap<&'static str, Vec<Wanted>>,
    names: HashMap<&'static str, Vec<Wanted>>,
    folders: HashMap<&'static str, Vec<(&'static str, Wanted)>>,
    under: HashMap<&'static str, Vec<(&'static str, Wanted)>>,
    /// Suffixes and affixes, by their last byte.
    ends: HashMap<u8, Vec<(&'static str, &'static str, Wanted)>>,
    magics: Vec<(&'static [u8], Wanted)>,
}

impl std::fmt::Debug for Units {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all.iter().map(|c| c.id())).finish()
    }
}

/// A unit, by its index in the set, and how much it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) unit: usize,
    pub(crate) need: Need,
}

impl Units {
    /// The set of these catalogers.
    pub fn new(catalogers: &[&'static dyn Cataloger]) -> Self {
        let mut units = Self {
            all: catalogers.to_vec(),
            paths: HashMap::new(),
            names: HashMap::new(),
            folders: HashMap::new(),
            under: HashMap::new(),
            ends: HashMap::new(),
            magics: Vec::new(),
        };
        for (unit, cataloger) in catalogers.iter().enumerate() {
            for want in cataloger.wants() {
                units.add(want.files, Wanted { unit, need: want.need });
            }
        }
        units
    }

    fn add(&mut self, files: Files, wanted: Wanted) {
        match files {
            Files::Path(path) => self.paths.entry(path).or_default().push(wanted),
            Files::Name(name) => self.names.entry(name).or_default().push(wanted),
            Files::In(folder, suffix) => self.folders.entry(folder).or_default().push((suffix, wanted)),
            Files::Under(folder, name) => self.under.entry(name).or_default().push((folder, wanted)),
            Files::Suffix(suffix) => self.add_end("", suffix, wanted),
            Files::Affix(prefix, suffix) => self.add_end(prefix, suffix, wanted),
            Files::Magic(magic) => self.magics.push((magic, wanted)),
        }
    }

    fn add_end(&mut self, prefix: &'static str, suffix: &'static str, wanted: Wanted) {
        if let Some(last) = suffix.bytes().last() {
            self.ends.entry(last).or_default().push((prefix, suffix, wanted));
        }
    }

    /// The cataloger at an index.
    pub(crate) fn get(&self, unit: usize) -> Option<&'static dyn Cataloger> {
        self.all.get(unit).copied()
    }

    /// The units that want a file for its path, each once with its largest need.
    pub(crate) fn by_path(&self, path: &str, into: &mut Vec<Wanted>) {
        into.clear();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        for wanted in self.paths.get(path).into_iter().chain(self.names.get(name)).flatten() {
            push(into, *wanted);
        }
        for (suffix, wanted) in self.folders.get(folder).into_iter().flatten() {
            if name.ends_with(suffix) {
                push(into, *wanted);
            }
        }
        for (end, wanted) in self.under.get(name).into_iter().flatten() {
            if folder.ends_with(end) {
                push(into, *wanted);
            }
        }
        let last = name.bytes().last().and_then(|b| self.ends.get(&b));
        for (prefix, suffix, wanted) in last.into_iter().flatten() {
            if name.len() >= prefix.len() + suffix.len() && name.starts_with(prefix) && name.ends_with(suffix) {
                push(into, *wanted);
            }
        }
    }

    /// Adds the units that want a file for its first bytes.
    pub(crate) fn by_magic(&self, head: &[u8], into: &mut Vec<Wanted>) {
        for (magic, wanted) in &self.magics {
            if head.starts_with(magic) {
                push(into, *wanted);
            }
        }
    }

    /// What a cached result depends on: every unit's id and version, in order.
    pub fn fingerprint(&self) -> String {
        self.all.iter().map(|c| format!("{}@{}", c.id(), c.version())).collect::<Vec<_>>().join(",")
    }
}

fn push(into: &mut Vec<Wanted>, wanted: Wanted) {
    match into.iter_mut().find(|w| w.unit == wanted.unit) {
        Some(known) => known.need = known.need.max(wanted.need),
        None => into.push(wanted),
    }
}
