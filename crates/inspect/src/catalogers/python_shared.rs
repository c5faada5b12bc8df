//! What the readers of Python files share: requirement texts and digests.

use seawall_model::{Dependency, Ecosystem, Package, UnknownKind};

use crate::text::{self, Unread, is_inside};
use crate::unit::{File, Observer};

/// Whether a lockfile came along inside an installed distribution, and so describes that one's own development.
pub(super) fn is_shipped(file: &File<'_>) -> bool {
    is_inside(file.path, "site-packages") || is_inside(file.path, "dist-packages")
}

/// The name at the start of a requirement ([dependency specifiers](https://packaging.python.org/en/latest/specifications/dependency-specifiers/)),
/// and what follows it.
pub(super) fn split_requirement(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (text::is_plausible(name) && name.starts_with(|c: char| c.is_ascii_alphanumeric())).then_some((name, rest))
}

/// A need, as a requirement text names it; those of an extra are left out, for nobody asked for them.
pub(super) fn need(requirement: &str) -> Option<Dependency> {
    let (name, rest) = split_requirement(requirement)?;
    let marker = rest.split_once(';').map_or("", |(_, marker)| marker);
    let is_extra = marker.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "extra");
    (!is_extra).then(|| Dependency { name: name.to_owned(), version: None })
}

/// `sha256:…` as lockfiles write it, where it is one.
pub(super) fn checksum(text: &str) -> Option<String> {
    let (algorithm, hex) = text.split_once(':')?;
    let is_digest = (32..=128).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let is_known = matches!(algorithm, "md5" | "sha1" | "sha224" | "sha256" | "sha384" | "sha512" | "blake2b");
    (is_digest && is_known).then(|| format!("{algorithm}:{}", hex.to_ascii_lowercase()))
}

/// A distribution with a name and an exact version; one that lacks either is counted.
pub(super) fn distribution(name: &str, version: Option<&str>, unread: &mut Unread) -> Option<Package> {
    match version {
        Some(version) if text::is_plausible(name) && text::is_plausible(version) => {
            Some(Package::new(Ecosystem::Pypi, name, version))
        }
        _ => {
            unread.add(name);
            None
        }
    }
}

/// Says what was counted of entries without a version.
pub(super) fn say_without_version(unread: Unread, seen: &mut Observer<'_>) {
    unread.say(UnknownKind::Unsupported, "entry without exact version", seen);
}
