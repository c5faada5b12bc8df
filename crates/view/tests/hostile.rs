//! Whatever processes are called and however they descend from each other, the view stays within its terminal.

use std::collections::HashMap;
use std::sync::Arc;

use seawall_model::{
    Alert, AlertContext, Container, Event, EventKind, Lineage, Observation, Priority, Process, ProcessKey,
};
use seawall_view::{Key, Painter, View};

struct Table(HashMap<ProcessKey, Process>);

impl Lineage for Table {
    fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.0.get(&key)
    }
}

fn event(process: ProcessKey, kind: EventKind, time: u64) -> Event {
    Event {
        number: 1,
        time,
        cpu: 0,
        kind,
        result: 0,
        thread: 1,
        virtual_thread: 1,
        process,
        arguments: Vec::new(),
        descriptor: None,
    }
}

fn table(count: u64) -> Table {
    let name = Some("a\u{1b}]0;x\u{7}\u{202e}\n".to_owned());
    let container = Arc::new(Container { id: "4ee7e5a1d3f24b0c".to_owned(), name, ..Container::default() });
    let process = |n: u64| Process {
        key: ProcessKey(n),
        parent: (n > 1).then(|| ProcessKey(n - 1)),
        pid: u32::try_from(n).expect("small"),
        command_line: format!("sh\u{1b}[2J\u{9b}31m\r{n}\u{200b}漢").into(),
        container: Some(Arc::clone(&container)),
        ..Process::default()
    };
    Table((1..=count).map(|n| (ProcessKey(n), process(n))).collect())
}

fn see(view: &mut View, table: &Table, key: u64, kind: EventKind, time: u64) {
    let event = event(ProcessKey(key), kind, time);
    view.see(Observation { event: &event, process: &table.0[&ProcessKey(key)], lineage: table });
}

fn alert(output: &str) -> Alert {
    Alert {
        time: "2026-01-01T00:00:00.0Z".to_owned(),
        rule: "R\u{1b}c".to_owned(),
        priority: Priority::Critical,
        source: "syscall".to_owned(),
        hostname: "node".to_owned(),
        tags: Vec::new(),
        output: output.to_owned(),
        output_fields: Default::default(),
        seawall: AlertContext { count: 1, ..AlertContext::default() },
    }
}

#[test]
fn hostile_names_deep_trees_and_small_terminals() {
    let table = table(4_096);
    let mut view = View::new("node\u{1b}");
    for n in 1..=4_096 {
        see(&mut view, &table, n, EventKind::Execve, n);
    }
    view.raise(alert("said \u{1b}]52;c;AAAA\u{7} and\nmore"));
    for (width, height) in [(1, 1), (3, 2), (20, 4), (80, 24), (500, 200)] {
        for keys in [vec![], vec![Key::End], vec![Key::Tab, Key::Enter], vec![Key::Escape, Key::Tab, Key::Char('p')]] {
            for key in keys {
                assert!(!view.press(key));
            }
            let lines = view.lines(width, height);
            assert!(lines.len() <= height);
            let spans = lines.iter().flatten();
            assert!(spans.clone().all(|span| !span.text.chars().any(char::is_control)));
            assert!(spans.clone().all(|span| !span.text.contains(['\u{202e}', '\u{200b}'])));
            let painted = Painter::new(true).paint(&lines, width, height);
            assert!(!painted.contains(['\n', '\r', '\u{7}', '\u{9b}']), "{painted:?}");
        }
    }
    assert!(view.snapshot().contains("and 3598 more"), "{}", view.snapshot());
}

#[test]
fn what_ends_goes_and_alerts_are_folded() {
    let table = table(2);
    let mut view = View::new("node");
    for n in 1..=2 {
        see(&mut view, &table, n, EventKind::Execve, 1_000_000_000);
    }
    see(&mut view, &table, 2, EventKind::Procexit, 2_000_000_000);
    view.tick(3_000_000_000, 7);
    let text = view.snapshot();
    assert!(text.contains("lost 7  events 3") && text.contains("  ended") && text.contains("processes 1"), "{text}");
    view.tick(9_000_000_000, 7);
    assert!(!view.snapshot().contains("  ended"));
    for n in 0..5 {
        view.raise(alert(&format!("number {n}")));
    }
    let text = view.snapshot();
    assert!(text.contains("alerts 5") && text.contains("(5 times): number 4") && !text.contains("number 3"), "{text}");
}

#[test]
fn a_held_picture_stands_still() {
    let table = table(2);
    let mut view = View::new("node");
    see(&mut view, &table, 1, EventKind::Execve, 1);
    assert!(!view.press(Key::Char('p')));
    see(&mut view, &table, 2, EventKind::Execve, 2);
    assert!(view.snapshot().contains("PAUSED") && view.snapshot().contains("events 1 "));
    assert!(!view.press(Key::Char('p')));
    assert!(view.snapshot().contains("events 2 "));
    assert!(view.press(Key::Interrupt) && view.press(Key::Char('q')));
}
