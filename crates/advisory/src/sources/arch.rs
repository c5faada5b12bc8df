//! The [Arch Linux security tracker](https://security.archlinux.org/): one JSON document an AVG (vulnerability group).

use seawall_model::{Advisory, FixState, Severity};
use serde::Deserialize;

use super::common::{add_id, finish, fixed_row, is_named, json, whole_row};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};

/// Arch Linux's vulnerability groups.
#[derive(Debug)]
pub(super) struct ArchTracker;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Group<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    packages: List<Text<'a>>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    fixed: Text<'a>,
    #[serde(borrow)]
    issues: List<Text<'a>>,
}

impl Source for ArchTracker {
    fn id(&self) -> &'static str {
        "arch-avg"
    }

    fn about(&self) -> &'static str {
        "Arch Linux's vulnerability groups, each with its CVEs and packages."
    }

    fn docs(&self) -> &'static str {
        "https://security.archlinux.org/"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["arch-avg-json", "arch-avg"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        // The tracker publishes one list of all groups; archives hold a group a file.
        let groups: Vec<Group<'_>> =
            if bytes.trim_ascii_start().starts_with(b"[") { json(bytes)? } else { vec![json(bytes)?] };
        for (at, group) in groups.iter().enumerate() {
            if group.name.is_empty() {
                sink.unknown(member, format!("group {}: no name", at.saturating_add(1)));
            } else {
                self.group(group, member, sink);
            }
        }
        Ok(())
    }
}

impl ArchTracker {
    fn group(&self, group: &Group<'_>, member: &str, sink: &mut dyn Sink) {
        let mut advisory = Advisory::new(&*group.name, self.id());
        advisory.title = format!("{}: {}", group.packages.first().map_or("", |p| p), &*group.kind);
        advisory.severity = Severity::from_word(&group.severity).unwrap_or_default();
        advisory.references.push(format!("https://security.archlinux.org/{}", &*group.name));
        group.issues.iter().for_each(|issue| add_id(&group.name, &mut advisory.related, issue));
        for name in &group.packages {
            advisory.affected.push(match (&*group.status, &*group.fixed) {
                ("Not affected", _) => whole_row("arch", &**name, FixState::NotAffected),
                ("Unknown", "") => whole_row("arch", &**name, FixState::UnderInvestigation),
                ("Vulnerable" | "Testing" | "Fixed", "") => whole_row("arch", &**name, FixState::Affected),
                (status, "") => {
                    sink.unknown(member, format!("{}: status `{status}` of {}", &*group.name, &**name));
                    continue;
                }
                (_, fixed) => fixed_row("arch", &**name, fixed),
            });
        }
        sink.advisory(finish(advisory));
    }
}
