use std::fmt;

use serde::{Deserialize, Serialize};

/// What a policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing speaks against it.
    #[default]
    Allow,
    /// Something should be looked at.
    Warn,
    /// It must not pass.
    Deny,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        })
    }
}

/// The outcome and every rule that spoke.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The worst outcome of any reason.
    pub outcome: Outcome,
    /// The name of the policy that decided.
    pub policy: String,
    /// Every rule that spoke, worst first.
    pub reasons: Vec<Reason>,
    /// Whether the policy accepts that part of the target could not be read (no exit code 3 for it).
    #[serde(rename = "acceptsUnknowns")]
    pub accepts_unknowns: bool,
}

/// One rule that spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's id.
    pub rule: String,
    /// What it says.
    pub outcome: Outcome,
    /// Why, one sentence with the numbers.
    pub message: String,
    /// The subjects that it spoke about: `CVE-… in purl`, purls, settings; sorted.
    pub subjects: Vec<String>,
}
