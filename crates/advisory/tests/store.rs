//! The store as its users see it: what is built is what is read, whatever the order, and damage is an error.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use seawall_advisory::{Builder, Database, FeedInfo, Relation, StoreError, install};
use seawall_model::{
    Advisory, AdvisoryKind, Affected, CvssVector, EndOfLife, Epss, FixState, KnownExploited, Range, Severity,
    VersionRange,
};

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("advisories.db");
    (folder, file)
}

fn affected(stream: &str, name: &str, fixed: &str) -> Affected {
    Affected {
        stream: stream.into(),
        name: name.into(),
        state: FixState::Fixed,
        ranges: vec![Range::Versions(VersionRange { fixed: Some(fixed.into()), ..VersionRange::default() })],
        versions: Vec::new(),
        severity: Severity::Unknown,
        architectures: Vec::new(),
        module: None,
        fixed_by: None,
    }
}

fn advisory(id: &str, source: &str, affected: Vec<Affected>) -> Advisory {
    Advisory { affected, modified: "2024-05-01T00:00:00Z".into(), ..Advisory::new(id, source) }
}

/// A small database with one of everything.
fn sample() -> Builder {
    let mut builder = Builder::new();
    builder.begin(FeedInfo { id: "debian-osv".into(), version: "2024-06-01".into(), ..FeedInfo::default() });
    let mut openssl = advisory("CVE-2024-0001", "debian-osv", vec![affected("debian:12", "openssl", "3.0.11-1")]);
    openssl.references = vec!["https://example.org/CVE-2024-0001".into(); 3];
    builder.advisory(&openssl);
    let mut erratum = advisory("RHSA-2024:1", "redhat-osv", vec![affected("redhat:9", "openssl", "1:3.0.7-2.el9")]);
    erratum.related = vec!["CVE-2024-0001".into()];
    erratum.affected.push(Affected {
        versions: vec!["1".into(), "2".into(), "0".into()],
        architectures: vec!["x86_64".into()],
        module: Some("nodejs:18".into()),
        fixed_by: Some("RHSA-2024:2".into()),
        severity: Severity::High,
        ..affected("redhat:8", "nodejs", "2")
    });
    builder.advisory(&erratum);
    builder.advisory(&Advisory {
        aliases: vec!["CVE-2024-0001".into()],
        withdrawn: Some("2024-05-02".into()),
        kind: AdvisoryKind::Malicious,
        ..advisory("GHSA-aaaa-bbbb-cccc", "ghsa", vec![affected("npm", "left-pad", "1.0.0")])
    });
    builder.epss("CVE-2024-0001", Epss { score: 0.97543, percentile: 0.99999 });
    builder.kev(
        "CVE-2024-0001",
        KnownExploited { added: "2024-06-02".into(), due: "2024-06-23".into(), ransomware: true },
    );
    for cycle in ["12", "11"] {
        builder.end_of_life(EndOfLife {
            product: "debian".into(),
            cycle: cycle.into(),
            end: Some("2026-06-10".into()),
            extended_end: None,
            latest: Some("12.5".into()),
        });
    }
    builder.unknown("nvdcve.json", "no such format".into());
    builder
}

fn build(builder: Builder, file: &Path) -> Database {
    builder.finish(file).unwrap();
    let database = Database::open(file).unwrap();
    database.verify().unwrap();
    database
}

#[test]
fn one_of_everything_is_read_back() {
    let (_folder, file) = scratch();
    let database = build(sample(), &file);
    let rows: Vec<_> = database.affected("debian:12", "openssl").collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].source, "debian-osv");
    assert_eq!(rows[0].to_affected("debian:12", "openssl"), affected("debian:12", "openssl", "3.0.11-1"));
    let found = database.advisory(rows[0].advisory).unwrap();
    assert_eq!((found.id.as_str(), found.references.len()), ("CVE-2024-0001", 3));

    let gone: Vec<_> = database.affected("npm", "left-pad").collect::<Result<_, _>>().unwrap();
    assert!(gone[0].withdrawn);
    assert_eq!(gone[0].kind, AdvisoryKind::Malicious);
    for (stream, name) in
        [("debian:12", "opensslx"), ("debian:12", "a"), ("debian:13", "openssl"), ("zz", "zz"), ("", "")]
    {
        assert_eq!(database.affected(stream, name).count(), 0, "{stream} {name}");
    }

    let mut relations: Vec<_> = database.mentions("CVE-2024-0001").unwrap().into_iter().map(|(_, how)| how).collect();
    relations.sort();
    assert_eq!(relations, [Relation::Id, Relation::Alias, Relation::Related]);
    assert_eq!(database.by_id("GHSA-aaaa-bbbb-cccc").unwrap().count(), 1);
    assert_eq!(database.by_id("CVE-2024-0002").unwrap().count(), 0);

    let erratum = database.by_id("RHSA-2024:1").unwrap().next().unwrap();
    let all = database.advisory_affected(erratum).unwrap();
    assert_eq!(
        all.iter().map(|one| (one.stream, one.name)).collect::<Vec<_>>(),
        [("redhat:8", "nodejs"), ("redhat:9", "openssl")]
    );
    assert_eq!(all[0].row.versions, ["1", "2", "0"]);
    assert_eq!(all[0].row.module, Some("nodejs:18"));

    assert_eq!(database.epss("CVE-2024-0001").unwrap(), Some(Epss { score: 0.97543, percentile: 0.99999 }));
    assert_eq!(database.epss("CVE-2024-0002").unwrap(), None);
    assert!(database.kev("CVE-2024-0001").unwrap().unwrap().ransomware);
    assert_eq!(database.end_of_life("debian", "12").unwrap().unwrap().end.as_deref(), Some("2026-06-10"));
    assert_eq!(database.end_of_life_cycles("debian").unwrap().len(), 2);
    assert_eq!(database.end_of_life("debian", "13").unwrap(), None);
    assert_eq!(database.streams().unwrap(), ["debian:12", "npm", "redhat:8", "redhat:9"]);

    let info = database.info().unwrap();
    assert_eq!((info.counts.advisories, info.counts.affected, info.counts.epss), (3, 4, 1));
    assert_eq!(info.newest, "2024-06-02");
    assert_eq!((info.feeds[0].unknown, info.feeds[0].records), (1, 7));
    assert_eq!(info.feeds[0].unknown_examples, ["nvdcve.json: no such format"]);
}

#[test]
fn what_cannot_be_kept_is_counted_as_unknown() {
    let (_folder, file) = scratch();
    let mut builder = Builder::new();
    builder.advisory(&Advisory::new("", "nobody"));
    builder.advisory(&Advisory { title: "x".repeat(2 << 20), ..Advisory::new("A-1", "nobody") });
    builder.epss("GHSA-1", Epss { score: 0.5, percentile: 0.5 });
    builder.epss("CVE-2024-0001", Epss { score: f32::NAN, percentile: 0.5 });
    let database = build(builder, &file);
    let info = database.info().unwrap();
    assert_eq!((info.feeds[0].unknown, info.counts.advisories, info.counts.epss), (4, 0, 0));
}

#[test]
fn every_flipped_byte_is_an_error_or_an_answer_never_a_panic() {
    let (folder, file) = scratch();
    let whole = {
        build(sample(), &file);
        fs::File::open(&file).map(|mut file| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).map(|_| bytes)
        })
    }
    .unwrap()
    .unwrap();
    let damaged = folder.path().join("damaged.db");
    for at in 0..whole.len() {
        for flip in [1 << (at % 8), 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            fs::write(&damaged, &bytes).unwrap();
            let Ok(database) = Database::open(&damaged) else { continue };
            let sound = database.verify().is_ok();
            query_everything(&database);
            // Only padding between sections may change unnoticed.
            assert!(!sound || whole[at] == 0, "byte {at} flipped by {flip:#x} went unnoticed");
        }
    }
    for length in [0, 1, 8, 63, 64, 100, whole.len() / 2, whole.len() - 1] {
        fs::write(&damaged, &whole[..length]).unwrap();
        assert!(Database::open(&damaged).is_err(), "{length} bytes opened");
    }
}

/// Opening compares no section's checksum, so the damage reaches the lookups.
fn query_everything(database: &Database) {
    let _ = database.info();
    let _ = database.streams();
    for (stream, name) in
        [("debian:12", "openssl"), ("redhat:8", "nodejs"), ("npm", "left-pad"), ("redhat:9", "openssl")]
    {
        database.affected(stream, name).take(100_000).for_each(drop);
    }
    for index in database.advisories().take(10) {
        let _ = database.advisory(index);
        let _ = database.advisory_affected(index);
    }
    for id in ["CVE-2024-0001", "GHSA-aaaa-bbbb-cccc", "RHSA-2024:1"] {
        let _ = database.mentions(id);
        let _ = database.epss(id);
        let _ = database.kev(id);
    }
    let _ = database.end_of_life_cycles("debian");
}

#[test]
fn other_files_and_other_formats_are_refused_with_their_reason() {
    let (_folder, file) = scratch();
    assert!(matches!(Database::open(&file), Err(StoreError::Missing { .. })));
    fs::write(&file, "SQLite format 3\0".repeat(10)).unwrap();
    assert!(matches!(Database::open(&file), Err(StoreError::NotADatabase { .. })));
    let mut header = b"SEAWALLD\x63\0\0\0".to_vec();
    header.resize(200, 0);
    fs::write(&file, header).unwrap();
    let error = Database::open(&file).unwrap_err();
    assert!(matches!(error, StoreError::Version { found: 99, supported: 2, .. }));
    assert!(error.to_string().contains("update seawall"), "{error}");
}

#[test]
fn a_date_that_lies_ahead_makes_nothing_look_fresh() {
    let (_folder, file) = scratch();
    let mut builder = Builder::new();
    builder.begin(FeedInfo { id: "pypa".into(), ..FeedInfo::default() });
    for day in ["2024-05-01", "2024-06-03", "2999-12-31", "2027-07-09T10:00:00Z", "2024-06-03"] {
        builder.advisory(&Advisory { modified: day.into(), ..Advisory::new(format!("PYSEC-{day}"), "pypa") });
    }
    builder.advisory(&Advisory {
        published: "2024-06-04".into(),
        modified: "2030-01-01".into(),
        ..Advisory::new("PYSEC-2024-9", "pypa")
    });
    builder.finish(&file).unwrap();
    let on = |day: &str| {
        let info = Database::open(&file).unwrap().info().unwrap().on(day);
        assert_eq!(info.newest, info.feeds[0].newest);
        info.newest
    };
    assert_eq!(on("2024-06-30"), "2024-06-04");
    assert_eq!(on("2024-06-03"), "2024-06-03");
    assert_eq!(on("2027-07-09"), "2027-07-09");
    assert_eq!(on("2020-01-01"), "");
}

#[test]
fn a_failed_import_leaves_the_installed_database() {
    let (folder, file) = scratch();
    build(sample(), &file);
    let older = folder.path().join("older.db");
    let mut builder = Builder::new();
    builder.advisory(&advisory("CVE-2020-0001", "debian-osv", Vec::new()));
    build(builder, &older);
    assert!(matches!(install(&older, &file, false, "2026-01-01"), Err(StoreError::Older { .. })));
    assert_eq!(Database::open(&file).unwrap().info().unwrap().newest, "2024-06-02");
    assert_eq!(install(&older, &file, true, "2026-01-01").unwrap().newest, "2024-05-01");
    assert_eq!(Database::open(&file).unwrap().advisory_count(), 1);

    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut fs::File::open(&older).unwrap(), &mut bytes).unwrap();
    let last = bytes.len() - 9;
    bytes[last] ^= 1;
    let damaged = folder.path().join("damaged.db");
    fs::write(&damaged, &bytes).unwrap();
    assert!(matches!(install(&damaged, &file, true, "2026-01-01"), Err(StoreError::Checksum { .. })));
    assert_eq!(Database::open(&file).unwrap().advisory_count(), 1);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "something was left beside the database");
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-c]{0,3}", "[0-9]{1,2}\\.[0-9]{1,2}", "\\PC{0,12}"]
}

fn affected_strategy() -> impl Strategy<Value = Affected> {
    let range = prop_oneof![
        text().prop_map(Range::Constraint),
        (option::of(text()), option::of(text()), option::of(text())).prop_map(|(introduced, fixed, last_affected)| {
            Range::Versions(VersionRange { introduced, fixed, last_affected })
        }),
    ];
    let state = prop_oneof![
        Just(FixState::Fixed),
        Just(FixState::Affected),
        Just(FixState::WontFix),
        Just(FixState::Deferred),
        Just(FixState::UnderInvestigation),
        Just(FixState::NotAffected),
    ];
    let severity = proptest::sample::select(Severity::ALL.to_vec());
    let lists = (vec(range, 0..4), vec(text(), 0..5), vec(text(), 0..3));
    (("[ab]:[0-9]", "[a-d]"), state, severity, lists, option::of(text()), option::of(text())).prop_map(
        |((stream, name), state, severity, (ranges, versions, architectures), module, fixed_by)| Affected {
            stream,
            name,
            state,
            ranges,
            versions,
            severity,
            architectures,
            module,
            fixed_by,
        },
    )
}

fn advisory_strategy() -> impl Strategy<Value = Advisory> {
    let id = prop_oneof!["CVE-20[0-2][0-9]-[1-9][0-9]{3,5}", "GHSA-[a-c]{2}", "\\PC{1,8}"];
    let kind =
        prop_oneof![Just(AdvisoryKind::Vulnerability), Just(AdvisoryKind::Malicious), Just(AdvisoryKind::Unmaintained)];
    let cvss = (text(), text(), prop_oneof![(0..=100u8).prop_map(|tenths| f64::from(tenths) / 10.0), 0.0..10.0f64])
        .prop_map(|(version, vector, score)| CvssVector { version, vector, score });
    let severity = proptest::sample::select(Severity::ALL.to_vec());
    let ids = (vec(text(), 0..3), vec(text(), 0..3));
    let lists = (vec(cvss, 0..3), vec(text(), 0..3), vec(text(), 0..4), vec(affected_strategy(), 0..6));
    let dates = (text(), text(), option::of(text()));
    (id, "[xyz]", kind, severity, text(), ids, lists, dates).prop_map(
        |(id, source, kind, severity, title, (aliases, related), lists, (published, modified, withdrawn))| {
            let (cvss, cwes, references, affected) = lists;
            Advisory {
                id,
                source,
                kind,
                aliases,
                related,
                title,
                severity,
                cvss,
                cwes,
                references,
                published,
                modified,
                withdrawn,
                affected,
            }
        },
    )
}

/// Everything in a database, as text, sorted: rows of an advisory have no order, and equal rows are one.
fn content(database: &Database) -> Vec<String> {
    let mut out: Vec<String> = database
        .advisories()
        .map(|index| {
            let mut advisory = database.advisory(index).unwrap();
            let rows = database.advisory_affected(index).unwrap();
            advisory.affected = rows.iter().map(|one| one.row.to_affected(one.stream, one.name)).collect();
            normal(advisory)
        })
        .collect();
    out.sort();
    out
}

fn normal(mut advisory: Advisory) -> String {
    let mut rows: Vec<String> = advisory.affected.iter().map(|row| format!("{row:?}")).collect();
    rows.sort();
    rows.dedup();
    advisory.affected.clear();
    format!("{advisory:?} {rows:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_built_is_what_is_read(advisories in vec(advisory_strategy(), 0..40)) {
        let (_folder, file) = scratch();
        let mut builder = Builder::new();
        advisories.iter().for_each(|one| builder.advisory(one));
        let database = build(builder, &file);
        let mut given: Vec<String> = advisories.iter().cloned().map(normal).collect();
        given.sort();
        given.dedup();
        let mut found = content(&database);
        found.dedup();
        prop_assert_eq!(found, given);
        for one in &advisories {
            for row in &one.affected {
                let rows: Vec<_> = database
                    .affected(&row.stream, &row.name)
                    .map(|found| found.unwrap())
                    .filter(|found| database.advisory(found.advisory).unwrap().id == one.id)
                    .map(|found| found.to_affected(&row.stream, &row.name))
                    .collect();
                prop_assert!(rows.contains(row));
            }
            for id in one.aliases.iter().chain(&one.related).chain([&one.id]) {
                let found = database.by_id(id).unwrap().any(|index| database.advisory(index).unwrap().id == one.id);
                prop_assert!(found, "{} does not lead to {}", id, one.id);
            }
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_show(advisories in vec(advisory_strategy(), 0..20)) {
        let (folder, file) = scratch();
        let other = folder.path().join("other.db");
        let (mut one, mut two) = (Builder::new(), Builder::new());
        advisories.iter().for_each(|advisory| one.advisory(advisory));
        advisories.iter().rev().for_each(|advisory| two.advisory(advisory));
        one.finish(&file).unwrap();
        two.finish(&other).unwrap();
        let read = |path: &Path| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut fs::File::open(path).unwrap(), &mut bytes).unwrap();
            bytes
        };
        prop_assert_eq!(read(&file), read(&other));
    }
}
