//! `rules tune`: what it proposes loads, and silences just what it says.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::home::Home;
use crate::watch::recording;

const RULES: &str = r#"
- list: quiet
  items: [nothing]
- rule: Program run
  desc: A program was run.
  condition: evt.type in (execve, execveat)
  output: It ran | process=%proc.name parent=%proc.pname image=%container.image.repository file=%fd.name
  priority: NOTICE
- rule: File opened
  desc: A file was opened.
  condition: evt.type in (open, openat) and fd.name != "" and proc.name != runc
  output: Opened | process=%proc.name parent=%proc.pname image=%container.image.repository file=%fd.name
  priority: WARNING
- rule: Dropped
  desc: It must not be hidden.
  condition: evt.type in (execve, execveat) and proc.is_exe_upper_layer = true
  output: Dropped | process=%proc.name parent=%proc.pname image=%container.image.repository file=%fd.name
  priority: CRITICAL
"#;

/// The alerts of the recording: place in it, rule, and the tuple as a proposal writes it.
fn alerts(home: &Home, rules: &[&str]) -> BTreeSet<(String, String, String)> {
    let recording = recording().display().to_string();
    let mut found = BTreeSet::new();
    // The guard tells the first rule that matches, so each is asked for by itself.
    let arguments =
        [&["-q", "guard", "--replay", &recording, "--fold", "0", "-o", "jsonl=-", "--rules"], rules].concat();
    let ran = home.run(&arguments);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for line in ran.out.lines() {
        let alert: Value = serde_json::from_str(line).expect("an alert");
        let text = |field: &str| alert["output_fields"][field].as_str().unwrap_or("<NA>").to_owned();
        let place =
            alert["seawall"]["container"]["imageRepository"].as_str().map_or("host".to_owned(), |i| format!("\"{i}\""));
        let tuple = format!("[{place}, \"{}\", \"{}\"", text("proc.name"), text("proc.pname"));
        let number = alert["output_fields"]["evt.time"].to_string();
        found.insert((
            format!("{number} {}", text("fd.name")),
            alert["rule"].as_str().expect("a name").to_owned(),
            tuple,
        ));
    }
    found
}

#[test]
fn what_is_proposed_loads_and_silences_what_it_says() {
    let home = Home::empty();
    home.write("rules.yaml", RULES);
    let recording = recording().display().to_string();
    let before = alerts(&home, &["rules.yaml"]);
    let ran = home.run(&["rules", "tune", "rules.yaml", "--replay", &recording, "-o", "own.yaml", "--least", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("stay: Dropped: its priority is CRITICAL or worse"), "{}", ran.err);
    assert!(!ran.err.contains("warning"), "{}", ran.err);
    let own = home.read("own.yaml");
    assert!(!own.contains("Dropped") && own.contains("fd.name"), "{own}");
    assert!(home.run(&["rules", "check", "rules.yaml", "own.yaml"]).code == 0);
    let after = alerts(&home, &["rules.yaml", "own.yaml"]);
    // An event may be told by the rule that stood behind a silenced one.
    let new: Vec<_> = after.difference(&before).filter(|(_, rule, _)| rule != "Dropped").collect();
    assert!(new.is_empty(), "{new:?}");
    let silenced: Vec<_> = before.difference(&after).collect();
    assert!(silenced.len() > 20, "{} of {}", silenced.len(), before.len());
    for (_, rule, tuple) in silenced {
        assert!(own.contains(&format!("\"{rule}\"")) && own.contains(tuple.as_str()), "{rule} {tuple}\n{own}");
    }
    // With more on the way, the noisiest comes first.
    let counts: Vec<u64> =
        own.lines().filter_map(|l| l.strip_prefix("# Silences ")?.split(' ').next()?.parse().ok()).collect();
    assert!(counts.len() == 2 && counts[0] >= counts[1], "{own}");

    // As a diff: what it adds makes the same rules.
    let ran = home.run(&["rules", "tune", "rules.yaml", "--replay", &recording, "--least", "1"]);
    assert!(ran.out.starts_with("--- rules.yaml\n+++ rules.yaml\n@@ -"), "{}", ran.out);
    let added: String = ran.out.lines().skip(2).filter_map(|l| l.strip_prefix('+')).map(|l| format!("{l}\n")).collect();
    home.write("patched.yaml", format!("{RULES}{added}"));
    assert_eq!(alerts(&home, &["patched.yaml"]), after);

    // From alerts alone; and what must not be hidden, where somebody insists.
    home.run(&[
        "-q",
        "guard",
        "--replay",
        &recording,
        "--rules",
        "rules.yaml",
        "--fold",
        "0",
        "-o",
        "jsonl=seen.jsonl",
    ]);
    let ran = home.run(&["rules", "tune", "rules.yaml", "--alerts", "seen.jsonl", "--least", "1", "-o", "seen.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(home.read("seen.yaml").contains("\"Program run\""));
    let ran = home.run(&["rules", "tune", "rules.yaml", "--replay", &recording, "--least", "1", "--all"]);
    assert!(ran.out.contains("+- rule: \"Dropped\""), "{}", ran.out);
    home.write("broken.jsonl", "{\n");
    let ran = home.run(&["rules", "tune", "rules.yaml", "--alerts", "broken.jsonl"]);
    assert!(ran.code == 2 && ran.err.contains("broken.jsonl:1: not an alert"), "{}", ran.err);
}

#[test]
fn a_name_that_means_something_else_in_a_rule_is_not_proposed() {
    let home = Home::empty();
    // A list takes the place of its name also where a process is called so.
    home.write("rules.yaml", RULES.replace("- list: quiet", "- list: dropped"));
    let recording = recording().display().to_string();
    let ran = home.run(&["rules", "tune", "rules.yaml", "--replay", &recording, "--least", "1"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("warning: nothing is proposed for rule `Program run`"), "{}", ran.err);
    assert!(!ran.out.contains("\"Program run\"") && ran.out.contains("\"File opened\""), "{}", ran.out);
}
