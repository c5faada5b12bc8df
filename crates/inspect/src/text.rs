//! Bounded reading of the text formats that several catalogers share: lines, JSON, YAML and TOML.
//!
//! Everything here is linear in the size of the file, bounded in depth, and lenient only where real files are sloppy
//! (a number for a text, an empty list for an empty map).

use std::borrow::Cow;

use seawall_model::UnknownKind;
use serde::Deserialize;

use crate::unit::{Need, Observer};

mod lenient;

pub(crate) use lenient::{Keys, Map, Maybe, Text, TextOr, Words};

/// What a lockfile may weigh.
pub(crate) const LOCKFILE: Need = Need::Content(64 << 20);
/// What the metadata of one package may weigh.
pub(crate) const METADATA: Need = Need::Content(4 << 20);
/// A longer line is not a line of any format that we read.
pub(crate) const MAX_LINE: usize = 64 << 10;
/// Names and versions longer than this are nobody's: registries stop at 214 or 256.
pub(crate) const MAX_NAME: usize = 512;

/// Real lockfiles of 64 MiB have a third of this many texts and maps; more would only fill the memory, since three bytes
/// (`{},`) can become two hundred.
const MAX_VALUES: usize = 4 << 20;
/// As much for maps and lists, which are what weighs.
const MAX_GROUPS: usize = 1 << 20;
/// The same for line-based formats, whose entries are as heavy; no more than this many are reported anyway.
pub(crate) const MAX_ENTRIES: usize = crate::unit::MAX_OBSERVATIONS;

/// The file as text: a byte order mark is taken off, UTF-16 (as some shells write it) is converted, and bytes that are
/// no text are replaced and said to be.
pub(crate) fn decode<'a>(content: &'a [u8], seen: &mut Observer<'_>) -> Cow<'a, str> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| unit(<[u8; 2]>::try_from(pair).unwrap_or_default()));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    let text = match content {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(wide(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(wide(rest, u16::from_be_bytes)),
        _ => String::from_utf8_lossy(without_mark(content)),
    };
    if matches!(&text, Cow::Owned(t) if t.contains(char::REPLACEMENT_CHARACTER)) {
        seen.unknown(UnknownKind::Malformed, "not valid UTF-8; the bytes that are not text were replaced");
    }
    text
}

/// The lines of a text with their numbers from one; lines over [`MAX_LINE`] are left out and said to be.
pub(crate) fn lines<'t>(text: &'t str, seen: &mut Observer<'_>) -> impl Iterator<Item = (usize, &'t str)> + use<'t> {
    let long = text.lines().filter(|l| l.len() > MAX_LINE).count();
    if long > 0 {
        seen.unknown(UnknownKind::Limit, format_args!("lines longer than {MAX_LINE} bytes: {long}"));
    }
    text.lines().enumerate().filter(|(_, l)| l.len() <= MAX_LINE).map(|(n, l)| (n.saturating_add(1), l))
}

/// Reads JSON; nesting is limited by the parser (128), and what the type does not name is skipped without being kept.
pub(crate) fn json<'a, T: Deserialize<'a>>(content: &'a [u8], seen: &mut Observer<'_>) -> Option<T> {
    if !is_bounded(content, 0, MAX_VALUES, seen) {
        return None;
    }
    said(serde_json::from_slice(without_mark(content)), seen)
}

/// Reads every document of a YAML file; depth, nodes and aliases are limited.
pub(crate) fn yaml<'a, T: Deserialize<'a>>(content: &'a [u8], seen: &mut Observer<'_>) -> Option<Vec<T>> {
    let budget = serde_saphyr::budget! {
        max_nodes: 2_000_000,
        max_events: 6_000_000,
        max_depth: 64,
        max_anchors: 1_000,
        max_aliases: 1_000,
        max_recorded_anchor_events: 100_000,
        max_merge_keys: 1_000,
        max_documents: 16,
    };
    let options = serde_saphyr::options! { budget: budget, with_snippet: false, strict_booleans: true };
    let text = match std::str::from_utf8(without_mark(content)) {
        Ok(text) => text,
        Err(error) => return said(Err(error), seen),
    };
    said(serde_saphyr::from_multiple_with_options(text, options), seen)
}

/// Reads TOML; nesting is limited by the parser (80).
pub(crate) fn toml<'a, T: Deserialize<'a>>(content: &'a [u8], seen: &mut Observer<'_>) -> Option<T> {
    // A value may stand on a line of its own, and weighs more: the parser keeps where each stands.
    let lines = memchr::memchr_iter(b'\n', content).count();
    if !is_bounded(content, lines, MAX_VALUES / 2, seen) {
        return None;
    }
    match std::str::from_utf8(without_mark(content)) {
        Ok(text) => {
            let read = ::toml::de::Deserializer::parse(text).and_then(T::deserialize);
            said(read.map_err(|e| e.message().to_owned()), seen)
        }
        Err(error) => said(Err(error), seen),
    }
}

/// Whether no more is in a file than its size lets expect. Counted before it is parsed, so that nothing has to be kept.
fn is_bounded(content: &[u8], lines: usize, most: usize, seen: &mut Observer<'_>) -> bool {
    let values = memchr::memchr_iter(b',', content).count().saturating_add(lines);
    let groups = memchr::memchr2_iter(b'{', b'[', content).count();
    let is_bounded = values <= most && groups <= MAX_GROUPS;
    if !is_bounded {
        seen.unknown(UnknownKind::Limit, format_args!("more than {most} values or {MAX_GROUPS} maps and lists"));
    }
    is_bounded
}

/// JSON with comments and trailing commas made plain JSON, offsets kept: what is not JSON becomes blanks.
pub(crate) fn plain_json(content: &[u8]) -> Vec<u8> {
    let mut out = without_mark(content).to_vec();
    let mut pending_comma = None;
    let mut at = 0;
    while let Some(&byte) = out.get(at) {
        let next = out.get(at.saturating_add(1)).copied();
        let end = match (byte, next) {
            (b'"', _) => {
                pending_comma = None;
                string_end(&out, at)
            }
            (b'/', Some(b'/')) => blank(&mut out, at, |rest| memchr::memchr(b'\n', rest)),
            (b'/', Some(b'*')) => {
                blank(&mut out, at, |rest| memchr::memmem::find(rest, b"*/").map(|n| n.saturating_add(2)))
            }
            _ => at.saturating_add(1),
        };
        match byte {
            b',' => pending_comma = Some(at),
            b']' | b'}' => {
                if let Some(comma) = pending_comma.take().and_then(|c: usize| out.get_mut(c)) {
                    *comma = b' ';
                }
            }
            b'/' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => pending_comma = None,
        }
        at = end;
    }
    out
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start.saturating_add(1);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at.saturating_add(1),
            b'\\' => at = at.saturating_add(2),
            _ => at = at.saturating_add(1),
        }
    }
    bytes.len()
}

fn blank(bytes: &mut [u8], start: usize, find: impl Fn(&[u8]) -> Option<usize>) -> usize {
    let rest = bytes.get_mut(start..).unwrap_or_default();
    let length = find(rest).unwrap_or(rest.len());
    rest.iter_mut().take(length).filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    start.saturating_add(length)
}

fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content)
}

fn said<T, E: std::fmt::Display>(read: Result<T, E>, seen: &mut Observer<'_>) -> Option<T> {
    read.map_err(|error| seen.unknown(UnknownKind::Malformed, error)).ok()
}

/// Whether one of the folders of this path has this name: what lies below `node_modules` was installed there, and a
/// lockfile that came along describes that package's own development.
pub(crate) fn is_inside(path: &str, folder: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|f| f == folder)
}

/// Whether this can be the name or version of a package; one that cannot is counted by the caller.
pub(crate) fn is_plausible(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME && !text.contains(char::is_control)
}

/// What can be reached from these nodes along the edges.
pub(crate) fn reachable(from: impl IntoIterator<Item = usize>, edges: &[Vec<usize>]) -> Vec<bool> {
    let mut reached = vec![false; edges.len()];
    let mut open: Vec<usize> = from.into_iter().collect();
    while let Some(node) = open.pop() {
        match reached.get_mut(node) {
            Some(mark) if !*mark => *mark = true,
            _ => continue,
        }
        open.extend(edges.get(node).into_iter().flatten());
    }
    reached
}

/// Counts what one file has of entries that could not be used, to say so once.
#[derive(Debug, Default)]
pub(crate) struct Unread {
    first: Option<String>,
    count: usize,
}

impl Unread {
    /// Counts one; the first is named.
    pub(crate) fn add(&mut self, what: impl std::fmt::Display) {
        self.first.get_or_insert_with(|| match what.to_string() {
            what if what.is_empty() => "(unnamed)".to_owned(),
            what => what.chars().take(120).collect(),
        });
        self.count = self.count.saturating_add(1);
    }

    /// Says what was counted, if anything was.
    pub(crate) fn say(self, kind: UnknownKind, what: &str, seen: &mut Observer<'_>) {
        match (self.first, self.count.saturating_sub(1)) {
            (None, _) => {}
            (Some(first), 0) => seen.unknown(kind, format_args!("{what}: {first}")),
            (Some(first), more) => seen.unknown(kind, format_args!("{what}: {first} (and {more} more)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Observation;

    #[test]
    fn plain_json_drops_comments_and_trailing_commas_only() {
        let plain = |text: &str| String::from_utf8(plain_json(text.as_bytes())).expect("text");
        assert_eq!(plain(r#"{"a": [1, 2, ], }"#), r#"{"a": [1, 2  ]  }"#);
        assert_eq!(plain(r#"{"a": ",]", "b\"": "//x"}"#), r#"{"a": ",]", "b\"": "//x"}"#);
        assert_eq!(plain("[1, // x\n]"), "[1      \n]");
        assert_eq!(plain("[1, /* , */ 2]"), "[1,         2]");
        assert_eq!(plain("/* open"), "       ");
    }

    #[test]
    fn too_many_values_are_refused_before_they_are_kept() {
        let mut seen = Observer::new("test", "f");
        let maps = format!("[{}{{}}]", "{},".repeat(MAX_GROUPS));
        assert!(json::<Vec<Map<'_, u8>>>(maps.as_bytes(), &mut seen).is_none());
        assert!(toml::<Map<'_, Text<'_>>>("a=1\n".repeat(MAX_VALUES).as_bytes(), &mut seen).is_none());
        let limits = seen.into_observations();
        let is_limit = |o: &_| matches!(o, Observation::Unknown { kind: UnknownKind::Limit, .. });
        assert!(limits.len() == 2 && limits.iter().all(is_limit), "{limits:?}");
    }

    #[test]
    fn hostile_nesting_is_refused() {
        let mut seen = Observer::new("test", "f");
        let deep = "[".repeat(100_000);
        assert!(json::<serde_json::Value>(deep.as_bytes(), &mut seen).is_none());
        assert!(yaml::<serde_json::Value>(deep.as_bytes(), &mut seen).is_none());
        assert!(toml::<serde_json::Value>(format!("a = {deep}").as_bytes(), &mut seen).is_none());
        assert!(toml::<serde_json::Value>(format!("{}a = 1", "a.".repeat(100_000)).as_bytes(), &mut seen).is_none());
        let laughs = (1..20).fold("a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned(), |all, n| {
            let of = vec![format!("*a{}", n - 1); 9].join(",");
            format!("{all}a{n}: &a{n} [{of}]\n")
        });
        assert!(yaml::<serde_json::Value>(laughs.as_bytes(), &mut seen).is_none());
        assert_eq!(seen.into_observations().len(), 5);
    }
}
