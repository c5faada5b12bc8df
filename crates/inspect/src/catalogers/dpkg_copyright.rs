//! Licences of Debian packages, from the `copyright` file that each has to carry.
//!
//! Specification: <https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/>. A file in that form names
//! licences in `License:` fields; in any other only a pointer into `/usr/share/common-licenses` can be told.

mod licence;

use std::collections::BTreeSet;

use seawall_model::{Ecosystem, UnknownKind};

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
        let text = String::from_utf8_lossy(file.content);
        let mut licences = BTreeSet::new();
        if is_machine_readable(&text) {
            let mut done = BTreeSet::new();
            for line in text.lines() {
                let Some((field, value)) = line.split_once(':') else { continue };
                let value = value.trim();
                if !is_licence_field(field) || value.is_empty() || !done.insert(value) {
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

fn is_licence_field(field: &str) -> bool {
    field.eq_ignore_ascii_case("License")
}

/// The words after each pointer, a full stop at the end of the sentence left off.
fn common_licences(text: &str) -> impl Iterator<Item = &str> {
    text.split(COMMON).skip(1).filter_map(|rest| {
        let end =
            rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))).unwrap_or(rest.len());
        let name = rest.get(..end)?.trim_end_matches(['.', '-']);
        (!name.is_empty() && name.len() < 40).then_some(name)
    })
}

/// Whether the text grants "any later version", over line breaks too.
fn says_or_later(text: &str) -> bool {
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if word == "any" && words.peek().is_some_and(|next| next.starts_with("later")) {
            return true;
        }
    }
    false
}
