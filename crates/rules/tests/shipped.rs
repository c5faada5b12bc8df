//! The rules that ship load, all of them, and name techniques that exist.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::collections::BTreeSet;

use seawall_rules::{Options, RuleSet, SHIPPED};
use seawall_testkit::{shared, zstd_decode};

fn shipped() -> RuleSet {
    RuleSet::load(SHIPPED, &Options { all_match: true, ..Options::default() }).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_file_is_registered_and_loads_without_a_warning() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rulesets");
    let names = std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").file_name());
    let files: BTreeSet<_> = names.map(|n| n.into_string().expect("a name")).collect();
    assert_eq!(files, SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>());
    let rules = shipped();
    let warnings: Vec<_> = rules.warnings().iter().map(ToString::to_string).collect();
    assert!(warnings.is_empty(), "{warnings:#?}");
    assert!(rules.unsupplied().is_empty(), "{:#?}", rules.unsupplied());
    let names: BTreeSet<_> = rules.rules().iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names.len(), rules.rules().len(), "two rules have one name");
}

/// `T1611`, `T1552.001`.
fn is_technique(tag: &str) -> bool {
    let Some(rest) = tag.strip_prefix('T') else { return false };
    rest.len() >= 4 && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

#[test]
fn every_rule_names_techniques_of_attack_that_exist() {
    let rules = shipped();
    for rule in rules.rules() {
        assert!(rule.tags.iter().any(|tag| is_technique(tag)), "{} names no technique", rule.name);
        assert!(!rule.description.is_empty(), "{} is not described", rule.name);
    }
    let Some(archive) = shared("frameworks/attack-enterprise-stix20-objects.tar.zst") else { return };
    let text = zstd_decode(&archive);
    for tag in rules.rules().iter().flat_map(|r| &r.tags).filter(|t| is_technique(t)).collect::<BTreeSet<_>>() {
        let wanted = format!("\"external_id\": \"{tag}\"");
        assert!(memchr::memmem::find(&text, wanted.as_bytes()).is_some(), "{tag} is not a technique of ATT&CK");
    }
}
