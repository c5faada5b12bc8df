//! Plain sequences of whole numbers: Haskell's PVP (`.`) and R's package_version (`.` and `-` alike).
//!
//! Both compare number by number, and the longer of two otherwise equal versions is the newer: `1.0 < 1.0.0`.

use std::cmp::Ordering;

use super::text::{cmp_digits, is_number};

/// Whether the text is one or more numbers with single separators between them.
pub(super) fn is_version(text: &str, separators: &[u8]) -> bool {
    text.as_bytes().split(|byte| separators.contains(byte)).all(is_number)
}

/// Number by number, a missing one before every other.
pub(super) fn order(a: &str, b: &str, separators: &[u8]) -> Ordering {
    let mut left = a.as_bytes().split(|byte| separators.contains(byte));
    let mut right = b.as_bytes().split(|byte| separators.contains(byte));
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(two)) => match cmp_digits(one, two) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
            (one, two) => return one.is_some().cmp(&two.is_some()),
        }
    }
}
