//! Go versions: module versions as golang.org/x/mod/semver orders them (pseudo-versions and `+incompatible` included),
//! and toolchain versions (`go1.21.3`, `1.21rc2`), which are read as the Go vulnerability database writes them:
//! `go1.21rc2` is `1.21.0-rc.2`, and `go1.20` is `1.20.0`.
//!
//! A toolchain's experiments (`go1.22.1 X:boringcrypto`) and vendor suffix (`go1.22.1-1.el9`) do not count. A development
//! toolchain is its base version as a prerelease without a name, before every beta (`devel go1.23-abcdef`).

use std::cmp::Ordering;

use super::semantic::{self, Flavour, Semantic};
use super::text::digits;

/// One version, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Go<'a> {
    Module(Semantic<'a>),
    Toolchain { core: &'a [u8], tag: &'a [u8], number: &'a [u8], development: bool },
}

/// Takes a version apart, or `None` for what has no number to compare (`(devel)`, `devel +abcdef`).
pub(super) fn parse(text: &str) -> Option<Go<'_>> {
    if let Some(rest) = text.strip_prefix("devel ") {
        return toolchain(rest.trim_start().strip_prefix("go")?, true);
    }
    if let Some(rest) = text.strip_prefix("go") {
        return toolchain(rest, false);
    }
    if text.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && let Some((_, rest)) = semantic::core(text.as_bytes())
        && (rest.starts_with(b"rc") || rest.starts_with(b"beta"))
    {
        return toolchain(text, false);
    }
    semantic::parse(text).map(Go::Module)
}

fn toolchain(text: &str, development: bool) -> Option<Go<'_>> {
    let (core, rest) = semantic::core(text.as_bytes())?;
    let (mut tag, mut number): (&[u8], &[u8]) = (&[], &[]);
    for name in [&b"rc"[..], b"beta", b"-pre"] {
        if let Some(after) = rest.strip_prefix(name) {
            tag = name.strip_prefix(b"-").unwrap_or(name);
            number = digits(after).0;
        }
    }
    Some(Go::Toolchain { core, tag, number, development })
}

impl<'a> Go<'a> {
    fn core(&self) -> &'a [u8] {
        match self {
            Go::Module(version) => version.core_text(),
            Go::Toolchain { core, .. } => core,
        }
    }

    /// The identifiers of the prerelease; none for a release.
    fn labels(&self) -> Labels<'a> {
        match *self {
            Go::Module(version) => {
                Labels { rest: Some(version.prerelease_text()).filter(|text| !text.is_empty()), number: None }
            }
            Go::Toolchain { development: true, .. } => Labels { rest: Some(&[]), number: None },
            Go::Toolchain { tag: [], .. } => Labels { rest: None, number: None },
            Go::Toolchain { tag, number, .. } => Labels { rest: Some(tag), number: Some(number) },
        }
    }

    /// Precedence; build metadata does not count.
    pub(super) fn order(&self, other: &Go<'_>) -> Ordering {
        semantic::order_core(self.core(), other.core()).then_with(|| {
            let (mut left, mut right) = (self.labels(), other.labels());
            match (left.rest.is_some(), right.rest.is_some()) {
                (true, true) => {}
                (one, two) => return two.cmp(&one),
            }
            loop {
                match (left.next(), right.next()) {
                    (Some(one), Some(two)) => match semantic::order_label(one, two, Flavour::Plain) {
                        Ordering::Equal => {}
                        unequal => return unequal,
                    },
                    (one, two) => return one.is_some().cmp(&two.is_some()),
                }
            }
        })
    }
}

struct Labels<'a> {
    rest: Option<&'a [u8]>,
    number: Option<&'a [u8]>,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let Some(rest) = self.rest else { return self.number.take() };
        match super::text::split_once(rest, b'.') {
            Some((label, after)) => {
                self.rest = Some(after);
                Some(label)
            }
            None => {
                self.rest = None;
                (!rest.is_empty()).then_some(rest)
            }
        }
    }
}
