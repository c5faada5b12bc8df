//! The disk queue's files, and specifications of sinks.

use seawall_sink::{SinkSpec, Spool};

use super::{Target, target};

/// A folder with these files, opened, read to its end and written to.
fn use_up(files: &[(&str, &[u8])]) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("writable");
    }
    let Ok(mut spool) = Spool::open(folder.path(), 1 << 20) else { return };
    let _ = spool.append(b"one more");
    // Each turn takes a record or skips damage: as many turns as bytes are enough.
    let most = files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() + 16;
    for _ in 0..most {
        let Ok(records) = spool.peek(100, 1 << 20) else { return };
        if records.is_empty() {
            break;
        }
        let _ = spool.commit(&records);
    }
    assert!(spool.peek(1, 1).is_ok_and(|records| records.is_empty()), "it comes to an end");
}

pub(super) fn targets() -> Vec<Target> {
    vec![
        target("spool-segment", &["sink/spool"], |bytes| {
            use_up(&[("00000000000000000000.segment", bytes)]);
        }),
        target("spool-folder", &["sink/spool"], |bytes| {
            // The same bytes as a cursor and two segments.
            let (cursor, rest) = bytes.split_at(bytes.len().min(56));
            let (one, two) = rest.split_at(rest.len() / 2);
            use_up(&[
                ("cursor", cursor),
                ("00000000000000000000.segment", one),
                ("00000000000000000005.segment", two),
            ]);
        }),
        target("sink-specification", &[], |bytes| {
            let _ = String::from_utf8_lossy(bytes).parse::<SinkSpec>().map(|spec| spec.to_string());
        }),
    ]
}
