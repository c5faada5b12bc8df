use seawall_model::{Dependency, Recognition, Scope};
use serde::Deserialize;

use super::python_shared::{checksum, distribution, is_shipped, say_without_version};
use crate::text::{self, Keys, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of Poetry, versions 1 and 2.
pub(crate) struct PythonPoetry;

impl Cataloger for PythonPoetry {
    fn id(&self) -> &'static str {
        "python-poetry"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Poetry lockfiles (poetry.lock)"
    }

    fn specification(&self) -> &'static str {
        "https://python-poetry.org/docs/basic-usage/#installing-with-poetrylock"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("poetry.lock"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let Some(lock) = text::toml::<Lock<'_>>(file.content, seen) else { return };
        let mut unread = Unread::default();
        for entry in &lock.package {
            // A folder is the project's own code.
            if entry.source.kind.get() == Some("directory") {
                continue;
            }
            let Some(mut package) = distribution(entry.name.or_empty(), entry.version.get(), &mut unread) else {
                continue;
            };
            package.scope = entry.scope();
            package.checksums = entry.files.iter().filter_map(|file| checksum(file.hash.or_empty())).collect();
            package.dependencies =
                entry.dependencies.0.iter().map(|name| Dependency { name: name.to_string(), version: None }).collect();
            seen.package(Recognition::Lockfile, package);
        }
        say_without_version(unread, seen);
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock<'a> {
    #[serde(borrow)]
    package: Vec<Entry<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    /// Version 1: `main` or `dev`.
    #[serde(borrow)]
    category: Text<'a>,
    /// Since version 2.1: the groups that want it.
    #[serde(borrow)]
    groups: Keys<'a>,
    optional: bool,
    #[serde(borrow)]
    files: Vec<Archive<'a>>,
    #[serde(borrow)]
    dependencies: Keys<'a>,
    #[serde(borrow)]
    source: Source<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Archive<'a> {
    #[serde(borrow)]
    hash: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}

impl Entry<'_> {
    fn scope(&self) -> Scope {
        let is_said = self.category.0.is_some() || !self.groups.0.is_empty();
        let is_main = self.category.get() == Some("main") || self.groups.0.iter().any(|group| group == "main");
        match (is_said, is_main, self.optional) {
            (true, false, _) => Scope::Development,
            (_, _, true) => Scope::Optional,
            (true, true, false) => Scope::Runtime,
            (false, ..) => Scope::Unknown,
        }
    }
}
