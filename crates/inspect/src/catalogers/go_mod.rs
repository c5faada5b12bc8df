use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{Ecosystem, Package, Recognition, UnknownKind};

use crate::text::{self, Unread, is_plausible};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads `go.mod`: the versions that a build would select at least. A `toolchain` line names the standard library that a
/// build would bring; a `go` line names only the lowest one and says nothing of what is built with.
pub(crate) struct GoMod;

impl Cataloger for GoMod {
    fn id(&self) -> &'static str {
        "go-mod"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Go module files (go.mod)"
    }

    fn specification(&self) -> &'static str {
        "https://go.dev/ref/mod#go-mod-file"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("go.mod"), need: text::METADATA }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        // Modules in the cache or in a vendor folder describe their own development.
        if file.path.contains("pkg/mod/") || text::is_inside(file.path, "vendor") {
            return;
        }
        let text = text::decode(file.content, seen);
        let mut module = Module::default();
        let mut block = None;
        for (_, line) in text::lines(&text, seen) {
            let line = line.split("//").next().unwrap_or_default().trim();
            match block {
                Some(_) if line.starts_with(')') => block = None,
                Some(verb) => module.directive(verb, line),
                None => match line.split_once(char::is_whitespace) {
                    Some((verb, rest)) if rest.trim() == "(" => block = Some(verb),
                    Some((verb, rest)) => module.directive(verb, rest.trim()),
                    None => {}
                },
            }
        }
        module.report(seen);
    }
}

#[derive(Default)]
struct Module<'a> {
    /// Path to version.
    required: BTreeMap<&'a str, &'a str>,
    /// Path, with the version that it is limited to, to the path and version instead.
    replaced: Vec<(&'a str, Option<&'a str>, &'a str, Option<&'a str>)>,
    excluded: BTreeSet<(&'a str, &'a str)>,
    toolchain: Option<&'a str>,
    unread: Unread,
}

impl<'a> Module<'a> {
    fn directive(&mut self, verb: &str, line: &'a str) {
        let words: Vec<&str> = line.split_whitespace().map(|w| w.trim_matches(['"', '`'])).collect();
        match (verb, words.as_slice()) {
            (_, []) => {}
            ("require", [path, version]) if is_plausible(path) && is_plausible(version) => {
                self.required.insert(path, version);
            }
            ("exclude", [path, version]) => {
                self.excluded.insert((path, version));
            }
            ("replace", [path, "=>", to]) => self.replaced.push((path, None, to, None)),
            ("replace", [path, version, "=>", to]) => self.replaced.push((path, Some(version), to, None)),
            ("replace", [path, "=>", to, with]) => self.replaced.push((path, None, to, Some(with))),
            ("replace", [path, version, "=>", to, with]) => self.replaced.push((path, Some(version), to, Some(with))),
            ("toolchain", [name]) => self.toolchain = name.strip_prefix("go").filter(|v| is_plausible(v)),
            ("require" | "replace" | "exclude", _) => self.unread.add(line),
            // module, go, retract, godebug, tool, ignore: nothing that is built in.
            _ => {}
        }
    }

    fn report(self, seen: &mut Observer<'_>) {
        for (path, version) in &self.required {
            if self.excluded.contains(&(*path, *version)) {
                continue;
            }
            let replaced = self.replaced.iter().rev().find(|(p, v, ..)| p == path && v.is_none_or(|v| v == *version));
            let (path, version) = match replaced {
                // A folder of this machine has no version, and its own go.mod tells what it needs.
                Some((_, _, _, None)) => continue,
                Some((_, _, to, Some(with))) => (*to, *with),
                None => (*path, *version),
            };
            seen.package(Recognition::Manifest, Package::new(Ecosystem::Golang, path, version));
        }
        if let Some(version) = self.toolchain {
            seen.package(Recognition::Manifest, Package::new(Ecosystem::Golang, "stdlib", version));
        }
        self.unread.say(UnknownKind::Malformed, "line that is not understood", seen);
    }
}
