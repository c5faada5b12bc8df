use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use seawall_model::Alert;
use seawall_sink::{DropReason, SinkSettings};

use crate::support::{LONG, alert, assert_adds_up, deliver, hostile, is_root, numbers, open, until};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn a_line_is_falcos_object_with_ours_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let sinks = open(&[&format!("jsonl={}", path.display())], SinkSettings::default());
    sinks.send(&alert(1));
    sinks.send(&hostile());
    let reports = sinks.drain(LONG);
    assert_eq!(reports[0].delivered, 2, "{reports:?}");
    let text = read(&path);
    assert_eq!(text.lines().count(), 2);
    let first = text.lines().next().unwrap();
    let keys = ["time", "rule", "priority", "source", "hostname", "tags", "output", "output_fields", "seawall"];
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(first).unwrap();
    let mut sorted = keys.map(str::to_owned);
    sorted.sort();
    assert_eq!(object.keys().cloned().collect::<Vec<_>>(), sorted);
    let places: Vec<_> = keys.iter().map(|key| first.find(&format!("\"{key}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{first}");
    assert_eq!(object["output"], "11:27:00.000000001: Notice shell number 1");
    assert_eq!(object["priority"], "Notice");
    assert_eq!(object["output_fields"]["proc.aname[2]"], serde_json::Value::Null);
    assert_eq!(object["output_fields"]["user.uid"], 4_294_967_295_u64);
    assert_eq!(object["seawall"]["container"]["pod"]["namespace"], "shop");
    // What was read back is the alert, but for Falco's prefix.
    let mut back: Alert = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    back.output = back.output.split_once(": Notice ").unwrap().1.to_owned();
    // A number that is not negative is read as signed where it fits.
    back.output_fields.insert("user.uid".to_owned(), hostile().output_fields["user.uid"].clone());
    assert_eq!(back, hostile());
}

#[test]
fn files_rotate_and_keep_so_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let sinks = open(&[&format!("jsonl={},rotate=16KiB,keep=3", path.display())], SinkSettings::default());
    for number in 0..200 {
        sinks.send(&alert(number));
    }
    let report = sinks.drain(LONG).remove(0);
    assert_eq!(report.delivered, 200, "{report:?}");
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["a.jsonl", "a.jsonl.1", "a.jsonl.2", "a.jsonl.3"]);
    let mut kept = Vec::new();
    for name in ["a.jsonl.3", "a.jsonl.2", "a.jsonl.1", "a.jsonl"] {
        let text = read(&folder.path().join(name));
        assert!(text.len() < 20 << 10, "{name}: {}", text.len());
        kept.extend(numbers(&text));
    }
    // The newest are there, in order, none missing and none twice.
    let first = kept[0];
    assert!(first > 0);
    assert_eq!(kept, (first..200).collect::<Vec<_>>());
}

#[test]
fn a_file_that_was_moved_away_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("a.jsonl"), folder.path().join("moved"));
    let sinks = open(&[&format!("jsonl={}", path.display())], SinkSettings::default());
    sinks.send(&alert(0));
    until("the first is written", || sinks.reports()[0].delivered == 1);
    std::fs::rename(&path, &moved).unwrap();
    sinks.send(&alert(1));
    until("the second is written", || sinks.reports()[0].delivered == 2);
    sinks.reopen();
    sinks.send(&alert(2));
    let report = sinks.drain(LONG).remove(0);
    assert_eq!(report.delivered, 3, "{report:?}");
    assert_eq!(numbers(&read(&moved)), [0]);
    assert_eq!(numbers(&read(&path)), [1, 2]);
}

#[test]
fn a_file_that_cannot_be_written_is_told_at_once() {
    let spec = "jsonl=/nonexistent/folder/a.jsonl".parse().unwrap();
    let error = seawall_sink::Sinks::open(&[spec], SinkSettings::default()).err().unwrap().to_string();
    assert!(error.starts_with("/nonexistent/folder/a.jsonl: cannot be written: "), "{error}");
    let specs: Vec<_> = ["jsonl=-", "text=-"].iter().map(|s| s.parse().unwrap()).collect();
    let error = seawall_sink::Sinks::open(&specs, SinkSettings::default()).err().unwrap().to_string();
    assert_eq!(error, "-: two sinks write there");
}

/// A disk of so many bytes, unmounted at the end.
pub(crate) struct Disk(tempfile::TempDir);

impl Disk {
    pub(crate) fn mount(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).status().unwrap();
        assert!(mounted.success(), "a tmpfs is mounted");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_stops_nothing_and_loses_nothing_that_fits_in_memory() {
    if !is_root() {
        return;
    }
    let disk = Disk::mount("64k");
    let path = disk.path().join("a.jsonl");
    // Another channel goes on meanwhile.
    let elsewhere = tempfile::tempdir().unwrap();
    let other = elsewhere.path().join("b.jsonl");
    let specs = [format!("jsonl={},queue=64KiB", path.display()), format!("jsonl={}", other.display())];
    let sinks = open(&[&specs[0], &specs[1]], SinkSettings { hostname: "n".into(), ..SinkSettings::default() });
    // Sent until the disk is full and the queue overflows: how much of a burst fits depends on who is faster.
    let mut sent = 0;
    until("the disk is full and something was lost", || {
        // The other is not to lose any.
        if sinks.reports()[1].queued > 1_000 {
            return false;
        }
        for number in sent..sent + 20 {
            sinks.send(&alert(number));
        }
        sent += 20;
        let first = &sinks.reports()[0];
        first.last_error.as_deref().is_some_and(|e| e.contains("No space")) && first.dropped_total() > 0
    });
    until("the other has all", || sinks.reports()[1].delivered >= sent as u64);
    // A half line is taken back as soon as it was written.
    let mut full = String::new();
    until("no half line stays", || {
        full = read(&path);
        full.ends_with('\n')
    });
    let before = numbers(&full);
    assert!(before.is_sorted_by(|a, b| a < b) && before.starts_with(&[0, 1, 2]), "{before:?}");
    let lost = sinks.reports()[0].dropped[&DropReason::QueueFull];
    assert!(lost > 0);
    // Room is made as an operator would make it.
    std::fs::remove_file(&path).unwrap();
    until("the rest is written", || sinks.reports()[0].queued == 0);
    let reports = sinks.drain(LONG);
    let after = numbers(&read(&path));
    assert_eq!(before.len() + after.len() + lost as usize, sent, "{reports:?}");
    // What was lost is told, also where nothing was lost.
    let notice =
        read(&other).lines().map(|l| serde_json::from_str::<Alert>(l).unwrap()).find(|a| a.source == "internal");
    let notice = notice.expect("a notice");
    assert_eq!(notice.rule, "Alerts lost by a channel");
    assert!(notice.output.contains(&format!("lost by jsonl={}", path.display())), "{}", notice.output);
    assert_eq!(reports[0].dropped_total(), lost, "{reports:?}");
}

#[test]
fn standard_output_has_the_lines_and_a_reader_that_leaves_is_no_fault() {
    let mut child = deliver()
        .args(["-o", "text=-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut send = |alert: &Alert| writeln!(input, "{}", serde_json::to_string(alert).unwrap());
    send(&alert(5)).unwrap();
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "11:27:00.000000005: Notice shell number 5\n");
    drop(output);
    // Sooner or later it ends by itself, without a fault.
    let mut sent = 1;
    while send(&alert(6)).is_ok() && sent < 100_000 {
        sent += 1;
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    let talk = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{talk}");
    assert!(talk.contains("closed: true") && talk.contains("Closed: "), "{talk}");
}

#[test]
fn what_is_sent_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    let spec = format!("jsonl={}/a,queue=64KiB", folder.path().display());
    let sinks = open(&[&spec], SinkSettings::default());
    for number in 0..5_000 {
        sinks.send(&alert(number));
    }
    let lost_before = sinks.reports()[0].dropped_total();
    let report = sinks.drain(LONG).remove(0);
    // Notices of losses are alerts too.
    let notices = read(&folder.path().join("a")).lines().filter(|l| l.contains("\"internal\"")).count();
    assert!(notices > 0 || lost_before == 0, "{report:?}");
    assert_adds_up(&report, 5_000 + notices);
}
