//! Packages of Debian, Ubuntu and their distroless images, from dpkg's status.
//!
//! Specification: <https://www.debian.org/doc/debian-policy/ch-controlfields.html> and
//! <https://manpages.debian.org/stable/dpkg/dpkg.1.en.html#INFORMATION_ABOUT_PACKAGES>. What dpkg has unpacked but not
//! configured is there; what has only its configuration left is not. Distroless images keep one stanza per file in
//! `status.d`, without a `Status`.

use seawall_model::{Ecosystem, Package, Recognition, SourcePackage, UnknownKind};

use super::os_bounds::{Bounds, dependencies, text};
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// A system with five thousand packages has 8 MB.
const NEED: Need = Need::Content(128 << 20);
/// Broken stanzas that are named one by one.
const MAX_FAULTS: usize = 100;
/// Lines of one list of relations; dpkg itself writes each on one.
const MAX_LINES: usize = 10_000;

/// Reads dpkg's status.
pub(super) struct DebianDpkg;

impl Cataloger for DebianDpkg {
    fn id(&self) -> &'static str {
        "debian-dpkg"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads installed Debian packages from dpkg's status and from the status.d of distroless images."
    }

    fn specification(&self) -> &'static str {
        "https://www.debian.org/doc/debian-policy/ch-controlfields.html"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Path("var/lib/dpkg/status"), need: NEED },
            Want { files: Files::In("var/lib/dpkg/status.d", ""), need: NEED },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if file.name().ends_with(".md5sums") {
            return;
        }
        let text = text(file.content);
        let mut bounds = Bounds::new();
        let mut faults = 0_usize;
        let mut stanza = Stanza::default();
        let mut number = 0_usize;
        // The empty line at the end closes the last stanza.
        for line in text.lines().chain([""]) {
            number = number.saturating_add(1);
            if !line.trim().is_empty() {
                stanza.take(line, number);
                continue;
            }
            let done = std::mem::take(&mut stanza);
            if done.line == 0 || !done.is_present() {
                continue;
            }
            if done.package.is_empty() || done.version.is_empty() {
                faults = faults.saturating_add(1);
                if faults <= MAX_FAULTS {
                    let reason = format_args!("stanza at line {}: no package name or no version", done.line);
                    seen.unknown(UnknownKind::Malformed, reason);
                }
                continue;
            }
            if done.is_cut {
                let reason = format_args!("stanza at line {}: a list of more than {MAX_LINES} lines", done.line);
                seen.unknown(UnknownKind::Limit, reason);
            }
            seen.package(Recognition::PackageDatabase, done.into_package(&mut bounds));
        }
        if faults > MAX_FAULTS {
            let reason = format_args!("{} more stanzas have no package name or no version", faults - MAX_FAULTS);
            seen.unknown(UnknownKind::Malformed, reason);
        }
        bounds.report(seen);
    }
}

/// One stanza, as it is read.
#[derive(Default)]
struct Stanza<'a> {
    /// Number of its first line; 0 before there is one.
    line: usize,
    package: &'a str,
    version: &'a str,
    architecture: &'a str,
    source: &'a str,
    maintainer: &'a str,
    status: &'a str,
    needs: Vec<&'a str>,
    provides: Vec<&'a str>,
    field: Folded,
    /// Whether a list had too many lines.
    is_cut: bool,
}

/// The field that a line beginning with a space continues, if it is one that is read.
#[derive(Default, Clone, Copy)]
enum Folded {
    #[default]
    Other,
    Needs,
    Provides,
}

impl<'a> Stanza<'a> {
    fn take(&mut self, line: &'a str, number: usize) {
        if self.line == 0 {
            self.line = number;
        }
        if line.starts_with([' ', '\t']) {
            self.list(line);
            return;
        }
        self.field = Folded::Other;
        let Some((field, value)) = line.split_once(':') else { return };
        let value = value.trim();
        let is = |name: &str| field.eq_ignore_ascii_case(name);
        if is("Package") {
            self.package = value;
        } else if is("Version") {
            self.version = value;
        } else if is("Architecture") {
            self.architecture = value;
        } else if is("Source") {
            self.source = value;
        } else if is("Maintainer") {
            self.maintainer = value;
        } else if is("Status") {
            self.status = value;
        } else if is("Depends") || is("Pre-Depends") {
            self.field = Folded::Needs;
            self.list(value);
        } else if is("Provides") {
            self.field = Folded::Provides;
            self.list(value);
        }
    }

    /// Adds a line to the list that is open, if one is.
    fn list(&mut self, line: &'a str) {
        let list = match self.field {
            Folded::Needs => &mut self.needs,
            Folded::Provides => &mut self.provides,
            Folded::Other => return,
        };
        if list.len() < MAX_LINES { list.push(line) } else { self.is_cut = true }
    }

    /// Whether its files are there, at least in part. Of the three words the last is the state.
    fn is_present(&self) -> bool {
        !matches!(self.status.split_whitespace().nth(2), Some("not-installed" | "config-files"))
    }

    fn into_package(self, bounds: &mut Bounds) -> Package {
        let mut package = Package::new(Ecosystem::Deb, self.package, self.version);
        package.architecture = some(self.architecture);
        package.vendor = some(self.maintainer);
        package.source = some(self.source).map(|source| match source.split_once('(') {
            Some((name, version)) => {
                SourcePackage { name: name.trim().to_owned(), version: some(version.trim_end_matches(')').trim()) }
            }
            None => SourcePackage { name: source, version: None },
        });
        package.source = package.source.filter(|s| !s.name.is_empty());
        package.dependencies = dependencies(&bounds.names(self.needs.iter().flat_map(|list| relations(list))));
        package.provides = bounds
            .names(self.provides.iter().flat_map(|list| relations(list)))
            .into_iter()
            .map(str::to_owned)
            .collect();
        package
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The names in a list of relations: of alternatives the first, without version, architecture and `:any`.
fn relations(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(|relation| {
        let first = relation.split('|').next().unwrap_or_default().trim();
        let end = first.find([' ', '(', '[', '<', ':']).unwrap_or(first.len());
        first.get(..end).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::relations;

    #[test]
    fn relations_lose_versions_and_alternatives() {
        let names: Vec<_> =
            relations("libc6 (>= 2.36), debconf (>= 0.5) | debconf-2.0, python3:any, a [amd64], b<!nocheck>,")
                .collect();
        assert_eq!(names, ["libc6", "debconf", "python3", "a", "b", ""]);
    }
}
