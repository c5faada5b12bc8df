//! The fix plan: which few upgrades remove the most risk.

use std::collections::BTreeMap;

use seawall_advisory::{Scheme, compare};
use seawall_model::{Finding, FixPlan, FixStep, FixStepKind, Inventory, Package};

use crate::distribution;

/// Steps, most risk removed first; the base image, when it has fixes waiting, is one step.
pub(crate) fn of(inventory: &Inventory, findings: &[Finding]) -> FixPlan {
    let packages: BTreeMap<String, &Package> = inventory.packages.iter().map(|p| (p.purl(), p)).collect();
    let open = || findings.iter().filter(|f| f.suppressed.is_none() && !f.unimportant);
    let total: f64 = open().map(|f| f.risk.score).sum();
    let mut base: Vec<&Finding> = Vec::new();
    let mut single: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in open() {
        let Some(package) = finding.package.as_ref().and_then(|p| packages.get(&p.purl)) else { continue };
        if finding.fix.versions.is_empty() {
            continue;
        }
        if package.ecosystem.is_operating_system() {
            base.push(finding);
        } else if let Some(reference) = &finding.package {
            single.entry(&reference.purl).or_default().push(finding);
        }
    }
    let mut steps = Vec::new();
    if !base.is_empty() {
        steps.push(base_step(inventory, &base));
    }
    for (purl, of_package) in single {
        if let Some(package) = packages.get(purl) {
            steps.push(package_step(package, &of_package));
        }
    }
    // Rebuilding on a newer base comes first: it costs one line and no change to the application.
    let first = |s: &FixStep| s.kind != FixStepKind::BaseImage;
    steps.sort_by(|a, b| first(a).cmp(&first(b)).then(b.risk.total_cmp(&a.risk)).then_with(|| a.what.cmp(&b.what)));
    let removed: f64 = steps.iter().map(|s| s.risk).sum();
    FixPlan { removes: if total > 0.0 { (removed / total * 1000.0).round() / 1000.0 } else { 0.0 }, steps }
}

fn base_step(inventory: &Inventory, findings: &[&Finding]) -> FixStep {
    let os = inventory.os.as_ref();
    let from = os.map_or_else(String::new, |os| format!("{} {}", os.id, os.version_id));
    let label = |key: &str| inventory.config.as_ref().and_then(|c| c.labels.get(key)).cloned();
    let what = label("org.opencontainers.image.base.name").unwrap_or_else(|| "operating-system packages".to_owned());
    let packages: std::collections::BTreeSet<&str> =
        findings.iter().filter_map(|f| f.package.as_ref()).map(|p| p.name.as_str()).collect();
    let upgrade = match os.map(|o| o.id.as_str()) {
        Some("alpine" | "wolfi" | "chainguard") => "apk upgrade --no-cache",
        Some("debian" | "ubuntu") => "apt-get update && apt-get upgrade -y",
        Some("sles" | "sle-micro" | "sl-micro" | "leap-micro" | "opensuse-leap" | "opensuse-tumbleweed") => {
            "zypper --non-interactive update"
        }
        Some("photon" | "azurelinux" | "mariner") => "tdnf update -y",
        _ => "dnf upgrade -y",
    };
    let count = match packages.len() {
        1 => "1 package has a fix".to_owned(),
        n => format!("{n} packages have fixes"),
    };
    let how = format!("rebuild on the newest base image of {from}, or run `{upgrade}`: {count}");
    let mut step = step(FixStepKind::BaseImage, what, from, "newest".to_owned(), findings);
    step.how = how;
    step
}

fn package_step(package: &Package, findings: &[&Finding]) -> FixStep {
    let scheme = distribution::language(package.ecosystem, &package.name).map(|(_, scheme, _)| scheme);
    let to = target(scheme, &package.version, findings);
    let mut step = step(FixStepKind::Package, package.name.clone(), package.version.clone(), to, findings);
    let place = package.evidence.first().map_or("", |e| e.path.as_str());
    step.how = format!("upgrade {} from {} to {} ({place})", step.what, step.from, step.to);
    step
}

/// The lowest version that removes every finding: for each the lowest fix above the installed version, of these the
/// highest.
fn target(scheme: Option<Scheme>, installed: &str, findings: &[&Finding]) -> String {
    let newer = |a: &str, b: &str| scheme.and_then(|s| compare(s, a, b).ok()).unwrap_or_else(|| a.cmp(b)).is_gt();
    let mut target = String::new();
    for finding in findings {
        let mut lowest: Option<&String> = None;
        for fixed in finding.fix.versions.iter().filter(|f| newer(f, installed)) {
            if lowest.is_none_or(|known| newer(known, fixed)) {
                lowest = Some(fixed);
            }
        }
        if let Some(lowest) = lowest.or(finding.fix.versions.first())
            && (target.is_empty() || newer(lowest, &target))
        {
            target.clone_from(lowest);
        }
    }
    target
}

fn step(kind: FixStepKind, what: String, from: String, to: String, findings: &[&Finding]) -> FixStep {
    let risk: f64 = findings.iter().map(|f| f.risk.score).sum();
    let mut seen = std::collections::HashSet::new();
    let removes = findings.iter().filter(|f| seen.insert(&f.id)).map(|f| f.id.clone()).collect();
    FixStep { kind, what, from, to, how: String::new(), removes, risk: (risk * 10.0).round() / 10.0 }
}
