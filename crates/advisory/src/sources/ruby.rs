//! [ruby-advisory-db](https://github.com/rubysec/ruby-advisory-db): YAML that names the versions which are *not*
//! affected, of gems and of Ruby implementations.

mod version;

use seawall_model::{Advisory, Affected, FixState, Severity};
use serde::Deserialize;

use super::common::{add_id, finish, is_named, row, text, title, yaml};
use super::intervals::{Interval, complement, range};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};
use version::{GemVersion, requirement};

/// ruby-advisory-db.
#[derive(Debug)]
pub(super) struct RubyAdvisories;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    gem: Text<'a>,
    #[serde(borrow)]
    engine: Text<'a>,
    #[serde(borrow)]
    cve: Text<'a>,
    #[serde(borrow)]
    ghsa: Text<'a>,
    #[serde(borrow)]
    osvdb: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    date: Text<'a>,
    cvss_v2: Option<f64>,
    cvss_v3: Option<f64>,
    cvss_v4: Option<f64>,
    #[serde(borrow)]
    patched_versions: List<Text<'a>>,
    #[serde(borrow)]
    unaffected_versions: List<Text<'a>>,
    #[serde(borrow)]
    related: Related<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Related<'a> {
    #[serde(borrow)]
    cve: List<Text<'a>>,
    #[serde(borrow)]
    url: List<Text<'a>>,
}

impl Source for RubyAdvisories {
    fn id(&self) -> &'static str {
        "ruby-advisory-db"
    }

    fn about(&self) -> &'static str {
        "Vulnerabilities of gems and of Ruby implementations, collected by rubysec."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/rubysec/ruby-advisory-db"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["ruby-advisory-db", "ruby-advisory-db-master"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        if !(member.starts_with("gems/")
            || member.starts_with("rubies/")
            || member.contains("/gems/")
            || member.contains("/rubies/"))
        {
            return Ok(());
        }
        let entry: Entry<'_> = yaml(text(bytes)?)?;
        let ids: Vec<String> = [("CVE", &entry.cve), ("GHSA", &entry.ghsa), ("OSVDB", &entry.osvdb)]
            .iter()
            .filter(|(_, id)| !id.is_empty())
            .map(|(kind, id)| format!("{kind}-{}", &***id))
            .collect();
        let stem = member.rsplit('/').next().and_then(|n| n.strip_suffix(".yml")).unwrap_or_default();
        let own = ids.first().map_or(stem, |id| id.as_str());
        if own.is_empty() {
            return Err(SourceError::Incomplete("no id"));
        }
        let (stream, name) = match (&*entry.gem, &*entry.engine) {
            ("", "") => return Err(SourceError::Incomplete("neither gem nor engine")),
            ("", engine) => ("generic", engine),
            (gem, _) => ("gem", gem),
        };
        let mut advisory = Advisory::new(own, self.id());
        ids.iter().for_each(|id| add_id(own, &mut advisory.aliases, id));
        entry.related.cve.iter().for_each(|c| add_id(own, &mut advisory.related, &format!("CVE-{}", &**c)));
        advisory.title = title(&entry.title);
        advisory.published = entry.date.to_string();
        advisory.references = [&entry.url].into_iter().chain(&entry.related.url).map(Text::to_string).collect();
        // The scores come without their vectors; the word for the newest one is the publisher's rating.
        let score = entry.cvss_v4.or(entry.cvss_v3).or(entry.cvss_v2);
        advisory.severity = score.map_or(Severity::Unknown, Severity::from_score);
        advisory.affected.push(affected(&entry, stream, name, member, sink));
        sink.advisory(finish(advisory));
        Ok(())
    }
}

fn affected(entry: &Entry<'_>, stream: &str, name: &str, member: &str, sink: &mut dyn Sink) -> Affected {
    let mut row = row(stream, name, FixState::Affected);
    let mut set: Vec<Interval<GemVersion>> = Vec::new();
    for wanted in entry.patched_versions.iter().chain(&entry.unaffected_versions) {
        match wanted.split(',').map(requirement).collect::<Option<Vec<_>>>() {
            Some(parts) => set.extend(parts.iter().try_fold(Interval::all(), |all, one| all.and(one))),
            None => sink.unknown(member, format!("requirement `{}`", &**wanted)),
        }
    }
    row.ranges = complement(set).iter().map(|i| range(i, ", ")).collect();
    if !entry.patched_versions.is_empty() {
        row.state = FixState::Fixed;
    }
    row
}
