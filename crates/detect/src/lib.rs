//! Detectors: an inventory and the advisories become findings.
//!
//! This crate never opens the target again, keeps no state between runs, and never decides what is acceptable.
#![forbid(unsafe_code)]

mod distribution;
mod end_of_life;
mod enrich;
mod finding;
mod plan;
mod risk;
mod vulnerability;

use seawall_advisory::{Database, StoreError};
use seawall_model::{Finding, FindingKind, FixPlan, Hidden, Inventory, PackageRef, Unknown};

/// The kinds of findings that no detector looks for yet, and of others the part that none does. Reports name them.
pub const NOT_BUILT: &[(FindingKind, Option<&str>)] = &[
    (FindingKind::Secret, None),
    (FindingKind::Malware, Some("in files")),
    (FindingKind::Misconfiguration, None),
    (FindingKind::Licence, None),
];

/// What detection gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detection {
    /// Findings, highest risk first; those that are hidden by default are marked, not left out.
    pub findings: Vec<Finding>,
    /// What could not be matched.
    pub unknowns: Vec<Unknown>,
}

/// Matches an inventory against the advisories. `today` (`YYYY-MM-DD`) decides what is past its end of life.
///
/// # Errors
/// Where the database is damaged.
pub fn detect(inventory: &Inventory, database: &Database, today: &str) -> Result<Detection, StoreError> {
    let mut detection = vulnerability::detect(inventory, database)?;
    detection.findings.extend(end_of_life::detect(inventory, database, today)?);
    for finding in &mut detection.findings {
        finding.risk = risk::of(finding);
    }
    order(&mut detection.findings);
    detection.unknowns.sort();
    Ok(detection)
}

/// Highest risk first, then by severity, id and package, so that equal input gives equal order.
fn order(findings: &mut [Finding]) {
    fn key(f: &Finding) -> (&String, &Option<PackageRef>, &String) {
        (&f.id, &f.package, &f.location.path)
    }
    findings.sort_by(|a, b| {
        let worse = b.risk.score.total_cmp(&a.risk.score).then(b.severity.cmp(&a.severity));
        worse.then_with(|| key(a).cmp(&key(b)))
    });
}

/// Counts what is not shown by default. Called after suppressions are applied.
pub fn hidden(findings: &[Finding]) -> Hidden {
    let mut hidden = Hidden::default();
    for finding in findings {
        if finding.suppressed.is_some() {
            hidden.suppressed += 1;
        } else if finding.unimportant {
            let kernel = finding.package.as_ref().is_some_and(|p| distribution::is_kernel_headers(&p.name));
            if kernel {
                hidden.kernel_headers += 1;
            } else {
                hidden.unimportant += 1;
            }
        }
    }
    hidden
}

/// The smallest set of upgrades that removes the most risk.
pub fn fix_plan(inventory: &Inventory, findings: &[Finding]) -> FixPlan {
    plan::of(inventory, findings)
}
