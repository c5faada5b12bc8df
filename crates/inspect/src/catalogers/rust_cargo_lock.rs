use seawall_model::{Dependency, Ecosystem, Package, Recognition, UnknownKind};
use serde::Deserialize;

use crate::text::{self, Text, Unread, is_plausible};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of Cargo, versions 1 to 4.
pub(crate) struct RustCargoLock;

impl Cataloger for RustCargoLock {
    fn id(&self) -> &'static str {
        "rust-cargo-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Cargo lockfiles (Cargo.lock)"
    }

    fn specification(&self) -> &'static str {
        "https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("Cargo.lock"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let Some(lock) = text::toml::<Lock<'_>>(file.content, seen) else { return };
        let mut unread = Unread::default();
        for entry in &lock.package {
            let (name, version) = (entry.name.or_empty(), entry.version.or_empty());
            if !is_plausible(name) || !is_plausible(version) {
                unread.add(name);
                continue;
            }
            let mut package = Package::new(Ecosystem::Cargo, name, version);
            package.checksums.extend(entry.checksum.get().map(|c| format!("sha256:{c}")));
            package.dependencies = entry.dependencies.iter().filter_map(dependency).collect();
            seen.package(Recognition::Lockfile, package);
        }
        unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
    }
}

/// `name`, `name version` or `name version (source)`: as much as is needed to tell it from others.
fn dependency(text: &Text<'_>) -> Option<Dependency> {
    let mut words = text.get()?.split(' ');
    let name = words.next().filter(|n| is_plausible(n))?.to_owned();
    Some(Dependency { name, version: words.next().map(str::to_owned) })
}

#[derive(Deserialize)]
struct Lock<'a> {
    #[serde(borrow, default)]
    package: Vec<Entry<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    checksum: Text<'a>,
    #[serde(borrow)]
    dependencies: Vec<Text<'a>>,
}
