//! Debian versions, `[epoch:]upstream[-revision]`: deb-version(7), Debian Policy 5.6.12 and dpkg's own comparison.
//!
//! Read as leniently as `dpkg --compare-versions`: characters that Policy forbids are compared, not refused. Refused are
//! the shapes dpkg cannot split: white space inside, an epoch that is not a number up to 2147483647, nothing after the
//! colon, an empty revision.

use std::cmp::Ordering;

use super::text::{cmp_digits, digits, is_number, rsplit_once, span, split_once, strip_zeros};

const LARGEST_EPOCH: &[u8] = b"2147483647";

/// One version, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deb<'a> {
    epoch: &'a [u8],
    upstream: &'a [u8],
    revision: &'a [u8],
}

/// Takes a version apart, or `None` where dpkg would refuse it.
pub(super) fn parse(text: &str) -> Option<Deb<'_>> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let (epoch, rest) = match split_once(bytes, b':') {
        Some((epoch, rest)) => {
            if !is_number(epoch) || cmp_digits(epoch, LARGEST_EPOCH) == Ordering::Greater || rest.is_empty() {
                return None;
            }
            (strip_zeros(epoch), rest)
        }
        None => (&[][..], bytes),
    };
    let (upstream, revision) = match rsplit_once(rest, b'-') {
        Some((_, [])) => return None,
        Some(parts) => parts,
        None => (rest, &[][..]),
    };
    Some(Deb { epoch, upstream, revision })
}

impl Deb<'_> {
    /// The order of dpkg.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        cmp_digits(self.epoch, other.epoch)
            .then_with(|| order_part(self.upstream, other.upstream))
            .then_with(|| order_part(self.revision, other.revision))
    }
}

/// The weight of one byte in a run of non-digits: tilde, then the end, then letters, then the rest.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        Some(b'~') => -1,
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        // dpkg reads bytes as signed: 256 is added to a negative number, so they land above the letters.
        Some(byte) if byte.is_ascii_alphabetic() || !byte.is_ascii() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

fn order_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let (text_a, rest_a) = span(a, |byte| !byte.is_ascii_digit());
        let (text_b, rest_b) = span(b, |byte| !byte.is_ascii_digit());
        let (mut left, mut right) = (text_a.iter(), text_b.iter());
        loop {
            let (one, two) = (left.next(), right.next());
            if one.is_none() && two.is_none() {
                break;
            }
            match weight(one).cmp(&weight(two)) {
                Ordering::Equal => {}
                unequal => return unequal,
            }
        }
        let (number_a, next_a) = digits(rest_a);
        let (number_b, next_b) = digits(rest_b);
        match cmp_digits(number_a, number_b) {
            Ordering::Equal => {}
            unequal => return unequal,
        }
        (a, b) = (next_a, next_b);
    }
    Ordering::Equal
}
