//! Rust programs built with cargo-auditable: the list of crates in their `.dep-v0` section.

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem::Finder;
use seawall_model::{Dependency, Ecosystem, Package, Recognition, Scope, UnknownKind};
use serde::Deserialize;

use crate::elf::{Window, Windows};
use crate::unit::{Cataloger, File, Observer, Scanner, Want};

/// Crates of Rust programs.
///
/// The section is a zlib stream of JSON. It stands long before the section table that names it, so in a stream it is
/// recognised by itself: each zlib header (two bytes that are rare among constants) is tried, and most attempts end within
/// its first bytes, since what they give does not begin like the list.
#[derive(Debug)]
pub(crate) struct RustAuditable;

impl Cataloger for RustAuditable {
    fn id(&self) -> &'static str {
        "rust-auditable"
    }
    fn version(&self) -> u32 {
        1
    }
    fn about(&self) -> &'static str {
        "Crates that cargo-auditable listed inside Rust programs"
    }
    fn specification(&self) -> &'static str {
        "https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md"
    }
    fn wants(&self) -> &'static [Want] {
        super::program::EXECUTABLES
    }
    fn catalog(&self, _: &File<'_>, _: &mut Observer<'_>) {}
    fn scanner(&self) -> Option<Box<dyn Scanner>> {
        Some(Box::new(Search {
            windows: Windows::new(OVERLAP),
            found: Found {
                headers: [Finder::new(b"\x78\xda"), Finder::new(b"\x78\x9c"), Finder::new(b"\x78\x01")],
                attempts: 0,
                open: None,
                done: Vec::new(),
            },
        }))
    }
}

/// Enough of a compressed list to see how its text begins.
const OVERLAP: usize = 512;
/// A list larger than this is cut off; a program of a thousand crates needs 100 KiB.
const MAX_TEXT: usize = 8 << 20;
/// More zlib headers than this in one file are not tried.
const MAX_ATTEMPTS: usize = 100_000;

struct Search {
    windows: Windows,
    found: Found,
}

struct Found {
    headers: [Finder<'static>; 3],
    attempts: usize,
    open: Option<Stream>,
    done: Vec<Stream>,
}

struct Stream {
    inflate: Decompress,
    /// Offset in the file of what comes next.
    next: u64,
    text: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    More,
    Whole,
    Broken,
    TooLarge,
}

impl Stream {
    /// Inflates on, until the output holds `enough` bytes.
    fn inflate(&mut self, mut input: &[u8], enough: usize) {
        let mut out = [0; 4096];
        while self.state == State::More && self.text.len() < enough {
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(input, &mut out, FlushDecompress::None);
            let used = usize::try_from(self.inflate.total_in().saturating_sub(before_in)).unwrap_or(usize::MAX);
            let made = usize::try_from(self.inflate.total_out().saturating_sub(before_out)).unwrap_or(usize::MAX);
            input = input.get(used..).unwrap_or_default();
            self.next = self.next.saturating_add(used as u64);
            self.text.extend_from_slice(out.get(..made).unwrap_or_default());
            self.state = match status {
                Ok(Status::StreamEnd) => State::Whole,
                Err(_) => State::Broken,
                _ if self.text.len() > MAX_TEXT => State::TooLarge,
                _ if used == 0 && made == 0 => return,
                _ => State::More,
            };
        }
    }

    fn begins_like_a_list(&self) -> bool {
        let head = self.text.get(..64).unwrap_or(&self.text);
        head.starts_with(b"{\"packages\":[")
            || (head.starts_with(b"{") && memchr::memmem::find(head, b"\"packages\"").is_some())
    }
}

impl Found {
    fn window(&mut self, window: &Window<'_>) {
        if let Some(stream) = &mut self.open {
            if stream.next >= window.offset {
                stream.inflate(window.from(stream.next), usize::MAX);
            } else {
                stream.state = State::Broken;
            }
            if stream.state == State::More {
                return;
            }
            self.done.extend(self.open.take());
        }
        if !self.done.is_empty() {
            return;
        }
        for header in &self.headers {
            for at in header.find_iter(window.bytes).take_while(|at| *at < window.starts) {
                self.attempts = self.attempts.saturating_add(1);
                if self.attempts > MAX_ATTEMPTS {
                    return;
                }
                let mut stream = Stream {
                    inflate: Decompress::new(true),
                    next: window.at(at),
                    text: Vec::new(),
                    state: State::More,
                };
                stream.inflate(window.from(window.at(at)), 64);
                if stream.begins_like_a_list() {
                    stream.inflate(window.from(stream.next), usize::MAX);
                    match stream.state {
                        State::More => self.open = Some(stream),
                        _ => self.done.push(stream),
                    }
                    return;
                }
            }
        }
    }
}

impl Scanner for Search {
    fn feed(&mut self, chunk: &[u8]) {
        let found = &mut self.found;
        self.windows.feed(chunk, &mut |window| found.window(window));
    }

    fn finish(mut self: Box<Self>, _: &File<'_>, seen: &mut Observer<'_>) {
        let found = &mut self.found;
        self.windows.finish(&mut |window| found.window(window));
        if found.attempts > MAX_ATTEMPTS {
            seen.unknown(
                UnknownKind::Limit,
                format_args!("more than {MAX_ATTEMPTS} zlib streams: a list of crates may be missed"),
            );
        }
        for stream in found.done.iter().chain(&found.open) {
            match stream.state {
                State::Whole => report(&stream.text, seen),
                State::TooLarge => seen.unknown(UnknownKind::Limit, "the list of crates is larger than 8 MiB"),
                State::More | State::Broken => seen.unknown(UnknownKind::Malformed, "the list of crates breaks off"),
            }
        }
    }
}

#[derive(Deserialize)]
struct List {
    packages: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    name: String,
    version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    dependencies: Vec<usize>,
    #[serde(default)]
    root: bool,
}

fn report(text: &[u8], seen: &mut Observer<'_>) {
    let list: List = match serde_json::from_slice(text) {
        Ok(list) => list,
        Err(error) => return seen.unknown(UnknownKind::Malformed, format_args!("list of crates: {error}")),
    };
    let package = |listed: &Listed| Package::new(Ecosystem::Cargo, &listed.name, &listed.version);
    let root = list.packages.iter().find(|p| p.root).map(|p| package(p).purl());
    for listed in &list.packages {
        let mut found = package(listed);
        found.scope = if listed.kind == "build" { Scope::Development } else { Scope::Runtime };
        found.contained_in = root.clone().filter(|_| !listed.root);
        found.dependencies = listed
            .dependencies
            .iter()
            .filter_map(|index| list.packages.get(*index))
            .map(|d| Dependency { name: d.name.clone(), version: Some(d.version.clone()) })
            .collect();
        seen.package(Recognition::BuildInformation, found);
    }
}
