//! Hostile input for the catalogers of scripting languages: the files of their case folders cut and flipped, and files
//! made to exhaust a parser. None may panic, and none may pass for clean when it could not be read.

#![allow(clippy::disallowed_methods, reason = "these tests read files of this repository")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use seawall_inspect::{CATALOGERS, Cataloger, File, Observation, Observer};

const LANGUAGES: [&str; 4] = ["javascript-", "python-", "php-", "ruby-"];

/// One path that each cataloger reads.
const PATHS: &[(&str, &str)] = &[
    ("javascript-bun", "app/bun.lock"),
    ("javascript-node-modules", "app/node_modules/a/package.json"),
    ("javascript-package-lock", "app/package-lock.json"),
    ("javascript-pnpm", "app/pnpm-lock.yaml"),
    ("javascript-yarn", "app/yarn.lock"),
    ("php-composer-lock", "app/composer.lock"),
    ("php-installed", "app/vendor/composer/installed.json"),
    ("python-installed", "lib/site-packages/a-1.dist-info/METADATA"),
    ("python-pdm", "app/pdm.lock"),
    ("python-pipfile-lock", "app/Pipfile.lock"),
    ("python-poetry", "app/poetry.lock"),
    ("python-pylock", "app/pylock.toml"),
    ("python-requirements", "app/requirements.txt"),
    ("python-uv", "app/uv.lock"),
    ("ruby-gemfile-lock", "app/Gemfile.lock"),
    ("ruby-gemspec", "gems/specifications/a-1.gemspec"),
];

fn observe(cataloger: &dyn Cataloger, path: &str, content: &[u8]) -> Vec<Observation> {
    let mut seen = Observer::new(cataloger.id(), path);
    cataloger.catalog(&File { path, size: content.len() as u64, mode: 0o644, content }, &mut seen);
    let observations = seen.into_observations();
    for observation in &observations {
        if let Observation::Package(package) = observation {
            assert!(!package.name.is_empty() && package.name.len() <= 512, "{path}: name {:?}", package.name);
            assert!(package.version.len() <= 512, "{path}: version of {}", package.name);
            assert!(package.evidence.len() == 1 && package.purl().starts_with("pkg:"), "{path}: {}", package.name);
        }
    }
    observations
}

fn scripting() -> impl Iterator<Item = &'static dyn Cataloger> {
    CATALOGERS.iter().copied().filter(|c| LANGUAGES.iter().any(|language| c.id().starts_with(language)))
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry").path();
        if entry.is_dir() { files(&entry, into) } else { into.push(entry) }
    }
}

#[test]
fn cut_and_flipped_files_never_panic() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cataloger");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below.max(1) as u64).expect("small")
    };
    for cataloger in scripting() {
        let mut found = Vec::new();
        files(&testdata.join(cataloger.id()), &mut found);
        found.sort();
        for file in found.iter().filter(|file| file.file_name().is_some_and(|name| name != "expected.txt")) {
            let path = file.to_string_lossy();
            let path = path.split_once("/root/").expect("below root").1;
            let whole = std::fs::read(file).expect("readable");
            for _ in 0..40 {
                observe(cataloger, path, &whole[..next(whole.len() + 1)]);
            }
            for _ in 0..120 {
                let mut flipped = whole.clone();
                for _ in 0..=next(4) {
                    let at = next(flipped.len());
                    match (next(4), flipped.get_mut(at)) {
                        (0, Some(byte)) => *byte ^= 1 << next(8),
                        (1, Some(byte)) => *byte = b"\"'{}[]():@/-,\\\n #=<>&*!|%"[next(25)],
                        (2, Some(_)) => drop(flipped.drain(at..(at + next(20)).min(flipped.len()))),
                        (_, Some(_)) => flipped.extend_from_within(at..(at + next(60)).min(flipped.len())),
                        (_, None) => {}
                    }
                }
                observe(cataloger, path, &flipped);
            }
        }
    }
}

#[test]
fn every_scripting_cataloger_has_a_path_here() {
    let ids: Vec<_> = scripting().map(|c| c.id()).collect();
    let here: Vec<_> = PATHS.iter().map(|(id, _)| *id).collect();
    let missing: Vec<_> = ids.iter().filter(|id| !here.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let deep = 100_000;
    let mut laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..20 {
        let of = vec![format!("*a{}", n - 1); 9].join(",");
        let _ = writeln!(laughs, "a{n}: &a{n} [{of}]");
    }
    vec![
        ("one long line", vec![b'a'; 10 << 20]),
        ("one long quoted line", [&b"\""[..], &vec![b','; 10 << 20]].concat()),
        ("deep lists", vec![b'['; deep]),
        ("deep maps", b"{\"dependencies\":".repeat(deep)),
        ("deep entries", b"{\"dependencies\":{\"a\":".repeat(deep)),
        ("deep packages", b"{\"packages\":[{\"a\":".repeat(deep)),
        ("deep keys", [b"[[package]]\n".repeat(2), b"a.".repeat(deep), b"a = 1".to_vec()].concat()),
        ("deep inline tables", [b"package = ".to_vec(), b"{a=".repeat(deep)].concat()),
        ("deep yaml", b"packages: ".iter().copied().chain(b"- ".repeat(deep)).collect()),
        ("alias bomb", laughs.into_bytes()),
        ("blank lines", vec![b'\n'; 1 << 18]),
        ("commas", vec![b','; 1 << 18]),
        ("slashes", vec![b'/'; 1 << 18]),
        ("continued lines", b"a\\\n".repeat(1 << 16)),
        ("colons", b"a:\n".repeat(1 << 16)),
        ("control", (0..=255).cycle().take(1 << 16).collect()),
    ]
}

#[test]
fn hostile_files_are_unknown_and_never_packages() {
    for (id, path) in PATHS {
        let cataloger = scripting().find(|c| c.id() == *id).expect("registered");
        for (what, content) in hostile() {
            let seen = observe(cataloger, path, &content);
            let is_unknown = seen.iter().any(|o| matches!(o, Observation::Unknown { .. }));
            let is_package = seen.iter().any(|o| matches!(o, Observation::Package(_)));
            let is_empty = content.iter().all(u8::is_ascii_whitespace);
            assert!(is_unknown || is_empty, "{id}: {what} passed for clean");
            assert!(!is_package, "{id}: {what} gave a package");
        }
    }
}

#[test]
fn many_entries_are_read_once_each() {
    let count = 30_000;
    let mut lock = r#"{"lockfileVersion":3,"packages":{"":{}"#.to_owned();
    for n in 0..count {
        let _ = write!(lock, r#","node_modules/p{n}":{{"version":"1.0.{n}","dependencies":{{"p{}":"*"}}}}"#, n + 1);
    }
    lock.push_str("}}");
    let cataloger = scripting().find(|c| c.id() == "javascript-package-lock").expect("registered");
    assert_eq!(observe(cataloger, "package-lock.json", lock.as_bytes()).len(), count);
    let yarn: String = (0..count).map(|n| format!("p{n}@1:\n  version \"1.0.{n}\"\n\n")).collect();
    let cataloger = scripting().find(|c| c.id() == "javascript-yarn").expect("registered");
    assert_eq!(observe(cataloger, "yarn.lock", yarn.as_bytes()).len(), count);
}
