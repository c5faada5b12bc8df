//! Case folders of the catalogers: `testdata/cataloger/<id>/<case>/` holds a file tree below `root/`, and `expected.txt`
//! beside it, what the cataloger must report of it. `SEAWALL_BLESS=1 cargo test` writes `expected.txt` anew.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use seawall_inspect::{CATALOGERS, Cataloger, File, Files, Need, Observation, Observer};

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cataloger")
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() { walk(&entry, into) } else { into.push(entry) }
    }
}

fn matches(files: &Files, path: &str, content: &[u8]) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match *files {
        Files::Path(p) => p == path,
        Files::Name(n) => n == name,
        Files::Suffix(s) => name.ends_with(s),
        Files::Affix(a, b) => name.len() >= a.len() + b.len() && name.starts_with(a) && name.ends_with(b),
        Files::In(f, s) => f == folder && name.ends_with(s),
        Files::Under(f, n) => folder.ends_with(f) && n == name,
        Files::Magic(magic) => content.starts_with(magic),
    }
}

fn run(cataloger: &dyn Cataloger, root: &Path) -> String {
    let mut out = String::new();
    let mut paths = Vec::new();
    walk(root, &mut paths);
    for absolute in paths {
        let path = absolute.strip_prefix(root).expect("below root").to_string_lossy().into_owned();
        let bytes = std::fs::read(&absolute).expect("readable");
        let Some(need) = cataloger.wants().iter().filter(|w| matches(&w.files, &path, &bytes)).map(|w| w.need).max()
        else {
            continue;
        };
        let content = match need {
            Need::Name => &[][..],
            Need::Content(_) => &bytes[..],
            Need::Head(n) => &bytes[..bytes.len().min(n as usize)],
            Need::Stream => &[][..],
        };
        let mut seen = Observer::new(cataloger.id(), &path);
        let file = File { path: &path, size: bytes.len() as u64, mode: 0o644, content };
        match cataloger.scanner().filter(|_| need == Need::Stream) {
            Some(mut scanner) => {
                // An odd size, so that what spans two chunks is met.
                bytes.chunks(4093).for_each(|chunk| scanner.feed(chunk));
                scanner.finish(&file, &mut seen);
            }
            None => cataloger.catalog(&file, &mut seen),
        }
        for observation in seen.into_observations() {
            describe(&mut out, &path, &observation);
        }
    }
    out
}

fn describe(out: &mut String, path: &str, observation: &Observation) {
    match observation {
        Observation::Package(p) => {
            let _ = write!(out, "package {} at {}", p.purl(), p.evidence.first().map_or("?", |e| e.path.as_str()));
            if let Some(s) = &p.source {
                let _ = write!(out, " source={}@{}", s.name, s.version.as_deref().unwrap_or("-"));
            }
            if let Some(v) = &p.vendor {
                let _ = write!(out, " vendor={v:?}");
            }
            if !p.licences.is_empty() {
                let _ = write!(out, " licences={:?}", p.licences);
            }
            if p.scope != seawall_model::Scope::Unknown {
                let _ = write!(out, " scope={:?}", p.scope);
            }
            if let Some(m) = &p.modularity {
                let _ = write!(out, " module={m}");
            }
            if !p.checksums.is_empty() {
                let _ = write!(out, " checksums={}", p.checksums.join(","));
            }
            if !p.provides.is_empty() {
                let _ = write!(out, " provides={}", p.provides.join(","));
            }
            if let Some(c) = &p.contained_in {
                let _ = write!(out, " in={c}");
            }
            for d in &p.dependencies {
                let _ = write!(out, " needs={}@{}", d.name, d.version.as_deref().unwrap_or("*"));
            }
            out.push('\n');
        }
        Observation::Unknown { kind, within, reason } => {
            let _ = writeln!(out, "unknown {kind:?} {path} {} {reason}", within.as_deref().unwrap_or("-"));
        }
        Observation::Piece { resolver, data } => {
            let _ = writeln!(out, "piece {resolver} {path} {} bytes", data.len());
        }
        other => {
            let _ = writeln!(out, "{path} {other:?}");
        }
    }
}

#[test]
fn every_case_folder_gives_what_it_expects() {
    let bless = std::env::var_os("SEAWALL_BLESS").is_some();
    let mut failures = Vec::new();
    for cataloger in CATALOGERS {
        let folder = testdata().join(cataloger.id());
        let Ok(cases) = std::fs::read_dir(&folder) else {
            failures.push(format!("{}: no case folders in testdata/cataloger", cataloger.id()));
            continue;
        };
        let mut cases: Vec<_> = cases.map(|c| c.expect("an entry").path()).filter(|p| p.is_dir()).collect();
        cases.sort();
        if cases.len() < 2 {
            failures.push(format!("{}: needs two case folders, one found and one malformed", cataloger.id()));
        }
        for case in cases {
            let got = run(*cataloger, &case.join("root"));
            let expected = case.join("expected.txt");
            if bless {
                std::fs::write(&expected, &got).expect("writable");
            }
            let want = std::fs::read_to_string(&expected).unwrap_or_default();
            if want != got {
                failures.push(format!("{}:\n--- expected\n{want}--- got\n{got}", case.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_registry_is_whole() {
    let mut ids = BTreeSet::new();
    for cataloger in CATALOGERS {
        let id = cataloger.id();
        assert!(
            id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{id} is not kebab-case"
        );
        assert!(ids.insert(id), "{id} is registered twice");
        assert!(!cataloger.about().is_empty() && cataloger.specification().starts_with("http"), "{id} lacks docs");
        assert!(cataloger.version() > 0 && !cataloger.wants().is_empty(), "{id} wants nothing");
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let registry = std::fs::read_to_string(source.join("catalogers.rs")).expect("the registry");
    let mut files = Vec::new();
    if let Ok(true) = source.join("catalogers").try_exists() {
        walk(&source.join("catalogers"), &mut files);
    }
    for file in files {
        let text = std::fs::read_to_string(&file).expect("readable");
        for line in text.lines().filter(|l| l.starts_with("impl Cataloger for ")) {
            let name = line.trim_start_matches("impl Cataloger for ").trim_end_matches(" {");
            assert!(registry.contains(name), "{name} in {} is not registered", file.display());
        }
    }
}
