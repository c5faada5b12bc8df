mod configuration;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use seawall_model::{Finding, Report};

pub use self::configuration::ConfigurationChange;
use crate::view;

/// What differs between two reports, the older one first: what got better and what got worse.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportDiff<'a> {
    /// The older report.
    pub old: &'a Report,
    /// The newer report.
    pub new: &'a Report,
    /// Packages that came, went or changed version; sorted by ecosystem and name.
    pub packages: Vec<PackageChange>,
    /// Findings that only the newer report has, in its order. A gate on new findings looks here.
    pub new_findings: Vec<&'a Finding>,
    /// Findings that only the older report has, in its order.
    pub gone_findings: Vec<&'a Finding>,
    /// Findings that both have, as the newer report has them, in its order.
    pub unchanged_findings: Vec<&'a Finding>,
    /// Changes of the image's configuration.
    pub configuration: Vec<ConfigurationChange>,
}

/// A package that came, went or changed version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageChange {
    /// purl type.
    pub ecosystem: &'static str,
    /// Name.
    pub name: String,
    /// Versions that only the older report has, sorted; empty where the package came.
    pub old: Vec<String>,
    /// Versions that only the newer report has, sorted; empty where the package went.
    pub new: Vec<String>,
}

/// What makes two findings the same one, whatever the version and the layer: kind, id, ecosystem and package name, or
/// the path where it is not about a package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FindingKey(String, String, String, String);

impl FindingKey {
    /// The key of a finding.
    pub fn of(finding: &Finding) -> Self {
        let (ecosystem, subject) = match &finding.package {
            Some(package) => {
                let ecosystem = view::ecosystem_of(&package.purl).map_or("", |e| e.purl_type());
                (ecosystem.to_owned(), package.name.clone())
            }
            None => (String::new(), finding.location.path.clone()),
        };
        Self(finding.kind.name().to_owned(), finding.id.clone(), ecosystem, subject)
    }
}

impl<'a> ReportDiff<'a> {
    /// Compares two reports. Only visible findings count: a finding that becomes suppressed is gone.
    pub fn between(old: &'a Report, new: &'a Report) -> Self {
        let keys = |report: &Report| report.visible().map(FindingKey::of).collect::<HashSet<_>>();
        let (old_keys, new_keys) = (keys(old), keys(new));
        let (unchanged_findings, new_findings) =
            new.visible().partition(|finding| old_keys.contains(&FindingKey::of(finding)));
        let gone_findings = old.visible().filter(|f| !new_keys.contains(&FindingKey::of(f))).collect();
        Self {
            old,
            new,
            packages: packages(old, new),
            new_findings,
            gone_findings,
            unchanged_findings,
            configuration: configuration::changes(old.inventory.config.as_ref(), new.inventory.config.as_ref()),
        }
    }

    /// Whether nothing of what is compared differs.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
            && self.new_findings.is_empty()
            && self.gone_findings.is_empty()
            && self.configuration.is_empty()
            && self.layers() == (0, 0, self.old.inventory.layers.len())
            && self.old.inventory.target.size == self.new.inventory.target.size
    }

    /// Layers that came, that went, and that both have (by diff_id).
    pub fn layers(&self) -> (usize, usize, usize) {
        let ids = |report: &Report| report.inventory.layers.iter().map(|l| l.diff_id).collect::<BTreeSet<_>>();
        let (old, new) = (ids(self.old), ids(self.new));
        let has = |report: &Report, ids: &BTreeSet<_>| {
            report.inventory.layers.iter().filter(|l| ids.contains(&l.diff_id)).count()
        };
        let (kept, stayed) = (has(self.new, &old), has(self.old, &new));
        (self.new.inventory.layers.len() - kept, self.old.inventory.layers.len() - stayed, kept)
    }
}

/// Versions of one package in the older and in the newer report.
#[derive(Default)]
struct Versions<'a> {
    old: BTreeSet<&'a str>,
    new: BTreeSet<&'a str>,
}

fn packages(old: &Report, new: &Report) -> Vec<PackageChange> {
    let mut versions: BTreeMap<(&'static str, &str), Versions<'_>> = BTreeMap::new();
    for package in &old.inventory.packages {
        versions.entry((package.ecosystem.purl_type(), &package.name)).or_default().old.insert(&package.version);
    }
    for package in &new.inventory.packages {
        versions.entry((package.ecosystem.purl_type(), &package.name)).or_default().new.insert(&package.version);
    }
    let only = |these: &BTreeSet<&str>, those: &BTreeSet<&str>| {
        these.difference(those).map(|version| (*version).to_owned()).collect::<Vec<_>>()
    };
    let mut changes = Vec::new();
    for ((ecosystem, name), Versions { old, new }) in versions {
        let (old, new) = (only(&old, &new), only(&new, &old));
        if !old.is_empty() || !new.is_empty() {
            changes.push(PackageChange { ecosystem, name: name.to_owned(), old, new });
        }
    }
    changes
}
