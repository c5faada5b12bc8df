use std::borrow::Cow;

use seawall_model::{Dependency, Recognition, UnknownKind};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::python_shared::{checksum, distribution, is_shipped, say_without_version};
use crate::text::{self, Map, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the standard lockfiles of Python (PEP 751).
pub(crate) struct PythonPylock;

impl Cataloger for PythonPylock {
    fn id(&self) -> &'static str {
        "python-pylock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "standard Python lockfiles (pylock.toml, pylock.*.toml)"
    }

    fn specification(&self) -> &'static str {
        "https://packaging.python.org/en/latest/specifications/pylock-toml/"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Name("pylock.toml"), need: text::LOCKFILE },
            Want { files: Files::Affix("pylock.", ".toml"), need: text::LOCKFILE },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let Some(lock) = text::toml::<Lock<'_>>(file.content, seen) else { return };
        if !lock.lock_version.or_empty().starts_with("1.") {
            let version = lock.lock_version.or_empty();
            seen.unknown(UnknownKind::Unsupported, format_args!("lock-version `{version}` is not 1.x"));
        }
        let mut unread = Unread::default();
        for entry in &lock.packages {
            // A folder is the project's own code.
            if entry.directory.is_some() {
                continue;
            }
            let Some(mut package) = distribution(entry.name.or_empty(), entry.version.get(), &mut unread) else {
                continue;
            };
            let archives = entry.archive.iter().chain(&entry.sdist).chain(&entry.wheels);
            let hashes = archives.flat_map(|archive| &archive.hashes.0);
            package.checksums =
                hashes.filter_map(|(name, hex)| checksum(&format!("{name}:{}", hex.or_empty()))).collect();
            let needs = entry.dependencies.iter().filter(|need| need.name.0.is_some());
            package.dependencies = needs
                .map(|need| Dependency {
                    name: need.name.or_empty().to_owned(),
                    version: need.version.0.clone().map(Cow::into_owned),
                })
                .collect();
            seen.package(Recognition::Lockfile, package);
        }
        say_without_version(unread, seen);
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Lock<'a> {
    #[serde(borrow)]
    lock_version: Text<'a>,
    #[serde(borrow)]
    packages: Vec<Entry<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    dependencies: Vec<Need<'a>>,
    directory: Option<IgnoredAny>,
    #[serde(borrow)]
    archive: Option<Archive<'a>>,
    #[serde(borrow)]
    sdist: Option<Archive<'a>>,
    #[serde(borrow)]
    wheels: Vec<Archive<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Need<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Archive<'a> {
    #[serde(borrow)]
    hashes: Map<'a, Text<'a>>,
}
