use std::collections::HashMap;

use seawall_model::{Recognition, UnknownKind};
use serde::Deserialize;

use super::dotnet_shared::{dependencies, of_key};
use crate::text::{self, Map, Text, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads what a published .NET program says that it is made of.
pub(crate) struct DotnetDepsJson;

impl Cataloger for DotnetDepsJson {
    fn id(&self) -> &'static str {
        "dotnet-deps-json"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "dependency manifests of published .NET programs (*.deps.json)"
    }

    fn specification(&self) -> &'static str {
        "https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Suffix(".deps.json"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let Some(deps) = text::json::<Deps<'_>>(file.content, seen) else { return };
        let mut needs: HashMap<&str, Vec<_>> = HashMap::new();
        for (_, target) in &deps.targets.0 {
            for (key, entry) in &target.0 {
                needs.entry(key).or_insert_with(|| dependencies(&entry.dependencies));
            }
        }
        let mut unread = Unread::default();
        for (key, library) in &deps.libraries.0 {
            // `project` is the program itself and its own parts.
            if !matches!(library.kind.or_empty(), "package" | "runtimepack") {
                continue;
            }
            let key = key.strip_prefix("runtimepack.").unwrap_or(key);
            let Some(mut package) = of_key(key) else {
                unread.add(key);
                continue;
            };
            package.checksums.extend(library.checksum());
            package.dependencies = needs.remove(key).unwrap_or_default();
            seen.package(Recognition::InstalledMetadata, package);
        }
        unread.say(UnknownKind::Malformed, "library that is not NAME/VERSION", seen);
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Deps<'a> {
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
    #[serde(borrow)]
    sha512: Text<'a>,
}

impl Library<'_> {
    /// `sha512-` and base64, as the package's own archive is signed with.
    fn checksum(&self) -> Option<String> {
        use base64::Engine as _;
        let encoded = self.sha512.get()?.strip_prefix("sha512-")?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok().filter(|b| b.len() == 64)?;
        Some(format!("sha512:{}", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()))
    }
}
