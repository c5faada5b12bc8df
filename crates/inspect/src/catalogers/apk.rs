//! Packages of Alpine, Wolfi and Chainguard, from apk's database of what is installed, with the files that they own.
//!
//! Specification: <https://wiki.alpinelinux.org/wiki/Apk_spec>. One stanza per package, one field per line: a letter, a
//! colon, a value. `F:` opens a folder, each `R:` after it is a file in it.

use std::fmt::Write as _;

use base64::Engine as _;
use seawall_model::{Ecosystem, Package, Recognition, SourcePackage, UnknownKind};

use super::os_bounds::{Bounds, dependencies, owns, text};
use crate::Paths;
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// An image with a thousand packages has 20 MB.
const NEED: Need = Need::Content(128 << 20);
/// Broken stanzas that are named one by one.
const MAX_FAULTS: usize = 100;

/// Reads apk's installed database.
pub(super) struct AlpineApk;

impl Cataloger for AlpineApk {
    fn id(&self) -> &'static str {
        "alpine-apk"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads installed apk packages and the files that they own."
    }

    fn specification(&self) -> &'static str {
        "https://wiki.alpinelinux.org/wiki/Apk_spec"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Path("lib/apk/db/installed"), need: NEED },
            Want { files: Files::Path("usr/lib/apk/db/installed"), need: NEED },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let text = text(file.content);
        let mut bounds = Bounds::new();
        let mut stanza = Stanza::default();
        let mut number = 0_usize;
        let mut faults = 0_usize;
        // The empty line at the end closes the last stanza.
        for line in text.lines().chain([""]) {
            number = number.saturating_add(1);
            if !line.trim().is_empty() {
                stanza.take(line, number, &mut bounds);
                continue;
            }
            let done = std::mem::take(&mut stanza);
            if done.line == 0 {
                continue;
            }
            if done.name.is_empty() || done.version.is_empty() {
                faults = faults.saturating_add(1);
                if faults <= MAX_FAULTS {
                    let reason = format_args!("stanza at line {}: no package name or no version", done.line);
                    seen.unknown(UnknownKind::Malformed, reason);
                }
                continue;
            }
            done.report(seen, &mut bounds);
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
    name: &'a str,
    version: &'a str,
    architecture: &'a str,
    origin: &'a str,
    licence: &'a str,
    maintainer: &'a str,
    checksum: &'a str,
    needs: &'a str,
    provides: &'a str,
    folder: &'a str,
    files: Paths,
}

impl<'a> Stanza<'a> {
    fn take(&mut self, line: &'a str, number: usize, bounds: &mut Bounds) {
        if self.line == 0 {
            self.line = number;
        }
        let Some((field, value)) = line.split_once(':') else { return };
        match field {
            "P" => self.name = value.trim(),
            "V" => self.version = value.trim(),
            "A" => self.architecture = value.trim(),
            "o" => self.origin = value.trim(),
            "L" => self.licence = value.trim(),
            "m" => self.maintainer = value.trim(),
            "C" => self.checksum = value.trim(),
            "D" => self.needs = value,
            "p" => self.provides = value,
            "F" => self.folder = value,
            "R" => bounds.path(&mut self.files, self.folder, value),
            _ => {}
        }
    }

    fn report(self, seen: &mut Observer<'_>, bounds: &mut Bounds) {
        let mut package = Package::new(Ecosystem::Apk, self.name, self.version);
        package.architecture = some(self.architecture);
        package.vendor = some(self.maintainer);
        package.source = some(self.origin).map(|name| SourcePackage { name, version: None });
        package.licences.extend(some(self.licence));
        package.checksums.extend(checksum(self.checksum));
        package.dependencies = dependencies(&bounds.names(names(self.needs)));
        package.provides = bounds.names(names(self.provides)).into_iter().map(str::to_owned).collect();
        seen.package(Recognition::PackageDatabase, package);
        owns(seen, Ecosystem::Apk, self.name, self.files);
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The names of a list without their versions; `!name` is a conflict, `name@tag` pins a repository.
fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split_whitespace().filter(|item| !item.starts_with('!')).map(|item| {
        let end = item.find(['<', '>', '=', '~', '@']).unwrap_or(item.len());
        item.get(..end).unwrap_or_default()
    })
}

/// `Q1` and the SHA-1 of the package's control part in base64, `Q2` and its SHA-256.
fn checksum(text: &str) -> Option<String> {
    let (algorithm, length, encoded) = match (text.strip_prefix("Q1"), text.strip_prefix("Q2")) {
        (Some(encoded), _) => ("sha1", 20, encoded),
        (_, Some(encoded)) => ("sha256", 32, encoded),
        _ => return None,
    };
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.get(..64).unwrap_or(encoded)).ok()?;
    if bytes.len() != length {
        return None;
    }
    let mut text = format!("{algorithm}:");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_versions_and_conflicts_are_left_out() {
        let got: Vec<_> = names("so:libc.musl-x86_64.so.1 busybox>=1.2 !oldpkg cmd:sh=1 a~1 b@edge").collect();
        assert_eq!(got, ["so:libc.musl-x86_64.so.1", "busybox", "cmd:sh", "a", "b"]);
    }

    #[test]
    fn checksums_become_hexadecimal() {
        assert_eq!(
            checksum("Q1AAECAwQFBgcICQoLDA0ODxAREhM=").as_deref(),
            Some("sha1:000102030405060708090a0b0c0d0e0f10111213")
        );
        assert_eq!(checksum("Q1AAEC"), None);
        assert_eq!(checksum("Q1%%%"), None);
        assert_eq!(checksum(""), None);
    }

    #[test]
    fn a_long_line_is_read_in_one_pass() {
        let long = format!("P:a\nV:1\nD:{}\nF:{}\nR:x\n\n", "b ".repeat(2_000_000), "d".repeat(5_000_000));
        let mut seen = Observer::new("alpine-apk", "lib/apk/db/installed");
        let file =
            File { path: "lib/apk/db/installed", size: long.len() as u64, mode: 0o644, content: long.as_bytes() };
        AlpineApk.catalog(&file, &mut seen);
        // The package, that its names were cut, and that its path is too long.
        assert_eq!(seen.into_observations().len(), 3);
    }
}
