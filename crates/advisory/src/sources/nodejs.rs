//! The [Node.js security working group's database](https://github.com/nodejs/security-wg/tree/main/vuln): Node.js itself
//! (`core/`) and, up to 2019, npm packages (`npm/`).

use seawall_model::{Advisory, Affected, FixState, Range, Severity};
use semver::Version;
use serde::Deserialize;

use super::common::{add_cvss, add_id, finish, is_named, json, row, title};
use super::intervals::{Interval, both, complement, range, semver_requirement};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};

/// The working group's database.
#[derive(Debug)]
pub(super) struct NodejsCore;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    cve: List<Text<'a>>,
    #[serde(borrow)]
    cves: List<Text<'a>>,
    #[serde(borrow, rename = "ref")]
    reference: Text<'a>,
    #[serde(borrow)]
    references: List<Text<'a>>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    overview: Text<'a>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(borrow)]
    publish_date: Text<'a>,
    #[serde(borrow)]
    updated_at: Text<'a>,
    #[serde(borrow)]
    cvss: Text<'a>,
    #[serde(borrow)]
    cvss_vector: Text<'a>,
    #[serde(borrow)]
    vulnerable: Text<'a>,
    #[serde(borrow)]
    patched: Text<'a>,
    #[serde(borrow)]
    module_name: Text<'a>,
    #[serde(borrow)]
    vulnerable_versions: Text<'a>,
    #[serde(borrow)]
    patched_versions: Text<'a>,
}

impl Source for NodejsCore {
    fn id(&self) -> &'static str {
        "nodejs-security-wg"
    }

    fn about(&self) -> &'static str {
        "Vulnerabilities of Node.js itself and, up to 2019, of npm packages."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/nodejs/security-wg/tree/main/vuln"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["nodejs-security-wg", "security-wg"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let Some((folder, number)) = member.strip_suffix(".json").and_then(|m| m.rsplit_once('/')) else {
            return Ok(());
        };
        // `index` has the same records once more; `deps` judges the libraries that node bundles, and names no package.
        if number == "index" || folder == "deps" || folder.ends_with("/deps") {
            return Ok(());
        }
        let entry: Entry<'_> = json(bytes)?;
        let (own, mut row) = if !entry.module_name.is_empty() {
            (format!("NSWG-ECO-{number}"), row("npm", &*entry.module_name, FixState::Affected))
        } else if folder == "core" || folder.ends_with("/core") {
            (format!("NSWG-CORE-{number}"), row("generic", "node", FixState::Affected))
        } else {
            return Err(SourceError::Incomplete("no module name"));
        };
        let mut advisory = Advisory::new(own.as_str(), self.id());
        let cves: Vec<String> = entry.cve.iter().chain(&entry.cves).map(|c| cve(c)).collect();
        // A release of Node.js that fixes several is an erratum.
        let ids = if cves.len() > 1 { &mut advisory.related } else { &mut advisory.aliases };
        cves.iter().for_each(|c| add_id(&own, ids, c));
        advisory.title = [&entry.title, &entry.description, &entry.overview]
            .into_iter()
            .find(|t| !t.is_empty())
            .map_or_else(String::new, |t| title(t));
        advisory.severity = Severity::from_word(&entry.severity).unwrap_or_default();
        add_cvss(&mut advisory.cvss, &entry.cvss_vector);
        add_cvss(&mut advisory.cvss, &entry.cvss);
        advisory.published = entry.publish_date.to_string();
        advisory.modified = entry.updated_at.to_string();
        advisory.references = [&entry.reference]
            .into_iter()
            .chain(&entry.references)
            .filter(|r| !r.is_empty())
            .map(Text::to_string)
            .collect();
        let (vulnerable, patched) = if entry.module_name.is_empty() {
            (&*entry.vulnerable, &*entry.patched)
        } else {
            (&*entry.vulnerable_versions, &*entry.patched_versions)
        };
        if let Err(reason) = ranges(vulnerable, patched, row.stream == "npm", &mut row) {
            sink.unknown(member, reason);
        }
        advisory.affected.push(row);
        sink.advisory(finish(advisory));
        Ok(())
    }
}

/// Some are written without the prefix.
fn cve(id: &str) -> String {
    if id.starts_with("CVE-") { id.to_owned() } else { format!("CVE-{id}") }
}

/// Affected is what is vulnerable and not patched.
fn ranges(vulnerable: &str, patched: &str, native: bool, row: &mut Affected) -> Result<(), String> {
    let whole = match vulnerable.trim() {
        "" => return Err("no vulnerable versions".to_owned()),
        text => set(text),
    };
    let fixed = if matches!(patched.trim(), "" | "none" | "<0.0.0") { Some(Vec::new()) } else { set(patched) };
    match (whole, fixed) {
        (Some(whole), Some(fixed)) => {
            if !fixed.is_empty() {
                row.state = FixState::Fixed;
            }
            row.ranges = both(&whole, &complement(fixed)).iter().map(|i| range(i, " ")).collect();
        }
        _ if native => row.ranges.push(Range::Constraint(vulnerable.trim().to_owned())),
        _ => return Err(format!("versions `{vulnerable}`, patched `{patched}`")),
    }
    Ok(())
}

/// An npm range as intervals: alternatives of requirements that all hold.
fn set(text: &str) -> Option<Vec<Interval<Version>>> {
    let mut out = Vec::new();
    for alternative in text.split("||") {
        let mut all = Some(Interval::all());
        let mut words = alternative.split_whitespace().peekable();
        while let Some(word) = words.next() {
            // `>= 1.2` is one requirement.
            let is_sign = word.bytes().all(|b| matches!(b, b'<' | b'>' | b'=' | b'^' | b'~'));
            let one = if is_sign { format!("{word}{}", words.next()?) } else { word.to_owned() };
            let one = semver_requirement(&one, false)?;
            all = all.and_then(|a| a.and(&one));
        }
        out.extend(all);
    }
    Some(out)
}
