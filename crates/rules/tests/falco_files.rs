//! Falco's public rule files, unmodified: they load, they count what they are known to hold, and both evaluators agree on
//! generated events.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(unreachable_pub, missing_docs, dead_code, reason = "a test, and sources that are shared with bench/rules")]

extern crate seawall_rules;

#[path = "../../../bench/rules/src/generator.rs"]
mod generator;
#[path = "../../../bench/rules/src/walker.rs"]
mod walker;

use std::collections::BTreeMap;

use generator::{Random, Words, observe};
use seawall_rules::{Options, RuleSet, Scratch, Selection, Which};
use walker::Walker;

const FILES: &[&str] = &["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

fn files() -> Option<Vec<(&'static str, String)>> {
    let folder = seawall_testkit::shared("falco-rules")?;
    Some(FILES.iter().map(|name| (*name, std::fs::read_to_string(folder.join(name)).expect("readable"))).collect())
}

fn load(files: &[(&str, String)], options: &Options) -> RuleSet {
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    RuleSet::load(&files, options).unwrap_or_else(|error| panic!("{error}"))
}

/// All rules switched on, every match told.
fn everything() -> Options {
    let selection = vec![Selection { enable: true, which: Which::Rule("*".to_owned()) }];
    Options { all_match: true, selection, ..Options::default() }
}

#[test]
fn each_file_loads_alone() {
    let Some(files) = files() else { return };
    for (file, (lists, macros, rules)) in files.iter().zip([(49, 87, 25), (54, 82, 31), (60, 183, 37)]) {
        let set = load(std::slice::from_ref(file), &Options::default());
        let counts = set.counts();
        assert_eq!((counts.lists, counts.macros, counts.rules), (lists, macros, rules), "{}", file.0);
        assert_eq!(set.rules().len(), rules, "{}", file.0);
        assert_eq!(counts.redefinitions, 0, "{}", file.0);
        assert!(set.unsupplied().is_empty(), "{}: {:?}", file.0, set.unsupplied());
    }
}

#[test]
fn all_files_load_in_order() {
    let Some(files) = files() else { return };
    let set = load(&files, &Options::default());
    let counts = set.counts();
    assert_eq!((counts.rules, counts.lists, counts.macros), (93, 163, 352));
    assert_eq!(counts.rules + counts.macros, 445);
    assert_eq!(counts.redefinitions, 82);
    assert_eq!(set.rules().len(), 93);
    assert_eq!(set.rules().iter().filter(|rule| !rule.enabled).count(), 12);
    assert_eq!(set.unsupplied(), []);
    let all = load(&files, &everything());
    let unmatchable: Vec<&str> = all.rules().iter().filter(|r| r.kinds.is_empty()).map(|r| r.name.as_str()).collect();
    // One asks for a namespace of an empty list, one for a container without an identifier, until somebody fills them in.
    assert_eq!(unmatchable, ["Network Connection outside Local Subnet", "Launch Disallowed Container"]);
    let needs = load(&files, &everything()).needs();
    assert!(needs.environment && needs.buffer);
    assert!(needs.domains.contains("kubernetes.default.svc.cluster.local"));
    assert_eq!(needs.kinds.len(), 41, "the event types of the files: {:?}", needs.kinds);
}

/// Which events each rule can match, for some rules: as the facts list them.
#[test]
fn rules_are_looked_at_for_their_events_only() {
    let Some(files) = files() else { return };
    let set = load(&files, &everything());
    let kinds = |name: &str| {
        let rule = set.rules().iter().find(|r| r.name == name).unwrap_or_else(|| panic!("{name}"));
        rule.kinds.iter().map(|k| k.name()).collect::<Vec<_>>().join(",")
    };
    for (rule, wanted) in [
        ("Read sensitive file untrusted", "open,openat,openat2"),
        ("Run shell untrusted", "execve,execveat"),
        ("Schedule Cron Jobs", "execve,execveat,open,openat,openat2"),
        ("Disallowed SSH Connection Non Standard Port", "connect,sendto,sendmsg"),
        ("Unexpected UDP Traffic", "connect,accept,accept4,listen"),
        ("Container Drift Detected (open+create)", "open,openat,openat2,creat"),
        ("Java Process Class File Download", "recvfrom"),
        ("Delete or rename shell history", "open,openat,openat2,rename,renameat,renameat2,unlink,unlinkat,rmdir"),
    ] {
        assert_eq!(kinds(rule), wanted, "{rule}");
    }
}

#[test]
fn compiled_rules_agree_with_a_walk_over_their_trees() {
    let Some(files) = files() else { return };
    let set = load(&files, &everything());
    let first = load(&files, &Options { all_match: false, ..everything() });
    let mut addresses = BTreeMap::new();
    for (index, name) in set.needs().domains.into_iter().enumerate() {
        let address = if index % 2 == 0 { [203, 0, 113, 5] } else { [10, 0, 0, 7] };
        addresses.insert(name, vec![address.into()]);
    }
    set.set_addresses(&addresses);
    first.set_addresses(&addresses);
    let walker = Walker::new(&set, &addresses);
    assert_eq!(walker.numbers().count(), set.rules().len());
    let conditions: Vec<&str> = set.rules().iter().map(|rule| rule.condition_text.as_str()).collect();
    let (mut random, words) = (Random::new(20_261_124), Words::of(&conditions));
    let mut scratch = Scratch::default();
    let mut matched = std::collections::BTreeSet::new();
    let mut matches = 0;
    for number in 1..=30_000 {
        let observed = observe(&mut random, &words, number);
        let walked = walker.evaluate(observed.observation());
        let compiled = set.evaluate(observed.observation(), &mut scratch);
        assert_eq!(compiled, walked, "{:?}\n{:?}", observed.event, observed.observation().process);
        matches += compiled.len();
        matched.extend(compiled.iter().copied());
        let one = first.evaluate(observed.observation(), &mut scratch);
        assert_eq!(one, walked.get(..1).unwrap_or_default());
        if let Some(rule) = one.first() {
            let alert = set.render(*rule, observed.observation(), "node").expect("a rule");
            assert!(!alert.output.is_empty() && alert.output_fields.len() > 3);
        }
    }
    assert!(matches > 1_000, "only {matches} matches");
    assert!(matched.len() > 40, "only {} rules matched", matched.len());
}
