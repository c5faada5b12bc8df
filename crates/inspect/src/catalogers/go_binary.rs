//! Go programs: the build information that the linker writes into each of them.

use regex::Regex;
use seawall_model::{Ecosystem, Package, Recognition, UnknownKind};
use std::sync::LazyLock;

use crate::elf::{Segment, Window, Windows, segments};
use crate::markers::Markers;
use crate::unit::{Cataloger, File, Observer, Scanner, Want};

/// Modules of Go programs.
///
/// The information is found by its 16-byte header wherever it stands. Since Go 1.18 the compiler's version and the module
/// list follow inline. Before, the header holds addresses; the module list is then found by the sentinels that frame it, and
/// the version among the `go1.…` strings seen so far, by following the address, or because there is only one.
///
/// The main module's version is what the build information says; where that is `(devel)`, a `-X …version=` linker flag
/// is taken if all such flags agree, else the version stays empty. The standard library is the package `stdlib`, its
/// version without the `go` prefix.
#[derive(Debug)]
pub(crate) struct GoBinary;

impl Cataloger for GoBinary {
    fn id(&self) -> &'static str {
        "go-binary"
    }
    fn version(&self) -> u32 {
        1
    }
    fn about(&self) -> &'static str {
        "Modules and Go version from the build information inside Go programs (ELF, PE, Mach-O)"
    }
    fn specification(&self) -> &'static str {
        "https://pkg.go.dev/debug/buildinfo"
    }
    fn wants(&self) -> &'static [Want] {
        super::program::EXECUTABLES
    }
    fn catalog(&self, _: &File<'_>, _: &mut Observer<'_>) {}
    fn scanner(&self) -> Option<Box<dyn Scanner>> {
        Some(Box::new(Search { windows: Windows::new(OVERLAP), found: Found::new() }))
    }
}

const OVERLAP: usize = 256;
/// A module list longer than this is cut off; the largest known programs stay below 200 KiB.
const MAX_MODULES: usize = 4 << 20;
/// Strings that may be the version of an old compiler; more than this are not remembered.
const MAX_CANDIDATES: usize = 4096;
const BEGIN: &[u8; 16] = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const END: &[u8; 16] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

/// What is looked for: the header, the sentinel before a module list, and what may be the version of an old compiler.
static MARKERS: LazyLock<Markers> = LazyLock::new(|| Markers::new(&[&b"\xff Go buildinf:"[..], BEGIN, b"go1."]));
const HEADER: usize = 0;
const LIST: usize = 1;

struct Search {
    windows: Windows,
    found: Found,
}

struct Found {
    segments: Option<Vec<Segment>>,
    /// Inline information: everything from its header's end on.
    inline: Option<(Vec<u8>, u64)>,
    /// Module list between sentinels, where no inline information came yet.
    framed: Option<(Vec<u8>, u64)>,
    candidates: Vec<(u64, Vec<u8>)>,
    /// Offset of the version's string header, pointer size and byte order of an old program.
    old: Option<(u64, usize, bool)>,
    old_version: Option<(u64, u64)>,
}

impl Found {
    fn new() -> Self {
        Self { segments: None, inline: None, framed: None, candidates: Vec::new(), old: None, old_version: None }
    }

    fn window(&mut self, window: &Window<'_>) {
        if self.segments.is_none() {
            self.segments = Some(segments(window.bytes));
        }
        if let Some(capture) = &mut self.inline {
            if string(&capture.0).is_none_or(|(_, rest)| string(rest).is_none()) {
                grow(capture, window);
            }
            return;
        }
        if let Some(capture) = &mut self.framed
            && memchr::memmem::find(&capture.0, END).is_none()
        {
            grow(capture, window);
        }
        let mut headers = Vec::new();
        let mut begin = None;
        let mut versions = Vec::new();
        let begins_list = |at: usize| {
            // The runtime keeps the sentinels themselves as well: what follows must be a module list.
            window.bytes.get(at + 16..).is_some_and(|b| b.starts_with(b"path\t") || b.starts_with(b"mod\t"))
        };
        MARKERS.each(window.bytes, window.starts, |marker, found| match marker {
            HEADER => headers.push(found.start),
            LIST if begin.is_none() && begins_list(found.start) => begin = Some(found.start),
            LIST => {}
            _ => versions.push(found.start),
        });
        for at in headers.into_iter().filter(|at| window.at(*at).is_multiple_of(16)) {
            self.on_header(window, window.at(at), window.bytes.get(at..).unwrap_or_default());
        }
        if self.inline.is_some() {
            return;
        }
        if self.framed.is_none()
            && let Some(at) = begin
        {
            let mut capture = (Vec::new(), window.at(at));
            grow(&mut capture, window);
            self.framed = Some(capture);
        }
        for at in versions {
            if self.candidates.len() < MAX_CANDIDATES {
                let bytes = window.bytes.get(at..).unwrap_or_default();
                self.candidates.push((window.at(at), bytes.iter().take(24).copied().collect()));
            }
        }
        if let (Some((offset, size, big)), None) = (self.old, self.old_version)
            && offset >= window.offset
            && let bytes = window.from(offset)
            && let (Some(address), Some(length)) = (number(bytes, 0, size, big), number(bytes, size, size, big))
        {
            self.old_version = self.offset_of(address).map(|offset| (offset, length));
        }
    }

    fn on_header(&mut self, window: &Window<'_>, offset: u64, bytes: &[u8]) {
        let (Some(size), Some(flags)) = (bytes.get(14), bytes.get(15)) else { return };
        if flags & 2 != 0 {
            if bytes.get(33..).is_some_and(|b| b.starts_with(b"go") || b.starts_with(b"devel")) {
                let mut capture = (Vec::new(), offset.saturating_add(32));
                grow(&mut capture, window);
                self.inline = Some(capture);
            }
        } else if matches!(size, 4 | 8) {
            let (size, big) = (usize::from(*size), flags & 1 != 0);
            if let Some(address) = number(bytes, 16, size, big)
                && let Some(offset) = self.offset_of(address)
            {
                self.old = Some((offset, size, big));
            }
        }
    }

    fn offset_of(&self, address: u64) -> Option<u64> {
        let segments = self.segments.as_ref()?;
        let segment = segments.iter().find(|s| address >= s.address && address - s.address < s.size)?;
        segment.offset.checked_add(address - segment.address)
    }

    /// The version of an old compiler.
    fn version(&self) -> Option<String> {
        if let Some((offset, length)) = self.old_version
            && let Some((_, bytes)) = self.candidates.iter().find(|(at, _)| *at == offset)
            && let Some(text) = usize::try_from(length).ok().and_then(|n| bytes.get(..n))
        {
            return String::from_utf8(text.to_vec()).ok();
        }
        static VERSION: LazyLock<regex::bytes::Regex> =
            LazyLock::new(|| regex::bytes::Regex::new(r"^go1\.[0-9]{1,2}(\.[0-9]{1,2})?").expect("a valid expression"));
        let mut all: Vec<_> =
            self.candidates.iter().filter_map(|(_, b)| VERSION.find(b)).map(|m| m.as_bytes()).collect();
        all.sort_unstable();
        all.dedup();
        match all.as_slice() {
            [one] => Some(String::from_utf8_lossy(one).into_owned()),
            _ => None,
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
        if let Some((bytes, _)) = &found.inline {
            match inline(bytes) {
                Some((version, modules)) => report(Some(&version), &modules, seen),
                None => seen.unknown(UnknownKind::Malformed, "go build information is cut off"),
            }
        } else if let Some((bytes, _)) = &found.framed {
            let modules = bytes.get(16..).unwrap_or_default();
            match memchr::memmem::find(modules, END) {
                Some(end) => {
                    let text = String::from_utf8_lossy(modules.get(..end).unwrap_or_default());
                    report(found.version().as_deref(), &text, seen);
                }
                None => seen.unknown(UnknownKind::Malformed, "go module list is cut off"),
            }
        } else if let Some(version) = found.old.is_some().then(|| found.version()).flatten() {
            report(Some(&version), "", seen);
        }
    }
}

/// Adds what the window holds beyond what was captured.
fn grow(capture: &mut (Vec<u8>, u64), window: &Window<'_>) {
    let (bytes, start) = capture;
    let next = start.saturating_add(bytes.len() as u64);
    if next >= window.offset {
        let room = MAX_MODULES.saturating_sub(bytes.len());
        bytes.extend(window.from(next).iter().take(room));
    }
}

fn number(bytes: &[u8], at: usize, size: usize, big: bool) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(size)?)?;
    let join = |all: u64, byte: &u8| (all << 8) | u64::from(*byte);
    Some(if big { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
}

/// Version and module list of inline build information.
fn inline(bytes: &[u8]) -> Option<(String, String)> {
    let (version, rest) = string(bytes)?;
    let (modules, _) = string(rest)?;
    // The list is framed by a sentinel of 16 bytes on either side; a program built without modules has none.
    let modules = modules.get(16..modules.len().saturating_sub(16)).unwrap_or_default();
    Some((String::from_utf8_lossy(version).into_owned(), String::from_utf8_lossy(modules).into_owned()))
}

/// A string with its length as an unsigned LEB128 number before it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0u64;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        length |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(usize::try_from(length).ok()?);
        }
    }
    None
}

fn report(version: Option<&str>, modules: &str, seen: &mut Observer<'_>) {
    let mut packages: Vec<(bool, Package)> = Vec::new();
    let mut flags = String::new();
    for line in modules.lines() {
        let mut fields = line.split('\t');
        let (kind, name, version) = (fields.next(), fields.next().unwrap_or(""), fields.next().unwrap_or(""));
        match kind {
            Some("mod" | "dep") if !name.is_empty() => {
                packages.push((kind == Some("mod"), module(name, version)));
            }
            // The replacement of the module in the line before.
            Some("=>") if !name.is_empty() => {
                if let Some((_, last)) = packages.last_mut() {
                    // A folder has no version of its own: the module keeps its name and loses its version.
                    *last = if version.is_empty() { module(&last.name, "") } else { module(name, version) };
                }
            }
            Some("build") if name.starts_with("-ldflags=") => flags = name.to_owned(),
            _ => {}
        }
    }
    let mut main = packages.iter().position(|(main, _)| *main).map(|at| packages.remove(at).1);
    if let Some(main) = main.as_mut().filter(|m| m.version.is_empty()) {
        main.version = flag_version(&flags, &main.name).unwrap_or_default();
    }
    let container = main.as_ref().map(Package::purl);
    let compiler = version.and_then(|v| v.strip_prefix("go")).and_then(|v| v.split([' ', '\t']).next());
    match compiler.filter(|v| v.starts_with(|c: char| c.is_ascii_digit())) {
        Some(version) => packages.push((false, Package::new(Ecosystem::Golang, "stdlib", version))),
        None => seen.unknown(
            UnknownKind::Unsupported,
            format_args!("go version is not known ({}): its standard library is not listed", version.unwrap_or("none")),
        ),
    }
    for mut package in main.into_iter().chain(packages.into_iter().map(|(_, p)| p)) {
        package.contained_in = container.clone().filter(|c| *c != package.purl());
        seen.package(Recognition::BuildInformation, package);
    }
}

fn module(name: &str, version: &str) -> Package {
    Package::new(Ecosystem::Golang, name, if version == "(devel)" { "" } else { version })
}

/// The version that linker flags set (`-X main.version=1.2.3`), if they set just one in the main module.
fn flag_version(flags: &str, main: &str) -> Option<String> {
    static SET: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"-X[ =]['"\\]*([^\s'"=]+)\.(?i:(?:app|build|git|release)?_?version)=v?([0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)"#)
            .expect("a valid expression")
    });
    let mut versions: Vec<&str> = SET
        .captures_iter(flags)
        .filter_map(|c| Some((c.get(1)?.as_str(), c.get(2)?.as_str())))
        .filter(|(package, _)| *package == "main" || package.starts_with(main))
        .map(|(_, version)| version)
        .collect();
    versions.dedup();
    match versions.as_slice() {
        [one] => Some(format!("v{one}")),
        _ => None,
    }
}
