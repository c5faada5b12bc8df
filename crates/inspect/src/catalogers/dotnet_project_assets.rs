use std::collections::HashMap;

use seawall_model::{Recognition, UnknownKind};
use serde::Deserialize;

use super::dotnet_shared::{dependencies, of_key};
use crate::text::{self, Map, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads what `dotnet restore` resolved.
pub(crate) struct DotnetProjectAssets;

impl Cataloger for DotnetProjectAssets {
    fn id(&self) -> &'static str {
        "dotnet-project-assets"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "results of `dotnet restore` (project.assets.json)"
    }

    fn specification(&self) -> &'static str {
        "https://learn.microsoft.com/nuget/concepts/package-installation-process"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("project.assets.json"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let Some(assets) = text::json::<Assets<'_>>(file.content, seen) else { return };
        let mut needs: HashMap<&str, Vec<_>> = HashMap::new();
        for (key, entry) in assets.targets.0.iter().flat_map(|(_, target)| &target.0) {
            needs.entry(key).or_insert_with(|| dependencies(&entry.dependencies));
        }
        let mut unread = Unread::default();
        for (key, _) in assets.libraries.0.iter().filter(|(_, l)| l.kind.or_empty() == "package") {
            match of_key(key) {
                Some(mut package) => {
                    package.dependencies = needs.remove(&**key).unwrap_or_default();
                    seen.package(Recognition::Lockfile, package);
                }
                None => unread.add(key),
            }
        }
        unread.say(UnknownKind::Malformed, "library that is not NAME/VERSION", seen);
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Assets<'a> {
    #[serde(borrow)]
    targets: Map<'a, Map<'a, Entry<'a>>>,
    #[serde(borrow)]
    libraries: Map<'a, Library<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    dependencies: Map<'a, Text<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Library<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
}
