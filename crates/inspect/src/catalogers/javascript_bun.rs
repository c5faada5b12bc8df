use std::collections::HashMap;
use std::fmt;

use seawall_model::{Dependency, Ecosystem, Package, Recognition, Scope, UnknownKind};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::javascript_shared::{Tree, checksums, is_local, is_shipped, split_descriptor};
use crate::text::{self, Keys, Map, Text, TextOr, Unread};
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// Reads the text lockfile of Bun.
pub(crate) struct JavascriptBun;

impl Cataloger for JavascriptBun {
    fn id(&self) -> &'static str {
        "javascript-bun"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Bun lockfiles (bun.lock)"
    }

    fn specification(&self) -> &'static str {
        "https://bun.sh/docs/pm/lockfile"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Name("bun.lock"), need: text::LOCKFILE },
            Want { files: Files::Name("bun.lockb"), need: Need::Name },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        if file.name() == "bun.lockb" {
            seen.unknown(UnknownKind::Unsupported, "binary lockfile of Bun before 1.2");
            return;
        }
        // The file is JSON with trailing commas.
        let plain = text::plain_json(file.content);
        if let Some(lock) = text::json::<Lock<'_>>(&plain, seen) {
            report(&lock, seen);
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock<'a> {
    #[serde(borrow)]
    workspaces: Map<'a, Needs<'a>>,
    #[serde(borrow)]
    packages: Map<'a, Entry<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Needs<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    dependencies: Keys<'a>,
    #[serde(borrow)]
    optional_dependencies: Keys<'a>,
}

/// `["name@1.0.0", "registry", {"dependencies": {…}}, "sha512-…"]`; other sources leave some of it out.
#[derive(Default)]
struct Entry<'a> {
    id: Text<'a>,
    needs: Needs<'a>,
    integrity: Text<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of id, registry, needs and integrity")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entry<'de>, A::Error> {
                let mut entry = Entry { id: list.next_element()?.unwrap_or_default(), ..Entry::default() };
                while let Some(part) = list.next_element::<TextOr<'de, Needs<'de>>>()? {
                    match part {
                        TextOr::Text(text) => entry.integrity = text,
                        TextOr::Map(needs) => entry.needs = needs,
                    }
                }
                Ok(entry)
            }
        }
        deserializer.deserialize_seq(EntryVisitor)
    }
}

fn report(lock: &Lock<'_>, seen: &mut Observer<'_>) {
    let entries = &lock.packages.0;
    let mut tree = Tree::new();
    let numbers: HashMap<&str, usize> = entries.iter().zip(1..).map(|((key, _), node)| (&**key, node)).collect();
    for (key, _) in entries {
        let (above, name) = split_key(key);
        tree.add(numbers.get(above).copied().unwrap_or(Tree::ROOT), name);
    }
    let of = |node: usize| node.checked_sub(1).and_then(|at| entries.get(at)).map(|(_, entry)| entry);
    let reached = |with_optional: bool| {
        let needs = |needs: &Needs<'_>, node: usize| -> Vec<usize> {
            let optional = needs.optional_dependencies.0.iter().filter(|_| with_optional);
            needs.dependencies.0.iter().chain(optional).filter_map(|name| tree.resolve(node, name)).collect()
        };
        let mut edges = vec![Vec::new()];
        edges.extend(entries.iter().zip(1..).map(|((_, entry), node)| needs(&entry.needs, node)));
        let direct = lock.workspaces.0.iter().flat_map(|(_, own)| {
            let node = numbers.get(own.name.or_empty()).copied().unwrap_or(Tree::ROOT);
            needs(own, node)
        });
        text::reachable(direct, &edges)
    };
    let (runtime, optional) = (reached(false), reached(true));

    let mut unread = Unread::default();
    for ((key, entry), node) in entries.iter().zip(1..) {
        let Some((name, version)) = identity(entry) else {
            unread.add(key);
            continue;
        };
        if is_local(version) {
            continue;
        }
        let mut package = Package::new(Ecosystem::Npm, name, version);
        package.checksums = checksums(entry.integrity.or_empty());
        package.scope = match (runtime.get(node), optional.get(node)) {
            (Some(true), _) => Scope::Runtime,
            (_, Some(true)) => Scope::Optional,
            _ => Scope::Development,
        };
        for name in entry.needs.dependencies.0.iter().chain(&entry.needs.optional_dependencies.0) {
            let found = tree.resolve(node, name).and_then(of).and_then(identity);
            let found = found.filter(|(_, version)| !is_local(version));
            let (name, version) = found.map_or((&**name, None), |(name, version)| (name, Some(version.to_owned())));
            package.dependencies.push(Dependency { name: name.to_owned(), version });
        }
        seen.package(Recognition::Lockfile, package);
    }
    unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
}

/// A key is a path through `node_modules`: `a/@scope/b/c`. The path above and the last name.
fn split_key(key: &str) -> (&str, &str) {
    let Some((above, name)) = key.rsplit_once('/') else { return ("", key) };
    match above.rsplit_once('/') {
        Some((higher, scope)) if scope.starts_with('@') => {
            (higher, key.get(higher.len().saturating_add(1)..).unwrap_or(name))
        }
        None if above.starts_with('@') => ("", key),
        _ => (above, name),
    }
}

fn identity<'l>(entry: &'l Entry<'_>) -> Option<(&'l str, &'l str)> {
    let (name, version) = split_descriptor(entry.id.or_empty())?;
    (text::is_plausible(name) && text::is_plausible(version)).then_some((name, version))
}
