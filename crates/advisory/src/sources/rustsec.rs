//! The [RustSec advisory format](https://github.com/rustsec/advisory-db): Markdown that begins with a TOML block. Used
//! besides the OSV form for what that one lacks, the standard library and the tools of Rust.

use seawall_model::{Advisory, AdvisoryKind, FixState};
use serde::Deserialize;

use super::common::{add_cvss, add_id, finish, is_named, malformed, row, text, title};
use super::intervals::{Interval, complement, range, semver_requirement};
use super::{Sink, Source, SourceError};

/// RustSec's advisories as written.
#[derive(Debug)]
pub(super) struct RustSecMarkdown;

#[derive(Debug, Deserialize)]
struct Front {
    advisory: Head,
    #[serde(default)]
    versions: Versions,
    #[serde(default)]
    affected: Affected,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Head {
    id: String,
    package: String,
    collection: String,
    date: String,
    url: String,
    references: Vec<String>,
    aliases: Vec<String>,
    categories: Vec<String>,
    informational: String,
    cvss: String,
    withdrawn: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Versions {
    patched: Vec<String>,
    unaffected: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Affected {
    arch: Vec<String>,
}

/// The TOML block and the Markdown after it.
pub(super) fn front_matter(text: &str) -> Result<(&str, &str), SourceError> {
    text.trim_start()
        .strip_prefix("```toml")
        .and_then(|t| t.split_once("\n```"))
        .ok_or(SourceError::Incomplete("does not begin with a TOML block"))
}

/// The first heading of a Markdown text.
pub(super) fn heading(markdown: &str) -> String {
    title(markdown.lines().find_map(|l| l.strip_prefix("# ")).unwrap_or_default())
}

impl Source for RustSecMarkdown {
    fn id(&self) -> &'static str {
        "rustsec-md"
    }

    fn about(&self) -> &'static str {
        "The RustSec advisory database as written, with the advisories on Rust's own library and tools."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/rustsec/advisory-db"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["rustsec-md", "advisory-db-main"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        if !member.ends_with(".md") || member.ends_with("README.md") {
            return Ok(());
        }
        let (front, markdown) = front_matter(text(bytes)?)?;
        let Front { advisory: head, versions, affected } = toml::from_str(front).map_err(|e| malformed("TOML", e))?;
        if head.id.is_empty() || head.package.is_empty() {
            return Err(SourceError::Incomplete("no id or package"));
        }
        let mut advisory = Advisory::new(&head.id, self.id());
        advisory.title = heading(markdown);
        advisory.kind = match head.informational.as_str() {
            "unmaintained" | "notice" => AdvisoryKind::Unmaintained,
            _ if head.categories.iter().any(|c| c == "malicious") => AdvisoryKind::Malicious,
            _ => AdvisoryKind::Vulnerability,
        };
        head.aliases.iter().for_each(|a| add_id(&head.id, &mut advisory.aliases, a));
        add_cvss(&mut advisory.cvss, &head.cvss);
        advisory.published = head.date;
        advisory.withdrawn = Some(head.withdrawn).filter(|w| !w.is_empty());
        advisory.references = std::iter::once(head.url).chain(head.references).filter(|r| !r.is_empty()).collect();
        let mut set = Vec::new();
        for wanted in versions.patched.iter().chain(&versions.unaffected) {
            match wanted.split(',').map(|one| semver_requirement(one, true)).collect::<Option<Vec<_>>>() {
                Some(parts) => set.extend(parts.iter().try_fold(Interval::all(), |all, one| all.and(one))),
                None => sink.unknown(member, format!("{}: requirement `{wanted}`", head.id)),
            }
        }
        let of_rust = head.collection == "rust" || member.starts_with("rust/") || member.contains("/rust/");
        let mut row = if of_rust {
            row("generic", "rust", FixState::Affected)
        } else {
            row("cargo", head.package, FixState::Affected)
        };
        row.ranges = complement(set).iter().map(|i| range(i, ", ")).collect();
        if !versions.patched.is_empty() {
            row.state = FixState::Fixed;
        }
        row.architectures = affected.arch;
        if !row.ranges.is_empty() {
            advisory.affected.push(row);
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}
