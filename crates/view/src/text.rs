//! Text that stays on its line.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

/// Text that drives no terminal: what controls it, turns the direction of writing or takes no room becomes an escape.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            let _ = write!(out, "{}", c.escape_default());
        } else if c.width().unwrap_or(0) == 0 || matches!(c, '\u{2028}' | '\u{2029}') {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// The beginning of clean text that takes at most `room` columns, and how many it takes.
pub(crate) fn cut(text: &str, room: usize) -> (&str, usize) {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        let width = c.width().unwrap_or(0);
        if used + width > room {
            return (text.get(..at).unwrap_or_default(), used);
        }
        used += width;
    }
    (text, used)
}

/// Clean text in pieces of at most `room` columns, broken at blanks where there are some.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(1);
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (mut piece, _) = cut(rest, room);
        if piece.is_empty() {
            // A character that is wider than the whole line.
            break;
        }
        let goes_on = rest.get(piece.len()..).is_some_and(|next| !next.is_empty() && !next.starts_with(' '));
        if goes_on && let Some(blank) = piece.rfind(' ').filter(|at| *at > 0) {
            piece = piece.get(..blank).unwrap_or(piece);
        }
        out.push(piece.to_owned());
        rest = rest.get(piece.len()..).unwrap_or_default().trim_start_matches(' ');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_the_terminal() {
        assert_eq!(clean("a\nb\x1b[31m\u{202e}c\u{85}\u{200b}é漢"), "a\\nb\\u{1b}[31m\\u{202e}c\\u{85}\\u{200b}é漢");
    }

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(cut("漢字", 3), ("漢", 2));
        assert_eq!(cut("abc", 3), ("abc", 3));
        assert_eq!(cut("abc", 0), ("", 0));
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdef", 4), ["abcd", "ef"]);
        assert!(wrap("漢", 1).is_empty());
    }
}
