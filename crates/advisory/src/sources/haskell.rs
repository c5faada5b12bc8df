//! The [Haskell advisory format](https://github.com/haskell/security-advisories): Markdown that begins with a TOML block.

use seawall_model::{Advisory, FixState, Range, VersionRange};
use serde::Deserialize;

use super::common::{add_cvss, add_id, finish, is_named, malformed, row, text};
use super::rustsec::{front_matter, heading};
use super::{Sink, Source, SourceError};

/// Haskell's advisories.
#[derive(Debug)]
pub(super) struct Haskell;

#[derive(Debug, Deserialize)]
struct Front {
    advisory: Head,
    #[serde(default)]
    affected: Vec<Affected>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head {
    id: String,
    cwe: Vec<u64>,
    aliases: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Affected {
    package: String,
    ghc_component: String,
    cvss: String,
    versions: Vec<Versions>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Versions {
    introduced: String,
    fixed: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    url: String,
}

impl Source for Haskell {
    fn id(&self) -> &'static str {
        "haskell"
    }

    fn about(&self) -> &'static str {
        "Vulnerabilities of Haskell packages and of GHC, collected by the Haskell security response team."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/haskell/security-advisories"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["haskell-md", "haskell-security-advisories"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        // A reserved id has no advisory yet.
        let reserved = member.split('/').any(|folder| folder == "reserved");
        if !member.ends_with(".md") || member.ends_with("README.md") || reserved {
            return Ok(());
        }
        let (front, markdown) = front_matter(text(bytes)?)?;
        let Front { advisory: head, affected, references } = toml::from_str(front).map_err(|e| malformed("TOML", e))?;
        if head.id.is_empty() {
            return Err(SourceError::Incomplete("no id"));
        }
        let mut advisory = Advisory::new(&head.id, self.id());
        advisory.title = heading(markdown);
        head.aliases.iter().for_each(|a| add_id(&head.id, &mut advisory.aliases, a));
        advisory.cwes = head.cwe.iter().map(|c| format!("CWE-{c}")).collect();
        advisory.references = references.into_iter().map(|r| r.url).collect();
        for entry in affected {
            add_cvss(&mut advisory.cvss, &entry.cvss);
            // A component of the compiler comes and is fixed with the compiler.
            let mut row = match (entry.package.as_str(), entry.ghc_component.as_str()) {
                ("", "") => {
                    sink.unknown(member, format!("{}: neither package nor component", head.id));
                    continue;
                }
                ("", _) => row("generic", "ghc", FixState::Affected),
                (package, _) => row("hackage", package, FixState::Affected),
            };
            for versions in entry.versions {
                if versions.fixed.is_some() {
                    row.state = FixState::Fixed;
                }
                let introduced = Some(versions.introduced).filter(|v| !v.is_empty() && v != "0");
                row.ranges.push(Range::Versions(VersionRange {
                    introduced,
                    fixed: versions.fixed,
                    last_affected: None,
                }));
            }
            advisory.affected.push(row);
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}
