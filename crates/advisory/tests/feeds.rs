//! Every real feed of the shared material, read by path: how many advisories and rows it gives, and that nothing in it
//! goes unexplained.
//!
//! The large feeds are sampled, so that the test is done in a minute without optimisation; `SEAWALL_FULL=1` reads all
//! of every feed and prints a table of counts and CPU seconds.

#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::path::Path;

use seawall_advisory::{FeedLimits, SOURCES, Sink, documents, read_document, source_of};
use seawall_model::{Advisory, EndOfLife, Epss, FixState, KnownExploited, Range};

/// What a feed gave.
#[derive(Default)]
struct Counts {
    documents: u64,
    advisories: u64,
    rows: u64,
    other: u64,
    unknowns: Vec<String>,
    problems: Vec<String>,
}

impl Sink for Counts {
    fn advisory(&mut self, advisory: Advisory) {
        self.advisories += 1;
        self.rows += advisory.affected.len() as u64;
        if advisory.id.is_empty() || advisory.source.is_empty() {
            self.problems.push(format!("{advisory:?}"));
        }
        for row in &advisory.affected {
            let silent = row.ranges.is_empty() && row.versions.is_empty() && row.state != FixState::Fixed;
            let empty = |v: &Option<String>| v.as_deref().is_some_and(|v| v.trim().is_empty());
            let blank = row.ranges.iter().any(|r| match r {
                Range::Versions(v) => empty(&v.introduced) || empty(&v.fixed) || empty(&v.last_affected),
                Range::Constraint(c) => c.trim().is_empty(),
            });
            if row.stream.is_empty() || row.name.is_empty() || silent || blank {
                self.problems.push(format!("{}: {row:?}", advisory.id));
            }
        }
    }

    fn epss(&mut self, _: &str, epss: Epss) {
        self.other += 1;
        assert!(epss.score <= 1.0 && epss.percentile <= 1.0);
    }

    fn kev(&mut self, _: &str, exploited: KnownExploited) {
        self.other += 1;
        assert_eq!(exploited.added.len(), 10);
    }

    fn end_of_life(&mut self, cycle: EndOfLife) {
        self.other += 1;
        assert!(!cycle.product.is_empty() && !cycle.cycle.is_empty());
    }

    fn unknown(&mut self, member: &str, reason: String) {
        self.unknowns.push(format!("{member}: {reason}"));
    }
}

/// File, least advisories (or other entries) of the whole feed, least rows, most unknowns, each `nth` document read.
#[rustfmt::skip]
const FEEDS: &[(&str, u64, u64, usize, u64)] = &[
    ("almalinux-osv.tar.zst", 5409, 0, 0, 8),
    ("alpine-osv.tar.zst", 3485, 0, 0, 8),
    ("alpine-secdb-json.tar.zst", 0, 0, 0, 1),
    ("amazon-alas-json.tar.zst", 5097, 0, 0, 8),
    ("arch-avg-json.tar.zst", 2385, 0, 0, 1),
    ("azurelinux-3.0-oval.xml.gz", 1176, 0, 0, 1),
    ("bitnami-osv.tar.zst", 7083, 0, 0, 4),
    ("cbl-mariner-1.0-oval.xml.gz", 2151, 0, 0, 1),
    ("cisa-kev.json.gz", 1343, 0, 0, 1),
    ("cleanstart-osv.tar.zst", 3917, 0, 0, 4),
    ("csaf-cisa-2024.tar.zst", 321, 0, 0, 1),
    ("cve5-vulnrichment-2024.tar.zst", 22825, 0, 0, 32),
    ("debian-dsa-dla-lists.tar.zst", 8678, 0, 0, 1),
    ("debian-osv.tar.zst", 41932, 0, 0, 64),
    ("drupal-osv.tar.zst", 563, 0, 0, 1),
    ("epss_scores.csv.gz", 342_170, 0, 0, 1),
    ("ghsa-cargo.tar.zst", 854, 0, 0, 1),
    ("ghsa-composer.tar.zst", 4145, 0, 0, 8),
    ("ghsa-erlang.tar.zst", 27, 0, 0, 1),
    ("ghsa-golang.tar.zst", 2030, 0, 0, 4),
    ("ghsa-maven.tar.zst", 5048, 0, 0, 8),
    ("ghsa-npm.tar.zst", 3608, 0, 0, 8),
    ("ghsa-nuget.tar.zst", 653, 0, 0, 1),
    ("ghsa-pip.tar.zst", 3302, 0, 0, 8),
    ("ghsa-rubygems.tar.zst", 853, 0, 0, 1),
    ("go-vulndb-osv.tar.zst", 4104, 0, 0, 2),
    ("haskell-md.tar.zst", 34, 0, 0, 1),
    ("kubernetes-cve-osv.tar.zst", 46, 0, 0, 1),
    ("malicious-npm-osv.tar.zst", 18537, 0, 0, 16),
    ("malicious-pypi-osv.tar.zst", 8484, 0, 0, 8),
    ("nodejs-security-wg.tar.zst", 608, 0, 0, 1),
    ("openssl-cve5.tar.zst", 258, 0, 0, 1),
    ("oss-fuzz-osv.tar.zst", 3832, 0, 0, 16),
    ("photon-3-oval.xml.gz", 212, 0, 0, 1),
    ("php-friendsofphp.tar.zst", 1530, 0, 0, 4),
    ("pypa-advisory-yaml.tar.zst", 6714, 0, 0, 64),
    ("python-psf-osv.tar.zst", 128, 0, 0, 1),
    ("r-osv.tar.zst", 13, 0, 0, 1),
    ("redhat-csaf-vex-samples.tar.zst", 47, 0, 0, 8),
    ("redhat-cve-api-json.tar.zst", 15927, 0, 0, 16),
    ("redhat-osv.tar.zst", 14492, 0, 0, 64),
    ("retirejs-jsrepository-v5.json.gz", 0, 0, 0, 1),
    ("retirejs-npmrepository.json.gz", 0, 0, 0, 1),
    ("rocky-osv.tar.zst", 1415, 0, 0, 1),
    ("ruby-advisory-db.tar.zst", 1322, 0, 0, 4),
    ("rustsec-md.tar.zst", 1164, 0, 0, 2),
    ("rustsec-osv.tar.zst", 1145, 0, 0, 1),
    ("suse-osv.tar.zst", 22038, 0, 0, 64),
    ("ubuntu-cve-tracker-json.tar.zst", 48866, 0, 0, 128),
    ("ubuntu-openvex-samples.tar.zst", 1, 0, 0, 1),
    ("ubuntu-osv-samples.tar.zst", 9, 0, 0, 1),
    ("wolfi-advisories-yaml.tar.zst", 5000, 0, 0, 8),
];

/// Not feeds of this crate's sources: VEX repositories (read by the VEX reader), a schema, the description.
const NO_FEEDS: &[&str] =
    &["README.md", "cisa-kev-schema.json.gz", "openvex-aquasecurity-vexhub.tar.zst", "openvex-rancher-vexhub.tar.zst"];

fn read(path: &Path, nth: u64) -> Counts {
    let mut counts = Counts::default();
    let source = source_of(&path.to_string_lossy()).unwrap_or_else(|| panic!("{} is not recognised", path.display()));
    let mut number = 0;
    documents(path, &FeedLimits::default(), &mut |member, bytes| {
        number += 1;
        if number % nth == 0 {
            counts.documents += 1;
            read_document(source, member, bytes, &mut counts);
        }
        Ok(())
    })
    .unwrap_or_else(|e| panic!("{e}"));
    counts
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
    (ticks(11) + ticks(12)) / 100.0
}

#[test]
fn every_real_feed_is_read_without_unexplained_unknowns() {
    let Some(folder) = seawall_testkit::shared("advisories") else { return };
    let full = std::env::var_os("SEAWALL_FULL").is_some();
    let only = std::env::var("SEAWALL_FEED").unwrap_or_default();
    let mut failures = Vec::new();
    let mut totals = Counts::default();
    for &(name, advisories, rows, unknowns, nth) in FEEDS {
        if !name.starts_with(&only) {
            continue;
        }
        let nth = if full { 1 } else { nth };
        let before = cpu_seconds();
        let got = read(&folder.join(name), nth);
        let spent = cpu_seconds() - before;
        if full {
            println!(
                "{name:38} documents {:6} advisories {:7} rows {:8} other {:7} unknown {:4} cpu {spent:6.2} s",
                got.documents,
                got.advisories,
                got.rows,
                got.other,
                got.unknowns.len()
            );
        }
        if got.advisories + got.other < advisories / nth || got.rows < rows / nth {
            failures.push(format!(
                "{name}: {} advisories, {} rows; at least {} and {} are there",
                got.advisories + got.other,
                got.rows,
                advisories / nth,
                rows / nth
            ));
        }
        if got.unknowns.len() > unknowns {
            failures.push(format!(
                "{name}: {} unknown: {:#?}",
                got.unknowns.len(),
                got.unknowns.iter().take(12).collect::<Vec<_>>()
            ));
        }
        if let Some(first) = got.problems.first() {
            failures.push(format!("{name}: {} rows without sense, the first: {first}", got.problems.len()));
        }
        totals.documents += got.documents;
        totals.advisories += got.advisories;
        totals.rows += got.rows;
        totals.other += got.other;
    }
    if full {
        println!(
            "total: documents {} advisories {} rows {} other {}",
            totals.documents, totals.advisories, totals.rows, totals.other
        );
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_file_of_the_shared_material_is_a_feed_or_named_as_none() {
    let Some(folder) = seawall_testkit::shared("advisories") else { return };
    for entry in std::fs::read_dir(folder).expect("readable") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let listed = FEEDS.iter().any(|f| f.0 == name);
        let none = NO_FEEDS.contains(&name.as_str());
        assert!(listed != none, "{name}: listed {listed}, no feed {none}");
        assert_eq!(source_of(&name).is_some(), listed, "{name}");
    }
    let path = seawall_testkit::shared("frameworks").expect("beside it").join("endoflife-products.tar.zst");
    let got = read(&path, 1);
    assert!(got.other > 8_000, "{} release cycles", got.other);
    assert_eq!(got.unknowns, Vec::<String>::new());
}

#[test]
fn every_source_is_recognised_by_what_its_publisher_calls_it() {
    for (container, id) in [
        ("Debian/all.zip", "debian-osv"),
        ("npm/all.zip", "osv"),
        ("epss_scores-current.csv.gz", "epss"),
        ("known_exploited_vulnerabilities.json", "cisa-kev"),
        ("tracker/data/json", "debian-tracker"),
        ("csaf_vex_2024-11-01.tar.zst", "redhat-csaf"),
        ("azurelinux-3.0-oval.xml", "azurelinux-oval"),
    ] {
        assert_eq!(source_of(container).map(|s| s.id()), Some(id), "{container}");
    }
    assert!(source_of("notes.txt").is_none());
    assert!(SOURCES.len() > 40);
}
