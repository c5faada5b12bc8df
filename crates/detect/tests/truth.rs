//! Detection against the feeds' own words: for each fixed version that a sampled record states, a package just below,
//! at and just above it is asked for, and the answer is compared with what the record itself says.
//!
//! The records are read here as plain JSON, apart from the sources of `seawall-advisory`, so that an error in reading,
//! storing, naming streams or matching shows; only the version order is shared (it has vectors of its own).
//! `SEAWALL_FULL=1` takes every record of every feed.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use seawall_advisory::{Builder, Database, FeedLimits, Scheme, Sink, compare, documents, read_document, source_of};
use seawall_model::{
    Advisory, Ecosystem, EndOfLife, Epss, Inventory, KnownExploited, OperatingSystem, Package, TargetInfo, TargetKind,
};
use serde_json::Value;

/// Feed, and one of how many of its records is taken.
const FEEDS: &[(&str, u64)] = &[
    ("almalinux-osv.tar.zst", 40),
    ("alpine-secdb-json.tar.zst", 1),
    ("debian-osv.tar.zst", 100),
    ("ghsa-cargo.tar.zst", 2),
    ("ghsa-composer.tar.zst", 8),
    ("ghsa-golang.tar.zst", 4),
    ("ghsa-maven.tar.zst", 10),
    ("ghsa-npm.tar.zst", 8),
    ("ghsa-nuget.tar.zst", 4),
    ("ghsa-pip.tar.zst", 8),
    ("ghsa-rubygems.tar.zst", 4),
    ("rocky-osv.tar.zst", 4),
];
const SEED: u64 = 0x5ea_a11;
/// Of an Alpine document, which is a whole branch, one of so many packages is asked for.
const ALPINE_PACKAGES: u64 = 24;

/// FNV-1a, so that the sample is the same everywhere.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ SEED, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)) >> 7
}

/// One statement of a record: these ids are open in this package from `introduced` on, until `fixed`.
struct Statement {
    ids: Vec<String>,
    introduced: Option<String>,
    fixed: Option<String>,
    last: Option<String>,
    versions: Vec<String>,
    /// There is no range beside the list of versions.
    only_listed: bool,
    withdrawn: bool,
}

/// Where a package stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Id and version of the operating system.
    system: Option<(&'static str, String)>,
    ecosystem: Ecosystem,
    scheme: u8,
    /// The module stream that its package was built in.
    module: Option<String>,
}

#[derive(Default)]
struct Truth {
    /// By place, by name.
    packages: BTreeMap<Place, BTreeMap<String, Vec<Statement>>>,
}

impl Truth {
    fn add(&mut self, place: Place, name: &str, statement: Statement) {
        self.packages.entry(place).or_default().entry(name.to_owned()).or_default().push(statement);
    }

    /// <https://ossf.github.io/osv-schema/>
    fn osv(&mut self, record: &Value) {
        let text = |v: &Value| v.as_str().map(str::to_owned);
        let list =
            |key: &str| -> Vec<String> { record[key].as_array().into_iter().flatten().filter_map(text).collect() };
        let id = record["id"].as_str().unwrap_or_default();
        for affected in record["affected"].as_array().into_iter().flatten() {
            let Some(mut place) = place(affected["package"]["ecosystem"].as_str().unwrap_or_default()) else {
                continue;
            };
            // Errata of modules say in their title which (`nodejs:18`), and in the release that they are of one.
            if affected["ranges"].to_string().contains(".module") {
                let summary = record["summary"].as_str().unwrap_or_default();
                let word = summary.split_whitespace().find(|w| w.split_once(':').is_some_and(|(_, b)| !b.is_empty()));
                place.module = word.map(str::to_owned);
            }
            // Rows of Rocky's special interest groups are about rebuilds from repositories of their own, which nothing in
            // an installed package tells apart: they make no finding for the distribution's own package.
            if affected["package"]["purl"].as_str().is_some_and(|p| p.contains("-sig-")) {
                continue;
            }
            let name = affected["package"]["name"].as_str().unwrap_or_default();
            let versions: Vec<String> =
                affected["versions"].as_array().into_iter().flatten().filter_map(text).collect();
            // The ids under which the record is to be found: its CVEs; an erratum of a distribution covers several.
            let cves =
                |ids: Vec<String>| -> Vec<String> { ids.into_iter().filter(|i| i.starts_with("CVE-")).collect() };
            let aliases = cves(list("aliases"));
            let covered = cves([list("related"), list("upstream")].concat());
            let ids = if id.starts_with("CVE-") {
                vec![id.to_owned()]
            } else if let Some(first) = aliases.into_iter().min() {
                vec![first]
            } else if place.system.is_some() && !covered.is_empty() {
                covered
            } else {
                vec![id.to_owned()]
            };
            let withdrawn = record["withdrawn"].is_string();
            if affected["ranges"].as_array().is_none_or(Vec::is_empty) && !versions.is_empty() {
                let (ids, versions) = (ids.clone(), versions.clone());
                let (introduced, fixed, last, only_listed) = (None, None, None, true);
                let listed = Statement { ids, introduced, fixed, last, versions, only_listed, withdrawn };
                self.add(place.clone(), name, listed);
            }
            for range in affected["ranges"].as_array().into_iter().flatten().filter(|r| r["type"] != "GIT") {
                let mut introduced = None;
                for event in range["events"].as_array().into_iter().flatten() {
                    if let Some(from) = event["introduced"].as_str() {
                        introduced = Some(from.to_owned());
                    }
                    let (fixed, last) = (text(&event["fixed"]), text(&event["last_affected"]));
                    if fixed.is_some() || last.is_some() {
                        let (ids, versions) = (ids.clone(), versions.clone());
                        let introduced = introduced.take();
                        self.add(
                            place.clone(),
                            name,
                            Statement { ids, introduced, fixed, last, versions, only_listed: false, withdrawn },
                        );
                    }
                }
                if introduced.is_some() {
                    let (ids, versions) = (ids.clone(), versions.clone());
                    let (fixed, last) = (None, None);
                    self.add(
                        place.clone(),
                        name,
                        Statement { ids, introduced, fixed, last, versions, only_listed: false, withdrawn },
                    );
                }
            }
        }
    }

    /// <https://secdb.alpinelinux.org/>: fixed version to ids; version `0` means never affected.
    fn alpine(&mut self, document: &Value) {
        let branch = document["distroversion"].as_str().unwrap_or_default();
        let Some(release) = branch.strip_prefix('v') else { return };
        let system = Some(("alpine", release.to_owned()));
        let place = Place { system, ecosystem: Ecosystem::Apk, scheme: Scheme::Apk.code(), module: None };
        for package in document["packages"].as_array().into_iter().flatten() {
            let name = package["pkg"]["name"].as_str().unwrap_or_default();
            for (fixed, ids) in package["pkg"]["secfixes"].as_object().into_iter().flatten() {
                let ids: Vec<String> = ids
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(|line| line.as_str()?.split_whitespace().find(|w| w.starts_with("CVE-")))
                    .map(str::to_owned)
                    .collect();
                if hash(name).is_multiple_of(ALPINE_PACKAGES) && fixed != "0" && !ids.is_empty() {
                    let (fixed, introduced, last) = (Some(fixed.clone()), None, None);
                    let (versions, withdrawn) = (Vec::new(), false);
                    self.add(
                        place.clone(),
                        name,
                        Statement { ids, introduced, fixed, last, versions, only_listed: false, withdrawn },
                    );
                }
            }
        }
    }
}

fn place(ecosystem: &str) -> Option<Place> {
    let (name, release) = ecosystem.split_once(':').unwrap_or((ecosystem, ""));
    let place =
        |system, scheme: Scheme, ecosystem| Some(Place { system, ecosystem, scheme: scheme.code(), module: None });
    let system = |id, scheme, ecosystem| place(Some((id, release.to_owned())), scheme, ecosystem);
    match name {
        "Debian" if !release.is_empty() => system("debian", Scheme::Deb, Ecosystem::Deb),
        "AlmaLinux" if !release.is_empty() => system("almalinux", Scheme::Rpm, Ecosystem::Rpm),
        "Rocky Linux" if !release.is_empty() => system("rocky", Scheme::Rpm, Ecosystem::Rpm),
        "npm" => place(None, Scheme::Npm, Ecosystem::Npm),
        "PyPI" => place(None, Scheme::Pep440, Ecosystem::Pypi),
        "Maven" => place(None, Scheme::Maven, Ecosystem::Maven),
        "Go" => place(None, Scheme::Go, Ecosystem::Golang),
        "RubyGems" => place(None, Scheme::Gem, Ecosystem::Gem),
        "NuGet" => place(None, Scheme::Nuget, Ecosystem::Nuget),
        "Packagist" => place(None, Scheme::Composer, Ecosystem::Composer),
        "crates.io" => place(None, Scheme::Cargo, Ecosystem::Cargo),
        _ => None,
    }
}

/// A version just below and one just above, where the scheme gives them.
fn neighbours(scheme: Scheme, fixed: &str) -> [Option<String>; 2] {
    let (below, above) = match scheme {
        Scheme::Deb => (Some(format!("{fixed}~")), Some(format!("{fixed}+b1"))),
        Scheme::Rpm => (Some(format!("{fixed}~")), Some(format!("{fixed}.1"))),
        Scheme::Apk => match fixed.rsplit_once("-r").and_then(|(v, r)| Some((v, r.parse::<u64>().ok()?))) {
            Some((version, 0)) => (number(version, false).map(|v| format!("{v}-r9")), Some(format!("{version}-r1"))),
            Some((version, r)) => (Some(format!("{version}-r{}", r - 1)), Some(format!("{version}-r{}", r + 1))),
            None => (number(fixed, false), number(fixed, true)),
        },
        _ => (number(fixed, false), number(fixed, true)),
    };
    let is = |candidate: Option<String>, order| candidate.filter(|c| compare(scheme, c, fixed).ok() == Some(order));
    [is(below, Ordering::Less), is(above, Ordering::Greater)]
}

/// The number before (1.3.0 → 1.2.9999) or after (1.3.0 → 1.3.1), without what follows the digits.
fn number(version: &str, up: bool) -> Option<String> {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let mut parts: Vec<u64> =
        version[..end].trim_matches('.').split('.').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    if up {
        *parts.last_mut()? += 1;
    } else {
        let at = parts.iter().rposition(|p| *p > 0)?;
        parts[at] -= 1;
        parts[at + 1..].fill(9999);
    }
    Some(parts.iter().map(u64::to_string).collect::<Vec<_>>().join("."))
}

/// What the statement says of a version; `None` where the versions cannot be compared.
fn affected(scheme: Scheme, statement: &Statement, version: &str) -> Option<bool> {
    if statement.withdrawn {
        return Some(false);
    }
    if statement.versions.iter().any(|v| v == version) {
        return Some(true);
    }
    if statement.only_listed {
        return Some(false);
    }
    let against = |bound: &str| compare(scheme, version, bound).ok();
    let from = match statement.introduced.as_deref() {
        None | Some("0") => true,
        Some(introduced) => against(introduced)? != Ordering::Less,
    };
    let to = match (&statement.fixed, &statement.last) {
        (Some(fixed), _) => against(fixed)? == Ordering::Less,
        (None, Some(last)) => against(last)? != Ordering::Greater,
        (None, None) => true,
    };
    Some(from && to)
}

struct Into<'a>(&'a mut Builder);

impl Sink for Into<'_> {
    fn advisory(&mut self, advisory: Advisory) {
        self.0.advisory(&advisory);
    }
    fn epss(&mut self, _: &str, _: Epss) {}
    fn kev(&mut self, _: &str, _: KnownExploited) {}
    fn end_of_life(&mut self, _: EndOfLife) {}
    fn unknown(&mut self, _: &str, _: String) {}
}

fn inventory(system: Option<&(&'static str, String)>, packages: Vec<Package>) -> Inventory {
    let target = TargetInfo {
        kind: TargetKind::Rootfs,
        name: "truth".into(),
        tags: vec![],
        manifest_digest: None,
        config_digest: None,
        platform: None,
        size: None,
    };
    let os = system.map(|(id, version)| OperatingSystem {
        id: (*id).to_owned(),
        id_like: vec![],
        version_id: version.clone(),
        codename: None,
        pretty_name: None,
        cpe: None,
        variant_id: None,
        repositories: vec![],
    });
    Inventory {
        target,
        os,
        os_evidence: None,
        layers: vec![],
        config: None,
        packages,
        relationships: vec![],
        unknowns: vec![],
    }
}

#[derive(Default)]
struct Score {
    asked: usize,
    skipped: usize,
    wrong: Vec<String>,
}

fn ask(truth: &Truth, database: &Database, score: &mut Score) {
    for (place, packages) in &truth.packages {
        let Place { system, ecosystem, scheme, module } = place;
        let scheme = Scheme::from_code(*scheme).expect("a scheme");
        let mut asked: BTreeSet<(&str, String)> = BTreeSet::new();
        for (name, statements) in packages {
            for fixed in statements.iter().filter_map(|s| s.fixed.as_deref()) {
                let [below, above] = neighbours(scheme, fixed);
                score.skipped += usize::from(below.is_none()) + usize::from(above.is_none());
                asked.extend([below, Some(fixed.to_owned()), above].into_iter().flatten().map(|v| (name.as_str(), v)));
            }
        }
        let of = |(name, version): &(&str, String)| Package {
            modularity: module.as_ref().map(|m| format!("{m}:8000020200101:0")),
            ..Package::new(*ecosystem, *name, version.clone())
        };
        let inventory = inventory(system.as_ref(), asked.iter().map(of).collect());
        let detection = seawall_detect::detect(&inventory, database, "2024-01-01").expect("a whole database");
        let found: HashSet<(String, String, String)> = detection
            .findings
            .iter()
            .filter_map(|f| f.package.as_ref().map(|p| (p.name.clone(), p.version.clone(), f.id.clone())))
            .collect();
        for (name, version) in &asked {
            let statements = &packages[*name];
            let ids: BTreeSet<&String> = statements.iter().flat_map(|s| &s.ids).collect();
            for id in ids {
                let about: Vec<Option<bool>> =
                    statements.iter().filter(|s| s.ids.contains(id)).map(|s| affected(scheme, s, version)).collect();
                if about.contains(&None) {
                    score.skipped += 1;
                    continue;
                }
                let expected = about.contains(&Some(true));
                let got = found.contains(&((*name).to_owned(), version.clone(), id.clone()));
                score.asked += 1;
                if expected != got {
                    let system = system.as_ref().map(|(id, v)| format!("{id}:{v} ")).unwrap_or_default();
                    let says = if expected { "affected" } else { "not affected" };
                    score.wrong.push(format!("{system}{ecosystem} {name} {version} {id}: the record says {says}"));
                }
            }
        }
    }
}

fn feed(path: &Path, nth: u64) -> Score {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let source = source_of(&name).unwrap_or_else(|| panic!("{name} is no feed"));
    let (mut truth, mut builder) = (Truth::default(), Builder::new());
    documents(path, &FeedLimits::default(), &mut |member, bytes| {
        if hash(member).is_multiple_of(nth) {
            read_document(source, member, bytes, &mut Into(&mut builder));
            let record: Value = serde_json::from_slice(bytes).unwrap_or_else(|e| panic!("{member}: {e}"));
            if name.starts_with("alpine-secdb") { truth.alpine(&record) } else { truth.osv(&record) }
        }
        Ok(())
    })
    .unwrap_or_else(|e| panic!("{e}"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("truth.db");
    builder.finish(&file).expect("writable");
    let mut score = Score::default();
    ask(&truth, &Database::open(&file).expect("a database"), &mut score);
    score
}

#[test]
fn every_fixed_version_is_judged_as_its_record_says() {
    let Some(folder) = seawall_testkit::shared("advisories") else { return };
    let full = std::env::var_os("SEAWALL_FULL").is_some();
    let mut failures = Vec::new();
    for (name, nth) in FEEDS {
        let score = feed(&folder.join(name), if full { 1 } else { *nth });
        println!("{name}: {} answers, {} skipped, {} wrong", score.asked, score.skipped, score.wrong.len());
        assert!(score.asked > 100, "{name}: only {} answers", score.asked);
        assert!(score.skipped * 10 < score.asked, "{name}: {} of {} skipped", score.skipped, score.asked);
        if !score.wrong.is_empty() {
            let shown: Vec<&str> = score.wrong.iter().take(20).map(String::as_str).collect();
            failures.push(format!("{name}: {} wrong of {}\n  {}", score.wrong.len(), score.asked, shown.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
