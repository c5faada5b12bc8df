//! Case folders of the sources: `testdata/source/<id>/<case>/` holds feeds below `feeds/`, under the names by which they
//! are recognised, and `expected.txt` beside it, all that the source must give of them. A case that begins with
//! `malformed` must leave something said as not understood, every other one nothing. `SEAWALL_BLESS=1 cargo test`
//! writes `expected.txt` anew.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use seawall_advisory::{FeedLimits, SOURCES, Sink, Source, documents, read_document, source_of};
use seawall_model::{Advisory, AdvisoryKind, Affected, EndOfLife, Epss, KnownExploited, Range, Severity};
use serde::Serialize;

/// What a source gave, in words.
#[derive(Default)]
struct Told {
    text: String,
    records: usize,
    unknowns: usize,
}

impl Sink for Told {
    fn advisory(&mut self, advisory: Advisory) {
        self.records += 1;
        describe(&mut self.text, &advisory);
    }

    fn epss(&mut self, cve: &str, epss: Epss) {
        self.records += 1;
        let _ = writeln!(self.text, "epss {cve} score={} percentile={}", epss.score, epss.percentile);
    }

    fn kev(&mut self, cve: &str, known: KnownExploited) {
        self.records += 1;
        let ransomware = if known.ransomware { " ransomware" } else { "" };
        let _ = writeln!(self.text, "exploited {cve} added={} due={}{ransomware}", known.added, known.due);
    }

    fn end_of_life(&mut self, cycle: EndOfLife) {
        self.records += 1;
        let said = |date: &Option<String>| date.clone().unwrap_or_else(|| "-".to_owned());
        let (end, extended, latest) = (said(&cycle.end), said(&cycle.extended_end), said(&cycle.latest));
        let _ = writeln!(
            self.text,
            "cycle {} {} end={end} extended={extended} latest={latest}",
            cycle.product, cycle.cycle
        );
    }

    fn unknown(&mut self, member: &str, reason: String) {
        self.unknowns += 1;
        let _ = writeln!(self.text, "unknown {member}: {reason}");
    }
}

/// The name that a value has in JSON.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn describe(out: &mut String, advisory: &Advisory) {
    let _ = write!(out, "advisory {} of {}", advisory.id, advisory.source);
    if advisory.kind != AdvisoryKind::Vulnerability {
        let _ = write!(out, " kind={}", name(advisory.kind));
    }
    if advisory.severity != Severity::Unknown {
        let _ = write!(out, " severity={}", name(advisory.severity));
    }
    let dates = [("published", Some(&advisory.published)), ("modified", Some(&advisory.modified))];
    for (what, date) in dates.into_iter().chain([("withdrawn", advisory.withdrawn.as_ref())]) {
        if let Some(date) = date.filter(|date| !date.is_empty()) {
            let _ = write!(out, " {what}={date}");
        }
    }
    let _ = writeln!(out, "\n  title {:?}", advisory.title);
    for (what, list) in [
        ("alias", &advisory.aliases),
        ("related", &advisory.related),
        ("weakness", &advisory.cwes),
        ("reference", &advisory.references),
    ] {
        for item in list {
            let _ = writeln!(out, "  {what} {item}");
        }
    }
    for vector in &advisory.cvss {
        let _ = writeln!(out, "  cvss {} {} = {}", vector.version, vector.vector, vector.score);
    }
    for row in &advisory.affected {
        affected(out, row);
    }
}

fn affected(out: &mut String, row: &Affected) {
    let _ = write!(out, "  affects {} {} {}", row.stream, row.name, name(row.state));
    for range in &row.ranges {
        match range {
            Range::Constraint(text) => {
                let _ = write!(out, " constraint={text:?}");
            }
            Range::Versions(v) => {
                let from = v.introduced.as_deref().unwrap_or_default();
                let end = match (&v.fixed, &v.last_affected) {
                    (Some(fixed), None) => format!("{fixed})"),
                    (None, Some(last)) => format!("{last}]"),
                    (None, None) => ")".to_owned(),
                    (Some(fixed), Some(last)) => format!("{fixed}) and {last}]"),
                };
                let _ = write!(out, " [{from}, {end}");
            }
        }
    }
    for (what, list) in [("versions", &row.versions), ("architectures", &row.architectures)] {
        if !list.is_empty() {
            let _ = write!(out, " {what}={}", list.join(","));
        }
    }
    if row.severity != Severity::Unknown {
        let _ = write!(out, " severity={}", name(row.severity));
    }
    for (what, text) in [("module", &row.module), ("fixed-by", &row.fixed_by)] {
        if let Some(text) = text {
            let _ = write!(out, " {what}={text}");
        }
    }
    out.push('\n');
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/source")
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// Reads every feed below `at` as building a database does. What is recognised as another source, or as none, is a
/// failure of the case.
fn read(source: &dyn Source, root: &Path, at: &Path, told: &mut Told, failures: &mut Vec<String>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(at).into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = path.strip_prefix(root).expect("below it").to_string_lossy().into_owned();
        match source_of(&name) {
            Some(found) if found.id() == source.id() => {
                let visited = documents(&path, &FeedLimits::default(), &mut |member, bytes| {
                    read_document(source, member, bytes, told);
                    Ok(())
                });
                visited.expect("a container that can be read");
            }
            Some(other) => failures.push(format!("{}: {name} is taken for {}", root.display(), other.id())),
            None if path.is_dir() => read(source, root, &path, told, failures),
            None => failures.push(format!("{}: {name} is not recognised", root.display())),
        }
    }
}

#[test]
fn every_case_folder_gives_what_it_expects() {
    let bless = std::env::var_os("SEAWALL_BLESS").is_some();
    let mut failures = Vec::new();
    for source in SOURCES {
        let (mut good, mut malformed) = (0, 0);
        for case in folders(&testdata().join(source.id())) {
            let (mut told, feeds) = (Told::default(), case.join("feeds"));
            read(*source, &feeds, &feeds, &mut told, &mut failures);
            if case.file_name().is_some_and(|name| name.to_string_lossy().starts_with("malformed")) {
                malformed += 1;
                if told.unknowns == 0 {
                    failures.push(format!("{}: nothing is said of what is malformed", case.display()));
                }
            } else {
                good += 1;
                if told.records == 0 || told.unknowns > 0 {
                    failures.push(format!("{}: {} records:\n{}", case.display(), told.records, told.text));
                }
            }
            let expected = case.join("expected.txt");
            if bless {
                std::fs::write(&expected, &told.text).expect("writable");
            }
            let want = std::fs::read_to_string(&expected).unwrap_or_default();
            if want != told.text {
                failures.push(format!("{}:\n--- expected\n{want}--- got\n{}", case.display(), told.text));
            }
        }
        if good == 0 || malformed == 0 {
            failures.push(format!("{}: needs a good case and a malformed one in testdata/source", source.id()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_registry_is_whole() {
    let mut ids = BTreeSet::new();
    for source in SOURCES {
        let id = source.id();
        assert!(
            id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{id} is not kebab-case"
        );
        assert!(ids.insert(id.to_owned()), "{id} is registered twice");
        assert!(!source.about().is_empty() && source.docs().starts_with("https://"), "{id} lacks docs");
        assert!(source.version() > 0, "{id} has no version");
    }
    let known =
        folders(&testdata()).into_iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let strangers: Vec<_> = known.filter(|id| !ids.contains(id)).collect();
    assert!(strangers.is_empty(), "cases of no source: {strangers:?}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let registry = std::fs::read_to_string(folder.join("sources.rs")).expect("the registry");
    for entry in std::fs::read_dir(folder.join("sources")).expect("readable") {
        let path = entry.expect("an entry").path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let unit = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if text.lines().any(|line| line.starts_with("impl Source for ")) {
            assert!(registry.contains(&format!("&{unit}::")), "{} is not registered", path.display());
        }
    }
}
