//! Hostile text made harmless, and text fitted to columns.

mod fit;

use std::borrow::Cow;

pub(crate) use fit::{fit, pad, width, wrap};

/// Whether a terminal, a browser or a reader's eye could be led astray by `c`: control characters, terminal escapes,
/// direction overrides and marks, invisible characters, tags.
pub(crate) const fn is_treacherous(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// One line of text that is safe to show: white space becomes a blank, anything treacherous the replacement character.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let shown = |c| match c {
        '\t' | '\n' | '\r' => ' ',
        c if is_treacherous(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// Text for HTML content and quoted attributes.
pub(crate) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Text for GitHub and GitLab flavoured Markdown, also within a table cell: no markup, no HTML, no mention, no
/// reference to an issue, no automatic link.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let cleaned = clean(text);
    let mut at_start = true;
    let mut before = ' ';
    let mut rest = cleaned.trim().chars();
    while let Some(c) = rest.next() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            '$' => out.push_str("&#36;"),
            // A zero-width blank keeps the mention, reference and link filters from seeing a name behind the sign. It
            // stands only where it must: it would be copied along.
            '@' if !before.is_ascii_alphanumeric() => out.push_str("@&#8203;"),
            '#' => out.push_str("&#35;&#8203;"),
            ':' if rest.as_str().starts_with("//") => out.push_str(":&#8203;"),
            '.' if out.to_ascii_lowercase().ends_with("www") => out.push_str(".&#8203;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '~' => {
                out.push('\\');
                out.push(c);
            }
            // `- `, `1. ` and the like would begin a list, `!` before a link makes it an image.
            '-' | '+' | '=' | '.' if at_start => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        at_start = at_start && c.is_ascii_digit();
        before = c;
    }
    out
}

/// Text as Markdown code, also within a table cell. A code span keeps every filter away, so that what is copied from it
/// is what was meant; where back-ticks, pipes or backslashes could end it or the cell, an HTML element holds the text.
pub(crate) fn markdown_code(text: &str) -> String {
    let cleaned = clean(text);
    let cleaned = cleaned.trim();
    if cleaned.is_empty() {
        String::new()
    } else if cleaned.contains(['`', '|', '\\']) {
        format!("<code>{}</code>", markdown(cleaned))
    } else {
        format!("`{cleaned}`")
    }
}

/// A web address that is safe to link to: `http` or `https`, ASCII, nothing that could end an attribute.
pub(crate) fn safe_url(text: &str) -> Option<&str> {
    let text = text.trim();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let plain = |b: u8| {
        b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    let brackets = rest.bytes().any(|b| matches!(b, b'[' | b']'));
    let percent_ok = rest.split('%').skip(1).all(|p| p.len() >= 2 && p.bytes().take(2).all(|b| b.is_ascii_hexdigit()));
    (!rest.is_empty()
        && text.len() <= 2048
        && !brackets
        && percent_ok
        && rest.matches('#').count() <= 1
        && rest.bytes().all(plain))
    .then_some(text)
}

/// Percent-encodes everything but unreserved characters (RFC 3986) and those of `keep`.
pub(crate) fn percent(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'.' | b'_' | b'~')
            || (byte.is_ascii() && keep.contains(c))
        {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// `1 finding`, `2 findings`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number as u64), if number == 1 { one } else { many })
}

/// `312,411`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes for people: `1.2 GB`, in powers of ten as disks and registries count.
pub(crate) fn bytes(number: u64) -> String {
    let mut value = number as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.5 {
            return if unit == "B" || value >= 99.95 {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// A probability for people: `97 %`, `0.4 %`, `<0.1 %`.
pub(crate) fn share(probability: f64) -> String {
    let percent = probability * 100.0;
    if percent >= 10.0 {
        format!("{percent:.0} %")
    } else if percent >= 0.1 {
        format!("{percent:.1} %")
    } else if percent > 0.0 {
        "<0.1 %".to_owned()
    } else {
        "0 %".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_direction_overrides_do_not_get_through() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d\u{9b}"), "a\u{fffd}[31mb c\u{fffd}d\u{fffd}");
        assert!(matches!(clean("plain ü 漢"), Cow::Borrowed(_)));
    }

    #[test]
    fn markdown_keeps_no_markup_mention_or_link() {
        let text = markdown("@admin <b>x</b> | `c` [l](http://e) #77 www.evil.test");
        for bad in ["@admin", "<b>", "|", " `", "](", "http://", "#77", "www.e"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
        assert!(markdown("- x").starts_with("\\-"));
        assert!(markdown("1. x").starts_with("1\\."));
        assert_eq!(markdown("npm install lodash@4.17.21"), "npm install lodash@4.17.21");
        assert_eq!(markdown_code("@scope/name"), "`@scope/name`");
        assert!(!markdown_code("a`b|c").contains("|"));
    }

    #[test]
    fn only_plain_web_addresses_are_links() {
        assert_eq!(safe_url("https://example.org/a?b=c"), Some("https://example.org/a?b=c"));
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https://a\"b",
            "https://a b",
            "data:text/html,x",
            "https://ü",
            "https://a/%zz",
        ] {
            assert_eq!(safe_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(312_411), "312,411");
        assert_eq!(thousands(12), "12");
        assert_eq!(bytes(1_234_567_890), "1.2 GB");
        assert_eq!(bytes(999_999), "1.0 MB");
        assert_eq!(share(0.97365), "97 %");
        assert_eq!(share(0.0004), "<0.1 %");
    }
}
