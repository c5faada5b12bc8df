use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that `text` takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text` cut to `columns`, with an ellipsis where something is missing.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        out.push(c);
    }
    let trimmed = out.trim_end().len();
    out.truncate(trimmed);
    if columns > 0 {
        out.push('…');
    }
    out
}

/// `text` with blanks up to `columns`.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(missing))
}

/// `text` in lines of at most `columns`, broken at blanks and, in long words, after `-`, `.`, `/`, `:`, `+`, `_`, `,` or,
/// where there is none, anywhere. Never empty.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(4);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    // Byte lengths of the line up to its last blank, and up to its last other good break.
    let mut blank = 0;
    let mut good_break = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns && !line.is_empty() {
            if c == ' ' {
                lines.push(std::mem::take(&mut line));
                (used, blank, good_break) = (0, 0, 0);
                continue;
            }
            // A break in the first third would leave a ragged column: cut in the word instead.
            let cuts = [blank, good_break];
            let cut = cuts.into_iter().find(|cut| cut * 3 > line.len()).unwrap_or(line.len());
            let rest = line.split_off(cut);
            lines.push(line.trim_end().to_owned());
            line = rest;
            used = width(&line);
            (blank, good_break) = (0, 0);
        }
        line.push(c);
        used += wide;
        if c == ' ' {
            blank = line.len();
        }
        if matches!(c, '-' | '.' | '/' | ':' | '+' | '_' | ',') {
            good_break = line.len();
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_counts_columns_not_bytes() {
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(pad("漢", 4), "漢  ");
    }

    #[test]
    fn wrapping_loses_nothing_and_stays_within_the_columns() {
        for text in
            ["1:2.3.4-5+deb12u1~bpo", "a plain sentence of words", "漢字漢字漢字漢字", "", "nobreakinthislongword"]
        {
            let lines = wrap(text, 8);
            assert!(lines.iter().all(|l| width(l) <= 8), "{lines:?}");
            assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        }
    }
}
