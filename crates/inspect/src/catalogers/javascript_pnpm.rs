use std::collections::HashMap;

use seawall_model::{Dependency, Ecosystem, Package, Recognition, Scope, UnknownKind};
use serde::Deserialize;

use super::javascript_shared::{checksums, is_local, is_shipped, split_descriptor};
use crate::text::{self, Map, Maybe, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of pnpm, versions 5 to 9.
pub(crate) struct JavascriptPnpm;

impl Cataloger for JavascriptPnpm {
    fn id(&self) -> &'static str {
        "javascript-pnpm"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "pnpm lockfiles (pnpm-lock.yaml, versions 5 to 9)"
    }

    fn specification(&self) -> &'static str {
        "https://github.com/pnpm/spec/tree/master/lockfile"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("pnpm-lock.yaml"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        // Since pnpm 11 a first document may hold the tools that the project itself is built with.
        for document in text::yaml::<Lock<'_>>(file.content, seen).unwrap_or_default() {
            report(&document, seen);
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Lock<'a> {
    #[serde(borrow)]
    lockfile_version: Text<'a>,
    #[serde(borrow)]
    importers: Map<'a, Importer<'a>>,
    #[serde(borrow)]
    packages: Map<'a, Entry<'a>>,
    #[serde(borrow)]
    snapshots: Map<'a, Entry<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Importer<'a> {
    #[serde(borrow)]
    dependencies: Map<'a, Maybe<Direct<'a>>>,
    #[serde(borrow)]
    optional_dependencies: Map<'a, Maybe<Direct<'a>>>,
}

/// The version of a direct dependency; only version 9 needs it, and writes it beside its specifier.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Direct<'a> {
    #[serde(borrow)]
    version: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry<'a> {
    #[serde(borrow)]
    resolution: Resolution<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    dev: Option<bool>,
    optional: Option<bool>,
    #[serde(borrow)]
    dependencies: Map<'a, Text<'a>>,
    #[serde(borrow)]
    optional_dependencies: Map<'a, Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resolution<'a> {
    #[serde(borrow)]
    integrity: Text<'a>,
    #[serde(borrow)]
    directory: Text<'a>,
}

impl<'a> Entry<'a> {
    fn needs(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.dependencies.0.iter().chain(&self.optional_dependencies.0);
        all.map(|(name, version)| (&**name, version.or_empty()))
    }
}

fn report(lock: &Lock<'_>, seen: &mut Observer<'_>) {
    // Since version 9 `packages` says what a package is, and `snapshots` what each of its variants needs.
    let split = !lock.snapshots.0.is_empty();
    let nodes = if split { &lock.snapshots.0 } else { &lock.packages.0 };
    let numbers: HashMap<&str, usize> = nodes.iter().enumerate().map(|(at, (key, _))| (plain(key), at)).collect();
    let find = |name: &str, version: &str| {
        let keys = [format!("{name}@{version}"), format!("{name}/{version}"), plain(version).to_owned()];
        keys.iter().find_map(|key| numbers.get(key.as_str()).copied())
    };
    let edges: Vec<Vec<usize>> = nodes
        .iter()
        .map(|(_, entry)| entry.needs().filter_map(|(name, version)| find(name, version)).collect())
        .collect();
    let direct = lock.importers.0.iter().flat_map(|(_, i)| i.dependencies.0.iter().chain(&i.optional_dependencies.0));
    let direct = direct.filter_map(|(name, need)| find(name, need.0.as_ref()?.version.or_empty()));
    let reached = if split { text::reachable(direct, &edges) } else { Vec::new() };
    let mut variants: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (key, _)) in nodes.iter().enumerate() {
        variants.entry(if split { without_peers(key) } else { key }).or_default().push(at);
    }

    let is_slashed = lock.lockfile_version.or_empty().split('.').next().is_some_and(|major| major < "6");
    let identity = |key, entry| identity(key, entry, is_slashed);
    let mut unread = Unread::default();
    for (key, entry) in &lock.packages.0 {
        if entry.resolution.directory.0.is_some() {
            continue;
        }
        let Some((name, version)) = identity(key, entry) else {
            unread.add(key);
            continue;
        };
        let variants = variants.get(&**key).map_or(&[][..], Vec::as_slice);
        let mut package = Package::new(Ecosystem::Npm, name, version);
        package.checksums = checksums(entry.resolution.integrity.or_empty());
        let has = |of: fn(&Entry<'_>) -> bool| variants.iter().filter_map(|v| nodes.get(*v)).any(|(_, e)| of(e));
        let is_optional = has(|entry| entry.optional == Some(true));
        let is_runtime = match split {
            true => variants.iter().any(|v| reached.get(*v) == Some(&true)),
            // What both need carries no mark.
            false => entry.dev != Some(true),
        };
        package.scope = match (is_runtime, is_optional) {
            (false, _) => Scope::Development,
            (true, true) => Scope::Optional,
            (true, false) => Scope::Runtime,
        };
        for (_, entry) in variants.iter().filter_map(|v| nodes.get(*v)) {
            for (name, version) in entry.needs() {
                let found = find(name, version).and_then(|at| nodes.get(at));
                let found = found.and_then(|(key, entry)| identity(key, entry));
                let (name, version) = found.map_or((name, None), |(name, version)| (name, Some(version.to_owned())));
                package.dependencies.push(Dependency { name: name.to_owned(), version });
            }
        }
        if variants.len() > 1 {
            package.dependencies.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
            package.dependencies.dedup();
        }
        seen.package(Recognition::Lockfile, package);
    }
    unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
}

/// Until version 8 keys of the registry's packages begin with a slash.
fn plain(key: &str) -> &str {
    key.strip_prefix('/').unwrap_or(key)
}

fn without_peers(key: &str) -> &str {
    key.split('(').next().unwrap_or(key)
}

/// Name and version: the entry's own words where it has them (archives and repositories), else those of its key:
/// `/name/1.0.0_peers` (5), `/name@1.0.0(peers)` (6 to 8), `name@1.0.0(peers)` (9).
fn identity<'l>(key: &'l str, entry: &'l Entry<'_>, is_slashed: bool) -> Option<(&'l str, &'l str)> {
    let key = plain(without_peers(key));
    let (name, version) = match is_slashed {
        true => key.rsplit_once('/').map(|(name, version)| (name, version.split('_').next().unwrap_or(version))),
        false => split_descriptor(key),
    }
    .unwrap_or_default();
    let (name, version) = (entry.name.get().unwrap_or(name), entry.version.get().unwrap_or(version));
    (text::is_plausible(name) && text::is_plausible(version) && !is_local(version)).then_some((name, version))
}
