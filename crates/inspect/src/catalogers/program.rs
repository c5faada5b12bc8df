//! Programs that no package manager knows, by their own version strings.

mod table;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use regex::bytes::Regex as ByteRegex;
use seawall_model::{Ecosystem, Package, Recognition};

use crate::elf::{Window, Windows};
use crate::markers::Markers;
use crate::unit::{Cataloger, File, Files, Need, Observer, Scanner, Want};
use table::{ROWS, Row};

/// Programs recognised by their own version strings; never by a file's name alone.
///
/// One vector search over the constants of a program finds the markers of all rows of the table at once; only what follows
/// a marker is looked at by an expression.
#[derive(Debug)]
pub(crate) struct Program;

/// ELF, PE and 64-bit Mach-O files, as a stream.
pub(crate) const EXECUTABLES: &[Want] = &[
    Want { files: Files::Magic(b"\x7fELF"), need: Need::Stream },
    Want { files: Files::Magic(b"MZ"), need: Need::Stream },
    Want { files: Files::Magic(b"\xcf\xfa\xed\xfe"), need: Need::Stream },
];

impl Cataloger for Program {
    fn id(&self) -> &'static str {
        "program"
    }
    fn version(&self) -> u32 {
        1
    }
    fn about(&self) -> &'static str {
        "Programs (node, python, nginx, openssl, …) recognised by the version strings inside them"
    }
    fn specification(&self) -> &'static str {
        "https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html"
    }
    fn wants(&self) -> &'static [Want] {
        EXECUTABLES
    }
    fn catalog(&self, _: &File<'_>, _: &mut Observer<'_>) {}
    fn scanner(&self) -> Option<Box<dyn Scanner>> {
        Some(Box::new(Search { windows: Windows::new(OVERLAP), found: Found::default() }))
    }
}

/// The longest marker and what its expression needs behind it.
const OVERLAP: usize = 256;
/// Different versions kept for one row.
const MAX_VERSIONS: usize = 64;

struct Recogniser {
    /// Markers, each once, in the order of their ids.
    markers: Markers,
    /// Rows of each marker.
    rows: Vec<Vec<usize>>,
    /// For each row, the expression of the version and that of the file's name.
    expressions: Vec<(ByteRegex, Option<Regex>)>,
}

static RECOGNISER: LazyLock<Recogniser> = LazyLock::new(|| {
    let mut markers: Vec<&str> = Vec::new();
    let mut rows: Vec<Vec<usize>> = Vec::new();
    for (index, row) in ROWS.iter().enumerate() {
        match markers.iter().position(|m| *m == row.marker).and_then(|at| rows.get_mut(at)) {
            Some(rows) => rows.push(index),
            None => {
                markers.push(row.marker);
                rows.push(vec![index]);
            }
        }
    }
    Recogniser { markers: Markers::new(&markers), rows, expressions: ROWS.iter().map(expressions).collect() }
});

fn expressions(row: &Row) -> (ByteRegex, Option<Regex>) {
    let then = ByteRegex::new(&format!("^(?:{})", row.then)).expect("the expressions of the table are valid");
    let file = (!row.file.is_empty()).then(|| Regex::new(row.file).expect("the expressions of the table are valid"));
    (then, file)
}

#[derive(Default)]
struct Found {
    /// Versions of each row that fits so far.
    versions: BTreeMap<usize, Vec<String>>,
}

impl Found {
    fn window(&mut self, window: &Window<'_>) {
        let recogniser = &*RECOGNISER;
        recogniser.markers.each(window.bytes, window.starts, |marker, found| {
            let after = window.bytes.get(found.end..).unwrap_or_default();
            let after = after.get(..OVERLAP).unwrap_or(after);
            for &row in recogniser.rows.get(marker).map_or(&[][..], Vec::as_slice) {
                self.fits(row, after);
            }
        });
    }

    fn fits(&mut self, index: usize, after: &[u8]) {
        let (Some(row), Some((then, _))) = (ROWS.get(index), RECOGNISER.expressions.get(index)) else { return };
        let Some(version) = then.captures(after).and_then(|c| c.get(1)) else { return };
        let mut version = String::from_utf8_lossy(version.as_bytes()).into_owned();
        // Markers such as `\0` `3.` are the beginning of the version itself.
        if let Some(begin) = row.marker.strip_prefix('\0').filter(|m| m.starts_with(|c: char| c.is_ascii_digit())) {
            version.insert_str(0, begin);
        } else if row.marker == "\0v5." {
            version.insert_str(0, "5.");
        }
        let versions = self.versions.entry(index).or_default();
        if versions.len() < MAX_VERSIONS && !versions.contains(&version) {
            versions.push(version);
        }
    }
}

struct Search {
    windows: Windows,
    found: Found,
}

impl Scanner for Search {
    fn feed(&mut self, chunk: &[u8]) {
        let found = &mut self.found;
        self.windows.feed(chunk, &mut |window| found.window(window));
    }

    fn finish(mut self: Box<Self>, file: &File<'_>, seen: &mut Observer<'_>) {
        let found = &mut self.found;
        self.windows.finish(&mut |window| found.window(window));
        let mut best: BTreeMap<&str, String> = BTreeMap::new();
        for (index, versions) in &found.versions {
            let (Some(row), Some((_, name))) = (ROWS.get(*index), RECOGNISER.expressions.get(*index)) else { continue };
            let begins = match name.as_ref().map(|n| n.captures(file.name())) {
                None => None,
                Some(None) => continue,
                Some(Some(captures)) => captures.get(1).map(|group| format!("{}.", group.as_str())),
            };
            for version in versions.iter().filter(|v| begins.as_ref().is_none_or(|b| v.starts_with(b.as_str()))) {
                let best = best.entry(row.name).or_default();
                if numbers(version) > numbers(best) {
                    best.clone_from(version);
                }
            }
        }
        for (name, version) in best {
            seen.package(Recognition::VersionString, Package::new(Ecosystem::Generic, name, version));
        }
    }
}

fn numbers(version: &str) -> Vec<u64> {
    version.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_sound() {
        if cfg!(target_arch = "x86_64") {
            assert!(RECOGNISER.markers.is_vector(), "the markers fit one vector search");
        }
        for (row, (then, _)) in ROWS.iter().zip(&RECOGNISER.expressions) {
            assert!(row.marker.len() > 1 && row.marker.len() < OVERLAP, "{row:?}");
            assert!(then.captures_len() == 2, "{row:?} has one group, the version");
        }
    }
}
