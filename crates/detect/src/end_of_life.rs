//! An operating system past its end of life gets no fixes any more: that is a finding of its own.

use seawall_advisory::{Database, StoreError};
use seawall_model::{EndOfLife, Finding, FindingKind, Inventory, Severity};

use crate::{distribution, finding};

pub(crate) fn detect(inventory: &Inventory, database: &Database, today: &str) -> Result<Vec<Finding>, StoreError> {
    let Some(os) = &inventory.os else { return Ok(Vec::new()) };
    let Some((product, cycle)) = distribution::of(os).and_then(|d| d.end_of_life) else { return Ok(Vec::new()) };
    let Some(entry) = database.end_of_life(product, &cycle)? else { return Ok(Vec::new()) };
    // Dates of one form order as text.
    let Some(end) = entry.end.as_deref().filter(|end| *end < today) else { return Ok(Vec::new()) };
    let name = os.pretty_name.clone().unwrap_or_else(|| format!("{} {}", os.id, os.version_id));
    let mut found = finding::empty(format!("EOL-{product}-{cycle}"), FindingKind::EndOfLife);
    found.severity = if extended(&entry, today) { Severity::Medium } else { Severity::High };
    found.severity_source = "endoflife.date".to_owned();
    found.title = format!("{name} has been past its end of life since {end}");
    if let Some(evidence) = &inventory.os_evidence {
        found.location = finding::place(inventory, evidence);
    }
    found.reasons = vec![format!("standard support of {product} {cycle} ended on {end}")];
    if let Some(date) = &entry.extended_end {
        found.reasons.push(format!("paid or long-term support ends on {date}"));
    }
    found.remediation = format!("move to a release of {product} that is still supported");
    found.advisory = format!("{product} {cycle}");
    found.source = "endoflife".to_owned();
    Ok(vec![found])
}

fn extended(entry: &EndOfLife, today: &str) -> bool {
    entry.extended_end.as_deref().is_some_and(|date| date >= today)
}
