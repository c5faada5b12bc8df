use std::collections::HashMap;

use seawall_model::{Dependency, Ecosystem, Package, Recognition, UnknownKind};

use super::javascript_shared::{checksums, fragment_checksum, is_local, is_shipped, split_descriptor};
use crate::text::{self, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of Yarn, classic and berry.
///
/// Both are read by lines: classic is a format of its own, berry writes a subset of YAML with the same shape (keys at
/// the margin, fields at two columns, dependencies at four).
pub(crate) struct JavascriptYarn;

impl Cataloger for JavascriptYarn {
    fn id(&self) -> &'static str {
        "javascript-yarn"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Yarn lockfiles (yarn.lock), classic and berry"
    }

    fn specification(&self) -> &'static str {
        "https://classic.yarnpkg.com/lang/en/docs/yarn-lock/"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("yarn.lock"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let text = text::decode(file.content, seen);
        let mut unread = Unread::default();
        let entries = read(&text, &mut unread, seen);
        unread.say(UnknownKind::Malformed, "not understood", seen);
        report(&entries, seen);
    }
}

#[derive(Default)]
struct Entry<'t> {
    /// What asks for it: `name@range`, several where they share a version.
    keys: Vec<&'t str>,
    version: &'t str,
    /// Berry: `name@npm:1.0.0`, with the real name of an alias.
    resolution: Option<&'t str>,
    /// Classic: the address of the tarball.
    resolved: Option<&'t str>,
    integrity: &'t str,
    needs: Vec<(&'t str, &'t str)>,
}

fn read<'t>(text: &'t str, unread: &mut Unread, seen: &mut Observer<'_>) -> Vec<Entry<'t>> {
    let mut entries: Vec<Entry<'t>> = Vec::new();
    let mut in_needs = false;
    for (number, line) in text::lines(text, seen) {
        let body = line.trim();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        let indent = line.len().saturating_sub(line.trim_start().len());
        if indent == 0 {
            if entries.len() >= text::MAX_ENTRIES {
                seen.unknown(UnknownKind::Limit, format_args!("more than {} entries", text::MAX_ENTRIES));
                break;
            }
            match body.strip_suffix(':') {
                Some(keys) => entries.push(Entry { keys: split_keys(keys), ..Entry::default() }),
                None => unread.add(format_args!("line {number}")),
            }
            in_needs = false;
            continue;
        }
        let (Some((key, value)), Some(entry)) = (field(body), entries.last_mut()) else {
            unread.add(format_args!("line {number}"));
            continue;
        };
        if indent <= 2 {
            in_needs = matches!(key, "dependencies" | "optionalDependencies");
            match key {
                "version" => entry.version = value,
                "resolution" => entry.resolution = Some(value),
                "resolved" => entry.resolved = Some(value),
                "integrity" => entry.integrity = value,
                // Berry's `checksum` is that of its own cache archive, not of what the registry published.
                _ => {}
            }
        } else if in_needs {
            entry.needs.push((key, value));
        }
    }
    entries
}

fn report(entries: &[Entry<'_>], seen: &mut Observer<'_>) {
    let mut unread = Unread::default();
    // Descriptors are looked up without the protocol that berry writes for the registry.
    let mut versions: HashMap<(&str, &str), (&str, &str)> = HashMap::new();
    for entry in entries {
        let Some(found) = identity(entry) else { continue };
        for (name, range) in entry.keys.iter().filter_map(|key| split_descriptor(key)) {
            versions.insert((name, registry(range)), found);
        }
    }
    for entry in entries {
        let first = entry.keys.first().copied().unwrap_or_default();
        let reference = entry.resolution.unwrap_or(first);
        let is_own = split_descriptor(reference).is_some_and(|(_, reference)| {
            // A packed archive is a package like any other; only folders are the project's own.
            is_local(reference) && !(reference.starts_with("file:") && reference.contains(".tgz"))
        });
        if first == "__metadata" || is_own {
            continue;
        }
        let Some((name, version)) = identity(entry) else {
            unread.add(first);
            continue;
        };
        let mut package = Package::new(Ecosystem::Npm, name, version);
        package.checksums = checksums(entry.integrity);
        if package.checksums.is_empty() {
            package.checksums.extend(entry.resolved.and_then(fragment_checksum));
        }
        for (name, range) in &entry.needs {
            let found = versions.get(&(*name, registry(range)));
            let (name, version) = found.map_or((*name, None), |(name, version)| (*name, Some((*version).to_owned())));
            package.dependencies.push(Dependency { name: name.to_owned(), version });
        }
        seen.package(Recognition::Lockfile, package);
    }
    unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
}

/// The real name and the version: an alias names it behind `npm:` (classic) or in the resolution (berry).
fn identity<'t>(entry: &Entry<'t>) -> Option<(&'t str, &'t str)> {
    let (name, reference) = split_descriptor(entry.resolution.or(entry.keys.first().copied())?)?;
    let alias = reference.strip_prefix("npm:").filter(|_| entry.resolution.is_none());
    let name = alias.and_then(split_descriptor).map_or(name, |(real, _)| real);
    (text::is_plausible(name) && text::is_plausible(entry.version)).then_some((name, entry.version))
}

fn registry(range: &str) -> &str {
    range.strip_prefix("npm:").unwrap_or(range)
}

/// The keys of an entry: separated by commas, each in quotes (classic) or all in one pair of quotes (berry).
fn split_keys(text: &str) -> Vec<&str> {
    let mut keys = Vec::new();
    let mut rest = text;
    loop {
        let (key, behind) = match rest.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
            Some(quoted) => quoted,
            None => rest.find(',').map_or((rest, ""), |at| rest.split_at(at)),
        };
        keys.extend(key.split(", ").map(str::trim).filter(|key| !key.is_empty()));
        match behind.trim_start().strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None => return keys,
        }
    }
}

/// A field, `key "value"` (classic) or `key: value` (berry); keys with special characters are in quotes.
fn field(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = match text.strip_prefix('"') {
        Some(inner) => inner.split_once('"')?,
        None => {
            let end = text.find([' ', ':']).unwrap_or(text.len());
            text.split_at(end)
        }
    };
    let value = rest.strip_prefix(':').unwrap_or(rest).trim();
    let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    (!key.is_empty()).then_some((key, value))
}
