//! The [Ubuntu CVE tracker](https://git.launchpad.net/ubuntu-cve-tracker/tree/README) as JSON, one document a CVE:
//! the tracker's fields one by one.

use seawall_model::{Advisory, Affected, FixState, Severity};
use serde::Deserialize;

use super::common::{add_cvss, add_row, finish, fixed_row, is_named, json, row, title, whole_row};
use super::text::{Entries, List, Text};
use super::{Sink, Source, SourceError};
use crate::streams::{is_no_ubuntu_stream, ubuntu_series};

/// Ubuntu's CVE tracker.
#[derive(Debug)]
pub(super) struct UbuntuTracker;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cve<'a> {
    #[serde(borrow)]
    candidate: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    priority: Text<'a>,
    #[serde(borrow)]
    cvss: Entries<'a, Text<'a>>,
    #[serde(borrow)]
    references: List<Text<'a>>,
    #[serde(borrow)]
    public_date: Text<'a>,
    #[serde(borrow)]
    packages: Entries<'a, Entries<'a, Status<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    note: Text<'a>,
    #[serde(borrow)]
    priority: Text<'a>,
}

impl Source for UbuntuTracker {
    fn id(&self) -> &'static str {
        "ubuntu-cve-tracker"
    }

    fn about(&self) -> &'static str {
        "The Ubuntu CVE tracker: the state of every CVE in every source package of every release, ESM included."
    }

    fn docs(&self) -> &'static str {
        "https://ubuntu.com/security/cves"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["ubuntu-cve-tracker-json", "ubuntu-cve-tracker"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let cve: Cve<'_> = json(bytes)?;
        if cve.candidate.is_empty() {
            return Err(SourceError::Incomplete("no candidate"));
        }
        let mut advisory = Advisory::new(&*cve.candidate, self.id());
        advisory.title = title(&cve.description);
        advisory.severity = Severity::from_word(&cve.priority).unwrap_or_default();
        advisory.published = cve.public_date.to_string();
        advisory.references = cve.references.iter().map(Text::to_string).collect();
        for (_, vector) in &cve.cvss.0 {
            // `CVSS:3.0/AV:N/… [5.3 MEDIUM]`.
            add_cvss(&mut advisory.cvss, vector.split_whitespace().next().unwrap_or_default());
        }
        for (series, packages) in &cve.packages.0 {
            let Some(stream) = ubuntu_series(series) else {
                if !is_no_ubuntu_stream(series) {
                    sink.unknown(member, format!("{}: series `{}`", advisory.id, &**series));
                }
                continue;
            };
            for (name, status) in &packages.0 {
                match of(&stream, name, status) {
                    Ok(Some(mut row)) => {
                        row.severity = Severity::from_word(&status.priority).unwrap_or_default();
                        // Two series of one ESM release say the same.
                        if stream.starts_with("ubuntu-pro") {
                            add_row(&mut advisory.affected, row);
                        } else {
                            advisory.affected.push(row);
                        }
                    }
                    Ok(None) => {}
                    Err(reason) => sink.unknown(member, format!("{}: {reason}", advisory.id)),
                }
            }
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}

/// `None` where the package does not exist in the series.
fn of(stream: &str, name: &str, status: &Status<'_>) -> Result<Option<Affected>, String> {
    let state = match &*status.status {
        "DNE" => return Ok(None),
        "released" => {
            let version = status.note.split_whitespace().next().unwrap_or_default();
            let is_version = version.starts_with(|c: char| c.is_ascii_digit());
            return Ok(Some(if is_version {
                fixed_row(stream, name, version)
            } else {
                row(stream, name, FixState::Fixed) // Fixed, nobody says in which version: matches nothing.
            }));
        }
        // `pending` names the version that will fix it once it is published.
        "needed" | "pending" | "active" | "in-progress" => FixState::Affected,
        "needs-triage" => FixState::UnderInvestigation,
        "ignored" => FixState::WontFix,
        "deferred" => FixState::Deferred,
        "not-affected" => FixState::NotAffected,
        other => return Err(format!("status `{other}` of {name}")),
    };
    Ok(Some(whole_row(stream, name, state)))
}
