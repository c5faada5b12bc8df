//! Text that fields are made of.

use std::io::Write as _;

use crate::value::Value;

/// Writes formatted text; writing to memory cannot fail.
pub(super) fn made(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) -> Option<Value<'static>> {
    out.write_fmt(text).ok()?;
    Some(Value::Made)
}

/// What follows the last slash.
pub(super) fn basename(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

/// The folder of a file: `/` where there is none, the whole where the path ends with a slash.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    match memchr::memrchr(b'/', path) {
        None | Some(0) => b"/",
        Some(at) if at + 1 == path.len() => path,
        Some(at) => path.get(..at).unwrap_or(path),
    }
}

/// A text that may not be known reads as `<NA>`.
pub(super) fn or_na(text: &[u8]) -> Value<'_> {
    Value::Text(if text.is_empty() { b"<NA>" } else { text })
}
