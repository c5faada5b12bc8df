use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use seawall_sink::{DropReason, SinkSettings};
use serde_json::Value;

use crate::files::Disk;
use crate::support::{LONG, Receiver, alert, assert_adds_up, is_root, nobody, open, status, until};

fn settings(folder: &tempfile::TempDir) -> SinkSettings {
    SinkSettings { state: Some(folder.path().to_owned()), hostname: "node-1".into(), tier: "observe".into() }
}

#[test]
fn alerts_travel_in_batches_and_are_sent_again_when_they_fail() {
    let folder = tempfile::tempdir().unwrap();
    // Answers nothing before all alerts are there, so that batches are as large as they may be.
    let all_there = Arc::new(AtomicBool::new(false));
    let is_all_there = Arc::clone(&all_there);
    let receiver = Receiver::start(move |number, _| match number {
        0 => {
            until("all alerts are there", || is_all_there.load(Relaxed));
            status("503 Service Unavailable")
        }
        1 => "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n".to_owned(),
        _ => status("204 No Content"),
    });
    let secret = folder.path().join("headers");
    std::fs::write(&secret, "Authorization: Bearer t\n\nX-Two: 2\n").unwrap();
    let spec = format!("http=http://{}/in,batch=50,header=X-One: 1,header-file={}", receiver.address, secret.display());
    let sinks = open(&[&spec], settings(&folder));
    for number in 0..120 {
        sinks.send(&alert(number));
    }
    until("all wait", || sinks.reports()[0].queued_on_disk == 120);
    all_there.store(true, Relaxed);
    until("all are delivered", || sinks.reports()[0].delivered == 120);
    let report = sinks.drain(LONG).remove(0);
    assert_eq!(report.retried, 2, "{report:?}");
    assert_adds_up(&report, 120);
    let seen = receiver.seen();
    assert_eq!(receiver.taken(), (0..120).collect::<Vec<_>>());
    assert_eq!(seen.len(), 2 + 3, "two that failed, and 50, 50 and 20 alerts");
    let head = &seen[0].head;
    for part in ["post /in ", "content-type: application/x-ndjson", "x-one: 1", "authorization: bearer t", "x-two: 2"] {
        assert!(head.contains(part), "{part}: {head}");
    }
}

#[test]
fn a_record_that_is_rejected_takes_no_other_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_, seen| {
        if seen.body.contains("shell number 13\"") { status("400 Bad Request") } else { status("200 OK") }
    });
    let sinks = open(&[&format!("http=http://{}/,batch=40,wait=200", receiver.address)], settings(&folder));
    for number in 0..40 {
        sinks.send(&alert(number));
    }
    until("all are dealt with", || sinks.reports()[0].delivered + sinks.reports()[0].dropped_total() >= 40);
    let report = sinks.drain(LONG).remove(0);
    assert_eq!(report.dropped[&DropReason::Rejected], 1, "{report:?}");
    assert!(report.delivered >= 39, "{report:?}");
}

#[test]
fn bodies_are_what_the_receiver_wants() {
    let folder = tempfile::tempdir().unwrap();
    for (body, check) in [
        ("single", (|b: &str| serde_json::from_str::<Value>(b).unwrap()["rule"].is_string()) as fn(&str) -> bool),
        ("array", |b| serde_json::from_str::<Value>(b).unwrap()[0]["rule"].is_string()),
    ] {
        let receiver = Receiver::start(|_, _| status("200 OK"));
        let sinks = open(&[&format!("http=http://{}/,body={body}", receiver.address)], settings(&folder));
        (0..3).for_each(|n| sinks.send(&alert(n)));
        assert_eq!(sinks.drain(LONG)[0].delivered, 3);
        let seen = receiver.seen();
        assert!(seen.iter().all(|s| check(&s.body) && s.head.contains("content-type: application/json")), "{seen:?}");
        assert!(body == "array" || seen.len() == 3);
    }
}

#[test]
fn otlp_goes_to_its_path_and_a_partial_success_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|_, _| {
        let body = r#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"no"}}"#;
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    });
    let sinks = open(&[&format!("otlp=http://{},wait=300", receiver.address)], settings(&folder));
    (0..5).for_each(|n| sinks.send(&alert(n)));
    until("all are dealt with", || {
        let report = sinks.reports().remove(0);
        report.queued_on_disk + report.queued == 0
    });
    let requests = receiver.seen().len() as u64;
    let report = sinks.reports().remove(0);
    assert!(report.dropped[&DropReason::Rejected] >= 1 && report.delivered >= 5 - requests, "{report:?}");
    let seen = receiver.seen();
    assert!(seen[0].head.starts_with("post /v1/logs "), "{}", seen[0].head);
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["resourceLogs"][0]["scopeLogs"][0]["scope"]["name"], "seawall");
}

#[test]
fn a_receiver_that_hangs_holds_up_neither_the_sender_nor_another_channel() {
    let folder = tempfile::tempdir().unwrap();
    let hanging = Receiver::start(|_, _| {
        std::thread::sleep(Duration::from_secs(600));
        String::new()
    });
    let file = folder.path().join("a.jsonl");
    let specs =
        [format!("http=http://{}/,spool=none,queue=64KiB", hanging.address), format!("jsonl={}", file.display())];
    let sinks = open(&[&specs[0], &specs[1]], settings(&folder));
    let start = Instant::now();
    for number in 0..500 {
        sinks.send(&alert(number));
    }
    // A request is given up after 20 s.
    assert!(start.elapsed() < Duration::from_secs(10), "sending took {:?}", start.elapsed());
    until("the file has all", || sinks.reports()[1].delivered >= 500);
    let start = Instant::now();
    let reports = sinks.drain(Duration::from_millis(300));
    assert!(start.elapsed() < Duration::from_secs(10), "draining took {:?}", start.elapsed());
    assert!(reports[0].dropped[&DropReason::QueueFull] > 0, "{reports:?}");
    assert!(reports[0].dropped[&DropReason::Shutdown] > 0, "{reports:?}");
    assert_eq!((reports[0].queued, reports[0].queued_on_disk, reports[0].delivered), (0, 0, 0), "{reports:?}");
}

#[test]
fn what_waits_on_disk_is_sent_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    // An address that nobody listens on yet.
    let address = nobody();
    let spec = format!("http=http://{address}/");
    let sinks = open(&[&spec], settings(&folder));
    (0..300).for_each(|n| sinks.send(&alert(n)));
    until("an attempt failed", || sinks.reports()[0].retried > 0);
    let start = Instant::now();
    let report = sinks.drain(LONG).remove(0);
    assert_eq!((report.queued_on_disk, report.dropped_total(), report.delivered), (300, 0, 0), "{report:?}");
    assert!(start.elapsed() < LONG / 2, "what is on disk need not be waited for");
    let receiver = Receiver::on(address, |_, _| status("200 OK"));
    let sinks = open(&[&spec], settings(&folder));
    (300..310).for_each(|n| sinks.send(&alert(n)));
    until("all are delivered", || sinks.reports()[0].delivered == 310);
    sinks.drain(LONG);
    assert_eq!(receiver.taken(), (0..310).collect::<Vec<_>>());
    let left = std::fs::read_dir(folder.path().join("spool")).unwrap().count();
    assert_eq!(left, 1, "one folder for one channel");
}

#[test]
fn a_full_disk_under_the_queue_stops_nothing() {
    if !is_root() {
        return;
    }
    let disk = Disk::mount("256k");
    let is_up = Arc::new(AtomicUsize::new(0));
    let up = Arc::clone(&is_up);
    let receiver = Receiver::start(move |_, _| match up.load(Relaxed) {
        0 => status("500 Internal Server Error"),
        _ => status("200 OK"),
    });
    let spool = disk.path().join("spool");
    let spec = format!("http=http://{}/,spool={},queue=64KiB", receiver.address, spool.display());
    let sinks = open(&[&spec], SinkSettings::default());
    // Sent until the disk is full, so that more waits in memory than the channel's queue holds, and that is full too.
    let mut sent = 0;
    until("the disk is full and something was lost", || {
        (sent..sent + 20).for_each(|number| sinks.send(&alert(number)));
        sent += 20;
        let report = sinks.reports().remove(0);
        report.queued_on_disk > 50 && report.queued > 100 && report.dropped_total() > 0
    });
    is_up.store(1, Relaxed);
    until("all that was kept is delivered", || {
        let report = sinks.reports().remove(0);
        report.queued + report.queued_on_disk == 0
    });
    let report = sinks.drain(LONG).remove(0);
    let taken = receiver.taken();
    let distinct: std::collections::BTreeSet<_> = taken.iter().collect();
    let lost = report.dropped_total() as usize;
    assert_eq!(distinct.len() + lost, sent, "{report:?}");
    // The oldest were kept.
    assert!((0..20).all(|n| distinct.contains(&n)), "{distinct:?}");
}

#[test]
fn plain_http_elsewhere_needs_to_be_asked_for() {
    let spec = "http=http://198.51.100.7/x,spool=none";
    let sinks = open(&[spec], SinkSettings::default());
    sinks.send(&alert(0));
    until("it is refused", || sinks.reports()[0].last_error.as_deref().is_some_and(|e| e.contains("plain HTTP")));
    drop(sinks);
    let error = seawall_sink::Sinks::open(
        &["http=https://a.example/,ca=/nonexistent".parse().unwrap()],
        SinkSettings::default(),
    );
    assert!(error.err().unwrap().to_string().contains("/nonexistent"));
}
