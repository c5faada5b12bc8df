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

    fn read(&self, _member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        // The tracker publishes one list of all groups; archives hold a group a file.
        if bytes.trim_ascii_start().starts_with(b"[") {
            let groups: Vec<Group<'_>> = json(bytes)?;
            return groups.iter().try_for_each(|group| self.group(group, sink));
        }
        self.group(&json(bytes)?, sink)
    }
}

impl ArchTracker {
    fn group(&self, group: &Group<'_>, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if group.name.is_empty() {
            return Err(SourceError::Incomplete("no name"));
        }
        let mut advisory = Advisory::new(&*group.name, self.id());
        advisory.title = format!("{}: {}", group.packages.first().map_or("", |p| p), &*group.kind);
        advisory.severity = Severity::from_word(&group.severity).unwrap_or_default();
        advisory.references.push(format!("https://security.archlinux.org/{}", &*group.name));
        group.issues.iter().for_each(|issue| add_id(&group.name, &mut advisory.related, issue));
        for name in &group.packages {
            advisory.affected.push(match (&*group.status, &*group.fixed) {
                ("Not affected", _) => whole_row("arch", &**name, FixState::NotAffected),
                ("Unknown", "") => whole_row("arch", &**name, FixState::UnderInvestigation),
                (_, "") => whole_row("arch", &**name, FixState::Affected),
                (_, fixed) => fixed_row("arch", &**name, fixed),
            });
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{EndOfLife, Epss, KnownExploited};

    #[derive(Default)]
    struct Ids(Vec<String>);

    impl Sink for Ids {
        fn advisory(&mut self, advisory: Advisory) {
            self.0.push(advisory.id);
        }
        fn epss(&mut self, _: &str, _: Epss) {}
        fn kev(&mut self, _: &str, _: KnownExploited) {}
        fn end_of_life(&mut self, _: EndOfLife) {}
        fn unknown(&mut self, member: &str, reason: String) {
            self.0.push(format!("{member}: {reason}"));
        }
    }

    #[test]
    fn one_group_and_the_publishers_list_of_groups_are_both_read() {
        let group = |n| format!(r#"{{"name":"AVG-{n}","packages":["zlib"],"status":"Fixed","fixed":"1.2-{n}"}}"#);
        for (document, count) in [(group(1), 1), (format!("\n[{},{}]", group(1), group(2)), 2)] {
            let mut ids = Ids::default();
            ArchTracker.read("all.json", document.as_bytes(), &mut ids).unwrap();
            assert_eq!(ids.0, ["AVG-1", "AVG-2"][..count]);
        }
    }
}
