//! Composer versions: composer/semver's normalisation, then the order of PHP's `version_compare`.
//!
//! `1.2` becomes `1.2.0.0`, `v2.0b3` becomes `2.0.0.0-beta3`, `1.0.x-dev` becomes `1.0.9999999.9999999-dev`. A branch
//! (`dev-main`, `master`) is kept by name and comes before every number; branches are equal in order whatever their name
//! begins with a word PHP does not know. Refused is what Composer refuses.

use std::cmp::Ordering;

use super::text::{cmp_digits, digits, is_number, letters, span, strip_v};

/// The normalised text, or `None` where Composer reports an invalid version string.
pub(super) fn normalize(text: &str) -> Option<String> {
    let mut text = text.trim();
    if let Some((version, alias)) = text.split_once(" as ")
        && !version.is_empty()
        && is_bare(version)
        && is_bare(alias.trim_start())
    {
        text = version.trim_end();
    }
    if let Some((version, flag)) = text.rsplit_once('@')
        && ["stable", "rc", "beta", "alpha", "dev"].iter().any(|name| flag.eq_ignore_ascii_case(name))
    {
        text = version;
    }
    if matches!(text, "master" | "trunk" | "default") {
        return Some(format!("dev-{text}"));
    }
    if is_branch(text) {
        return Some(format!("dev-{}", text.get(4..)?));
    }
    if let Some((version, build)) = text.split_once('+')
        && !version.is_empty()
        && is_bare(version)
        && !build.is_empty()
        && !build.contains(char::is_whitespace)
    {
        text = version;
    }
    classic(text).or_else(|| date(text)).or_else(|| numeric_branch(text))
}

fn is_bare(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c == ',' || c.is_whitespace())
}

/// Whether the text names a branch, `dev-…`.
pub(super) fn is_branch(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("dev-"))
}

/// `1`, `1.2`, `1.2.3`, `1.2.3.4`, with a stability behind.
fn classic(text: &str) -> Option<String> {
    let (first, mut rest) = digits(strip_v(text).as_bytes());
    if first.is_empty() || first.len() > 5 {
        return None;
    }
    let mut numbers = vec![first];
    while numbers.len() < 4
        && let Some(after) = rest.strip_prefix(b".")
        && let (number, next) = digits(after)
        && !number.is_empty()
    {
        numbers.push(number);
        rest = next;
    }
    numbers.resize(4, b"0");
    Some(join(&numbers) + &modifier(rest)?)
}

/// `2010-01-02`, `20100102-203040`: four digits, one to six pairs, up to three digits more, then a stability.
fn date(text: &str) -> Option<String> {
    let bytes = strip_v(text).as_bytes();
    let four = bytes.get(..4).filter(|year| is_number(year))?;
    let mut rest = bytes.get(4..)?;
    // Each prefix that the pattern may stop at, longest last: Composer's pattern gives back what it took too much.
    let mut stops = Vec::new();
    for _ in 0..6 {
        let after = strip_date_separator(rest);
        let Some(next) = after.get(..2).filter(|pair| is_number(pair)).and_then(|_| after.get(2..)) else { break };
        rest = next;
        stops.push(rest);
    }
    for stop in stops.into_iter().rev() {
        let after = strip_date_separator(stop);
        let most = digits(after).0.len().min(3);
        for rest in (1..=most).rev().filter_map(|taken| after.get(taken..)).chain([stop]) {
            if let Some(stability) = modifier(rest) {
                let taken = bytes.get(4..bytes.len() - rest.len())?;
                let mut version = String::from_utf8_lossy(four).into_owned();
                version.extend(taken.iter().map(|byte| if byte.is_ascii_digit() { char::from(*byte) } else { '.' }));
                return Some(version + &stability);
            }
        }
    }
    None
}

fn strip_date_separator(bytes: &[u8]) -> &[u8] {
    match bytes.split_first() {
        Some((b'.' | b':' | b'-', rest)) => rest,
        _ => bytes,
    }
}

fn join(numbers: &[&[u8]]) -> String {
    numbers.iter().map(|number| String::from_utf8_lossy(number)).collect::<Vec<_>>().join(".")
}

/// Reads `[._-]?(stability(number)*)?([.-]?dev)?` to the end and writes it in Composer's spelling.
pub(super) fn modifier(bytes: &[u8]) -> Option<String> {
    if let Some((b'.' | b'_' | b'-', rest)) = bytes.split_first()
        && let Some(found) = stability(rest)
    {
        return Some(found);
    }
    stability(bytes)
}

fn stability(bytes: &[u8]) -> Option<String> {
    const NAMES: &[(&str, &str)] = &[
        ("stable", ""),
        ("beta", "beta"),
        ("b", "beta"),
        ("rc", "RC"),
        ("alpha", "alpha"),
        ("a", "alpha"),
        ("patch", "patch"),
        ("pl", "patch"),
        ("p", "patch"),
    ];
    let (word, _) = letters(bytes);
    for (name, spelling) in NAMES {
        if word.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes())) {
            let after = bytes.get(name.len()..)?;
            let mut rest = after;
            loop {
                let bare = strip_one(rest, b".-");
                let (number, next) = digits(bare);
                if number.is_empty() {
                    break;
                }
                rest = next;
            }
            let number = after.get(..after.len() - rest.len())?;
            if let Some(dev) = dev_suffix(rest) {
                if spelling.is_empty() {
                    // Composer drops everything behind `stable`, `-dev` included.
                    return Some(String::new());
                }
                let number = String::from_utf8_lossy(span(number, |byte| matches!(byte, b'.' | b'-')).1);
                return Some(format!("-{spelling}{number}{dev}"));
            }
        }
    }
    dev_suffix(bytes).map(str::to_owned)
}

fn strip_one<'a>(bytes: &'a [u8], any_of: &[u8]) -> &'a [u8] {
    match bytes.split_first() {
        Some((first, rest)) if any_of.contains(first) => rest,
        _ => bytes,
    }
}

fn dev_suffix(bytes: &[u8]) -> Option<&'static str> {
    if bytes.is_empty() {
        return Some("");
    }
    strip_one(bytes, b".-").eq_ignore_ascii_case(b"dev").then_some("-dev")
}

/// `2.x-dev`, `1.0.*-dev`: a numeric branch, its open places as large as can be.
fn numeric_branch(text: &str) -> Option<String> {
    let end = text.len().checked_sub(3)?;
    let name = text.get(..end).filter(|_| text.get(end..).is_some_and(|dev| dev.eq_ignore_ascii_case("dev")))?;
    let name = name.strip_suffix(['.', '-']).unwrap_or(name).trim();
    let mut numbers: Vec<&[u8]> = Vec::new();
    for part in strip_v(name).as_bytes().split(|byte| *byte == b'.') {
        match part {
            b"x" | b"X" | b"*" if !numbers.is_empty() => numbers.push(b"9999999"),
            number if is_number(number) => numbers.push(number),
            _ => return None,
        }
    }
    if numbers.len() > 4 {
        return None;
    }
    numbers.resize(4, b"9999999");
    Some(join(&numbers) + "-dev")
}

/// One place of a version to PHP: what is not there, a word by rank, or a number.
#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    Rank(i8),
    Number(&'a [u8]),
}

const NOTHING: i8 = 4;

/// PHP knows a word by its first letters, and only in these spellings.
fn rank(word: &[u8]) -> i8 {
    const FORMS: &[(&[u8], i8)] = &[(b"dev", 0), (b"a", 1), (b"b", 2), (b"RC", 3), (b"rc", 3), (b"p", 6)];
    FORMS.iter().find(|(form, _)| word.starts_with(form)).map_or(-1, |(_, rank)| *rank)
}

struct Forms<'a>(&'a [u8]);

impl<'a> Forms<'a> {
    fn next(&mut self) -> Option<Form<'a>> {
        self.0 = span(self.0, |byte| !byte.is_ascii_alphanumeric()).1;
        let first = self.0.first()?;
        if first.is_ascii_digit() {
            let (number, rest) = digits(self.0);
            self.0 = rest;
            return Some(Form::Number(number));
        }
        let (word, rest) = letters(self.0);
        self.0 = rest;
        Some(Form::Rank(rank(word)))
    }
}

/// PHP's `version_compare` over normalised versions.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (Forms(a.as_bytes()), Forms(b.as_bytes()));
    loop {
        let (one, two) = (left.next(), right.next());
        if one.is_none() && two.is_none() {
            return Ordering::Equal;
        }
        let place = |form: &Form<'_>| match form {
            Form::Rank(rank) => *rank,
            Form::Number(_) => NOTHING + 1,
        };
        let (one, two) = (one.unwrap_or(Form::Rank(NOTHING)), two.unwrap_or(Form::Rank(NOTHING)));
        let order = place(&one).cmp(&place(&two)).then_with(|| match (one, two) {
            (Form::Number(a), Form::Number(b)) => cmp_digits(a, b),
            _ => Ordering::Equal,
        });
        if order != Ordering::Equal {
            return order;
        }
    }
}
