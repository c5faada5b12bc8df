//! Licences of Debian packages, from the `copyright` file that each has to carry.
//!
//! Specification: <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>. A file in that form names
//! licences in `License:` fields; in any other only a pointer into `/usr/share/common-licenses` can be told.

mod licence;

use std::collections::BTreeSet;

use seawall_model::{Ecosystem, UnknownKind};

use super::os_bounds::text;
use crate::unit::{Cataloger, File, Files, Need, Observation, Observer, Want};

const COMMON: &str = "/usr/share/common-licenses/";
/// Licences of one package; texlive and chromium have some hundreds.
const MAX_LICENCES: usize = 2_000;

/// Reads Debian copyright files.
pub(super) struct DebianCopyright;

impl Cataloger for DebianCopyright {
    fn id(&self) -> &'static str {
        "debian-copyright"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads the licences of Debian packages from their copyright files."
    }

    fn specification(&self) -> &'static str {
        "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("copyright"), need: Need::Content(8 << 20) }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let package = file.path.strip_prefix("usr/share/doc/").and_then(|rest| rest.strip_suffix("/copyright"));
        let Some(package) = package.filter(|name| !name.is_empty() && !name.contains('/')) else { return };
        let text = text(file.content);
        let mut licences = BTreeSet::new();
        if is_machine_readable(&text) {
            let mut done = BTreeSet::new();
            for value in licence_fields(&text) {
                if !done.insert(value) {
                    continue;
                }
                licences.insert(licence::expression(value));
                if licences.len() >= MAX_LICENCES {
                    seen.unknown(UnknownKind::Limit, format_args!("more than {MAX_LICENCES} licences"));
                    break;
                }
            }
        } else {
            let or_later = says_or_later(&text);
            for name in common_licences(&text).take(MAX_LICENCES) {
                licences.insert(licence::common(name, or_later));
            }
        }
        if !licences.is_empty() {
            seen.observe(Observation::Licences {
                ecosystem: Ecosystem::Deb,
                name: package.to_owned(),
                licences: licences.into_iter().collect(),
            });
        }
    }
}

/// Whether the first field is the one that the specification demands to be first; drafts called it differently.
fn is_machine_readable(text: &str) -> bool {
    let first = text.trim_start_matches('\u{feff}').lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let field = first.split(':').next().unwrap_or_default();
    ["Format", "Format-Specification"].iter().any(|name| field.eq_ignore_ascii_case(name))
}

/// The first line of each `License` field, where it is not empty.
fn licence_fields(text: &str) -> impl Iterator<Item = &str> {
    const FIELD: &str = "License:";
    memchr::memchr_iter(b'\n', text.as_bytes()).filter_map(|end| {
        let line = text.get(end.checked_add(1)?..)?;
        line.get(..FIELD.len()).filter(|start| start.eq_ignore_ascii_case(FIELD))?;
        let value = line.get(FIELD.len()..)?;
        let value = value.split('\n').next().unwrap_or_default().trim();
        (!value.is_empty()).then_some(value)
    })
}

/// The words after each pointer, a full stop at the end of the sentence left off.
fn common_licences(text: &str) -> impl Iterator<Item = &str> {
    memchr::memmem::find_iter(text.as_bytes(), COMMON).filter_map(|start| {
        let rest = text.get(start.checked_add(COMMON.len())?..)?;
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))).unwrap_or(rest.len());
        let name = rest.get(..end)?.trim_end_matches(['.', '-']);
        (!name.is_empty() && name.len() < 40).then_some(name)
    })
}

/// Whether the text grants "any later version", over line breaks too.
fn says_or_later(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), "later").any(|at| {
        let before = text.get(..at).unwrap_or_default();
        let trimmed = before.trim_end();
        trimmed.len() < before.len() && trimmed.ends_with("any")
    })
}
