use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How bad, on the one scale that every source's words are brought to (docs/concepts/severity.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody has said yet.
    #[default]
    Unknown,
    /// The publisher says that it does not matter in practice (Debian `unimportant`, Ubuntu `negligible`).
    Negligible,
    /// Low.
    Low,
    /// Medium, moderate.
    Medium,
    /// High, important.
    High,
    /// Critical, urgent.
    Critical,
}

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 6] = [Self::Unknown, Self::Negligible, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The name, lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// The severity of a CVSS base score (CVSS 3.1 section 5, CVSS 4.0 section 6).
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Unknown,
        }
    }

    /// A source's word as a severity; `None` where the word is not one that any source is known to use.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "urgent" => Self::Critical,
            "high" | "important" => Self::High,
            "medium" | "moderate" => Self::Medium,
            "low" | "minor" => Self::Low,
            "negligible" | "unimportant" | "none" => Self::Negligible,
            "unknown" | "untriaged" | "unassigned" | "not yet assigned" | "not-yet-assigned" | "pending" | "" => {
                Self::Unknown
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|s| s.name() == text.to_ascii_lowercase())
            .ok_or_else(|| format!("`{text}` is not a severity (unknown, negligible, low, medium, high, critical)"))
    }
}
