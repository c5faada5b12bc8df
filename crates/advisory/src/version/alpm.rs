//! Arch Linux versions, `[epoch:]version[-release]`: pacman's vercmp(8), libalpm's `alpm_pkg_vercmp`.
//!
//! It descends from an old rpmvercmp without tilde and caret. Longer separators come later, and letters that directly
//! follow the common part come before its end (`1.0rc < 1.0`). A missing release is an empty one, before every other.

use std::cmp::Ordering;

use super::text::{cmp_digits, digits, letters, rsplit_once, span};

/// One version, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alpm<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

/// Takes a version apart, or `None` where no version is left.
pub(super) fn parse(text: &str) -> Option<Alpm<'_>> {
    let bytes = text.as_bytes();
    let (number, after) = digits(bytes);
    let (epoch, rest) = match after.strip_prefix(b":") {
        Some(rest) => (number, rest),
        None => (&[][..], bytes),
    };
    let (version, release) = match rsplit_once(rest, b'-') {
        Some((version, release)) => (version, Some(release)),
        None => (rest, None),
    };
    if !version.iter().any(u8::is_ascii_alphanumeric) {
        return None;
    }
    Some(Alpm { epoch, version, release })
}

impl Alpm<'_> {
    /// The order of pacman, made total for a missing release.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.order_without_release(other).then_with(|| match (self.release, other.release) {
            (Some(a), Some(b)) => vercmp(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
    }

    /// The order against the bound of a range: a bound without a release stands for all releases of its version.
    pub(super) fn order_against_bound(&self, bound: &Self) -> Ordering {
        match bound.release {
            Some(_) => self.order(bound),
            None => self.order_without_release(bound),
        }
    }

    fn order_without_release(&self, other: &Self) -> Ordering {
        cmp_digits(self.epoch, other.epoch).then_with(|| vercmp(self.version, other.version))
    }
}

fn vercmp(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() && !b.is_empty() {
        let (gap_a, rest_a) = span(a, |byte| !byte.is_ascii_alphanumeric());
        let (gap_b, rest_b) = span(b, |byte| !byte.is_ascii_alphanumeric());
        (a, b) = (rest_a, rest_b);
        let (Some(one), Some(two)) = (a.first(), b.first()) else { break };
        if gap_a.len() != gap_b.len() {
            return gap_a.len().cmp(&gap_b.len());
        }
        let order = match (one.is_ascii_digit(), two.is_ascii_digit()) {
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (true, true) => {
                let (number_a, rest_a) = digits(a);
                let (number_b, rest_b) = digits(b);
                (a, b) = (rest_a, rest_b);
                cmp_digits(number_a, number_b)
            }
            (false, false) => {
                let (word_a, rest_a) = letters(a);
                let (word_b, rest_b) = letters(b);
                (a, b) = (rest_a, rest_b);
                word_a.cmp(word_b)
            }
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    let word = |rest: &[u8]| rest.first().is_some_and(u8::is_ascii_alphabetic);
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) if !word(b) => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, _) if word(a) => Ordering::Less,
        (false, _) => Ordering::Greater,
    }
}
