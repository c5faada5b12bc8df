use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use seawall_model::{Dependency, Ecosystem, Package, Recognition, Scope, UnknownKind};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::javascript_shared::{
    Tree, checksums, fragment_checksum, is_local, is_shipped, split_descriptor, split_place,
};
use crate::text::{self, Keys, Map, Text, Unread, Words};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of npm, versions 1 to 3.
pub(crate) struct JavascriptPackageLock;

impl Cataloger for JavascriptPackageLock {
    fn id(&self) -> &'static str {
        "javascript-package-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "npm lockfiles (package-lock.json and npm-shrinkwrap.json, versions 1 to 3)"
    }

    fn specification(&self) -> &'static str {
        "https://docs.npmjs.com/cli/v11/configuring-npm/package-lock-json"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Name("package-lock.json"), need: text::LOCKFILE },
            Want { files: Files::Name("npm-shrinkwrap.json"), need: text::LOCKFILE },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let Some(lock) = text::json::<Lock<'_>>(file.content, seen) else { return };
        let mut unread = Unread::default();
        let entries = if lock.packages.0.is_empty() { nested(&lock.dependencies) } else { flat(&lock.packages) };
        report(&entries, &mut unread, seen);
        unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
    }
}

/// The file; `dependencies` of version 2 repeats `packages` for old clients and is then not kept.
#[derive(Default)]
struct Lock<'a> {
    packages: Map<'a, Entry<'a>>,
    dependencies: Map<'a, Entry<'a>>,
}

/// An entry of either form: `requires` and nested `dependencies` are those of version 1, where the latter holds entries.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    resolved: Text<'a>,
    #[serde(borrow)]
    integrity: Text<'a>,
    license: Words,
    link: bool,
    dev: bool,
    optional: bool,
    dev_optional: bool,
    peer: bool,
    #[serde(borrow)]
    requires: Keys<'a>,
    #[serde(borrow)]
    dependencies: Needs<'a>,
    #[serde(borrow)]
    optional_dependencies: Keys<'a>,
}

/// `dependencies` of an entry: names and ranges (versions 2 and 3), or names and entries (version 1).
type Needs<'a> = Map<'a, Need<'a>>;

enum Need<'a> {
    Range,
    Entry(Box<Entry<'a>>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Need<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entry = text::Maybe::<Entry<'de>>::deserialize(deserializer)?;
        Ok(entry.0.map_or(Self::Range, |entry| Self::Entry(Box::new(entry))))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Lock<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LockVisitor;
        impl<'de> Visitor<'de> for LockVisitor {
            type Value = Lock<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a lockfile")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lock<'de>, A::Error> {
                let mut lock = Lock::default();
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "packages" => lock.packages = map.next_value()?,
                        "dependencies" if lock.packages.0.is_empty() => lock.dependencies = map.next_value()?,
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(lock)
            }
        }
        deserializer.deserialize_map(LockVisitor)
    }
}

/// A place in `node_modules` and what lies there: the number of the place above it, the name there, the entry.
type Places<'l, 'a> = Vec<(usize, &'l str, &'l Entry<'a>)>;

/// Stands for the name of what is no package; no package can have it.
const OWN: &str = ".";

/// Versions 2 and 3: one entry for each path, `node_modules/a/node_modules/b`.
fn flat<'l, 'a>(packages: &'l Map<'a, Entry<'a>>) -> Places<'l, 'a> {
    // The project and its own folders (workspaces) lie outside `node_modules` and are no packages.
    let split = |path: &'l str| split_place(path).unwrap_or(("", OWN));
    let numbers: HashMap<&str, usize> =
        packages.0.iter().enumerate().map(|(at, (path, _))| (&**path, at.saturating_add(1))).collect();
    let place = |(path, entry): &'l (Cow<'a, str>, Entry<'a>)| {
        let (above, name) = split(path);
        (numbers.get(above).copied().filter(|_| !above.is_empty()).unwrap_or(Tree::ROOT), name, entry)
    };
    packages.0.iter().map(place).collect()
}

/// Version 1: entries within entries; the parser has limited their depth.
fn nested<'l, 'a>(dependencies: &'l Map<'a, Entry<'a>>) -> Places<'l, 'a> {
    let mut places: Places<'l, 'a> = dependencies.0.iter().map(|(name, entry)| (Tree::ROOT, &**name, entry)).collect();
    let mut at = 0;
    while let Some((_, _, entry)) = places.get(at).copied() {
        at = at.saturating_add(1);
        for (name, need) in &entry.dependencies.0 {
            if let Need::Entry(inner) = need {
                places.push((at, &**name, inner));
            }
        }
    }
    places
}

fn report(places: &Places<'_, '_>, unread: &mut Unread, seen: &mut Observer<'_>) {
    let mut tree = Tree::new();
    for (above, name, _) in places {
        tree.add(*above, name);
    }
    for (at, (_, name, entry)) in places.iter().enumerate() {
        let version = entry.version.or_empty();
        // A folder is the project's own code; a packed archive is not, but version 1 does not say what it holds.
        let is_folder = is_local(version) && !version.ends_with("gz");
        if entry.link || *name == OWN || is_folder {
            continue;
        }
        let Some((name, version)) = identity(name, entry) else {
            unread.add(name);
            continue;
        };
        let mut package = Package::new(Ecosystem::Npm, name, version);
        package.licences.clone_from(&entry.license.0);
        package.checksums = checksums(entry.integrity.or_empty());
        if package.checksums.is_empty() {
            package.checksums.extend(fragment_checksum(entry.resolved.or_empty()));
        }
        package.scope = match (entry.dev, entry.optional || entry.dev_optional || entry.peer) {
            (true, _) => Scope::Development,
            (false, true) => Scope::Optional,
            (false, false) => Scope::Runtime,
        };
        let ranges = entry.dependencies.0.iter().filter(|(_, need)| matches!(need, Need::Range)).map(|(name, _)| name);
        for name in ranges.chain(&entry.requires.0).chain(&entry.optional_dependencies.0) {
            let node = tree.resolve(at.saturating_add(1), name);
            let found = node.and_then(|node| places.get(node.checked_sub(1)?)).filter(|(_, _, entry)| !entry.link);
            let found = found.and_then(|(_, name, entry)| identity(name, entry));
            let (name, version) = found.map_or((&**name, None), |(name, version)| (name, Some(version.to_owned())));
            package.dependencies.push(Dependency { name: name.to_owned(), version });
        }
        seen.package(Recognition::Lockfile, package);
    }
}

/// Name and version of what lies at a place: an alias says the real name beside it (`npm:real@1.0.0` in version 1).
fn identity<'l>(place: &'l str, entry: &'l Entry<'_>) -> Option<(&'l str, &'l str)> {
    let name = entry.name.get().unwrap_or(place);
    let version = entry.version.get()?;
    let (name, version) = match version.strip_prefix("npm:") {
        Some(alias) => split_descriptor(alias)?,
        None => (name, version),
    };
    let is_version = text::is_plausible(version) && !is_local(version);
    (text::is_plausible(name) && is_version).then_some((name, version))
}
