//! Rust programs built with cargo-auditable: the list of crates in their `.dep-v0` section.

use std::sync::LazyLock;

use flate2::{Decompress, FlushDecompress, Status};
use seawall_model::{Dependency, Ecosystem, Package, Recognition, Scope, UnknownKind};
use serde::Deserialize;

use crate::elf::{Window, Windows};
use crate::markers::Markers;
use crate::unit::{Cataloger, File, Observer, Scanner, Want};

/// Crates of Rust programs.
///
/// The section is a zlib stream of JSON. It stands long before the section table that names it, so in a stream it is
/// recognised by itself: each zlib header (two bytes that are rare among constants) is looked at. Most are told by the bits
/// behind them to begin no text of that kind; of the others the beginning is inflated.
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
            found: Found { attempts: 0, spare: None, open: None, done: Vec::new() },
        }))
    }
}

/// Enough of a compressed list to see how its text begins.
const OVERLAP: usize = 512;
/// A list larger than this is cut off; a program of a thousand crates needs 100 KiB.
const MAX_TEXT: usize = 8 << 20;
/// More zlib headers than this in one file are not tried.
const MAX_ATTEMPTS: usize = 100_000;

/// The first two bytes of a zlib stream, at the levels that writers use.
static HEADERS: LazyLock<Markers> = LazyLock::new(|| Markers::new(&[b"\x78\xda", b"\x78\x9c", b"\x78\x01"]));

struct Search {
    windows: Windows,
    found: Found,
}

struct Found {
    attempts: usize,
    /// An inflater that can be used again: an attempt reads far less than what one allocates.
    spare: Option<Decompress>,
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
        HEADERS.each(window.bytes, window.starts, |_, found| self.attempt(window, found.start));
    }

    /// Tries the zlib header at a position of the window, where nothing was found yet.
    fn attempt(&mut self, window: &Window<'_>, at: usize) {
        if self.open.is_some() || !self.done.is_empty() || self.attempts > MAX_ATTEMPTS {
            return;
        }
        self.attempts = self.attempts.saturating_add(1);
        let bytes = window.from(window.at(at));
        if self.attempts > MAX_ATTEMPTS || !begins_with_brace(bytes) {
            return;
        }
        let mut inflate = self.spare.take().unwrap_or_else(|| Decompress::new(true));
        inflate.reset(true);
        let mut stream = Stream { inflate, next: window.at(at), text: Vec::new(), state: State::More };
        stream.inflate(bytes, 64);
        if !stream.begins_like_a_list() {
            self.spare = Some(stream.inflate);
            return;
        }
        stream.inflate(window.from(stream.next), usize::MAX);
        match stream.state {
            State::More => self.open = Some(stream),
            _ => self.done.push(stream),
        }
    }
}

/// Whether a zlib stream ([RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)) may begin with `{`, by the first bits of its
/// first block ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951), 3.2). Says yes where too few of them are there.
fn begins_with_brace(stream: &[u8]) -> bool {
    let Some(head) = stream.get(2..18).and_then(|b| <[u8; 16]>::try_from(b).ok()) else { return true };
    let bits = u128::from_le_bytes(head);
    let field = |from: u32, length: u32| u32::try_from((bits >> from) & ((1 << length) - 1)).unwrap_or(0);
    match field(1, 2) {
        // Stored: from the next byte on, the length, the same inverted, and the text. An empty block says nothing.
        0 => field(8, 16) ^ field(24, 16) == 0xffff && (field(8, 16) == 0 || field(40, 8) == u32::from(b'{')),
        // Fixed codes: that of `{` has the bits 10101011, the first one lowest; the end of the block has seven zeros.
        1 => field(3, 8) == 0b1101_0101 || field(3, 7) == 0,
        // Dynamic codes: at most 286 and 30 of them, and the lengths of their lengths, three bits each, make a whole code.
        2 => {
            let lengths = (0..field(13, 4) + 4).map(|at| field(17 + 3 * at, 3)).filter(|length| *length > 0);
            let sum: u32 = lengths.map(|length| 128_u32 >> length).sum();
            field(3, 5) <= 29 && field(8, 5) <= 29 && sum == 128
        }
        _ => false,
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::ZlibEncoder};

    use super::*;

    #[test]
    fn what_is_passed_over_never_begins_with_a_brace() {
        for level in 0..=9 {
            for count in [0, 1, 5, 300] {
                let item = r#"{"name":"a","version":"1.2.3"}"#;
                let text = format!("{{\"packages\":[{}]}}", vec![item; count].join(","));
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
                encoder.write_all(text.as_bytes()).unwrap();
                assert!(begins_with_brace(&encoder.finish().unwrap()), "{level} {count}");
            }
        }
        // Of noise, what is passed over inflates to nothing that begins so.
        let mut state = 7u64;
        let mut passed_over = 0;
        for _ in 0..200_000 {
            let mut bytes = vec![0x78, 0x9c];
            for _ in 0..8 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                bytes.extend(state.to_le_bytes());
            }
            if !begins_with_brace(&bytes) {
                passed_over += 1;
                let mut out = [0; 64];
                let mut inflate = Decompress::new(true);
                let _ = inflate.decompress(&bytes, &mut out, FlushDecompress::None);
                assert!(inflate.total_out() == 0 || out[0] != b'{', "{bytes:?}");
            }
        }
        assert!(passed_over > 190_000, "{passed_over}");
    }
}
