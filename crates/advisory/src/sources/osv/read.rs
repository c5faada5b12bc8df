use std::collections::BTreeSet;

use seawall_model::{Advisory, AdvisoryKind, Affected, FixState, Range, Severity, VersionRange};

use super::record::{Event, Package, Range as OsvRange, Rating, Record};
use crate::sources::common::{add_cvss, add_cwes, add_id, finish, is_cve, row, title};
use crate::sources::text::Text;
use crate::sources::{Sink, SourceError};
use crate::streams::{osv_stream, package_name};

/// Reads one record of a feed.
pub(super) fn read(feed: &str, member: &str, record: Record<'_>, sink: &mut dyn Sink) -> Result<(), SourceError> {
    if record.id.is_empty() {
        return Err(SourceError::Incomplete("no id"));
    }
    let mut advisory = Advisory::new(&*record.id, feed);
    advisory.title = title(if record.summary.is_empty() { &record.details } else { &record.summary });
    advisory.published = date(&record.published);
    advisory.modified = date(&record.modified);
    advisory.withdrawn = Some(record.withdrawn.to_string()).filter(|w| !w.is_empty());
    advisory.references = record.references.iter().filter(|r| !r.url.is_empty()).map(|r| r.url.to_string()).collect();
    ids(&record, &mut advisory);
    let mut strange = BTreeSet::new();
    rate(&record.severity, &mut advisory, &mut strange);
    if let Some(extra) = &record.database_specific {
        advisory.severity = advisory.severity.max(word(extra.severity.text()));
        extra.cwe_ids.iter().for_each(|c| add_cwes(&mut advisory.cwes, c));
    }
    if advisory.severity == Severity::Unknown
        && let Some((first, _)) = record.summary.split_once(": ")
    {
        // AlmaLinux and Rocky Linux put the rating there, and nowhere else: `Important: curl security update`.
        advisory.severity = word(first);
    }
    if record.id.starts_with("MAL-") || record.aliases.iter().any(|a| a.starts_with("MAL-")) {
        advisory.kind = AdvisoryKind::Malicious;
    }
    let module = module_of(&record.summary);
    let mut seen = BTreeSet::new();
    for package in &record.affected {
        extras(package, &mut advisory, &mut strange);
        let Some(name) = package.package.as_ref().filter(|p| !p.name.is_empty()) else {
            continue; // Commits of a repository: not a package of any stream.
        };
        let Some(stream) = stream_of(&record.id, &name.ecosystem) else {
            strange.insert(format!("no stream for ecosystem `{}`", &*name.ecosystem));
            continue;
        };
        let known = |range: &&OsvRange<'_>| matches!(&*range.kind, "SEMVER" | "ECOSYSTEM" | "GIT");
        for range in package.ranges.iter().filter(|range| !known(range)) {
            strange.insert(format!("range of type `{}` of {}", &*range.kind, &*name.name));
        }
        if let Some(row) = affected(package, stream, &name.name, &name.purl, module)
            && seen.insert(key(&row))
        {
            advisory.affected.push(row);
        }
    }
    for reason in strange {
        sink.unknown(member, format!("{}: {reason}", record.id.0));
    }
    sink.advisory(finish(advisory));
    Ok(())
}

/// The Go repository holds this where the published feed has the date.
fn date(text: &str) -> String {
    if text.starts_with("0001-") { String::new() } else { text.to_owned() }
}

fn word(text: &str) -> Severity {
    Severity::from_word(text).unwrap_or_default()
}

/// Which ids are the same vulnerability, and which are what an erratum covers (docs/concepts/streams.md).
fn ids(record: &Record<'_>, advisory: &mut Advisory) {
    let own = &*record.id;
    let (aliases, related) = (&mut advisory.aliases, &mut advisory.related);
    record.aliases.iter().for_each(|a| add_id(own, aliases, a));
    let begins = |prefixes: &[&str]| prefixes.iter().any(|p| own.starts_with(p));
    if begins(&["UBUNTU-CVE-", "DEBIAN-CVE-", "ALPINE-CVE-"]) {
        if let Some((_, cve)) = own.split_once('-') {
            add_id(own, aliases, cve);
        }
    } else if begins(&["RSEC-", "CGA-", "BIT-", "PSF-", "PYSEC-", "GHSA-", "GO-"]) {
        record.upstream.iter().for_each(|u| add_id(own, aliases, u));
    } else if begins(&["USN-", "CLEANSTART-"]) {
        record.upstream.iter().for_each(|u| add_id(own, related, u.strip_prefix("UBUNTU-").unwrap_or(u)));
        for cve in record.affected.iter().filter_map(|a| a.database_specific.as_ref()?.cves_map.as_ref()) {
            cve.cves.iter().for_each(|c| add_id(own, related, &c.id));
        }
    } else if !begins(&["CVE-", "MAL-", "OSV-", "RUSTSEC-", "DRUPAL-"]) {
        // Errata: what they cover stands in `related`, in newer records in `upstream`, among other things.
        let covered = record.upstream.iter().chain(record.related.iter());
        covered.filter(|r| is_cve(r)).for_each(|r| add_id(own, related, r));
    }
}

fn rate(ratings: &[Rating<'_>], advisory: &mut Advisory, strange: &mut BTreeSet<String>) {
    for rating in ratings {
        if rating.kind.0 == "Ubuntu" {
            advisory.severity = word(&rating.score);
        } else if !add_cvss(&mut advisory.cvss, &rating.score) {
            strange.insert(format!("vector `{}`", title(&rating.score)));
        }
    }
}

fn extras(package: &Package<'_>, advisory: &mut Advisory, strange: &mut BTreeSet<String>) {
    rate(&package.severity, advisory, strange);
    for extra in package.database_specific.iter().chain(package.ecosystem_specific.iter()) {
        extra.cwe_ids.iter().for_each(|c| add_cwes(&mut advisory.cwes, c));
        extra.cwes.iter().for_each(|c| add_cwes(&mut advisory.cwes, &c.id));
        add_cvss(&mut advisory.cvss, extra.cvss.text());
        if extra.categories.iter().any(|c| c.0 == "malicious") {
            advisory.kind = AdvisoryKind::Malicious;
        } else if matches!(extra.informational.text(), "unmaintained" | "notice") {
            advisory.kind = AdvisoryKind::Unmaintained;
        }
    }
}

fn stream_of(id: &str, ecosystem: &str) -> Option<String> {
    // CleanStart labels a part of its own packages `Alpine`, without a branch.
    if id.starts_with("CLEANSTART-") {
        return Some("cleanstart".to_owned());
    }
    osv_stream(ecosystem)
}

fn affected(package: &Package<'_>, stream: String, name: &str, purl: &str, module: Option<&str>) -> Option<Affected> {
    let name = package_name(&stream, name);
    let distribution = stream.contains(':') || matches!(stream.as_str(), "wolfi" | "chainguard" | "cleanstart");
    let mut row = row(stream, name, FixState::Affected);
    for range in package.ranges.iter().filter(|r| matches!(&*r.kind, "SEMVER" | "ECOSYSTEM")) {
        intervals(&range.events, &mut row.ranges);
    }
    // Distributions list every version below the fix: the range says the same.
    if !distribution || row.ranges.is_empty() {
        row.versions = package.versions.iter().map(Text::to_string).collect();
    }
    if row.ranges.is_empty() && row.versions.is_empty() {
        return None;
    }
    if row.ranges.iter().any(|r| matches!(r, Range::Versions(v) if v.fixed.is_some())) {
        row.state = FixState::Fixed;
    }
    for extra in package.ecosystem_specific.iter().chain(package.database_specific.iter()) {
        match extra.urgency.text() {
            "" => {}
            "end-of-life" => row.state = FixState::WontFix,
            urgency => row.severity = word(urgency.trim_end_matches('*')),
        }
        row.severity = row.severity.max(word(extra.severity.text()));
    }
    if row.ranges.iter().any(|r| matches!(r, Range::Versions(v) if of_module(v))) {
        row.module = module.map(str::to_owned);
    } else if let Some((_, sig)) = purl.split_once("-sig-") {
        // A special interest group's repository beside the distribution's own packages of the same names.
        let sig = sig.split('&').next().unwrap_or(sig);
        row.module = Some(format!("sig:{sig}"));
    }
    Some(row)
}

fn of_module(range: &VersionRange) -> bool {
    range.fixed.as_deref().is_some_and(|f| f.contains(".module"))
}

/// The module in an erratum's title, `Moderate: nodejs:18 security update`: the one word with a colon inside.
fn module_of(summary: &str) -> Option<&str> {
    summary.split_whitespace().map(|w| w.trim_matches(|c: char| matches!(c, ',' | '(' | ')' | '.'))).find(|w| {
        w.split_once(':').is_some_and(|(name, stream)| {
            !name.is_empty() && !stream.is_empty() && !stream.contains(['/', ':']) && !name.contains('/')
        })
    })
}

fn key(row: &Affected) -> String {
    let mut key = format!("{}\n{}", row.stream, row.name);
    for range in &row.ranges {
        if let Range::Versions(v) = range {
            for part in [&v.introduced, &v.fixed, &v.last_affected] {
                key.push('\n');
                key.push_str(part.as_deref().unwrap_or_default());
            }
        }
    }
    row.versions.iter().for_each(|v| {
        key.push('\n');
        key.push_str(v);
    });
    key
}

/// The intervals that a list of events spans. Every feed lists its events in version order, an `introduced` and then
/// what closes it; a second closing event closes the same interval once more, a second `introduced` opens another.
fn intervals(events: &[Event<'_>], into: &mut Vec<Range>) {
    let mut last: Option<Option<String>> = None;
    let mut open: Option<Option<String>> = None;
    let mut push = |introduced: Option<String>, fixed: Option<String>, last_affected: Option<String>| {
        into.push(Range::Versions(VersionRange { introduced, fixed, last_affected }));
    };
    for event in events {
        if let Some(version) = &event.introduced {
            if let Some(from) = open.take() {
                push(from, None, None);
            }
            let from = Some(version.to_string()).filter(|v| v != "0");
            last = Some(from.clone());
            open = Some(from);
        }
        let closing = (&event.fixed, &event.last_affected);
        if let (None, None) = closing {
            continue;
        }
        let from = open.take().or_else(|| last.clone()).unwrap_or_default();
        push(from, closing.0.as_ref().map(Text::to_string), closing.1.as_ref().map(Text::to_string));
    }
    if let Some(from) = open {
        push(from, None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::module_of;

    #[test]
    fn the_module_is_the_word_with_a_colon_inside() {
        for (summary, module) in [
            ("Important: mysql:8.0 security update", Some("mysql:8.0")),
            ("Red Hat Security Advisory: ruby:2.7 security, bug fix, and enhancement update", Some("ruby:2.7")),
            ("Moderate: curl security update", None),
            ("see https://example.org/a for more", None),
        ] {
            assert_eq!(module_of(summary), module, "{summary}");
        }
    }
}
