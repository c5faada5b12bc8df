//! The folders of `testdata/rules/`: rules, events, and what is expected of them.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(unreachable_pub, missing_docs, reason = "a test")]

#[path = "support/observations.rs"]
mod observations;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use observations::Observed;
use seawall_rules::{Options, RuleSet, Scratch, text_line};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/rules")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn case(path: &Path) {
    let text = read(&path.join("rules.yaml"));
    let expected: Value = serde_json::from_str(&read(&path.join("expected.json"))).expect("JSON");
    let options = Options { all_match: expected["mode"] != "first", ..Options::default() };
    let set = match RuleSet::load(&[("rules.yaml", &text)], &options) {
        Ok(set) => set,
        Err(error) => {
            assert_eq!(expected["error"].as_str(), Some(error.to_string().as_str()), "{}", path.display());
            return;
        }
    };
    assert!(expected.get("error").is_none(), "{} loads", path.display());
    if let Some(warnings) = expected.get("warnings").and_then(Value::as_array) {
        let found: Vec<String> = set.warnings().iter().map(ToString::to_string).collect();
        let wanted: Vec<&str> = warnings.iter().filter_map(Value::as_str).collect();
        assert_eq!(found, wanted, "{}", path.display());
    }
    if let Some(addresses) = expected.get("addresses") {
        let addresses: BTreeMap<String, Vec<std::net::IpAddr>> =
            serde_json::from_value(addresses.clone()).expect("addresses");
        assert_eq!(set.needs().domains, addresses.keys().cloned().collect(), "{}", path.display());
        set.set_addresses(&addresses);
    }
    let events: Vec<Value> = serde_json::from_str(&read(&path.join("events.json"))).expect("JSON");
    let answers = expected["events"].as_array().expect("a list of answers");
    assert_eq!(events.len(), answers.len(), "{}", path.display());
    let mut scratch = Scratch::default();
    for (index, (event, answer)) in events.iter().zip(answers).enumerate() {
        let place = format!("{} event {index}: {event}", path.display());
        let observed = Observed::read(event);
        let matched = set.evaluate(observed.observation(), &mut scratch).to_vec();
        let names: Vec<&str> = matched.iter().map(|rule| set.rules()[*rule].name.as_str()).collect();
        let rules = answer.get("rules").unwrap_or(answer);
        let wanted: Vec<&str> = rules.as_array().expect("rules").iter().filter_map(Value::as_str).collect();
        assert_eq!(names, wanted, "{place}");
        if let (Some(alert), Some(first)) = (answer.get("alert"), matched.first()) {
            let rendered = set.render(*first, observed.observation(), "node").expect("a rule");
            let mut json = serde_json::to_value(&rendered).expect("JSON");
            json["line"] = text_line(&rendered).into();
            for (key, value) in alert.as_object().expect("an object") {
                assert_eq!(&json[key], value, "{place}: {key}");
            }
        }
    }
}

#[test]
fn every_case_is_answered_as_expected() {
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(folder()).expect("cases").map(|e| e.expect("an entry").path()).collect();
    cases.sort();
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    for path in cases {
        case(&path);
    }
}
