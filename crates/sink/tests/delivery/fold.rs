use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use seawall_model::{Action, Alert, FieldValue};
use seawall_sink::{Fold, FoldSettings};

use crate::support::alert;

/// The kind of an alert: which rule, which program, which container.
fn of(kind: usize, number: usize) -> Alert {
    let mut alert = alert(number);
    alert.rule = format!("rule {}", kind % 3);
    alert.output_fields.insert("proc.name".to_owned(), FieldValue::Text(format!("p{}", kind / 3 % 3)));
    alert.seawall.container.as_mut().unwrap().id = format!("c{}", kind / 9);
    alert
}

fn kind_of(alert: &Alert) -> String {
    let container = &alert.seawall.container.as_ref().unwrap().id;
    format!("{} {:?} {container}", alert.rule, alert.output_fields["proc.name"])
}

#[test]
fn the_first_is_told_at_once_and_the_rest_in_one_summary() {
    let mut fold = Fold::new(FoldSettings::default());
    let at = Duration::from_secs;
    assert_eq!(fold.push(of(0, 1), at(0)).len(), 1);
    assert!(fold.push(of(0, 2), at(10)).is_empty());
    assert!(fold.push(of(0, 3), at(59)).is_empty());
    assert_eq!(fold.push(of(1, 4), at(30)).len(), 1, "another rule is another alert");
    assert_eq!(fold.next_deadline(), Some(at(60)));
    assert!(fold.expire(at(59)).is_empty());
    let due = fold.push(of(0, 5), at(60));
    // The summary of the window that ended, and the first of the next.
    assert_eq!(due.len(), 2);
    assert_eq!((due[0].seawall.count, due[0].output.as_str()), (2, "shell number 3"));
    assert_eq!(due[0].seawall.first_time.as_deref(), Some("2026-11-24T11:27:00.000000001Z"));
    assert_eq!((due[1].seawall.count, due[1].seawall.first_time.as_deref()), (1, None));
    assert!(fold.flush().is_empty(), "a window with its first alert only has no summary");
    assert!(fold.is_empty());
}

#[test]
fn what_was_done_and_where_tells_alerts_apart() {
    let mut fold = Fold::new(FoldSettings::default());
    let mut denied = of(0, 1);
    denied.seawall.action = Action::Denied;
    let mut elsewhere = of(0, 1);
    elsewhere.seawall.container = None;
    let mut missing = of(0, 1);
    missing.output_fields.remove("proc.name");
    let mut empty = of(0, 1);
    empty.output_fields.insert("proc.name".to_owned(), FieldValue::Text(String::new()));
    for alert in [of(0, 1), denied, elsewhere, missing, empty] {
        assert_eq!(fold.push(alert, Duration::ZERO).len(), 1);
    }
    assert_eq!(fold.len(), 5);
    let mut other_pid = of(0, 1);
    other_pid.output_fields.insert("proc.pid".to_owned(), FieldValue::Signed(99));
    assert!(fold.push(other_pid, Duration::ZERO).is_empty(), "a process identifier does not");
}

#[test]
fn without_a_window_nothing_is_folded() {
    let mut fold = Fold::new(FoldSettings { window: Duration::ZERO, ..FoldSettings::default() });
    for number in 0..3 {
        assert_eq!(fold.push(of(0, number), Duration::ZERO).len(), 1);
    }
    assert!(fold.is_empty());
}

proptest! {
    #[test]
    fn totals_are_exact_and_memory_is_bounded(
        steps in proptest::collection::vec((0_usize..27, 0_u64..20, 0_u64..4), 1..300),
        entries in 1_usize..8,
        bytes in 2_000_usize..40_000,
    ) {
        let settings = FoldSettings { window: Duration::from_secs(30), entries, bytes, ..FoldSettings::default() };
        let mut fold = Fold::new(settings);
        let (mut sent, mut told): (BTreeMap<String, u64>, BTreeMap<String, u64>) = Default::default();
        let mut now = Duration::ZERO;
        let mut out = Vec::new();
        for (number, (kind, pause, count)) in steps.into_iter().enumerate() {
            now += Duration::from_secs(pause);
            let mut alert = of(kind, number);
            alert.seawall.count = count;
            *sent.entry(kind_of(&alert)).or_default() += count.max(1);
            out.extend(fold.push(alert, now));
            prop_assert!(fold.len() <= entries);
            prop_assert!(fold.next_deadline().is_none_or(|deadline| deadline > now));
        }
        out.extend(fold.flush());
        prop_assert!(fold.is_empty());
        for alert in &out {
            prop_assert!(alert.seawall.count >= 1);
            *told.entry(kind_of(alert)).or_default() += alert.seawall.count;
        }
        prop_assert_eq!(sent, told);
    }
}
