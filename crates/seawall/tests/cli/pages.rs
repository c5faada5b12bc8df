//! The commands of README.md and docs/guides/ are run. A block of shell commands stands below one of
//!
//! - `<!-- test -->`: it ends with 0;
//! - `<!-- test: exit N -->`: it ends with N;
//! - `<!-- not run: REASON -->`.
//!
//! It finds `image/`, `image.tar` and the database of the demo, and `examples/`.

use std::path::{Path, PathBuf};

use crate::home::Home;

/// What a page says of one of its blocks.
#[derive(Debug, PartialEq)]
enum Mark {
    Exit(i32),
    NotRun,
    Missing,
}

fn mark(line: &str) -> Mark {
    let Some(inner) = line.trim().strip_prefix("<!-- ").and_then(|l| l.strip_suffix(" -->")) else {
        return Mark::Missing;
    };
    match inner.split_once(": ") {
        None if inner == "test" => Mark::Exit(0),
        Some(("test", code)) => {
            code.strip_prefix("exit ").and_then(|c| c.parse().ok()).map_or(Mark::Missing, Mark::Exit)
        }
        Some(("not run", reason)) if !reason.is_empty() => Mark::NotRun,
        _ => Mark::Missing,
    }
}

/// The blocks of a page, each with its mark and its first line's number.
fn blocks(text: &str) -> Vec<(usize, Mark, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, l)| **l == "```sh") {
        let body: Vec<&str> = lines.iter().skip(at + 1).take_while(|l| **l != "```").copied().collect();
        let above = at.checked_sub(1).and_then(|i| lines.get(i)).copied().unwrap_or_default();
        debug_assert_eq!(*line, "```sh");
        found.push((at + 1, mark(above), body.join("\n")));
    }
    found
}

#[test]
fn marks_are_read() {
    assert_eq!(mark("<!-- test -->"), Mark::Exit(0));
    assert_eq!(mark("<!-- test: exit 3 -->"), Mark::Exit(3));
    assert_eq!(mark("<!-- not run: needs the network -->"), Mark::NotRun);
    for wrong in ["", "<!-- tested -->", "<!-- test: 3 -->", "<!-- not run: -->"] {
        assert_eq!(mark(wrong), Mark::Missing, "{wrong}");
    }
}

#[test]
fn commands_of_the_pages_do_what_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root.join("docs/guides"))
        .expect("guides")
        .map(|e| e.expect("an entry").path())
        .chain([root.join("README.md")])
        .collect();
    pages.sort();
    let binaries = Path::new(env!("CARGO_BIN_EXE_seawall")).parent().expect("a folder");
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::env::join_paths([binaries.to_owned()].into_iter().chain(std::env::split_paths(&paths)));
    let paths = paths.expect("a search path");
    let mut run = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).expect("readable");
        let home = Home::demo();
        std::fs::create_dir(home.path("examples")).expect("writable");
        std::os::unix::fs::symlink(root.join("examples/policies"), home.path("examples/policies")).expect("a link");
        for (line, mark, script) in blocks(&text) {
            let place = format!("{}:{line}", page.display());
            let Mark::Exit(expected) = mark else {
                assert_eq!(mark, Mark::NotRun, "{place}: say above the block whether a test runs it");
                continue;
            };
            let mut shell = std::process::Command::new("sh");
            shell.args(["-ec", &script]).current_dir(home.path("")).env_clear().env("PATH", &paths);
            shell.env("SEAWALL_CACHE", home.path("cache")).env("SEAWALL_DB", home.path("starter.db"));
            let output = shell.output().expect("a shell");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(expected), "{place}:\n{script}\n{said}");
            run += 1;
        }
    }
    assert!(run >= 6, "only {run} blocks were run");
}
