//! Sentences on one line.

use std::fmt::Write;

use seawall_model::Alert;

use crate::time::clock;

/// `HH:MM:SS.nnnnnnnnn: Priority `, as Falco begins its lines, in UTC.
fn prefix(alert: &Alert) -> String {
    format!("{}: {} ", clock(&alert.time), alert.priority)
}

/// The sentence without Falco's prefix, should it have one.
pub(crate) fn sentence(alert: &Alert) -> &str {
    alert.output.strip_prefix(&prefix(alert)).unwrap_or(&alert.output)
}

/// The sentence with Falco's prefix.
pub(crate) fn with_prefix(alert: &Alert) -> String {
    let prefix = prefix(alert);
    if alert.output.starts_with(&prefix) { alert.output.clone() } else { prefix + &alert.output }
}

/// Appends `text` so that it stays on its line and drives no terminal: control characters, line separators and
/// characters that turn the direction of writing become `\u{…}`.
pub(crate) fn push_line(text: &str, into: &mut String) {
    for c in text.chars() {
        match c {
            '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(into, "{}", c.escape_unicode());
            }
            c if c.is_control() => {
                let _ = write!(into, "{}", c.escape_default());
            }
            c => into.push(c),
        }
    }
}

/// See [`push_line`].
pub(crate) fn line(text: &str) -> String {
    let mut into = String::with_capacity(text.len());
    push_line(text, &mut into);
    into
}

/// The longest beginning of `text` of at most `limit` bytes that ends between characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_line() {
        assert_eq!(line("a\nb\x1b[31m\u{202e}c\u{85}é"), "a\\nb\\u{1b}[31m\\u{202e}c\\u{85}é");
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("aé", 99), "aé");
    }
}
