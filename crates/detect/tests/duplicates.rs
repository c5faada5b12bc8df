//! One vulnerability that several feeds tell of makes one finding, and two vulnerabilities make two.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use seawall_advisory::{Builder, Database, FeedInfo};
use seawall_model::{
    Advisory, Affected, Ecosystem, FixState, Inventory, Package, Range, Severity, TargetInfo, TargetKind, VersionRange,
};

fn advisory(source: &str, id: &str, aliases: &[&str], fixed: Option<&str>) -> Advisory {
    let range = VersionRange { fixed: fixed.map(str::to_owned), ..VersionRange::default() };
    let row = Affected {
        stream: "npm".into(),
        name: "left".into(),
        state: if fixed.is_some() { FixState::Fixed } else { FixState::Affected },
        ranges: vec![Range::Versions(range)],
        versions: Vec::new(),
        severity: Severity::Unknown,
        architectures: Vec::new(),
        module: None,
        fixed_by: None,
    };
    let aliases = aliases.iter().map(|&id| id.to_owned()).collect();
    Advisory { aliases, affected: vec![row], ..Advisory::new(id, source) }
}

/// The findings of version 1.0.0: id, other ids, fixed versions.
fn findings(advisories: &[Advisory]) -> Vec<(String, Vec<String>, Vec<String>)> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("advisories.db");
    let mut builder = Builder::new();
    for advisory in advisories {
        builder.begin(FeedInfo { id: advisory.source.clone(), ..FeedInfo::default() });
        builder.advisory(advisory);
    }
    builder.finish(&file).expect("written");
    let target = TargetInfo {
        kind: TargetKind::Dir,
        name: "x".into(),
        tags: vec![],
        manifest_digest: None,
        config_digest: None,
        platform: None,
        size: None,
    };
    let packages = vec![Package::new(Ecosystem::Npm, "left", "1.0.0")];
    let inventory = Inventory {
        target,
        os: None,
        os_evidence: None,
        layers: vec![],
        config: None,
        packages,
        relationships: vec![],
        unknowns: vec![],
    };
    let database = Database::open(&file).expect("opens");
    let detection = seawall_detect::detect(&inventory, &database, "2026-01-01").expect("detects");
    let mut found: Vec<_> =
        detection.findings.into_iter().map(|f| (f.id.clone(), f.aliases.clone(), f.fix.versions)).collect();
    found.sort();
    found
}

fn ids(advisories: &[Advisory]) -> Vec<String> {
    findings(advisories).into_iter().map(|(id, ..)| id).collect()
}

#[test]
fn feeds_that_name_each_other_without_a_cve_are_joined() {
    let found = findings(&[
        advisory("retirejs", "retirejs:left:2.0.0", &["GHSA-aaaa-bbbb-cccc"], Some("2.0.0")),
        advisory("ghsa", "GHSA-aaaa-bbbb-cccc", &[], None),
        advisory("osv", "MAL-2024-1", &["GHSA-aaaa-bbbb-cccc"], None),
    ]);
    let others = vec!["MAL-2024-1".to_owned(), "retirejs:left:2.0.0".to_owned()];
    assert_eq!(found, [("GHSA-aaaa-bbbb-cccc".to_owned(), others, vec!["2.0.0".to_owned()])]);
}

#[test]
fn a_feed_that_knows_the_cve_gives_it_to_one_that_does_not() {
    let with = advisory("pypa", "PYSEC-2024-1", &["CVE-2024-1000", "GHSA-aaaa-bbbb-cccc"], Some("1.2.0"));
    let without = advisory("ghsa", "GHSA-aaaa-bbbb-cccc", &[], Some("1.2.0"));
    assert_eq!(ids(&[with, without]), ["CVE-2024-1000"]);
}

#[test]
fn two_cves_stay_two_whatever_lists_both() {
    let both = advisory("retirejs", "CVE-2024-1000", &["GHSA-aaaa-bbbb-cccc", "GHSA-dddd-eeee-ffff"], None);
    let second = advisory("ghsa", "GHSA-dddd-eeee-ffff", &["CVE-2024-2000"], None);
    assert_eq!(ids(&[both, second]), ["CVE-2024-1000", "CVE-2024-2000"]);
}

fn linked(advisory: Advisory, link: &str) -> Advisory {
    Advisory { references: vec![link.to_owned()], ..advisory }
}

#[test]
fn npms_own_numbers_join_what_has_no_other_name() {
    let ghsa = |id| linked(advisory("ghsa", id, &[], Some("2.0.0")), "https://www.npmjs.com/advisories/118");
    let retire = advisory("retirejs", "retirejs:left:2.0.0", &[], Some("2.0.0"));
    let retire = linked(retire, "https://nodesecurity.io/advisories/118");
    let collected = advisory("nodejs-security-wg", "NSWG-ECO-118", &[], Some("2.0.0"));
    assert_eq!(ids(&[ghsa("GHSA-aaaa-bbbb-cccc"), retire, collected.clone()]), ["GHSA-aaaa-bbbb-cccc"]);
    // Two advisories of GitHub's that link to one of npm's are two.
    assert_eq!(ids(&[ghsa("GHSA-aaaa-bbbb-cccc"), ghsa("GHSA-dddd-eeee-ffff")]).len(), 2);
    let elsewhere = linked(advisory("ghsa", "GHSA-x", &[], None), "https://example.com/advisories/118");
    assert_eq!(ids(&[elsewhere, collected]).len(), 2);
}

#[test]
fn what_shares_no_name_is_not_joined() {
    let one = advisory("nodejs-security-wg", "NSWG-ECO-1", &[], Some("2.0.0"));
    let other = advisory("ghsa", "GHSA-aaaa-bbbb-cccc", &[], Some("2.0.0"));
    assert_eq!(ids(&[one, other]), ["GHSA-aaaa-bbbb-cccc", "NSWG-ECO-1"]);
}
