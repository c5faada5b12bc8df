//! The layer table of ARCHITECTURE.md, and the sizes of files.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Room, and the rooms that it may depend on.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("io", &["model"]),
    ("target", &["model", "io"]),
    ("inspect", &["model", "io", "target"]),
    ("advisory", &["model", "io"]),
    ("detect", &["model", "advisory"]),
    ("decide", &["model"]),
    ("rules", &["model"]),
    ("report", &["model"]),
    ("sensor", &["model", "io", "rules", "decide"]),
    ("sink", &["model", "io"]),
    ("view", &["model"]),
    ("engine", &["model", "io", "target", "inspect", "advisory", "detect", "decide", "report"]),
    (
        "seawall",
        &[
            "model", "io", "target", "inspect", "advisory", "detect", "decide", "report", "engine", "rules", "sensor",
            "sink", "view",
        ],
    ),
    ("testkit", &[]),
];

/// Files that may be longer, each with its reason.
const LONG: &[(&str, &str)] =
    &[("cel/check.rs", "the type rules of one language, walked once: a reader compares them side by side")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names under `[dependencies]`.
fn dependencies(room: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("crates").join(room).join("Cargo.toml")).expect("a manifest");
    let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|l| l.split(['.', ' ', '=']).next())
        .filter(|n| !n.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn rooms_depend_only_on_what_the_table_allows() {
    let table: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    for entry in std::fs::read_dir(root().join("crates")).expect("a folder") {
        let room = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let allowed = table.get(room.as_str()).unwrap_or_else(|| panic!("{room} is not in the layer table"));
        for dependency in dependencies(&room) {
            if let Some(other) = dependency.strip_prefix("seawall-") {
                assert!(allowed.contains(&other), "{room} must not depend on {other}");
            }
            let asynchronous = dependency == "tokio" || dependency == "async-std";
            assert!(!asynchronous, "{room} depends on an async runtime");
        }
    }
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn files_are_small_and_never_called_mod() {
    let mut lengths = Vec::new();
    for (room, _) in LAYERS {
        let mut files = Vec::new();
        rust_files(&root().join("crates").join(room).join("src"), &mut files);
        for file in files {
            assert!(file.file_name().is_some_and(|n| n != "mod.rs"), "{} is a mod.rs", file.display());
            let text = std::fs::read_to_string(&file).expect("readable");
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().lines().count();
            let excused = LONG.iter().any(|(name, reason)| file.ends_with(name) && !reason.is_empty());
            assert!(
                code <= 450 || excused,
                "{} has {code} lines without tests: is it one room or several?",
                file.display()
            );
            lengths.push(code);
        }
    }
    lengths.sort_unstable();
    let median = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    assert!(median <= 160, "the median file has {median} lines");
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut pages = vec![root().join("README.md"), root().join("ARCHITECTURE.md"), root().join("CONTRIBUTING.md")];
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("readable");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(' ') {
                continue;
            }
            let target = page.parent().unwrap_or(Path::new(".")).join(file);
            assert!(target.exists(), "{}: {link} leads nowhere", page.display());
        }
    }
}
