use serde::{Deserialize, Serialize};

use crate::{CvssVector, FixState, KnownExploited, Severity};

/// What kind of thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A published vulnerability applies to a package.
    Vulnerability,
    /// A secret lies in the image.
    Secret,
    /// A file or package is malicious.
    Malware,
    /// A setting is unsafe.
    Misconfiguration,
    /// A licence is not acceptable or not known.
    Licence,
    /// An operating system or runtime is past its end of life.
    EndOfLife,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Vulnerability, Self::Secret, Self::Malware, Self::Misconfiguration, Self::Licence, Self::EndOfLife];

    /// The name as in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Secret => "secret",
            Self::Malware => "malware",
            Self::Misconfiguration => "misconfiguration",
            Self::Licence => "licence",
            Self::EndOfLife => "end-of-life",
        }
    }
}

/// Something that applies to this target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The id that people search for: the CVE where there is one, else the advisory's own.
    pub id: String,
    /// Its kind.
    pub kind: FindingKind,
    /// How bad.
    pub severity: Severity,
    /// Who says so: `debian`, `ghsa`, `nvd`, `cvss`, …
    pub severity_source: String,
    /// One line.
    pub title: String,
    /// The other ids of the same vulnerability, sorted.
    pub aliases: Vec<String>,
    /// The package, where the finding is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageRef>,
    /// Where the package or file is.
    pub location: Location,
    /// What mends it.
    pub fix: Fix,
    /// Why it applies: the advisory, the range that matched, and what decided (in this order).
    pub reasons: Vec<String>,
    /// What to do, one sentence.
    pub remediation: String,
    /// The id of the advisory and the feed that it came from (`DSA-1-1`, `debian-osv`).
    pub advisory: String,
    /// The feed.
    pub source: String,
    /// What else is known of it.
    pub enrichment: Enrichment,
    /// The risk score, 0 to 100, and what made it up (docs/concepts/risk.md).
    pub risk: RiskFactors,
    /// The publisher calls it unimportant, or it is about kernel headers in a container: counted, listed on request.
    pub unimportant: bool,
    /// Why it does not count (a VEX statement or an exception); it is kept and shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<SuppressedBy>,
}

/// The package that a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageRef {
    /// purl, the identity in the inventory.
    pub purl: String,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// Where something is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Path, without a leading slash.
    pub path: String,
    /// Digest (diff_id) of the layer that brought it, where there is one.
    pub layer: Option<crate::Digest>,
    /// The layer's index from the base upwards.
    #[serde(rename = "layerIndex")]
    pub layer_index: Option<u32>,
    /// The instruction that made the layer.
    pub instruction: Option<String>,
    /// The line, for findings in text files.
    pub line: Option<u32>,
}

/// What mends a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Where the publisher stands.
    pub state: FixState,
    /// Versions that are not affected any more, lowest first.
    pub versions: Vec<String>,
}

/// What other sources know of a vulnerability.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Enrichment {
    /// The highest base score and the vector that it is computed from.
    pub score: Option<f64>,
    /// All vectors.
    pub cvss: Vec<CvssVector>,
    /// EPSS probability, 0 to 1.
    pub epss: Option<f32>,
    /// EPSS percentile, 0 to 1.
    #[serde(rename = "epssPercentile")]
    pub epss_percentile: Option<f32>,
    /// Known to be exploited.
    pub kev: Option<KnownExploited>,
    /// Weaknesses.
    pub cwes: Vec<String>,
    /// Links.
    pub references: Vec<String>,
    /// When it was published.
    pub published: Option<String>,
    /// When it was last changed.
    pub modified: Option<String>,
}

/// The risk score and its parts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RiskFactors {
    /// 0 to 100; findings are ordered by it, highest first.
    pub score: f64,
    /// From severity or CVSS, 0 to 1.
    pub impact: f64,
    /// From EPSS and KEV, 0 to 1.
    pub likelihood: f64,
}

/// What took a finding out of the count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuppressedBy {
    /// `vex` or `exception`.
    pub by: String,
    /// The VEX status or the exception's reason.
    pub statement: String,
    /// The document or policy and who stands behind it.
    pub author: String,
    /// Date up to which it holds, where it is limited.
    pub expires: Option<String>,
}
