use std::borrow::Cow;

use seawall_model::{Recognition, Scope};
use serde::Deserialize;

use super::python_shared::{checksum, distribution, is_shipped, say_without_version};
use crate::text::{self, Keys, Map, Maybe, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of Pipenv.
pub(crate) struct PythonPipfileLock;

impl Cataloger for PythonPipfileLock {
    fn id(&self) -> &'static str {
        "python-pipfile-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Pipenv lockfiles (Pipfile.lock)"
    }

    fn specification(&self) -> &'static str {
        "https://github.com/pypa/pipfile"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("Pipfile.lock"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let Some(lock) = text::json::<Map<'_, Maybe<Category<'_>>>>(file.content, seen) else { return };
        let mut unread = Unread::default();
        for (category, entries) in lock.0.iter().filter(|(name, _)| name != "_meta") {
            for (name, entry) in entries.0.iter().flat_map(|category| &category.0) {
                let Some(entry) = &entry.0 else { continue };
                // A path is the project's own code.
                if entry.path.0.is_some() {
                    continue;
                }
                let version = entry.version.get().map(|version| version.trim_start_matches('='));
                let Some(mut package) = distribution(name, version, &mut unread) else { continue };
                package.scope = match &**category {
                    "default" => Scope::Runtime,
                    "develop" => Scope::Development,
                    _ => Scope::Optional,
                };
                package.checksums = entry.hashes.0.iter().map(Cow::as_ref).filter_map(checksum).collect();
                seen.package(Recognition::Lockfile, package);
            }
        }
        say_without_version(unread, seen);
    }
}

type Category<'a> = Map<'a, Maybe<Entry<'a>>>;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    hashes: Keys<'a>,
}
