//! RPM versions, `[epoch:]version[-release]`: rpm-version(7), rpm's `rpmvercmp` with tilde (before anything) and caret
//! (after the bare version, before a longer one), and `rpmverCmp` over the three parts.
//!
//! A missing epoch is 0. A missing release comes before every other, as in `rpmverCmp`: this keeps the order total.
//! Against the bound of a range that names no release, only what both have is compared, as rpm does for dependencies
//! (see `order_against_bound`).

use std::cmp::Ordering;

use super::text::{cmp_digits, digits, letters, rsplit_once, span};

/// One version, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rpm<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

/// Takes a version apart, or `None` where no version is left.
pub(super) fn parse(text: &str) -> Option<Rpm<'_>> {
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
    Some(Rpm { epoch, version, release })
}

impl Rpm<'_> {
    /// The total order of `rpmverCmp`.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        self.order_without_release(other).then_with(|| match (self.release, other.release) {
            (Some(a), Some(b)) => rpmvercmp(a, b),
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
        cmp_digits(self.epoch, other.epoch).then_with(|| rpmvercmp(self.version, other.version))
    }
}

fn is_separator(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && byte != b'~' && byte != b'^'
}

/// rpm's comparison of one version or one release.
pub(super) fn rpmvercmp(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        a = span(a, is_separator).1;
        b = span(b, is_separator).1;
        match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => {
                a = a.get(1..).unwrap_or_default();
                b = b.get(1..).unwrap_or_default();
                continue;
            }
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, _) | (_, None) => break,
            (Some(one), Some(two)) => {
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
        }
    }
    a.is_empty().cmp(&b.is_empty()).reverse()
}
