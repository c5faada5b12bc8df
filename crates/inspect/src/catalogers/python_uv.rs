use std::collections::HashMap;

use seawall_model::{Dependency, Recognition, Scope};
use serde::Deserialize;

use super::python_shared::{checksum, distribution, is_shipped, say_without_version};
use crate::text::{self, Map, Text, Unread, reachable};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads the lockfiles of uv.
pub(crate) struct PythonUv;

impl Cataloger for PythonUv {
    fn id(&self) -> &'static str {
        "python-uv"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "uv lockfiles (uv.lock)"
    }

    fn specification(&self) -> &'static str {
        "https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("uv.lock"), need: text::LOCKFILE }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        if let Some(lock) = text::toml::<Lock<'_>>(file.content, seen) {
            report(&lock.package, seen);
        }
    }
}

fn report(entries: &[Entry<'_>], seen: &mut Observer<'_>) {
    // A name may have several versions, for different platforms; a need then says which it means.
    let mut numbers: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        numbers.entry(entry.name.or_empty()).or_default().push(at);
    }
    let find = |need: &Need<'_>| {
        let all = numbers.get(need.name.or_empty())?;
        let is_meant = |at: &&usize| {
            let entry = entries.get(**at);
            need.version.0.is_none() || entry.is_some_and(|entry| entry.version.get() == need.version.get())
        };
        all.iter().take(MAX_VERSIONS).find(is_meant).copied()
    };
    // An extra of a package of others is there because somebody asked for it: uv locks no extra that nobody wants.
    let needs = |entry: &Entry<'_>| -> Vec<usize> {
        let extras = entry.optional_dependencies.0.iter().filter(|_| !entry.is_own()).flat_map(|(_, needs)| needs);
        entry.dependencies.iter().chain(extras).filter_map(find).collect()
    };
    let edges: Vec<Vec<usize>> = entries.iter().map(needs).collect();
    let own = || entries.iter().filter(|entry| entry.is_own());
    let runtime = reachable(own().flat_map(|entry| &entry.dependencies).filter_map(find), &edges);
    let extras = own().flat_map(|entry| &entry.optional_dependencies.0).flat_map(|(_, needs)| needs);
    let optional = reachable(extras.filter_map(find), &edges);
    let is_project = own().next().is_some();

    let mut unread = Unread::default();
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| !entry.is_own()) {
        let Some(mut package) = distribution(entry.name.or_empty(), entry.version.get(), &mut unread) else {
            continue;
        };
        package.scope = match (runtime.get(at), optional.get(at)) {
            _ if !is_project => Scope::Unknown,
            (Some(true), _) => Scope::Runtime,
            (_, Some(true)) => Scope::Optional,
            _ => Scope::Development,
        };
        let archives = entry.sdist.iter().chain(&entry.wheels);
        package.checksums = archives.filter_map(|archive| checksum(archive.hash.or_empty())).collect();
        for need in entry.dependencies.iter().filter(|need| need.name.0.is_some()) {
            let version = find(need).and_then(|at| entries.get(at)).and_then(|found| found.version.get());
            let name = need.name.or_empty().to_owned();
            package.dependencies.push(Dependency { name, version: version.map(str::to_owned) });
        }
        package.dependencies.dedup();
        seen.package(Recognition::Lockfile, package);
    }
    say_without_version(unread, seen);
}

/// No name has more versions than there are platforms to tell apart.
const MAX_VERSIONS: usize = 32;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock<'a> {
    #[serde(borrow)]
    package: Vec<Entry<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct Entry<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    source: Source<'a>,
    #[serde(borrow)]
    dependencies: Vec<Need<'a>>,
    #[serde(borrow)]
    optional_dependencies: Map<'a, Vec<Need<'a>>>,
    #[serde(borrow)]
    sdist: Option<Archive<'a>>,
    #[serde(borrow)]
    wheels: Vec<Archive<'a>>,
}

impl Entry<'_> {
    /// Whether it is the project or one of its members, and not something that is downloaded.
    fn is_own(&self) -> bool {
        let source = &self.source;
        [&source.r#virtual, &source.editable, &source.directory].iter().any(|path| path.0.is_some())
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow)]
    r#virtual: Text<'a>,
    #[serde(borrow)]
    editable: Text<'a>,
    #[serde(borrow)]
    directory: Text<'a>,
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
    hash: Text<'a>,
}
