//! Alpine versions, `digits{.digits}[letter]{_suffix[digits]}[~hash][-r digits]`: apk-tools 2.14 and 3, `apk version`.
//!
//! A version that is well formed at its start only is ordered as apk does: the part that cannot be read comes before the
//! end. Refused is a version that does not start with a digit.

use std::cmp::Ordering;

use super::text::{cmp_digits, digits, span};

/// What one token is, in the grammar's order: where two versions part, the earlier kind is the newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    First,
    Digit,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

/// The suffixes, from the oldest; those before `PLAIN` mark a prerelease.
const SUFFIXES: &[&[u8]] = &[b"alpha", b"beta", b"pre", b"rc", b"cvs", b"svn", b"git", b"hg", b"p"];
const PLAIN: usize = 4;

/// Whether apk can order this version.
pub(super) fn is_version(text: &str) -> bool {
    text.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    value: &'a [u8],
    suffix: usize,
}

impl Token<'_> {
    fn is_prerelease(&self) -> bool {
        self.kind == Kind::Suffix && self.suffix < PLAIN
    }

    fn order(&self, other: &Self) -> Ordering {
        match self.kind {
            // Gentoo's rule: a component with a leading zero is a fraction and compares as text.
            Kind::Digit if self.value.first() == Some(&b'0') || other.value.first() == Some(&b'0') => {
                self.value.cmp(other.value)
            }
            Kind::First | Kind::Digit | Kind::SuffixNumber | Kind::Revision => cmp_digits(self.value, other.value),
            Kind::Suffix => self.suffix.cmp(&other.suffix),
            _ => self.value.cmp(other.value),
        }
    }
}

struct Tokens<'a> {
    rest: &'a [u8],
    last: Option<Kind>,
}

impl<'a> Tokens<'a> {
    fn take_digits(&mut self, kind: Kind) -> Option<(Kind, &'a [u8], usize)> {
        let (value, rest) = digits(self.rest);
        self.rest = rest;
        (!value.is_empty()).then_some((kind, value, 0))
    }

    fn read(&mut self) -> Option<(Kind, &'a [u8], usize)> {
        let Some(last) = self.last else { return self.take_digits(Kind::First) };
        let Some((first, after)) = self.rest.split_first() else { return Some((Kind::End, &[], 0)) };
        match first {
            b'a'..=b'z' if last <= Kind::Digit => {
                let (letter, rest) = self.rest.split_at_checked(1)?;
                self.rest = rest;
                Some((Kind::Letter, letter, 0))
            }
            b'.' if last <= Kind::Digit => {
                self.rest = after;
                self.take_digits(Kind::Digit)
            }
            b'0'..=b'9' if last == Kind::Suffix => self.take_digits(Kind::SuffixNumber),
            b'_' if last <= Kind::SuffixNumber => {
                let (name, rest) = span(after, |byte| byte.is_ascii_lowercase());
                self.rest = rest;
                let suffix = SUFFIXES.iter().position(|suffix| *suffix == name)?;
                Some((Kind::Suffix, name, suffix))
            }
            b'~' if last < Kind::Hash => {
                let (hash, rest) = span(after, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                self.rest = rest;
                (!hash.is_empty()).then_some((Kind::Hash, hash, 0))
            }
            b'-' if last < Kind::Revision => {
                self.rest = after.strip_prefix(b"r")?;
                self.take_digits(Kind::Revision)
            }
            _ => None,
        }
    }

    fn next(&mut self) -> Token<'a> {
        let (kind, value, suffix) = self.read().unwrap_or((Kind::Invalid, &[], 0));
        self.last = Some(kind);
        Token { kind, value, suffix }
    }
}

/// The order of `apk version --test`.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let mut left = Tokens { rest: a.as_bytes(), last: None };
    let mut right = Tokens { rest: b.as_bytes(), last: None };
    loop {
        let (one, two) = (left.next(), right.next());
        if one.kind == two.kind {
            if one.kind >= Kind::End {
                return Ordering::Equal;
            }
            match one.order(&two) {
                Ordering::Equal => continue,
                unequal => return unequal,
            }
        }
        return match (one.is_prerelease(), two.is_prerelease()) {
            (true, _) => Ordering::Less,
            (_, true) => Ordering::Greater,
            _ => two.kind.cmp(&one.kind),
        };
    }
}
