//! What the readers of Composer's files share: its package entries.

use std::collections::HashMap;

use seawall_model::{Dependency, Ecosystem, Package, Scope};
use serde::Deserialize;

use crate::text::{self, Keys, Text, Unread, Words};
use crate::unit::File;

/// One package, as [`composer.lock` and `installed.json`](https://getcomposer.org/doc/04-schema.md) write it.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    dist: Option<Archive<'a>>,
    #[serde(borrow)]
    require: Keys<'a>,
    #[serde(borrow)]
    provide: Keys<'a>,
    #[serde(borrow)]
    replace: Keys<'a>,
    license: Words,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Archive<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    shasum: Text<'a>,
}

/// Whether a lockfile came along inside an installed package (`vendor/<vendor>/<name>/…`), and so describes that
/// package's own development.
pub(super) fn is_shipped(file: &File<'_>) -> bool {
    let mut folders = file.folder().split('/').skip_while(|folder| *folder != "vendor");
    folders.nth(2).is_some()
}

/// The entries as packages, with the versions of what they need where the same file says them.
pub(super) fn packages<'e>(entries: &[(&'e Entry<'e>, Scope)], unread: &mut Unread) -> Vec<Package> {
    let known = |(entry, _): &(&'e Entry<'e>, Scope)| Some((entry.name.get()?.to_ascii_lowercase(), entry.version()?));
    let versions: HashMap<String, &str> = entries.iter().filter_map(known).collect();
    let mut packages = Vec::with_capacity(entries.len());
    for (entry, scope) in entries {
        // A path is the project's own code.
        if entry.dist.as_ref().is_some_and(|dist| dist.kind.get() == Some("path")) {
            continue;
        }
        let name = entry.name.or_empty();
        let Some(version) = entry.version().filter(|version| text::is_plausible(version) && text::is_plausible(name))
        else {
            unread.add(name);
            continue;
        };
        let mut package = Package::new(Ecosystem::Composer, name, version);
        package.scope = *scope;
        package.licences.clone_from(&entry.license.0);
        let digest = entry.dist.as_ref().map_or("", |dist| dist.shasum.or_empty());
        if digest.len() == 40 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
            package.checksums.push(format!("sha1:{}", digest.to_ascii_lowercase()));
        }
        // A name without a slash is the platform's (`php`, `ext-json`, `composer-runtime-api`).
        for need in entry.require.0.iter().filter(|need| need.contains('/')) {
            let version = versions.get(&need.to_ascii_lowercase()).map(|version| (*version).to_owned());
            package.dependencies.push(Dependency { name: need.to_string(), version });
        }
        package.provides = entry.provide.0.iter().chain(&entry.replace.0).map(ToString::to_string).collect();
        packages.push(package);
    }
    packages
}

impl Entry<'_> {
    /// The version as Packagist lists it, without the `v` that many tags have.
    fn version(&self) -> Option<&str> {
        let version = self.version.get()?;
        let plain = version.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        Some(plain.unwrap_or(version))
    }
}
