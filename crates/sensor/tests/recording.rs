//! Recordings: what was written is read, what was damaged is told with its place.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(unreachable_pub, missing_docs, dead_code, reason = "a test, and a source that is shared with bench/rules")]

#[path = "../../../bench/rules/src/walker.rs"]
mod walker;

use std::collections::BTreeMap;
use std::path::Path;

use seawall_model::EventKind;
use seawall_rules::{Options, RuleSet, SHIPPED};
use seawall_sensor::{Guard, Recorder, RecordingError, replay};

/// What one container did that dropped a program and was refused (`seawall guard --record --containers-only`).
fn sample() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/recording/refused.swrec");
    std::fs::read(path).expect("readable")
}

#[test]
fn a_recording_of_a_replay_is_the_same() {
    let sample = sample();
    let mut recorder = Recorder::new(Vec::new()).expect("begun");
    let count = replay(&sample[..], &mut |o| recorder.write(o).expect("written")).expect("read");
    assert_eq!((count, recorder.events()), (303, 303));
    let again = recorder.finish().expect("finished");
    let mut first = Vec::new();
    replay(&sample[..], &mut |o| first.push((o.event.clone(), o.process.clone()))).expect("read");
    let mut second = Vec::new();
    replay(&again[..], &mut |o| second.push((o.event.clone(), o.process.clone()))).expect("read");
    assert_eq!(first, second);
    assert!(first.iter().any(|(event, _)| event.kind == EventKind::Execve));
}

#[test]
fn rules_judge_a_recording_as_they_judged_the_kernel() {
    let rules = RuleSet::load(SHIPPED, &Options::default()).expect("rules");
    let mut guard = Guard::new(rules, "node", "replay");
    let mut alerts = Vec::new();
    replay(&sample()[..], &mut |o| guard.judge(o, &mut |alert| alerts.push(alert))).expect("read");
    let alert = alerts.iter().find(|a| a.rule == "Program dropped and run in container").expect("raised");
    let container = alert.seawall.container.as_ref().expect("a container");
    assert_eq!((container.name.as_deref(), container.image.as_deref()), (Some("shop"), Some("demo:1")));
    assert_eq!(alert.seawall.tier, "replay");
}

#[test]
fn compiled_rules_agree_with_a_walk_over_their_trees_on_every_recording() {
    let mut sets = vec![RuleSet::load(SHIPPED, &Options { all_match: true, ..Options::default() }).expect("rules")];
    if let Some(folder) = seawall_testkit::shared("falco-rules") {
        for name in ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"] {
            let text = std::fs::read_to_string(folder.join(name)).expect("readable");
            let options = Options { all_match: true, ..Options::default() };
            sets.push(RuleSet::load(&[(name, &text)], &options).unwrap_or_else(|e| panic!("{e}")));
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/recording");
    let mut events = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let bytes = std::fs::read(entry.expect("an entry").path()).expect("readable");
        for rules in &sets {
            let walker = walker::Walker::new(rules, &BTreeMap::new());
            assert!(walker.numbers().count() * 2 > rules.rules().len());
            let mut scratch = seawall_rules::Scratch::default();
            let compare = &mut |o: seawall_model::Observation<'_>| {
                assert!(walker.agrees(rules.evaluate(o, &mut scratch), o), "{:?}", o.event);
            };
            events += replay(&bytes[..], compare).expect("read");
        }
    }
    assert!(events > 300, "{events}");
}

#[test]
fn what_is_cut_off_ends_early_and_what_is_damaged_is_told() {
    let sample = sample();
    let whole = replay(&sample[..], &mut |_| {}).expect("read");
    let cut = replay(&sample[..sample.len() / 2], &mut |_| {}).expect("read up to the cut");
    assert!(cut > 0 && cut < whole, "{cut}");
    let mut damaged = sample.clone();
    let at = damaged.len() / 2;
    damaged[at] ^= 0x40;
    let error = replay(&damaged[..], &mut |_| {}).expect_err("damaged");
    assert!(matches!(error, RecordingError::Damaged { .. }), "{error}");
    assert!(error.to_string().starts_with("the recording is damaged at byte "), "{error}");
    assert!(matches!(replay(&b"ELF"[..], &mut |_| {}), Err(RecordingError::Magic)));
    assert!(matches!(replay(&b"SWREC\x09"[..], &mut |_| {}), Err(RecordingError::Version(9))));
}
