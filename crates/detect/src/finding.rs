//! Findings in the making.

use seawall_model::{
    Enrichment, Evidence, Finding, FindingKind, Fix, Inventory, Location, Package, PackageRef, RiskFactors, Severity,
};

/// A finding of which only id and kind are known.
pub(crate) fn empty(id: String, kind: FindingKind) -> Finding {
    Finding {
        id,
        kind,
        severity: Severity::Unknown,
        severity_source: String::new(),
        title: String::new(),
        aliases: Vec::new(),
        package: None,
        location: Location::default(),
        fix: Fix::default(),
        reasons: Vec::new(),
        remediation: String::new(),
        advisory: String::new(),
        source: String::new(),
        enrichment: Enrichment::default(),
        risk: RiskFactors::default(),
        unimportant: false,
        suppressed: None,
    }
}

/// How a finding names a package, whose purl this is.
pub(crate) fn package_ref(package: &Package, purl: &str) -> PackageRef {
    PackageRef { purl: purl.to_owned(), name: package.name.clone(), version: package.version.clone() }
}

/// Where a package is: the first evidence, with its layer and what made that.
pub(crate) fn location(inventory: &Inventory, package: &Package) -> Location {
    package.evidence.first().map(|evidence| place(inventory, evidence)).unwrap_or_default()
}

/// Where a piece of evidence is, with its layer and what made that.
pub(crate) fn place(inventory: &Inventory, evidence: &Evidence) -> Location {
    let layer = evidence.layer.and_then(|index| inventory.layers.get(index as usize));
    Location {
        path: evidence.path.clone(),
        layer: layer.map(|l| l.diff_id),
        layer_index: evidence.layer,
        instruction: layer.and_then(|l| l.instruction.clone()),
        line: None,
    }
}
