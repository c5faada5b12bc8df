use serde::{Deserialize, Serialize};

use crate::{Finding, FindingKind, Inventory, Severity, Verdict};

/// Version of the JSON form; it rises when a reader would break.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that one scan found out: what every format is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Which Seawall made it.
    pub tool: ToolInfo,
    /// What is in the target.
    pub inventory: Inventory,
    /// What is wrong with it, worst first; suppressed and unimportant ones included.
    pub findings: Vec<Finding>,
    /// What is not shown by default, counted.
    pub hidden: Hidden,
    /// What to upgrade first.
    pub fix_plan: FixPlan,
    /// What the policy says.
    pub verdict: Verdict,
    /// The kinds of findings that the scan did not look for, so that no findings and not looked at never look alike;
    /// in the order of [`FindingKind::ALL`]. Empty for an inventory alone, which looks for none.
    #[serde(default)]
    pub not_looked_for: Vec<NotLookedFor>,
    /// The advisory database that was used; `None` where there was none.
    pub database: Option<DatabaseInfo>,
    /// When the scan ran, RFC 3339; set only where the user asked for it, so that equal input gives equal bytes.
    pub created: Option<String>,
    /// Whether the reader asked to see unimportant findings too (`--all`).
    pub show_all: bool,
}

impl Report {
    /// The findings that are shown and counted: neither suppressed nor (unless asked for) unimportant.
    pub fn visible(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.suppressed.is_none() && (self.show_all || !f.unimportant))
    }

    /// Whether the answer is whole: nothing that was wanted went without a look, and what could not be read is accepted
    /// by the policy. What is not whole is never plainly allowed.
    pub fn is_complete(&self) -> bool {
        let read = self.inventory.unknowns.is_empty() || self.verdict.accepts_unknowns;
        read && !self.not_looked_for.iter().any(|kind| kind.why == WhyNot::NoDatabase)
    }

    /// Number of visible findings of each severity, in the order of [`Severity::ALL`].
    pub fn counts(&self) -> [usize; 6] {
        let mut counts = [0; 6];
        for finding in self.visible() {
            for (slot, severity) in counts.iter_mut().zip(Severity::ALL) {
                *slot += usize::from(severity == finding.severity);
            }
        }
        counts
    }
}

/// A kind of finding, or a part of one, that a scan did not look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLookedFor {
    /// The kind.
    pub kind: FindingKind,
    /// Which part of it, where the rest was looked for: `in files`.
    pub part: Option<String>,
    /// Why not.
    pub why: WhyNot,
}

/// Why a kind of finding was not looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhyNot {
    /// It needs an advisory database, and there was none: the answer is incomplete.
    NoDatabase,
    /// The caller wanted other kinds only.
    NotAsked,
    /// Seawall cannot look for it yet.
    NotBuilt,
}

/// The program that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolInfo {
    /// `seawall`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The advisory database that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseInfo {
    /// Digest of the database file's content.
    pub digest: String,
    /// Number of advisories.
    pub advisories: u64,
    /// The newest date that any of its feeds states, `YYYY-MM-DD`.
    #[serde(rename = "newest")]
    pub newest: Option<String>,
}

/// Findings and statements that are counted in one line rather than listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hidden {
    /// Findings that the distribution calls unimportant.
    pub unimportant: usize,
    /// Findings about kernel headers: a container runs the host's kernel.
    pub kernel_headers: usize,
    /// Findings that VEX statements or exceptions suppress.
    pub suppressed: usize,
}

/// The smallest set of upgrades that removes the most risk, in the order to do them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FixPlan {
    /// Steps, best first.
    pub steps: Vec<FixStep>,
    /// Share of the total risk that the whole plan removes, 0 to 1.
    pub removes: f64,
}

/// One upgrade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixStep {
    /// What kind of upgrade.
    pub kind: FixStepKind,
    /// What to upgrade: a base image or a package name.
    pub what: String,
    /// From which version.
    pub from: String,
    /// To which version.
    pub to: String,
    /// What to type or change, one sentence.
    pub how: String,
    /// Ids of the findings that it removes, worst first.
    pub removes: Vec<String>,
    /// The risk that it removes: the sum of the findings' risk scores.
    pub risk: f64,
}

/// What kind of upgrade a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FixStepKind {
    /// Rebuild on a newer base image (its operating-system packages upgraded).
    BaseImage,
    /// Upgrade one package.
    Package,
}
