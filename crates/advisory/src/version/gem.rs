//! RubyGems versions: Gem::Version.
//!
//! A version is a list of numbers and words; a word comes before any number, a missing segment is 0, zeros at the end of
//! the numeric head and at the end of the whole do not count, and a hyphen reads as `.pre.`.

use std::cmp::Ordering;

use super::text::{cmp_digits, digits, letters, span, strip_zeros};

/// One version: its numeric head and the rest from the first word on, both without trailing zeros.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gem<'a> {
    head: &'a [u8],
    tail: &'a [u8],
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'-'
}

/// Takes a version apart, or `None` where Gem::Version calls it malformed.
pub(super) fn parse(text: &str) -> Option<Gem<'_>> {
    let bytes = text.as_bytes();
    let (head, tail) = span(bytes, |byte| !is_word(byte));
    let (dotted, label) = span(bytes, |byte| byte != b'-');
    if !dotted.first().is_some_and(u8::is_ascii_digit) || !well_formed(dotted, false) {
        return None;
    }
    if let Some(label) = label.strip_prefix(b"-")
        && !well_formed(label, true)
    {
        return None;
    }
    Some(Gem { head: trim_zeros(head), tail: trim_zeros(tail) })
}

fn well_formed(parts: &[u8], hyphen: bool) -> bool {
    parts.split(|byte| *byte == b'.').all(|part| {
        !part.is_empty() && part.iter().all(|byte| byte.is_ascii_alphanumeric() || (hyphen && *byte == b'-'))
    })
}

/// Drops segments that are zero from the end, in one pass.
fn trim_zeros(mut bytes: &[u8]) -> &[u8] {
    loop {
        let trimmed = bytes.strip_suffix(b".").unwrap_or(bytes);
        let numbers = trimmed.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let Some((before, last)) = trimmed.split_at_checked(trimmed.len() - numbers) else { return bytes };
        if !strip_zeros(last).is_empty() || (last.is_empty() && trimmed.len() == bytes.len()) {
            return trimmed;
        }
        bytes = before;
    }
}

#[derive(Debug, Clone, Copy)]
enum Segment<'a> {
    Word(&'a [u8]),
    Number(&'a [u8]),
}

impl Segment<'_> {
    fn order(&self, other: &Segment<'_>) -> Ordering {
        match (self, other) {
            (Segment::Number(a), Segment::Number(b)) => cmp_digits(a, b),
            (Segment::Word(a), Segment::Word(b)) => a.cmp(b),
            (Segment::Word(_), Segment::Number(_)) => Ordering::Less,
            (Segment::Number(_), Segment::Word(_)) => Ordering::Greater,
        }
    }
}

struct Segments<'a> {
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        let part = if self.head.is_empty() { &mut self.tail } else { &mut self.head };
        *part = span(part, |byte| byte == b'.').1;
        let first = part.first()?;
        if first.is_ascii_digit() {
            let (number, rest) = digits(part);
            *part = rest;
            return Some(Segment::Number(number));
        }
        if let Some(rest) = part.strip_prefix(b"-") {
            *part = rest;
            return Some(Segment::Word(b"pre"));
        }
        let (word, rest) = letters(part);
        *part = rest;
        (!word.is_empty()).then_some(Segment::Word(word))
    }
}

impl<'a> Gem<'a> {
    fn segments(&self) -> Segments<'a> {
        Segments { head: self.head, tail: self.tail }
    }

    /// The version without its words, as `Gem::Version#release`.
    pub(super) fn release(&self) -> Gem<'a> {
        Gem { head: self.head, tail: &[] }
    }

    /// The order of `Gem::Version#<=>`.
    pub(super) fn order(&self, other: &Gem<'_>) -> Ordering {
        let (mut left, mut right) = (self.segments(), other.segments());
        loop {
            let zero = Segment::Number(&[]);
            let order = match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (one, two) => one.unwrap_or(zero).order(&two.unwrap_or(zero)),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
    }
}
