use serde::{Deserialize, Serialize};

use crate::Severity;

/// One published advisory, from one source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Advisory {
    /// The source's own id (`DSA-5532-1`, `GHSA-…`, `CVE-…`, `RHSA-…`).
    pub id: String,
    /// The id of the source (feed) that it was read from: `debian-osv`, `ghsa`, …
    pub source: String,
    /// Vulnerability or malicious package, …
    pub kind: AdvisoryKind,
    /// Other ids of the same vulnerability.
    pub aliases: Vec<String>,
    /// Ids that it covers or comes from (the CVEs of an RHSA; OSV `upstream` and `related`).
    pub related: Vec<String>,
    /// One line.
    pub title: String,
    /// The publisher's own word, brought to the scale.
    pub severity: Severity,
    /// CVSS vectors, by whoever gave them.
    pub cvss: Vec<CvssVector>,
    /// `CWE-79`, sorted.
    pub cwes: Vec<String>,
    /// Links.
    pub references: Vec<String>,
    /// RFC 3339 or a date; empty where not stated.
    pub published: String,
    /// RFC 3339 or a date; empty where not stated.
    pub modified: String,
    /// When the publisher took it back; such an advisory never makes a finding.
    pub withdrawn: Option<String>,
    /// What it applies to.
    pub affected: Vec<Affected>,
}

impl Advisory {
    /// An advisory with nothing but an id and a source.
    pub fn new(id: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            kind: AdvisoryKind::Vulnerability,
            aliases: Vec::new(),
            related: Vec::new(),
            title: String::new(),
            severity: Severity::Unknown,
            cvss: Vec::new(),
            cwes: Vec::new(),
            references: Vec::new(),
            published: String::new(),
            modified: String::new(),
            withdrawn: None,
            affected: Vec::new(),
        }
    }
}

/// What an advisory is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdvisoryKind {
    /// A vulnerability.
    Vulnerability,
    /// The package itself is malicious.
    Malicious,
    /// The package is no longer cared for (RustSec `unmaintained`, `notice`).
    Unmaintained,
}

/// A CVSS vector and its base score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CvssVector {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: String,
    /// The vector string.
    pub vector: String,
    /// The base score, computed from the vector.
    pub score: f64,
}

/// One package in one stream, and the versions of it that an advisory is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Affected {
    /// The release stream, canonical (docs/concepts/streams.md): `debian:12`, `alpine:3.20`, `npm`, `go`, …
    pub stream: String,
    /// Package name as the stream's publisher writes it (source package for deb and apk).
    pub name: String,
    /// Where the vulnerability stands for this package.
    pub state: FixState,
    /// Ranges of affected versions; any match is enough.
    pub ranges: Vec<Range>,
    /// Versions affected one by one.
    pub versions: Vec<String>,
    /// The publisher's severity for just this package.
    pub severity: Severity,
    /// Architectures that it is limited to; empty means all.
    pub architectures: Vec<String>,
    /// The RHEL module and stream that it is limited to, `nodejs:18`.
    pub module: Option<String>,
    /// The erratum or advisory that ships the fix, where it is not the advisory's own id.
    pub fixed_by: Option<String>,
}

/// Where a vulnerability stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixState {
    /// A fixed version exists.
    Fixed,
    /// Affected, no fix yet, or none that is stated.
    #[default]
    Affected,
    /// The publisher will not fix it (out of support scope, `ignored`, `end-of-life`).
    WontFix,
    /// The publisher puts it off (`postponed`, `deferred`).
    Deferred,
    /// Not yet known.
    UnderInvestigation,
    /// The publisher says that this package is not affected.
    NotAffected,
}

/// Some versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Range {
    /// An interval in the stream's version order.
    Versions(VersionRange),
    /// A native constraint in the ecosystem's own language (`>= 1.0, < 1.2`), as the publisher wrote it.
    Constraint(String),
}

/// An interval: from `introduced` on, up to but without `fixed`, or up to and with `last_affected`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct VersionRange {
    /// First affected version; `None` means from the beginning.
    pub introduced: Option<String>,
    /// First version that is not affected any more.
    pub fixed: Option<String>,
    /// Last affected version.
    pub last_affected: Option<String>,
}

/// Exploit Prediction Scoring System entry of one CVE.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// Probability of exploitation in the next 30 days, 0 to 1.
    pub score: f32,
    /// Share of CVEs scored no higher, 0 to 1.
    pub percentile: f32,
}

/// Known Exploited Vulnerabilities catalogue entry of one CVE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownExploited {
    /// Date it was added, `YYYY-MM-DD`.
    pub added: String,
    /// Date by which US agencies must act.
    pub due: String,
    /// Known use in ransomware campaigns.
    pub ransomware: bool,
}

/// One release cycle of an operating system or runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndOfLife {
    /// endoflife.date product name: `debian`, `alpine-linux`, `nodejs`.
    pub product: String,
    /// Release cycle: `12`, `3.20`.
    pub cycle: String,
    /// Date of the end of standard support, `YYYY-MM-DD`; `None` where none is set.
    pub end: Option<String>,
    /// Date of the end of paid or extended support.
    pub extended_end: Option<String>,
    /// Latest release of the cycle.
    pub latest: Option<String>,
}
