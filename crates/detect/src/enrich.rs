//! A finding from a candidate, with all that the database knows of the vulnerability.

use std::collections::BTreeSet;
use std::rc::Rc;

use seawall_advisory::{Database, Relation, StoreError};
use seawall_model::{
    Advisory, AdvisoryKind, CvssVector, Finding, FindingKind, Fix, FixState, Inventory, Package, Severity,
};

use crate::vulnerability::{Candidate, Texts};
use crate::{distribution, finding};

/// Makes the finding.
pub(crate) fn finding(
    inventory: &Inventory,
    (package, purl): (&Package, &str),
    candidate: Candidate,
    database: &Database,
    texts: &mut Texts<'_>,
) -> Result<Finding, StoreError> {
    let kind = match candidate.kind {
        AdvisoryKind::Vulnerability => FindingKind::Vulnerability,
        AdvisoryKind::Malicious => FindingKind::Malware,
        AdvisoryKind::Unmaintained => FindingKind::EndOfLife,
    };
    let mut found = finding::empty(candidate.id.clone(), kind);
    let mut seen = Gathered::default();
    for index in &candidate.advisories {
        let advisory = texts.get(*index)?;
        if found.advisory.is_empty() {
            found.advisory.clone_from(&advisory.id);
        }
        seen.add(&advisory, true);
    }
    for advisory in others(&candidate, database, texts)? {
        seen.add(&advisory, false);
    }
    seen.aliases.remove(&candidate.id);
    (found.severity, found.severity_source) = severity(&candidate, &seen);
    found.title = std::mem::take(&mut seen.title);
    found.aliases = seen.aliases.into_iter().collect();
    found.package = Some(finding::package_ref(package, purl));
    found.location = finding::location(inventory, package);
    found.fix = Fix { state: candidate.state, versions: candidate.fixed.clone() };
    found.source.clone_from(&candidate.source);
    found.unimportant = found.severity == Severity::Negligible || is_kernel_headers(package);
    let e = &mut found.enrichment;
    e.score = seen.cvss.iter().map(|c| c.score).max_by(f64::total_cmp);
    e.cvss = seen.cvss;
    e.cwes = seen.cwes.into_iter().collect();
    e.references = seen.references;
    e.published = Some(seen.published).filter(|p| !p.is_empty());
    e.modified = Some(seen.modified).filter(|m| !m.is_empty());
    if let Some(epss) = database.epss(&candidate.id)? {
        (e.epss, e.epss_percentile) = (Some(epss.score), Some(epss.percentile));
    }
    e.kev = database.kev(&candidate.id)?;
    found.reasons = reasons(&candidate, &found);
    found.remediation = remediation(package, &candidate);
    Ok(found)
}

/// What several advisories of the same vulnerability say together. Those that matched come first.
#[derive(Default)]
struct Gathered {
    title: String,
    aliases: BTreeSet<String>,
    cvss: Vec<CvssVector>,
    cwes: BTreeSet<String>,
    references: Vec<String>,
    published: String,
    modified: String,
    /// The first word of a publisher, and who it is.
    severity: Option<(Severity, String)>,
    /// Of advisories that are about the vulnerability, not about this package.
    other_severity: Option<(Severity, String)>,
}

/// More links than this help nobody.
const MAX_REFERENCES: usize = 12;

impl Gathered {
    fn add(&mut self, advisory: &Advisory, matched: bool) {
        if self.title.is_empty() {
            self.title.clone_from(&advisory.title);
        }
        self.aliases.insert(advisory.id.clone());
        self.aliases.extend(advisory.aliases.iter().cloned());
        for vector in &advisory.cvss {
            if !self.cvss.iter().any(|c| c.vector == vector.vector) {
                self.cvss.push(vector.clone());
            }
        }
        self.cwes.extend(advisory.cwes.iter().cloned());
        for link in &advisory.references {
            if self.references.len() < MAX_REFERENCES && !self.references.contains(link) {
                self.references.push(link.clone());
            }
        }
        if self.published.is_empty() {
            self.published.clone_from(&advisory.published);
        }
        if self.modified.is_empty() {
            self.modified.clone_from(&advisory.modified);
        }
        let slot = if matched { &mut self.severity } else { &mut self.other_severity };
        if slot.is_none() && advisory.severity != Severity::Unknown {
            *slot = Some((advisory.severity, advisory.source.clone()));
        }
    }
}

/// Advisories of other feeds with the same id: a language feed or the CVE list often has the score that a
/// distribution's feed lacks.
fn others(candidate: &Candidate, database: &Database, texts: &mut Texts<'_>) -> Result<Vec<Rc<Advisory>>, StoreError> {
    let mut others = Vec::new();
    for (index, relation) in database.mentions(&candidate.id)? {
        if relation != Relation::Related && !candidate.advisories.contains(&index) {
            others.push(texts.get(index)?);
        }
    }
    // Feeds in the order of their names, however the database is laid out.
    others.sort_by(|a, b| a.source.cmp(&b.source));
    Ok(others)
}

/// The publisher's word for this package, else for the advisory, else the score, else what others say.
fn severity(candidate: &Candidate, seen: &Gathered) -> (Severity, String) {
    if candidate.kind == AdvisoryKind::Malicious {
        return (Severity::Critical, candidate.source.clone());
    }
    if candidate.severity != Severity::Unknown {
        return (candidate.severity, candidate.source.clone());
    }
    if let Some(known) = &seen.severity {
        return known.clone();
    }
    let score = seen.cvss.iter().max_by(|a, b| a.version.cmp(&b.version).then(a.score.total_cmp(&b.score)));
    if let Some(vector) = score {
        return (Severity::from_score(vector.score), format!("cvss {}", vector.version));
    }
    if let Some(known) = &seen.other_severity {
        return known.clone();
    }
    if candidate.kind == AdvisoryKind::Unmaintained {
        return (Severity::Low, candidate.source.clone());
    }
    (Severity::Unknown, candidate.source.clone())
}

fn is_kernel_headers(package: &Package) -> bool {
    distribution::is_kernel_headers(&package.name)
}

fn reasons(candidate: &Candidate, found: &Finding) -> Vec<String> {
    let mut reasons = vec![
        format!("{} ({}) covers {} in {}", found.advisory, candidate.source, candidate.id, candidate.stream),
        candidate.why.clone(),
    ];
    if let Some(erratum) = candidate.fixed_by.as_ref().filter(|e| **e != found.advisory) {
        reasons.push(format!("{erratum} ships the fix"));
    }
    if found.unimportant {
        reasons.push(if found.severity == Severity::Negligible {
            format!("{} calls it unimportant", found.severity_source)
        } else {
            "kernel headers: a container runs the kernel of its host".to_owned()
        });
    }
    reasons
}

fn remediation(package: &Package, candidate: &Candidate) -> String {
    let name = &package.name;
    if candidate.kind == AdvisoryKind::Malicious {
        return format!("remove {name} and treat what it could reach as compromised");
    }
    if let Some(fixed) = candidate.fixed.first() {
        return format!("upgrade {name} to {fixed}");
    }
    if let Some(fixed) = &candidate.paid_fix {
        return format!("upgrade {name} to {fixed}, which needs Ubuntu Pro, or move to a newer release");
    }
    match candidate.state {
        FixState::WontFix => format!("the publisher will not fix {name}; move to a newer release or remove it"),
        FixState::Deferred => format!("the publisher puts the fix of {name} off; assess it, or state it with VEX"),
        FixState::UnderInvestigation => format!("the publisher is still looking into {name}"),
        _ => format!("no fix of {name} is known yet; assess it, or state it with VEX"),
    }
}
