use seawall_model::{Alert, Priority};
use seawall_sink::SinkSettings;

use crate::support::{LONG, alert, numbers, open, until};

/// A pipe that nobody reads: its channel hangs in the system.
fn stuck(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let path = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn a_flood_of_lesser_alerts_leaves_room_for_worse_ones() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = stuck(&folder);
    // Kept open for reading, so that opening it for writing does not wait; never read until later.
    let reader = std::fs::File::options().read(true).write(true).open(&pipe).unwrap();
    let sinks = open(&[&format!("jsonl={},queue=512KiB", pipe.display())], SinkSettings::default());
    for number in 0..2_000 {
        sinks.send(&alert(number));
    }
    let lost = sinks.reports()[0].dropped_total();
    assert!(lost > 100, "the queue is full: {lost}");
    for number in 0..20 {
        sinks.send(&Alert { priority: Priority::Critical, ..alert(1_000_000 + number) });
    }
    assert_eq!(sinks.reports()[0].dropped_total(), lost, "there is room for what is worse");
    // The pipe is read at last.
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        use std::io::BufRead;
        for line in std::io::BufReader::new(reader).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    until("all that was kept is written", || sinks.reports()[0].queued == 0);
    // The last that was sent is the last that comes.
    let mut found = Vec::new();
    while found.last() != Some(&1_000_019) {
        found.extend(numbers(&receiver.recv_timeout(LONG).unwrap()));
    }
    assert!((1_000_000..1_000_020).all(|n| found.contains(&n)), "{found:?}");
    assert!((0..100).all(|n| found.contains(&n)), "the oldest were kept");
    assert!(!found.contains(&1_999));
}

#[test]
fn a_channel_may_want_only_what_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let sinks = open(&[&format!("jsonl={},priority=warning", path.display())], SinkSettings::default());
    for (number, priority) in [Priority::Debug, Priority::Notice, Priority::Warning, Priority::Alert].iter().enumerate()
    {
        sinks.send(&Alert { priority: *priority, ..alert(number) });
    }
    assert_eq!(sinks.drain(LONG)[0].delivered, 2);
    assert_eq!(numbers(&std::fs::read_to_string(path).unwrap()), [2, 3]);
}
