use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use proptest::prelude::*;
use seawall_sink::{AppendError, SinkSettings, Spool};

use crate::support::{LONG, Receiver, alert, deliver, open, status, until};

fn record(number: usize) -> Vec<u8> {
    format!("record {number} {}", "x".repeat(number % 700)).into_bytes()
}

/// Everything that waits, taken out in batches.
fn take_all(spool: &mut Spool) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    loop {
        let records = spool.peek(7, 1 << 20).unwrap();
        if records.is_empty() {
            return all;
        }
        spool.commit(&records).unwrap();
        all.extend(records);
    }
}

fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "segment"))
        .collect();
    all.sort();
    all
}

#[test]
fn it_is_bounded_and_keeps_the_oldest() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), 256 << 10).unwrap();
    let mut taken = 0;
    while spool.append(&record(taken)).is_ok() {
        taken += 1;
    }
    assert!(matches!(spool.append(&record(699)), Err(AppendError::Full)));
    assert!(matches!(spool.append(&vec![0; 5 << 20]), Err(AppendError::TooLarge)));
    let bytes: u64 = segments(folder.path()).iter().map(|p| p.metadata().unwrap().len()).sum();
    assert!(bytes <= 256 << 10 && taken > 500, "{bytes} bytes, {taken} records");
    assert_eq!(spool.len(), taken as u64);
    assert_eq!(take_all(&mut spool), (0..taken).map(record).collect::<Vec<_>>());
    assert_eq!(segments(folder.path()).len(), 0, "what was read is removed");
    spool.append(b"again").unwrap();
    assert_eq!(take_all(&mut spool), [b"again"]);
}

#[test]
fn only_one_may_use_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let first = Spool::open(folder.path(), 1 << 20).unwrap();
    assert!(Spool::open(folder.path(), 1 << 20).err().unwrap().to_string().contains("another channel"));
    drop(first);
    assert!(Spool::open(folder.path(), 1 << 20).is_ok());
}

#[test]
fn a_torn_end_is_cut_and_damage_in_the_middle_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = Spool::open(folder.path(), 128 << 10).unwrap();
    (0..300).for_each(|n| spool.append(&record(n)).unwrap());
    drop(spool);
    let all = segments(folder.path());
    assert!(all.len() >= 3, "{}", all.len());
    // A write that was torn.
    let mut last = std::fs::File::options().append(true).open(all.last().unwrap()).unwrap();
    last.write_all(&[200, 0, 0, 0, 1, 2, 3, 4, 5]).unwrap();
    // A disk that forgot some bytes in the middle of another segment.
    let mut bytes = std::fs::read(&all[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4].fill(0xff);
    std::fs::write(&all[1], &bytes).unwrap();
    let mut spool = Spool::open(folder.path(), 128 << 10).unwrap();
    let found = take_all(&mut spool);
    let damaged = spool.take_damaged() as usize;
    assert!(damaged > 0 && damaged < 150, "{damaged}");
    assert_eq!(found.len() + damaged, 300);
    assert!(found.iter().all(|r| (0..300).any(|n| *r == record(n))), "nothing that was damaged comes out");
    spool.append(b"next").unwrap();
    assert_eq!(take_all(&mut spool), [b"next"]);
}

#[test]
fn a_lost_or_broken_cursor_sends_again_but_loses_nothing() {
    for damage in [None, Some(vec![0xff; 56]), Some(Vec::new())] {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        (0..50).for_each(|n| spool.append(&record(n)).unwrap());
        let first = spool.peek(10, 1 << 20).unwrap();
        spool.commit(&first).unwrap();
        drop(spool);
        match damage {
            None => std::fs::remove_file(folder.path().join("cursor")).unwrap(),
            Some(bytes) => std::fs::write(folder.path().join("cursor"), bytes).unwrap(),
        }
        let mut spool = Spool::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(take_all(&mut spool), (0..50).map(record).collect::<Vec<_>>());
        assert_eq!(spool.take_damaged(), 0);
    }
}

proptest! {
    /// Any order of appending, reading and reopening gives the records once, in order.
    #[test]
    fn first_in_first_out(steps in proptest::collection::vec((0_u8..4, 1_usize..40), 1..60)) {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path(), 64 << 10).unwrap();
        let (mut written, mut read) = (0, Vec::new());
        for (step, count) in steps {
            match step {
                0 | 1 => for _ in 0..count {
                    if spool.append(&record(written)).is_ok() {
                        written += 1;
                    }
                },
                2 => {
                    let records = spool.peek(count, 8 << 10).unwrap();
                    spool.commit(&records).unwrap();
                    read.extend(records);
                }
                _ => {
                    drop(spool);
                    spool = Spool::open(folder.path(), 64 << 10).unwrap();
                }
            }
            prop_assert_eq!(spool.len(), (written - read.len()) as u64);
        }
        read.extend(take_all(&mut spool));
        prop_assert_eq!(spool.take_damaged(), 0);
        prop_assert_eq!(read, (0..written).map(record).collect::<Vec<_>>());
    }
}

/// A process that is killed while it takes alerts in and delivers: after the restart all that it took are there.
#[test]
fn kill_nine_loses_nothing_that_was_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start(|number, _| if number % 3 == 0 { status("503 Busy") } else { status("200 OK") });
    let spec = format!("http=http://{}/,batch=20,wait=0", receiver.address);
    let mut next = 0;
    for round in 0..4 {
        let mut child = deliver()
            .args(["--talk", "--state"])
            .arg(folder.path())
            .args(["-o", &spec])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
        for _ in 0..300 {
            writeln!(input, "{}", serde_json::to_string(&alert(next)).unwrap()).unwrap();
            next += 1;
            assert!(talk.next().unwrap().unwrap().starts_with("sent "));
        }
        // Taken in is not yet on disk: an empty line is answered when it is.
        writeln!(input).unwrap();
        assert_eq!(talk.next().unwrap().unwrap(), "kept");
        std::thread::sleep(std::time::Duration::from_millis(37 * round));
        // What it takes in while it is killed may be lost, but breaks nothing.
        for number in 0..40 {
            writeln!(input, "{}", serde_json::to_string(&alert(1_000_000 + number)).unwrap()).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let sinks = open(&[&spec], SinkSettings { state: Some(folder.path().to_owned()), ..SinkSettings::default() });
    until("all are delivered", || sinks.reports()[0].queued_on_disk == 0);
    let report = sinks.drain(LONG).remove(0);
    assert_eq!(report.dropped_total(), 0, "{report:?}");
    let seen: std::collections::BTreeSet<usize> = receiver.taken().into_iter().collect();
    let missing: Vec<_> = (0..next).filter(|n| !seen.contains(n)).collect();
    assert!(missing.is_empty(), "{} of {next} are missing: {missing:?}", missing.len());
}
