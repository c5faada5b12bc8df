use serde::Deserialize;

use crate::sources::text::{List, Text};

/// One OSV record, as much of it as is used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) modified: Text<'a>,
    #[serde(borrow)]
    pub(super) published: Text<'a>,
    #[serde(borrow)]
    pub(super) withdrawn: Text<'a>,
    #[serde(borrow)]
    pub(super) aliases: List<Text<'a>>,
    #[serde(borrow)]
    pub(super) upstream: List<Text<'a>>,
    #[serde(borrow)]
    pub(super) related: List<Text<'a>>,
    #[serde(borrow)]
    pub(super) summary: Text<'a>,
    #[serde(borrow)]
    pub(super) details: Text<'a>,
    #[serde(borrow)]
    pub(super) severity: List<Rating<'a>>,
    #[serde(borrow)]
    pub(super) affected: List<Package<'a>>,
    #[serde(borrow)]
    pub(super) references: List<Reference<'a>>,
    #[serde(borrow)]
    pub(super) database_specific: Option<Specific<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rating<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) score: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) url: Text<'a>,
}

/// One `affected` entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) package: Option<Name<'a>>,
    #[serde(borrow)]
    pub(super) severity: List<Rating<'a>>,
    #[serde(borrow)]
    pub(super) ranges: List<Range<'a>>,
    #[serde(borrow)]
    pub(super) versions: List<Text<'a>>,
    #[serde(borrow)]
    pub(super) ecosystem_specific: Option<Specific<'a>>,
    #[serde(borrow)]
    pub(super) database_specific: Option<Specific<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Name<'a> {
    #[serde(borrow)]
    pub(super) ecosystem: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) purl: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Range<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) events: List<Event<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) introduced: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) fixed: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) last_affected: Option<Text<'a>>,
}

/// What publishers add: at the record, or at one package, under either of the two names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Specific<'a> {
    /// GHSA, Bitnami, OSS-Fuzz, CleanStart: a word. Some publishers put an object here, which is passed over.
    #[serde(borrow)]
    pub(super) severity: Loose<'a>,
    /// Debian.
    #[serde(borrow)]
    pub(super) urgency: Loose<'a>,
    /// GHSA, PSF.
    #[serde(borrow)]
    pub(super) cwe_ids: List<Text<'a>>,
    /// Malicious packages.
    #[serde(borrow)]
    pub(super) cwes: List<Cwe<'a>>,
    /// RustSec.
    #[serde(borrow)]
    pub(super) categories: List<Text<'a>>,
    /// RustSec.
    #[serde(borrow)]
    pub(super) informational: Loose<'a>,
    /// RustSec.
    #[serde(borrow)]
    pub(super) cvss: Loose<'a>,
    /// Ubuntu security notices.
    #[serde(borrow)]
    pub(super) cves_map: Option<CvesMap<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cwe<'a> {
    #[serde(borrow, rename = "cweId")]
    pub(super) id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CvesMap<'a> {
    #[serde(borrow)]
    pub(super) cves: List<MappedCve<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MappedCve<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
}

/// Text if it is text; any other shape is passed over, since publishers are free in what they add.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Loose<'a> {
    Text(#[serde(borrow)] Text<'a>),
    Other(serde::de::IgnoredAny),
}

impl Default for Loose<'_> {
    fn default() -> Self {
        Self::Text(Text::default())
    }
}

impl Loose<'_> {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Other(_) => "",
        }
    }
}
