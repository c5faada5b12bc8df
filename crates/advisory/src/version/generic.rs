//! Versions of programs that no package manager knows: OpenSSL (`1.0.2k`), Java (`1.8.0_292`, `11.0.19+7`), OpenSSH
//! (`9.3p1`), nginx, PHP (`8.3.0RC2`), tags (`OpenSSL_1_1_1k`, `jdk-17.0.1`).
//!
//! What stands before the first digit is dropped. The rest is a list of numbers and words; other bytes only separate,
//! but for `~`, which comes before anything. At one place the order is: `~`, words that name a prerelease (dev, alpha,
//! beta, milestone, pre, rc, snapshot, in that order), nothing or zero, other words without case, numbers. Zeros right
//! before a prerelease do not count, so `3.0-rc1` equals `3.0.0-rc1`.

use std::cmp::Ordering;

use super::text::{cmp_digits, cmp_ignore_case, digits, letters, span, strip_zeros};

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Tilde,
    Early(u8),
    Zero,
    Word(&'a [u8]),
    Number(&'a [u8]),
}

const EARLY: &[(&str, u8)] = &[
    ("dev", 0),
    ("devel", 0),
    ("nightly", 0),
    ("canary", 0),
    ("unstable", 0),
    ("alpha", 1),
    ("ea", 1),
    ("beta", 2),
    ("milestone", 3),
    ("pre", 4),
    ("preview", 4),
    ("prerelease", 4),
    ("rc", 5),
    ("cr", 5),
    ("snapshot", 6),
];

/// Whether there is a number to compare.
pub(super) fn is_version(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The rank of a word that names a prerelease. `a`, `b` and `m` do so only right before a number (`3.9.0a1`), because
/// OpenSSL's `1.0.2a` is a later release.
fn early(word: &[u8], rest: &[u8]) -> Option<u8> {
    if let [letter] = word
        && rest.first().is_some_and(u8::is_ascii_digit)
    {
        return match letter.to_ascii_lowercase() {
            b'a' => Some(1),
            b'b' => Some(2),
            b'm' => Some(3),
            _ => None,
        };
    }
    EARLY.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, rank)| *rank)
}

fn is_separator(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && byte != b'~'
}

struct Tokens<'a> {
    rest: &'a [u8],
    /// Zeros may be emitted while more than this many bytes are left: the run was already looked through.
    zeros_until: Option<usize>,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        Tokens { rest: span(text.as_bytes(), |byte| !byte.is_ascii_digit()).1, zeros_until: None }
    }

    /// Skips a run of zeros that ends at a prerelease; otherwise remembers that the run counts.
    fn skip_zeros(&mut self) {
        if self.zeros_until.is_some_and(|left| self.rest.len() > left) {
            return;
        }
        let mut rest = self.rest;
        loop {
            rest = span(rest, is_separator).1;
            let (number, after) = digits(rest);
            if number.is_empty() || !strip_zeros(number).is_empty() {
                break;
            }
            rest = after;
        }
        let (word, after) = letters(rest);
        if rest.first() == Some(&b'~') || early(word, after).is_some() {
            self.rest = rest;
        } else {
            self.zeros_until = Some(rest.len());
        }
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_zeros();
        self.rest = span(self.rest, is_separator).1;
        let first = self.rest.first()?;
        if let Some(rest) = self.rest.strip_prefix(b"~") {
            self.rest = rest;
            return Some(Token::Tilde);
        }
        if first.is_ascii_digit() {
            let (number, rest) = digits(self.rest);
            self.rest = rest;
            return Some(if strip_zeros(number).is_empty() { Token::Zero } else { Token::Number(number) });
        }
        let (word, rest) = letters(self.rest);
        self.rest = rest;
        Some(early(word, rest).map_or(Token::Word(word), Token::Early))
    }
}

fn order_token(a: Token<'_>, b: Token<'_>) -> Ordering {
    let place = |token: &Token<'_>| match token {
        Token::Tilde => 0,
        Token::Early(rank) => 1 + u16::from(*rank),
        Token::Zero => 300,
        Token::Word(_) => 301,
        Token::Number(_) => 302,
    };
    place(&a).cmp(&place(&b)).then_with(|| match (a, b) {
        (Token::Word(a), Token::Word(b)) => cmp_ignore_case(a, b),
        (Token::Number(a), Token::Number(b)) => cmp_digits(a, b),
        _ => Ordering::Equal,
    })
}

/// The order described above; a missing token is zero.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (Tokens::new(a), Tokens::new(b));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (one, two) => order_token(one.unwrap_or(Token::Zero), two.unwrap_or(Token::Zero)),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}
