use seawall_model::{Recognition, UnknownKind};
use serde::Deserialize;

use super::dotnet_shared::{dependencies, of};
use crate::text::{self, Map, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of NuGet.
pub(crate) struct DotnetPackagesLock;

impl Cataloger for DotnetPackagesLock {
    fn id(&self) -> &'static str {
        "dotnet-packages-lock"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "NuGet lockfiles (packages.lock.json)"
    }

    fn specification(&self) -> &'static str {
        "https://learn.microsoft.com/nuget/consume-packages/package-references-in-project-files#locking-dependencies"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("packages.lock.json"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let Some(lock) = text::json::<Lock<'_>>(file.content, seen) else { return };
        let mut unread = Unread::default();
        // Each target framework lists its own; the same package in several is reported once.
        let mut known = std::collections::HashSet::new();
        for (name, entry) in lock.dependencies.0.iter().flat_map(|(_, framework)| &framework.0) {
            if entry.kind.or_empty() == "Project" || !known.insert((name.clone(), entry.resolved.or_empty().to_owned()))
            {
                continue;
            }
            match of(name, entry.resolved.or_empty()) {
                Some(mut package) => {
                    package.dependencies = dependencies(&entry.dependencies);
                    seen.package(Recognition::Lockfile, package);
                }
                None => unread.add(name),
            }
        }
        unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock<'a> {
    #[serde(borrow)]
    dependencies: Map<'a, Map<'a, Entry<'a>>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    resolved: Text<'a>,
    #[serde(borrow)]
    dependencies: Map<'a, Text<'a>>,
}
