//! What most feeds need.

use seawall_model::{Advisory, AdvisoryKind, Affected, CvssVector, FixState, Range, Severity, VersionRange};
use serde::Deserialize;

use super::SourceError;
use crate::cvss::cvss;

/// The longest title that is kept, characters.
const TITLE: usize = 200;

pub(super) fn text(bytes: &[u8]) -> Result<&str, SourceError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SourceError::NotText)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

pub(super) fn json<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, SourceError> {
    serde_json::from_str(text(bytes)?).map_err(|e| malformed("JSON", e))
}

pub(super) fn yaml<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, SourceError> {
    // Ids such as `036e6925503` look like a number that is too large; they are texts.
    let policy = serde_saphyr::options::NonFiniteFloatPolicy::AsString;
    let options = serde_saphyr::options! { non_finite_float_policy: policy };
    serde_saphyr::from_str_with_options(text, options).map_err(|e| malformed("YAML", e))
}

pub(super) fn malformed(format: &'static str, error: impl std::fmt::Display) -> SourceError {
    let reason = error.to_string();
    let line = reason.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    SourceError::Malformed { format, reason: line.chars().take(300).collect() }
}

/// The name without folders above the last two and without container and document suffixes:
/// `/feeds/Debian/all.zip` → `Debian/all`.
fn stem(container: &str) -> &str {
    const SUFFIXES: &[&str] = &[
        ".tar.zst", ".tar.gz", ".tgz", ".tar.xz", ".tar", ".zip", ".json.gz", ".csv.gz", ".xml.gz", ".gz", ".json",
        ".csv", ".xml",
    ];
    let container = container.trim_end_matches('/');
    SUFFIXES.iter().find_map(|s| container.strip_suffix(s)).unwrap_or(container)
}

/// Whether the container's stem is one of these, or ends with one of them at a folder boundary. A pattern may hold one
/// `*`, which stands for anything but a folder boundary.
pub(super) fn is_named(container: &str, stems: &[&str]) -> bool {
    let stem = stem(container);
    stems.iter().any(|pattern| {
        let folders = pattern.matches('/').count();
        let tail = stem.rmatch_indices('/').nth(folders).map_or(stem, |(at, _)| stem.get(at + 1..).unwrap_or(stem));
        match pattern.split_once('*') {
            None => tail == *pattern,
            Some((before, after)) => tail
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|middle| !middle.contains('/')),
        }
    })
}

/// The first line that says something, cut to a title's length.
pub(super) fn title(text: &str) -> String {
    let line = text.lines().map(|l| l.trim().trim_start_matches('#').trim()).find(|l| !l.is_empty()).unwrap_or("");
    if line.len() <= TITLE { line.to_owned() } else { line.chars().take(TITLE).collect() }
}

/// Whether it is a CVE id.
pub(super) fn is_cve(id: &str) -> bool {
    id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')).is_some_and(|(year, number)| {
        year.len() == 4 && number.len() >= 4 && year.bytes().chain(number.bytes()).all(|b| b.is_ascii_digit())
    })
}

/// The GitHub advisory that a link leads to.
pub(super) fn ghsa_of(link: &str) -> Option<&str> {
    let id = link.trim_end_matches('/').rsplit('/').next()?;
    let shape = id.strip_prefix("GHSA-")?.split('-').map(str::len);
    shape.eq([4, 4, 4]).then_some(id)
}

/// Adds an id, once and never the advisory's own.
pub(super) fn add_id(own: &str, ids: &mut Vec<String>, id: &str) {
    let id = id.trim();
    if !id.is_empty() && id != own && !ids.iter().any(|i| i == id) {
        ids.push(id.to_owned());
    }
}

/// Every version: how "affected, whatever the version" and "not affected at all" are said. A row without ranges and
/// versions matches nothing.
pub(super) fn every_version() -> Range {
    Range::Versions(VersionRange::default())
}

/// Versions from the beginning up to but without this one.
pub(super) fn below(fixed: &str) -> Range {
    Range::Versions(VersionRange { introduced: None, fixed: Some(fixed.to_owned()), last_affected: None })
}

/// A row without ranges.
pub(super) fn row(stream: impl Into<String>, name: impl Into<String>, state: FixState) -> Affected {
    Affected {
        stream: stream.into(),
        name: name.into(),
        state,
        ranges: Vec::new(),
        versions: Vec::new(),
        severity: Severity::Unknown,
        architectures: Vec::new(),
        module: None,
        fixed_by: None,
    }
}

/// A row: fixed in this version.
pub(super) fn fixed_row(stream: impl Into<String>, name: impl Into<String>, fixed: &str) -> Affected {
    let mut row = row(stream, name, FixState::Fixed);
    row.ranges.push(below(fixed));
    row
}

/// A row that holds for every version.
pub(super) fn whole_row(stream: impl Into<String>, name: impl Into<String>, state: FixState) -> Affected {
    let mut row = row(stream, name, state);
    row.ranges.push(every_version());
    row
}

/// Adds a row unless the same one is there.
pub(super) fn add_row(rows: &mut Vec<Affected>, row: Affected) {
    if !rows.contains(&row) {
        rows.push(row);
    }
}

/// Adds a vector, once. Says whether it was understood, or there was none.
pub(super) fn add_cvss(vectors: &mut Vec<CvssVector>, text: &str) -> bool {
    if text.is_empty() || vectors.iter().any(|v| v.vector == text) {
        return true;
    }
    let Some(vector) = cvss(text) else { return false };
    if !vectors.iter().any(|v| v.vector == vector.vector) {
        vectors.push(vector);
    }
    true
}

/// The `CWE-…` ids in a text such as `CWE-190->CWE-125` or `(CWE-79|CWE-80)`.
pub(super) fn add_cwes(cwes: &mut Vec<String>, text: &str) {
    for part in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
        if let Some(number) = part.strip_prefix("CWE-") {
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            if !digits.is_empty() {
                let id = format!("CWE-{digits}");
                if !cwes.contains(&id) {
                    cwes.push(id);
                }
            }
        }
    }
}

/// What every source does last: sorted CWEs, no empty links, malicious packages rated.
pub(super) fn finish(mut advisory: Advisory) -> Advisory {
    advisory.references.retain(|link| !link.trim().is_empty());
    advisory.cwes.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    advisory.cwes.dedup();
    if advisory.kind == AdvisoryKind::Malicious && advisory.severity == Severity::Unknown {
        advisory.severity = Severity::Critical;
    }
    advisory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_told_by_the_end_of_their_path() {
        assert!(is_named("/feeds/debian-osv.tar.zst", &["debian-osv"]));
        assert!(is_named("osv/Debian/all.zip", &["Debian/all"]));
        assert!(is_named("ghsa-npm.tar.gz", &["ghsa-*"]));
        assert!(is_named("epss_scores-current.csv.gz", &["epss_scores*"]));
        assert!(!is_named("Notdebian/all.zip", &["Debian/all"]));
        assert!(!is_named("my-debian-osv.tar.zst", &["debian-osv"]));
    }

    #[test]
    fn ids_and_weaknesses_are_told() {
        assert!(is_cve("CVE-2024-1234") && is_cve("CVE-1999-0001"));
        assert!(!is_cve("CVE-XXXX-XXXX") && !is_cve("CVE-2024-12") && !is_cve("GHSA-1"));
        assert_eq!(
            ghsa_of("https://github.com/a/b/security/advisories/GHSA-qjfw-cvjf-f4fm"),
            Some("GHSA-qjfw-cvjf-f4fm")
        );
        assert_eq!(ghsa_of("https://github.com/advisories/GHSA-search"), None);
        let mut cwes = Vec::new();
        add_cwes(&mut cwes, "CWE-190->CWE-125|(CWE-190)");
        assert_eq!(cwes, ["CWE-190", "CWE-125"]);
    }
}
