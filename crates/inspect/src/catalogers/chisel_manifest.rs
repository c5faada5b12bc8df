//! Packages of chiselled Ubuntu images, which have no database of dpkg's but the manifest of the tool that cut them.
//!
//! Specification: <https://documentation.ubuntu.com/chisel/en/latest/reference/manifest>. Compressed with Zstandard; one
//! JSON object a line, the first of which tells the format and the number of lines. It names packages, but not the
//! sources that they were built from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use seawall_io::{Decoder, LimitExceeded, Limits, read_to_limit};
use seawall_model::{Ecosystem, Package, Recognition, UnknownKind};
use serde::Deserialize;

use super::os_bounds::{Bounds, owns, text};
use crate::Paths;
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// The manifest of an image with all of a desktop's files would have a tenth of it.
const NEED: Need = Need::Content(16 << 20);
/// The same, decompressed.
const MAX_BYTES: u64 = 64 << 20;
/// Lines that cannot be read and are named one by one.
const MAX_FAULTS: usize = 50;

/// Reads the manifests of chiselled images.
pub(super) struct ChiselManifest;

impl Cataloger for ChiselManifest {
    fn id(&self) -> &'static str {
        "ubuntu-chisel"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads the packages of chiselled Ubuntu images, and which files they own, from their manifest."
    }

    fn specification(&self) -> &'static str {
        "https://documentation.ubuntu.com/chisel/en/latest/reference/manifest"
    }

    fn wants(&self) -> &'static [Want] {
        // Usually in var/lib/chisel, but a slice may place it elsewhere.
        &[Want { files: Files::Name("manifest.wall"), need: NEED }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let limits = Limits { layer_bytes: MAX_BYTES, ..Limits::default() };
        let bytes = Decoder::new(file.content, &limits).and_then(|mut decoder| read_to_limit(&mut decoder, MAX_BYTES));
        match bytes {
            Ok(bytes) => read(&text(&bytes), seen),
            Err(error) => {
                let limit = LimitExceeded::of(&error).is_some() || error.kind() == std::io::ErrorKind::FileTooLarge;
                let kind = if limit { UnknownKind::Limit } else { UnknownKind::Malformed };
                seen.unknown(kind, format_args!("manifest of packages: {error}"));
            }
        }
    }
}

/// Any of its lines, as far as packages and what they own are concerned.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Line<'a> {
    #[serde(default, borrow)]
    jsonwall: Option<Cow<'a, str>>,
    #[serde(default)]
    count: Option<u64>,
    #[serde(default, borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    arch: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    slice: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    path: Option<Cow<'a, str>>,
}

fn read(text: &str, seen: &mut Observer<'_>) {
    let mut lines = text.lines();
    let header = lines.next().and_then(|line| serde_json::from_str::<Line<'_>>(line).ok());
    let Some(header) = header.filter(|h| h.jsonwall.as_deref().is_some_and(|v| v.starts_with("1."))) else {
        seen.unknown(UnknownKind::Malformed, "not a manifest of packages that is known");
        return;
    };
    let mut bounds = Bounds::new();
    let mut owned: BTreeMap<String, Paths> = BTreeMap::new();
    let (mut count, mut faults) = (1_u64, 0_usize);
    for (number, line) in (2_usize..).zip(lines) {
        count = count.saturating_add(1);
        let read = serde_json::from_str::<Line<'_>>(line).ok();
        let is_read = read.is_some_and(|line| match line.kind.as_deref() {
            Some("package") => package(&line).map(|p| seen.package(Recognition::PackageDatabase, p)).is_some(),
            Some("content") => content(&line, &mut bounds, &mut owned).is_some(),
            // Slices and the digests of paths; what else may come is not about packages.
            Some(_) => true,
            None => false,
        });
        if !is_read {
            faults = faults.saturating_add(1);
            if faults <= MAX_FAULTS {
                seen.unknown(UnknownKind::Malformed, format_args!("line {number}: not an entry that can be read"));
            }
        }
    }
    if faults > MAX_FAULTS {
        seen.unknown(UnknownKind::Malformed, format_args!("{} more lines cannot be read", faults - MAX_FAULTS));
    }
    if let Some(stated) = header.count.filter(|stated| *stated != count) {
        seen.unknown(UnknownKind::Malformed, format_args!("{count} entries where {stated} are promised"));
    }
    for (name, files) in owned {
        owns(seen, Ecosystem::Deb, &name, files);
    }
    bounds.report(seen);
}

fn package(line: &Line<'_>) -> Option<Package> {
    let name = line.name.as_deref().filter(|n| !n.is_empty())?;
    let version = line.version.as_deref().filter(|v| !v.is_empty())?;
    let mut package = Package::new(Ecosystem::Deb, name, version);
    package.architecture = line.arch.as_deref().filter(|a| !a.is_empty()).map(str::to_owned);
    Some(package)
}

/// A path that a slice brought; a slice is named `PACKAGE_SLICE`, and a folder ends with `/`.
fn content(line: &Line<'_>, bounds: &mut Bounds, owned: &mut BTreeMap<String, Paths>) -> Option<()> {
    let (package, _) = line.slice.as_deref()?.split_once('_').filter(|(package, _)| !package.is_empty())?;
    let path = line.path.as_deref()?;
    if !path.ends_with('/') {
        match owned.get_mut(package) {
            Some(files) => bounds.path(files, "", path),
            None => {
                let mut files = Paths::default();
                bounds.path(&mut files, "", path);
                owned.insert(package.to_owned(), files);
            }
        }
    }
    Some(())
}
