use std::collections::HashSet;
use std::fmt;

use seawall_model::{Recognition, Scope, UnknownKind};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::php_shared::{Entry, packages};
use crate::text::{self, Keys, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads what Composer has installed, versions 1 and 2.
pub(crate) struct PhpInstalled;

impl Cataloger for PhpInstalled {
    fn id(&self) -> &'static str {
        "php-installed"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "installed Composer packages (vendor/composer/installed.json)"
    }

    fn specification(&self) -> &'static str {
        "https://getcomposer.org/doc/07-runtime.md#installed-versions"
    }

    fn wants(&self) -> &'static [Want] {
        // The folder `vendor` may have another name, `composer` may not.
        &[Want { files: Files::Under("composer", "installed.json"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if file.folder().rsplit('/').next() != Some("composer") {
            return;
        }
        let Some(installed) = text::json::<Installed<'_>>(file.content, seen) else { return };
        let development: HashSet<&str> = installed.dev_package_names.0.iter().map(|name| &**name).collect();
        let scope = |entry: &Entry<'_>| match development.contains(entry.name.or_empty()) {
            true => Scope::Development,
            false if installed.is_scoped => Scope::Runtime,
            false => Scope::Unknown,
        };
        let entries: Vec<_> = installed.packages.iter().map(|entry| (entry, scope(entry))).collect();
        let mut unread = Unread::default();
        for package in packages(&entries, &mut unread) {
            seen.package(Recognition::InstalledMetadata, package);
        }
        unread.say(UnknownKind::Malformed, "entry without a usable name or version", seen);
    }
}

/// Version 1 is the list of packages alone, which does not say what is for development.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Second<'a> {
    #[serde(borrow)]
    packages: Vec<Entry<'a>>,
    #[serde(borrow)]
    dev_package_names: Keys<'a>,
}

struct Installed<'a> {
    packages: Vec<Entry<'a>>,
    dev_package_names: Keys<'a>,
    is_scoped: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Installed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InstalledVisitor;
        impl<'de> Visitor<'de> for InstalledVisitor {
            type Value = Installed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of packages, or a map that holds one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Installed<'de>, A::Error> {
                let mut packages = Vec::new();
                while let Some(entry) = list.next_element()? {
                    packages.push(entry);
                }
                Ok(Installed { packages, dev_package_names: Keys::default(), is_scoped: false })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Installed<'de>, A::Error> {
                let second = Second::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Installed {
                    packages: second.packages,
                    dev_package_names: second.dev_package_names,
                    is_scoped: true,
                })
            }
        }
        deserializer.deserialize_any(InstalledVisitor)
    }
}
