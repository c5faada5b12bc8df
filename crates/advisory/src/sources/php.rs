//! [FriendsOfPHP security advisories](https://github.com/FriendsOfPHP/security-advisories): YAML, one file a
//! vulnerability of one package, constraints by branch.

use seawall_model::{Advisory, Affected, FixState, Range, VersionRange};
use serde::Deserialize;

use super::common::{add_id, finish, ghsa_of, is_cve, is_named, row, text, title, yaml};
use super::intervals::requirement;
use super::text::{Entries, List, Text};
use super::{Sink, Source, SourceError};
use crate::streams::package_name;

/// FriendsOfPHP's advisories.
#[derive(Debug)]
pub(super) struct FriendsOfPhp;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    link: Text<'a>,
    #[serde(borrow)]
    cve: Text<'a>,
    #[serde(borrow)]
    branches: Entries<'a, Branch<'a>>,
    #[serde(borrow)]
    reference: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Branch<'a> {
    #[serde(borrow)]
    time: Text<'a>,
    #[serde(borrow)]
    versions: List<Text<'a>>,
}

impl Source for FriendsOfPhp {
    fn id(&self) -> &'static str {
        "friendsofphp"
    }

    fn about(&self) -> &'static str {
        "Vulnerabilities of PHP packages, collected by FriendsOfPHP."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/FriendsOfPHP/security-advisories"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["php-friendsofphp", "friendsofphp"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let Some(stem) = member.strip_suffix(".yaml").filter(|s| s.contains('/')) else { return Ok(()) };
        let entry: Entry<'_> = yaml(text(bytes)?)?;
        let Some(package) = entry.reference.strip_prefix("composer://") else {
            return Err(SourceError::Incomplete("the reference is not a Composer package"));
        };
        // The feed has no ids of its own: the CVE, or else the path.
        let own =
            if is_cve(&entry.cve) { entry.cve.to_string() } else { format!("friendsofphp:{}", stem.trim_matches('/')) };
        let mut advisory = Advisory::new(own, self.id());
        advisory.title = title(&entry.title);
        advisory.references.push(entry.link.to_string());
        if let Some(ghsa) = ghsa_of(&entry.link) {
            add_id(&advisory.id, &mut advisory.aliases, ghsa);
        }
        let times = entry.branches.0.iter().map(|(_, b)| &*b.time).filter(|t| !t.is_empty());
        advisory.published = times.min().unwrap_or_default().to_owned();
        let mut row = row("composer", package_name("composer", package), FixState::Affected);
        for (branch, constraints) in &entry.branches.0 {
            if constraints.versions.is_empty() {
                sink.unknown(member, format!("branch {} names no versions", &**branch));
            } else {
                add(&constraints.versions, &mut row);
            }
        }
        advisory.affected.push(row);
        sink.advisory(finish(advisory));
        Ok(())
    }
}

/// Constraints that all hold: an interval where they can be one, else as written.
fn add(constraints: &[Text<'_>], row: &mut Affected) {
    let mut range = VersionRange::default();
    for constraint in constraints {
        let (sign, version) = requirement(constraint);
        let slot = match sign {
            ">=" => &mut range.introduced,
            "<" => &mut range.fixed,
            "<=" => &mut range.last_affected,
            _ => {
                let all: Vec<&str> = constraints.iter().map(|c| c.trim()).collect();
                row.ranges.push(Range::Constraint(all.join(",")));
                return;
            }
        };
        *slot = Some(version.to_owned());
    }
    if range.fixed.is_some() {
        row.state = FixState::Fixed;
    }
    row.ranges.push(Range::Versions(range));
}
