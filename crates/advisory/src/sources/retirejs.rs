//! [retire.js](https://github.com/RetireJS/retire.js) repositories: one JSON document, library → vulnerabilities.

use seawall_model::{Advisory, FixState, Range, Severity, VersionRange};
use serde::Deserialize;

use super::common::{add_cwes, add_id, finish, ghsa_of, is_cve, is_named, json, row, title};
use super::text::{Entries, List, Text};
use super::{Sink, Source, SourceError};

/// retire.js's repositories, of browser libraries and of npm packages.
#[derive(Debug)]
pub(super) struct RetireJs;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Library<'a> {
    #[serde(borrow)]
    npmname: Text<'a>,
    #[serde(borrow)]
    vulnerabilities: List<Vulnerability<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    below: Text<'a>,
    #[serde(borrow, rename = "atOrAbove")]
    from: Text<'a>,
    #[serde(borrow)]
    excludes: List<Text<'a>>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow)]
    cwe: List<Text<'a>>,
    #[serde(borrow)]
    identifiers: Option<Identifiers<'a>>,
    #[serde(borrow)]
    info: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Identifiers<'a> {
    #[serde(borrow)]
    summary: Text<'a>,
    #[serde(borrow, rename = "CVE")]
    cve: List<Text<'a>>,
    #[serde(borrow, rename = "githubID")]
    github: Text<'a>,
    #[serde(borrow)]
    retid: Text<'a>,
}

impl Source for RetireJs {
    fn id(&self) -> &'static str {
        "retirejs"
    }

    fn about(&self) -> &'static str {
        "Vulnerabilities of JavaScript libraries, collected by retire.js."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/RetireJS/retire.js"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["retirejs-jsrepository*", "retirejs-npmrepository*", "jsrepository*", "npmrepository*"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let npm = member.contains("npmrepository");
        let libraries: Entries<'_, Library<'_>> = json(bytes)?;
        for (library, entry) in &libraries.0 {
            // A library of the browser repository is an npm package only where it says so.
            let (stream, name) = match (npm, &*entry.npmname) {
                (true, _) => ("npm", &**library),
                (false, "") => ("generic", &**library),
                (false, name) => ("npm", name),
            };
            for vulnerability in &entry.vulnerabilities {
                if vulnerability.below.is_empty() && vulnerability.from.is_empty() {
                    sink.unknown(member, format!("{}: neither below nor atOrAbove", &**library));
                    continue;
                }
                let advisory = advisory(stream, name, vulnerability, member, sink);
                sink.advisory(advisory);
            }
        }
        Ok(())
    }
}

fn advisory(stream: &str, name: &str, v: &Vulnerability<'_>, member: &str, sink: &mut dyn Sink) -> Advisory {
    let none = Identifiers::default();
    let identifiers = v.identifiers.as_ref().unwrap_or(&none);
    let mut ids: Vec<&str> = identifiers.cve.iter().map(|c| &**c).filter(|c| is_cve(c)).collect();
    ids.extend(Some(&*identifiers.github).filter(|g| g.starts_with("GHSA-")));
    // Some name GitHub's advisory only by a link; several links are of several.
    let mut linked: Vec<&str> = v.info.iter().filter_map(|link| ghsa_of(link)).collect();
    linked.dedup();
    if let (true, [one]) = (ids.is_empty(), linked.as_slice()) {
        ids.push(*one);
    }
    let own = match (ids.first(), &*identifiers.retid) {
        (Some(id), _) => (*id).to_owned(),
        (None, "") => format!("retirejs:{name}:{}", &*v.below),
        (None, number) => format!("retirejs:{number}"),
    };
    let mut advisory = Advisory::new(own.as_str(), RetireJs.id());
    ids.iter().for_each(|id| add_id(&own, &mut advisory.aliases, id));
    advisory.title = title(&identifiers.summary);
    advisory.severity = Severity::from_word(&v.severity).unwrap_or_default();
    v.cwe.iter().for_each(|c| add_cwes(&mut advisory.cwes, c));
    advisory.references = v.info.iter().map(Text::to_string).collect();
    let version = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty() && t != "0");
    let mut row = row(stream, name, FixState::Fixed);
    match &*v.excludes {
        [] => row.ranges.push(interval(version(&v.from), version(&v.below))),
        [hole] => {
            row.ranges.push(interval(version(&v.from), version(hole)));
            row.ranges.push(Range::Constraint(format!("> {} < {}", &**hole, &*v.below)));
        }
        _ => {
            sink.unknown(member, format!("{own}: more than one version left out"));
            row.ranges.push(interval(version(&v.from), version(&v.below)));
        }
    }
    advisory.affected.push(row);
    finish(advisory)
}

fn interval(introduced: Option<String>, fixed: Option<String>) -> Range {
    Range::Versions(VersionRange { introduced, fixed, last_affected: None })
}
