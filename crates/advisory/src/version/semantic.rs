//! Semantic Versioning 2.0.0 and the ecosystems that vary it: npm, NuGet, Hex, Pub, Cargo, Swift, Bitnami.
//!
//! One lenient grammar reads them all, as loosely as the loosest of the tools: a leading `v` or `=`, any number of
//! numeric parts (a missing one is zero), leading zeros, a prerelease that starts without its hyphen (`1.2.0rc1`,
//! `4.28.0.rc.1`). Numbers may have any size. What differs is only the order:
//!
//! - build metadata does not count, except for Pub, where a build comes after none and is compared like a prerelease;
//! - NuGet compares labels without case and takes a numeric label above 2147483647 as text, as its int parsing does.

use std::cmp::Ordering;

use super::text::{cmp_digits, cmp_ignore_case, digits, is_number};

/// Where two ecosystems order the same text differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavour {
    /// The specification.
    Plain,
    /// NuGet.VersionComparer.
    Nuget,
    /// pub_semver.
    Pub,
}

/// One version, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Semantic<'a> {
    core: &'a [u8],
    prerelease: &'a [u8],
    build: &'a [u8],
}

fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// Whether every dot-separated identifier has at least one byte.
fn has_no_gap(labels: &[u8]) -> bool {
    labels.split(|byte| *byte == b'.').all(|label| !label.is_empty())
}

/// Splits `digits{.digits}` off the front, leaving a dot that no digit follows.
pub(super) fn core(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, mut rest) = digits(bytes);
    if first.is_empty() {
        return None;
    }
    while let Some(after) = rest.strip_prefix(b".") {
        let (number, next) = digits(after);
        if number.is_empty() {
            break;
        }
        rest = next;
    }
    bytes.split_at_checked(bytes.len() - rest.len())
}

/// Takes a version apart, or `None` where it does not start with a number or holds what no tool accepts.
pub(super) fn parse(text: &str) -> Option<Semantic<'_>> {
    let text = text.trim_start_matches(|c: char| c == '=' || c.is_ascii_whitespace());
    let text = super::text::strip_v(text).trim_start();
    let (core, rest) = core(text.as_bytes())?;
    let (label, build) = match super::text::split_once(rest, b'+') {
        Some((_, [])) => return None,
        Some(parts) => parts,
        None => (rest, &[][..]),
    };
    if !build.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let prerelease = match label.split_first() {
        None => label,
        Some((b'-' | b'.', after)) if !after.is_empty() => after,
        Some((b'A'..=b'Z' | b'a'..=b'z', _)) => label,
        Some(_) => return None,
    };
    let readable = prerelease.is_empty() || prerelease.iter().all(|byte| is_label(*byte)) && has_no_gap(prerelease);
    readable.then_some(Semantic { core, prerelease, build })
}

/// Compares `digits{.digits}`, a missing number being zero.
pub(super) fn order_core(a: &[u8], b: &[u8]) -> Ordering {
    let mut left = a.split(|byte| *byte == b'.');
    let mut right = b.split(|byte| *byte == b'.');
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (one, two) => cmp_digits(one.unwrap_or_default(), two.unwrap_or_default()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// Compares two identifiers: numbers before text, numbers by value, text by byte.
pub(super) fn order_label(a: &[u8], b: &[u8], flavour: Flavour) -> Ordering {
    let number = |label: &[u8]| {
        is_number(label) && (flavour != Flavour::Nuget || cmp_digits(label, b"2147483647") != Ordering::Greater)
    };
    match (number(a), number(b)) {
        (true, true) => cmp_digits(a, b),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) if flavour == Flavour::Nuget => cmp_ignore_case(a, b),
        (false, false) => a.cmp(b),
    }
}

fn order_labels(a: &[u8], b: &[u8], flavour: Flavour) -> Ordering {
    let mut left = a.split(|byte| *byte == b'.');
    let mut right = b.split(|byte| *byte == b'.');
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(two)) => match order_label(one, two, flavour) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
            (one, two) => return one.is_some().cmp(&two.is_some()),
        }
    }
}

impl<'a> Semantic<'a> {
    /// The numeric parts.
    pub(super) fn numbers(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.core.split(|byte| *byte == b'.')
    }

    /// The numeric parts as they are written.
    pub(super) fn core_text(&self) -> &'a [u8] {
        self.core
    }

    /// The prerelease without its hyphen; empty for a release.
    pub(super) fn prerelease_text(&self) -> &'a [u8] {
        self.prerelease
    }

    /// Compares the numeric parts only.
    pub(super) fn order_core(&self, other: &Semantic<'_>) -> Ordering {
        order_core(self.core, other.core)
    }

    /// Precedence, as the ecosystem defines it.
    pub(super) fn order(&self, other: &Semantic<'_>, flavour: Flavour) -> Ordering {
        self.order_core(other)
            .then_with(|| match (self.prerelease, other.prerelease) {
                ([], []) => Ordering::Equal,
                ([], _) => Ordering::Greater,
                (_, []) => Ordering::Less,
                (a, b) => order_labels(a, b, flavour),
            })
            .then_with(|| match (self.build, other.build) {
                _ if flavour != Flavour::Pub => Ordering::Equal,
                ([], []) => Ordering::Equal,
                ([], _) => Ordering::Less,
                (_, []) => Ordering::Greater,
                (a, b) => order_labels(a, b, flavour),
            })
    }
}
