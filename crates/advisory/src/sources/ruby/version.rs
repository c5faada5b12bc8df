//! Just enough of [Gem::Version](https://docs.ruby-lang.org/en/master/Gem/Version.html) to sort the bounds of an advisory.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Bound;

use crate::sources::intervals::{self, Interval};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Word(String),
    Number(u64),
}

/// A gem's version: as written, and its segments.
#[derive(Debug, Clone)]
pub(super) struct GemVersion {
    text: String,
    segments: Vec<Segment>,
}

const LONGEST: usize = 200;

impl GemVersion {
    fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(valid) {
            return None;
        }
        let mut segments = Vec::new();
        for part in text.replace('-', ".pre.").split('.') {
            let mut rest = part;
            while let Some(first) = rest.chars().next() {
                let digit = first.is_ascii_digit();
                let end = rest.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(rest.len());
                let (piece, tail) = rest.split_at(end);
                segments.push(if digit {
                    Segment::Number(piece.parse().ok()?)
                } else {
                    Segment::Word(piece.to_owned())
                });
                rest = tail;
            }
        }
        while segments.last() == Some(&Segment::Number(0)) {
            segments.pop();
        }
        Some(Self { text: text.to_owned(), segments })
    }

    /// The end of what `~>` allows: the last number dropped, the one before it raised.
    fn bump(text: &str) -> Option<Self> {
        let mut numbers = Vec::new();
        for part in text.split(['.', '-']) {
            match part.parse::<u64>() {
                Ok(number) => numbers.push(number),
                Err(_) => break,
            }
        }
        if numbers.len() > 1 {
            numbers.pop();
        }
        let last = numbers.last_mut()?;
        *last = last.checked_add(1)?;
        let text: Vec<String> = numbers.iter().map(u64::to_string).collect();
        Self::new(&text.join("."))
    }
}

impl fmt::Display for GemVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for GemVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for GemVersion {}

impl PartialOrd for GemVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GemVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        const ZERO: Segment = Segment::Number(0);
        let longest = self.segments.len().max(other.segments.len());
        for at in 0..longest {
            let (a, b) = (self.segments.get(at).unwrap_or(&ZERO), other.segments.get(at).unwrap_or(&ZERO));
            let order = match (a, b) {
                (Segment::Number(a), Segment::Number(b)) => a.cmp(b),
                (Segment::Word(a), Segment::Word(b)) => a.cmp(b),
                (Segment::Word(_), Segment::Number(_)) => Ordering::Less,
                (Segment::Number(_), Segment::Word(_)) => Ordering::Greater,
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }
}

/// One requirement of RubyGems: `>= 1.2`, `~> 2.1.1`, `= 1.0`, `1.0`.
pub(super) fn requirement(text: &str) -> Option<Interval<GemVersion>> {
    let (sign, version) = intervals::requirement(text);
    let parsed = GemVersion::new(version)?;
    Some(match sign {
        ">=" => Interval::new(Bound::Included(parsed), Bound::Unbounded),
        ">" => Interval::new(Bound::Excluded(parsed), Bound::Unbounded),
        "<" => Interval::new(Bound::Unbounded, Bound::Excluded(parsed)),
        "<=" => Interval::new(Bound::Unbounded, Bound::Included(parsed)),
        "~>" => Interval::new(Bound::Included(parsed), Bound::Excluded(GemVersion::bump(version)?)),
        "" | "=" => Interval::new(Bound::Included(parsed.clone()), Bound::Included(parsed)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_sort_as_rubygems_sorts_them() {
        let sorted = ["1.0.a", "1.0.rc1", "1.0", "1.0.1", "1.2.0.pre1", "1.2", "1.10"];
        for pair in sorted.windows(2) {
            let (a, b) = (GemVersion::new(pair[0]).expect("valid"), GemVersion::new(pair[1]).expect("valid"));
            assert!(a < b, "{} < {}", pair[0], pair[1]);
        }
        assert_eq!(GemVersion::new("1.0"), GemVersion::new("1.0.0"));
        assert_eq!(GemVersion::new("1 0"), None);
        assert_eq!(GemVersion::new("99999999999999999999"), None);
    }

    #[test]
    fn the_pessimistic_sign_ends_where_the_last_but_one_number_rises() {
        for (version, end) in [("2.1.1", "2.2"), ("2.1", "3"), ("2", "3"), ("3.0.0.rc1", "3.1")] {
            let got = GemVersion::bump(version).expect("valid");
            assert_eq!(got.to_string(), end, "{version}");
        }
    }
}
