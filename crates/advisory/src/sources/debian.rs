//! The [Debian security tracker](https://security-tracker.debian.org/tracker/data/json) as published: one JSON document,
//! package → CVE → release.

use std::fmt;

use seawall_model::{Advisory, FixState, Severity};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};

use super::common::{finish, fixed_row, is_named, malformed, text, title, whole_row};
use super::text::{Entries, Text};
use super::{Sink, Source, SourceError};
use crate::streams::debian_release;

/// The security tracker's own export.
#[derive(Debug)]
pub(super) struct DebianTracker;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Issue<'a> {
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    releases: Entries<'a, Release<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Release<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    fixed_version: Text<'a>,
    #[serde(borrow)]
    urgency: Text<'a>,
    #[serde(borrow)]
    nodsa_reason: Text<'a>,
}

impl Source for DebianTracker {
    fn id(&self) -> &'static str {
        "debian-tracker"
    }

    fn about(&self) -> &'static str {
        "The Debian security tracker: every CVE of every source package, with its state in each release."
    }

    fn docs(&self) -> &'static str {
        "https://security-team.debian.org/security_tracker.html"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["debian-tracker", "debian-security-tracker", "tracker/data/json"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let mut parser = serde_json::Deserializer::from_str(text(bytes)?);
        parser.deserialize_map(Packages { member, sink }).and_then(|()| parser.end()).map_err(|e| malformed("JSON", e))
    }
}

/// Goes through the document package by package, since the whole of it is large.
struct Packages<'s> {
    member: &'s str,
    sink: &'s mut dyn Sink,
}

impl<'de> Visitor<'de> for Packages<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((package, issues)) = map.next_entry::<Text<'de>, Entries<'de, Issue<'de>>>()? {
            if package.is_empty() {
                return Err(de::Error::custom("a package without a name"));
            }
            for (id, issue) in &issues.0 {
                let advisory = advisory(&package, id, issue, self.member, self.sink);
                self.sink.advisory(advisory);
            }
        }
        Ok(())
    }
}

fn advisory(package: &str, id: &str, issue: &Issue<'_>, member: &str, sink: &mut dyn Sink) -> Advisory {
    let mut advisory = Advisory::new(id, DebianTracker.id());
    advisory.title = title(&issue.description);
    advisory.references.push(format!("https://security-tracker.debian.org/tracker/{id}"));
    for (codename, release) in &issue.releases.0 {
        let Some(number) = debian_release(codename) else {
            sink.unknown(member, format!("{id}: release `{}`", &**codename));
            continue;
        };
        let stream = format!("debian:{number}");
        let urgency = release.urgency.trim_end_matches('*');
        let mut row = match (&*release.status, &*release.fixed_version) {
            ("resolved", "0") => whole_row(stream, package, FixState::NotAffected),
            ("resolved", version) if !version.is_empty() => fixed_row(stream, package, version),
            ("undetermined", _) => whole_row(stream, package, FixState::UnderInvestigation),
            ("open", _) => {
                let state = match (&*release.nodsa_reason, urgency) {
                    (_, "end-of-life") | ("ignored", _) => FixState::WontFix,
                    ("postponed", _) => FixState::Deferred,
                    _ => FixState::Affected,
                };
                whole_row(stream, package, state)
            }
            (status, _) => {
                sink.unknown(member, format!("{id}: status `{status}` of {package}"));
                continue;
            }
        };
        row.severity = Severity::from_word(urgency).unwrap_or_default();
        advisory.affected.push(row);
    }
    finish(advisory)
}
