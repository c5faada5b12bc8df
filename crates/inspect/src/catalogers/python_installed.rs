use std::io::{Cursor, Read as _};

use seawall_model::{Ecosystem, Package, Recognition, UnknownKind};

use super::python_shared::need;
use crate::text;
use crate::unit::{Cataloger, File, Files, Need, Observer, Want};

/// Reads the metadata of installed distributions, wheels and eggs.
pub(crate) struct PythonInstalled;

/// More metadata than this is not read out of an egg.
const MAX_METADATA: u64 = 4 << 20;
/// A longer licence field is the licence itself, not its name.
const MAX_LICENCE: usize = 200;

impl Cataloger for PythonInstalled {
    fn id(&self) -> &'static str {
        "python-installed"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "installed Python distributions (*.dist-info/METADATA, *.egg-info, *.egg)"
    }

    fn specification(&self) -> &'static str {
        "https://packaging.python.org/en/latest/specifications/core-metadata/"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Under(".dist-info", "METADATA"), need: text::METADATA },
            Want { files: Files::Under(".egg-info", "PKG-INFO"), need: text::METADATA },
            Want { files: Files::Under("EGG-INFO", "PKG-INFO"), need: text::METADATA },
            Want { files: Files::Suffix(".egg-info"), need: text::METADATA },
            Want { files: Files::Suffix(".egg"), need: Need::Content(32 << 20) },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if !file.name().ends_with(".egg") {
            report(file.content, None, seen);
            return;
        }
        // Only a zip is an egg; the name alone is anyone's.
        if !file.content.starts_with(b"PK") {
            return;
        }
        const MEMBER: &str = "EGG-INFO/PKG-INFO";
        match member(file.content, MEMBER) {
            Ok(content) if content.len() as u64 > MAX_METADATA => {
                seen.unknown_within(UnknownKind::Limit, Some(MEMBER), "larger than 4 MiB");
            }
            Ok(content) => report(&content, Some(MEMBER), seen),
            Err(error) => seen.unknown_within(UnknownKind::Malformed, Some(MEMBER), error),
        }
    }
}

fn member(archive: &[u8], name: &str) -> Result<Vec<u8>, zip::result::ZipError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive))?;
    let mut content = Vec::new();
    archive.by_name(name)?.take(MAX_METADATA.saturating_add(1)).read_to_end(&mut content)?;
    Ok(content)
}

fn report(content: &[u8], within: Option<&str>, seen: &mut Observer<'_>) {
    let text = text::decode(headers(content), seen);
    let mut name = None;
    let mut version = None;
    let mut expression = None;
    let mut licence = None;
    let mut classifiers = Vec::new();
    let mut needs = Vec::new();
    for (_, line) in text::lines(&text, seen) {
        // What is indented continues the line before: only long texts do, of which none is a name.
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match key.to_ascii_lowercase().as_str() {
            "name" => name = Some(value),
            "version" => version = Some(value),
            "license-expression" => expression = Some(value),
            "license" => licence = Some(value),
            "classifier" => classifiers.extend(value.strip_prefix("License :: ")),
            "requires-dist" | "requires" => needs.extend(need(value)),
            _ => {}
        }
    }
    let (Some(name), Some(version)) =
        (name.filter(|n| text::is_plausible(n)), version.filter(|v| text::is_plausible(v)))
    else {
        seen.unknown_within(UnknownKind::Malformed, within, "metadata without a usable name and version");
        return;
    };
    let mut package = Package::new(Ecosystem::Pypi, name, version);
    package.licences = licences(expression, licence, &classifiers);
    package.dependencies = needs;
    package.dependencies.dedup();
    seen.package_within(Recognition::InstalledMetadata, within, package);
}

/// The headers end at the first empty line; the description, which may be anything, follows.
fn headers(content: &[u8]) -> &[u8] {
    let end = |empty: &[u8]| memchr::memmem::find(content, empty).unwrap_or(content.len());
    content.get(..end(b"\n\n").min(end(b"\n\r\n"))).unwrap_or(content)
}

/// The expression where there is one, else the free text where it is a name, else the classifiers.
fn licences(expression: Option<&str>, licence: Option<&str>, classifiers: &[&str]) -> Vec<String> {
    let usable = |text: &&str| !text.is_empty() && *text != "UNKNOWN" && text.len() <= MAX_LICENCE;
    if let Some(one) = expression.filter(usable).or(licence.filter(usable)) {
        return vec![one.to_owned()];
    }
    let names = classifiers.iter().filter_map(|path| path.rsplit(" :: ").next()).filter(|name| *name != "OSI Approved");
    names.filter(usable).map(str::to_owned).collect()
}
