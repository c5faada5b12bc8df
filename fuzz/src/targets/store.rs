//! A database that someone damaged.

use std::io::Write;

use seawall_advisory::{Builder, Database};
use seawall_model::{Advisory, Affected, FixState, Range, Severity, VersionRange};

use super::{Target, target};

pub(super) fn targets() -> Vec<Target> {
    vec![target("store", &[], move |bytes| {
        thread_local!(static SOUND: Vec<u8> = sound());
        SOUND.with(|sound| {
            // Arbitrary bytes over a sound database, at a place that the bytes choose.
            let mut damaged = sound.clone();
            let at = bytes.iter().fold(0usize, |a, b| a.wrapping_mul(31).wrapping_add(usize::from(*b))) % damaged.len();
            for (slot, byte) in damaged[at..].iter_mut().zip(bytes.iter().take(64)) {
                *slot = *byte;
            }
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(&damaged).expect("writable");
            let Ok(database) = Database::open(file.path()) else { return };
            let _ = database.verify();
            let _ = database.info();
            for row in database.affected("npm", "a").take(1_000) {
                if let Ok(row) = row {
                    let _ = database.advisory(row.advisory);
                }
            }
            let _ = database.mentions("CVE-2024-1");
            let _ = database.epss("CVE-2024-1");
        });
    })]
}

fn sound() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let mut builder = Builder::new();
    for n in 0..40 {
        let mut advisory = Advisory::new(format!("CVE-2024-{n}"), "fuzz");
        advisory.title = "text ".repeat(n);
        let range = VersionRange { introduced: None, fixed: Some(format!("1.{n}")), last_affected: None };
        advisory.affected.push(Affected {
            stream: "npm".into(),
            name: if n % 2 == 0 { "a".into() } else { format!("b{n}") },
            state: FixState::Fixed,
            ranges: vec![Range::Versions(range)],
            versions: vec!["1".into()],
            severity: Severity::High,
            architectures: Vec::new(),
            module: None,
            fixed_by: None,
        });
        builder.advisory(&advisory);
    }
    builder.finish(&path).expect("writable");
    std::fs::read(path).expect("readable")
}
