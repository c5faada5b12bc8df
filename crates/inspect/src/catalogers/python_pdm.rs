use std::borrow::Cow;

use seawall_model::{Recognition, Scope};
use serde::Deserialize;

use super::python_shared::{checksum, distribution, is_shipped, need, say_without_version};
use crate::text::{self, Keys, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of PDM.
pub(crate) struct PythonPdm;

impl Cataloger for PythonPdm {
    fn id(&self) -> &'static str {
        "python-pdm"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "PDM lockfiles (pdm.lock)"
    }

    fn specification(&self) -> &'static str {
        "https://pdm-project.org/latest/usage/lockfile/"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("pdm.lock"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let Some(lock) = text::toml::<Lock<'_>>(file.content, seen) else { return };
        let mut unread = Unread::default();
        for entry in &lock.package {
            // A path is the project's own code; an entry with extras repeats the one without, and only adds needs.
            if entry.path.0.is_some() || !entry.extras.0.is_empty() {
                continue;
            }
            let Some(mut package) = distribution(entry.name.or_empty(), entry.version.get(), &mut unread) else {
                continue;
            };
            package.scope = scope(&entry.groups.0);
            package.checksums = entry.files.iter().filter_map(|file| checksum(file.hash.or_empty())).collect();
            package.dependencies = entry.dependencies.0.iter().filter_map(|text| need(text)).collect();
            seen.package(Recognition::Lockfile, package);
        }
        say_without_version(unread, seen);
    }
}

/// `default` is what the project needs; other groups are extras or development, which the file does not tell apart
/// except by their customary name.
fn scope(groups: &[Cow<'_, str>]) -> Scope {
    match groups {
        [] => Scope::Unknown,
        _ if groups.iter().any(|group| group == "default") => Scope::Runtime,
        _ if groups.iter().all(|group| group == "dev") => Scope::Development,
        _ => Scope::Optional,
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
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    extras: Keys<'a>,
    #[serde(borrow)]
    groups: Keys<'a>,
    #[serde(borrow)]
    files: Vec<Archive<'a>>,
    #[serde(borrow)]
    dependencies: Keys<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Archive<'a> {
    #[serde(borrow)]
    hash: Text<'a>,
}
