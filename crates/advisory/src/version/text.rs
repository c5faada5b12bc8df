//! Small tools over bytes that every scheme shares: no allocation, no overflow, no index.

use std::cmp::Ordering;

/// Splits `bytes` after the longest prefix whose bytes all satisfy `keep`.
pub(super) fn span(bytes: &[u8], keep: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !keep(*byte)).unwrap_or(bytes.len());
    bytes.split_at_checked(end).unwrap_or((bytes, &[]))
}

/// Splits off the leading ASCII digits.
pub(super) fn digits(bytes: &[u8]) -> (&[u8], &[u8]) {
    span(bytes, |byte| byte.is_ascii_digit())
}

/// Splits off the leading ASCII letters.
pub(super) fn letters(bytes: &[u8]) -> (&[u8], &[u8]) {
    span(bytes, |byte| byte.is_ascii_alphabetic())
}

/// The digits without leading zeros: empty for zero.
pub(super) fn strip_zeros(digits: &[u8]) -> &[u8] {
    span(digits, |byte| byte == b'0').1
}

/// Compares two runs of ASCII digits as whole numbers of any size. An empty run is zero.
pub(super) fn cmp_digits(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (strip_zeros(a), strip_zeros(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Whether the bytes are one or more ASCII digits.
pub(super) fn is_number(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// Compares two byte strings without regard to ASCII case.
pub(super) fn cmp_ignore_case(a: &[u8], b: &[u8]) -> Ordering {
    a.iter().map(u8::to_ascii_uppercase).cmp(b.iter().map(u8::to_ascii_uppercase))
}

/// Strips one leading `v` or `V`.
pub(super) fn strip_v(text: &str) -> &str {
    text.strip_prefix(['v', 'V']).unwrap_or(text)
}

/// Splits at the first `separator`, if there is one.
pub(super) fn split_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    let (head, tail) = bytes.split_at_checked(at)?;
    Some((head, tail.get(1..)?))
}

/// Splits at the last `separator`, if there is one.
pub(super) fn rsplit_once(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().rposition(|byte| *byte == separator)?;
    let (head, tail) = bytes.split_at_checked(at)?;
    Some((head, tail.get(1..)?))
}
