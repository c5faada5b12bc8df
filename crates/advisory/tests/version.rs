//! Version schemes against published vectors, against dpkg, and against the laws of an order.
//!
//! Vectors are `testdata/version/<scheme>/*.tsv`: `A<TAB>op<TAB>B` with `<`, `=`, `>`, `A<TAB>!` for a version that must
//! be refused, and in `ranges.tsv` `constraint<TAB>in|out|error<TAB>version`. A new vector is a line, not code.

use std::cmp::Ordering;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use seawall_advisory::{
    MAX_CONSTRAINT_LENGTH, MAX_VERSION_LENGTH, Scheme, Version, VersionError, compare, in_range, matches_constraint,
};

fn folder(scheme: Scheme) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/version").join(scheme.id())
}

/// The lines of a vector file that are not comments, with where they stand.
fn rows(path: &Path) -> Vec<(String, Vec<String>)> {
    let mut text = String::new();
    File::open(path).unwrap().take(1 << 20).read_to_string(&mut text).unwrap();
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with("# "))
        .map(|(at, line)| (format!("{}:{}", path.display(), at + 1), line.split('\t').map(str::to_owned).collect()))
        .collect()
}

fn files(scheme: Scheme) -> Vec<PathBuf> {
    let mut files: Vec<_> = folder(scheme).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Checks one vector and returns what is wrong with it.
fn fault(scheme: Scheme, row: &[String]) -> Option<String> {
    let [a, sign, rest @ ..] = row else { panic!("too few columns: {row:?}") };
    let expected = match sign.as_str() {
        "!" => return Version::parse(scheme, a).is_ok().then(|| format!("{a:?} was read")),
        "<" => Ordering::Less,
        "=" => Ordering::Equal,
        ">" => Ordering::Greater,
        other => panic!("no such relation: {other}"),
    };
    let [b] = rest else { panic!("no second version: {row:?}") };
    let found = compare(scheme, a, b);
    let back = compare(scheme, b, a);
    if found != Ok(expected) || back != Ok(expected.reverse()) {
        return Some(format!("{a} {sign} {b}, found {found:?} and back {back:?}"));
    }
    let read = Version::parse(scheme, a).unwrap().cmp(&Version::parse(scheme, b).unwrap());
    (read != expected).then(|| format!("{a} {sign} {b}, found {read:?} once read"))
}

#[test]
fn published_orders_hold() {
    let mut faults = Vec::new();
    for scheme in Scheme::ALL.iter().copied() {
        let mut checked = 0;
        for path in files(scheme).into_iter().filter(|path| !path.ends_with("ranges.tsv")) {
            for (place, row) in rows(&path) {
                checked += 1;
                faults.extend(fault(scheme, &row).map(|fault| format!("{place}: {fault}")));
            }
        }
        assert!(checked >= 10, "{scheme} has {checked} vectors");
    }
    assert!(faults.is_empty(), "{} vectors fail:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn native_ranges_hold() {
    let mut faults = Vec::new();
    let mut checked = 0;
    for scheme in Scheme::ALL.iter().copied() {
        let path = folder(scheme).join("ranges.tsv");
        if !path.exists() {
            continue;
        }
        for (place, row) in rows(&path) {
            let [constraint, expected, version] = row.as_slice() else { panic!("{place}: three columns") };
            let found = match matches_constraint(scheme, constraint, version) {
                Ok(true) => "in",
                Ok(false) => "out",
                Err(_) => "error",
            };
            checked += 1;
            if found != expected {
                faults.push(format!("{place}: {version} is {found}, not {expected}, of {constraint:?}"));
            }
        }
    }
    assert!(checked > 300, "{checked} ranges");
    assert!(faults.is_empty(), "{} ranges fail:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn ranges_of_advisories_have_osv_semantics() {
    let inside = |version, introduced, fixed, last| in_range(Scheme::Semver, version, introduced, fixed, last).unwrap();
    assert!(inside("1.0.0-alpha", Some("0"), Some("1.0.0"), None), "0 is before every version");
    assert!(inside("0.0.0-0", Some("0"), None, None));
    assert!(inside("1.0.0", Some("1.0.0"), Some("2.0.0"), None), "introduced is inside");
    assert!(!inside("2.0.0", Some("1.0.0"), Some("2.0.0"), None), "fixed is outside");
    assert!(inside("2.0.0", Some("1.0.0"), None, Some("2.0.0")), "last affected is inside");
    assert!(!inside("2.0.1", Some("1.0.0"), None, Some("2.0.0")));
    assert!(inside("99.0.0", Some("1.0.0"), None, None), "no end");
    assert!(!inside("0.9.0", Some("1.0.0"), None, None));
    assert!(in_range(Scheme::Rpm, "1.2-7", None, None, Some("1.2")).unwrap(), "a bound without a release");
    assert!(!in_range(Scheme::Rpm, "1.2-7", None, None, Some("1.2-6")).unwrap());
    assert!(!in_range(Scheme::Deb, "1.0-1", Some("0"), Some("0"), None).unwrap(), "never affected");
    assert!(in_range(Scheme::Deb, "1.0-1~bpo1", Some("0"), Some("1.0-1"), None).unwrap());
    let broken = in_range(Scheme::Semver, "0.1.0", Some("1.0.0"), Some("unknown"), None);
    assert!(matches!(broken, Err(VersionError::Unparsable { .. })), "a broken bound never hides: {broken:?}");
}

#[test]
fn hostile_length_is_refused() {
    let long = "1.".repeat(MAX_VERSION_LENGTH);
    for scheme in Scheme::ALL.iter().copied() {
        assert!(matches!(compare(scheme, &long, "1"), Err(VersionError::TooLong { .. })), "{scheme}");
        assert!(matches!(compare(scheme, "1", &long), Err(VersionError::TooLong { .. })), "{scheme}");
        let constraint = "1,".repeat(MAX_CONSTRAINT_LENGTH);
        assert!(matches!(matches_constraint(scheme, &constraint, "1"), Err(VersionError::TooLong { .. })), "{scheme}");
        assert!(matches!(compare(scheme, "  ", "1"), Err(VersionError::Unparsable { .. })), "{scheme}");
    }
}

/// The longest texts that are read, in shapes that make a careless comparison quadratic or deep.
#[test]
fn the_longest_versions_are_compared() {
    for part in ["0.", "0-", "1a", "-", "0", "1.0-0.", "a-1-", "~", "1^", ".0a", "0.0~", "00x", "rc1.", "_p1"] {
        let text = format!("1{}", part.repeat(4000 / part.len()));
        let constraint = format!(">= {text}");
        for scheme in Scheme::ALL.iter().copied() {
            let _ = compare(scheme, &text, &format!("{text}1"));
            let _ = matches_constraint(scheme, &constraint, &text);
        }
    }
}

/// Every Debian machine has dpkg, so it is the judge here, over the vectors' versions in new pairs.
#[test]
fn dpkg_agrees() {
    if Command::new("dpkg").arg("--version").output().is_err() {
        eprintln!("SKIPPED: dpkg absent, its order is not cross-checked");
        return;
    }
    let versions: Vec<String> = files(Scheme::Deb)
        .iter()
        .filter(|path| path.to_string_lossy().contains("order-"))
        .flat_map(|path| rows(path))
        .flat_map(|(_, row)| [row[0].clone(), row[2].clone()])
        .collect();
    assert!(versions.len() > 100);
    for (at, a) in versions.iter().enumerate() {
        let b = &versions[(at * 7 + 3) % versions.len()];
        let dpkg = |relation| {
            let output = Command::new("dpkg").args(["--compare-versions", a, relation, b]).output().unwrap();
            output.status.code() == Some(0)
        };
        let expected = match (dpkg("lt"), dpkg("eq")) {
            (true, _) => Ordering::Less,
            (_, true) => Ordering::Equal,
            _ => Ordering::Greater,
        };
        assert_eq!(compare(Scheme::Deb, a, b), Ok(expected), "{a} and {b}");
    }
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop::sample::select(Scheme::ALL)
}

/// Text that looks like a version: numbers, separators and the words that schemes give a meaning to.
fn version_like() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "0",
        "1",
        "2",
        "10",
        "01",
        "00",
        "9",
        ".",
        ".",
        ".",
        "-",
        "_",
        "+",
        "~",
        "^",
        ":",
        "a",
        "b",
        "rc",
        "rc1",
        "alpha",
        "beta",
        "dev",
        "pre",
        "p1",
        "x",
        "-r0",
        "-1",
        "v",
        ".0",
        "-SNAPSHOT",
        "final",
        "sp",
        "git",
        "post",
        "!",
        "RC",
        "patch",
        "_alpha",
        "_p",
        "stable",
        "-0",
        ".dev0",
        "+build",
        "el8",
        "dev-",
        "go",
        "ga",
        "m2",
        "'",
        "@",
        "ä",
    ];
    let pieces = prop::collection::vec(prop::sample::select(PIECES), 0..7);
    (prop::sample::select(&["", "1", "1.0", "1.2.3", "0", "2.0.0", "1:1", "v1.0.0"][..]), pieces)
        .prop_map(|(start, pieces)| start.to_owned() + &pieces.concat())
}

/// What people release to Maven: for wilder mixtures Maven's own comparison is not transitive.
fn released() -> impl Strategy<Value = String> {
    "[0-3](\\.[0-3]){0,3}(-(alpha|beta|rc|m)-?[0-3]|-SNAPSHOT|\\.Final|-sp-1|)"
}

fn holds_for_every_three(scheme: Scheme, list: &[String]) -> Result<(), TestCaseError> {
    let read: Vec<Version> = list.iter().filter_map(|text| Version::parse(scheme, text).ok()).collect();
    for a in &read {
        for b in &read {
            for c in &read {
                if a <= b && b <= c {
                    prop_assert!(a <= c, "{}: {} <= {} <= {}", scheme, a.as_str(), b.as_str(), c.as_str());
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_to_itself(scheme in scheme(), a in version_like()) {
        if let Ok(order) = compare(scheme, &a, &a) {
            prop_assert_eq!(order, Ordering::Equal);
        }
    }

    #[test]
    fn antisymmetric(scheme in scheme(), a in version_like(), b in version_like()) {
        prop_assert_eq!(compare(scheme, &a, &b).is_ok(), compare(scheme, &b, &a).is_ok());
        if let (Ok(one), Ok(two)) = (compare(scheme, &a, &b), compare(scheme, &b, &a)) {
            prop_assert_eq!(one, two.reverse());
        }
    }

    #[test]
    fn transitive(scheme in scheme(), list in prop::collection::vec(version_like(), 3..9)) {
        // Maven's own order is not transitive for wild mixtures, nor is libalpm's for empty segments (`1.` and `1.0`).
        prop_assume!(scheme != Scheme::Maven && scheme != Scheme::Alpm);
        holds_for_every_three(scheme, &list)?;
    }

    #[test]
    fn maven_is_transitive_for_releases(list in prop::collection::vec(released(), 3..9)) {
        holds_for_every_three(Scheme::Maven, &list)?;
    }

    #[test]
    fn alpm_is_transitive_for_packages(list in prop::collection::vec("([12]:)?[0-3](\\.[0-3]){0,3}([a-c]|rc1|)(-[1-3])?", 3..9)) {
        holds_for_every_three(Scheme::Alpm, &list)?;
    }

    #[test]
    fn reading_first_changes_nothing(scheme in scheme(), a in version_like(), b in version_like()) {
        let read = Version::parse(scheme, &a).and_then(|a| Ok(a.cmp(&Version::parse(scheme, &b)?)));
        prop_assert_eq!(read, compare(scheme, &a, &b));
    }

    #[test]
    fn any_text_is_safe(scheme in scheme(), a in ".*", b in ".*", bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let lossy = String::from_utf8_lossy(&bytes);
        let _ = compare(scheme, &a, &b);
        let _ = compare(scheme, &lossy, &a);
        let _ = matches_constraint(scheme, &a, "1.0");
        let _ = matches_constraint(scheme, &lossy, "1.0");
        let _ = in_range(scheme, &lossy, Some(&a), Some(&b), None);
    }

    #[test]
    fn any_constraint_is_safe(scheme in scheme(), pieces in prop::collection::vec(prop::sample::select(
        &["<", ">=", "^", "~", "~>", "=", "!=", "||", "|", ",", " ", " - ", "[", ")", "*", ".x", "1", "1.2", "0.0.1", "@dev",
          "dev-", "#", " as ", "and ", "or ", "===", "-rc1", "ä", "18446744073709551615"][..]), 0..8)) {
        let _ = matches_constraint(scheme, &pieces.concat(), "1.2.0");
    }
}
