//! The risk score: impact times likelihood (docs/concepts/risk.md).

use seawall_model::{Finding, FindingKind, RiskFactors, Severity};

/// The risk of one finding, 0 to 100.
pub(crate) fn of(finding: &Finding) -> RiskFactors {
    let impact = impact(finding);
    let likelihood = likelihood(finding);
    let score = (1000.0 * impact * likelihood).round() / 10.0;
    RiskFactors { score, impact, likelihood }
}

/// The publisher's severity outweighs the score: a distribution knows how it builds a package.
fn impact(finding: &Finding) -> f64 {
    let of_severity = match finding.severity {
        Severity::Critical => 0.95,
        Severity::High => 0.8,
        Severity::Medium => 0.55,
        Severity::Low => 0.25,
        Severity::Negligible => 0.05,
        Severity::Unknown => 0.4,
    };
    match finding.enrichment.score {
        // Within a severity, the score tells apart.
        Some(score) if finding.severity > Severity::Negligible => (of_severity + score / 10.0) / 2.0,
        _ => of_severity,
    }
}

fn likelihood(finding: &Finding) -> f64 {
    if finding.kind == FindingKind::Malware || finding.enrichment.kev.is_some() {
        return 1.0;
    }
    // Most vulnerabilities are never exploited; the square root spreads the small probabilities that EPSS gives them.
    match finding.enrichment.epss {
        Some(epss) => 0.2 + 0.75 * f64::from(epss.clamp(0.0, 1.0)).sqrt(),
        None => 0.25,
    }
}
