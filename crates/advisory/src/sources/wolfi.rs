//! [Wolfi advisories](https://github.com/wolfi-dev/advisories), YAML schema 2: one document a package, the history of
//! each vulnerability as events; the latest one counts.

use seawall_model::{Advisory, FixState};
use serde::Deserialize;

use super::common::{add_id, finish, fixed_row, is_named, text, whole_row, yaml};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};

/// Wolfi's advisories.
#[derive(Debug)]
pub(super) struct Wolfi;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    package: Package<'a>,
    #[serde(borrow)]
    advisories: List<Entry<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    aliases: List<Text<'a>>,
    #[serde(borrow)]
    events: List<Event<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow, rename = "fixed-version")]
    fixed_version: Text<'a>,
}

impl Source for Wolfi {
    fn id(&self) -> &'static str {
        "wolfi"
    }

    fn about(&self) -> &'static str {
        "Wolfi's advisories: what was found in each package, and whether it is fixed, harmless or left."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/wolfi-dev/advisories"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["wolfi-advisories-yaml", "wolfi-advisories"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        if !member.ends_with(".yaml") {
            return Ok(());
        }
        let document: Document<'_> = yaml(text(bytes)?)?;
        let name = &*document.package.name;
        if name.is_empty() {
            return Err(SourceError::Incomplete("no package name"));
        }
        for entry in &document.advisories {
            let latest = entry.events.iter().max_by(|a, b| a.timestamp.cmp(&b.timestamp));
            let Some(latest) = latest.filter(|_| !entry.id.is_empty()) else {
                sink.unknown(member, format!("{name}: an advisory without an id or events"));
                continue;
            };
            let fixed = latest.data.as_ref().map_or("", |d| &d.fixed_version);
            let state = match (&*latest.kind, fixed) {
                // Version 0: the package never shipped the vulnerable code.
                ("fixed", "0") | ("false-positive-determination", _) => FixState::NotAffected,
                ("fixed", "") => {
                    sink.unknown(member, format!("{}: fixed, without a version", &*entry.id));
                    continue;
                }
                ("fixed", _) => FixState::Fixed,
                ("pending-upstream-fix" | "true-positive-determination", _) => FixState::Affected,
                ("detection", _) => FixState::UnderInvestigation,
                ("fix-not-planned" | "analysis-not-planned", _) => FixState::WontFix,
                (other, _) => {
                    sink.unknown(member, format!("{}: event `{other}`", &*entry.id));
                    continue;
                }
            };
            let mut advisory = Advisory::new(&*entry.id, self.id());
            entry.aliases.iter().for_each(|a| add_id(&entry.id, &mut advisory.aliases, a));
            advisory.published = entry.events.iter().map(|e| &*e.timestamp).min().unwrap_or_default().to_owned();
            advisory.modified = latest.timestamp.to_string();
            advisory.affected.push(match state {
                FixState::Fixed => fixed_row("wolfi", name, fixed),
                state => whole_row("wolfi", name, state),
            });
            sink.advisory(finish(advisory));
        }
        Ok(())
    }
}
