//! npm ranges, as node-semver reads them with `loose` and `includePrerelease`, the options of `npm audit`.
//!
//! Written here, not taken from `nodejs-semver`: that crate takes partial bounds (`>=1.2`, `^1`) without their
//! prereleases and refuses `=*` and numbers past 900719925474099. Stricter than node in one point: a comparator that
//! cannot be read is an error, where node's loose mode drops it and then matches more.

use crate::version::semantic::{self, Flavour, Semantic};
use crate::version::{Version, VersionError};

use super::refused;

pub(super) fn matches(constraint: &str, version: &Version) -> Result<bool, VersionError> {
    let refuse = || refused(version.scheme(), constraint);
    let version = semantic::parse(version.as_str()).ok_or_else(refuse)?;
    let mut any = false;
    for group in constraint.split("||") {
        any |= all(group.trim_ascii(), &version).ok_or_else(refuse)?;
    }
    Ok(any)
}

/// A version in a range: each number may be open (`x`, `*` or left out).
#[derive(Clone, Copy)]
struct Partial<'a> {
    major: Option<u64>,
    minor: Option<u64>,
    patch: Option<u64>,
    prerelease: &'a str,
}

fn partial(text: &str) -> Option<Partial<'_>> {
    let mut rest = text.trim_start_matches(['v', '=', ' ']);
    rest = rest.split_once('+').map_or(rest, |(version, _)| version);
    let mut numbers = [None; 3];
    let mut read = 0;
    for slot in &mut numbers {
        if read > 0 {
            let Some(after) = rest.strip_prefix('.') else { break };
            rest = after;
        }
        if let Some(after) = rest.strip_prefix(['x', 'X', '*']) {
            rest = after;
        } else {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at_checked(end)?;
            *slot = Some(number.parse().ok()?);
            rest = after;
        }
        read += 1;
    }
    let [major, minor, patch] = numbers;
    // `1.x.3` means nothing.
    if (major.is_none() && minor.is_some()) || (minor.is_none() && patch.is_some()) || (read < 3 && !rest.is_empty()) {
        return None;
    }
    Some(Partial { major, minor, patch, prerelease: rest.strip_prefix('-').unwrap_or(rest) })
}

/// The end of everything that starts with these numbers: the first prerelease of the next ones.
fn after(numbers: &[u64]) -> Option<String> {
    let (last, kept) = numbers.split_last()?;
    let mut next = kept.to_vec();
    next.push(last.checked_add(1)?);
    next.resize(3, 0);
    Some(first(&next))
}

/// The first version of all that start with these numbers.
fn first(numbers: &[u64]) -> String {
    let number = |at: usize| numbers.get(at).copied().unwrap_or(0);
    format!("{}.{}.{}-0", number(0), number(1), number(2))
}

impl Partial<'_> {
    /// The numbers before the first open place.
    fn numbers(&self) -> Vec<u64> {
        [self.major, self.minor, self.patch].into_iter().map_while(|number| number).collect()
    }

    fn is_full(&self) -> bool {
        self.patch.is_some()
    }

    /// The lowest version it stands for.
    fn low(&self) -> String {
        let numbers = self.numbers();
        match (numbers.as_slice(), self.prerelease) {
            ([major, minor, patch], "") => format!("{major}.{minor}.{patch}"),
            ([major, minor, patch], label) => format!("{major}.{minor}.{patch}-{label}"),
            (open, _) => first(open),
        }
    }
}

fn is_at_least(version: &Semantic<'_>, bound: &str) -> Option<bool> {
    Some(version.order(&semantic::parse(bound)?, Flavour::Plain).is_ge())
}

fn is_below(version: &Semantic<'_>, bound: &str) -> Option<bool> {
    Some(!is_at_least(version, bound)?)
}

/// Whether every comparator of one alternative holds. An empty alternative is `*`.
fn all(group: &str, version: &Semantic<'_>) -> Option<bool> {
    if let Some((from, to)) = group.split_once(" - ") {
        return hyphen(partial(from.trim_ascii())?, partial(to.trim_ascii())?, version);
    }
    let mut all = true;
    let mut rest = group;
    loop {
        // GitHub writes `>= 1.0, < 2.0`; node-semver knows a space only.
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        if rest.is_empty() {
            return Some(all);
        }
        let (operator, after) = rest.split_at_checked(rest.find(|c| !"<>=~^".contains(c))?)?;
        let after = after.trim_ascii_start();
        let end = after.find(|c: char| c == ',' || c.is_ascii_whitespace()).unwrap_or(after.len());
        let (bound, next) = after.split_at_checked(end)?;
        all &= holds(operator, bound, version)?;
        rest = next;
    }
}

fn hyphen(from: Partial<'_>, to: Partial<'_>, version: &Semantic<'_>) -> Option<bool> {
    let low = if from.is_full() && from.prerelease.is_empty() { from.low() + "-0" } else { from.low() };
    let above = from.major.is_none() || is_at_least(version, &low)?;
    let below = match (to.numbers().as_slice(), to.prerelease) {
        ([], _) => true,
        (numbers, "") => is_below(version, &after(numbers)?)?,
        (_, _) => version.order(&semantic::parse(&to.low())?, Flavour::Plain).is_le(),
    };
    Some(above && below)
}

fn holds(operator: &str, bound: &str, version: &Semantic<'_>) -> Option<bool> {
    let Some(partial) = partial(bound) else {
        // More than three numbers, or a label on fewer: no range, but it has its place in the order.
        let order = version.order(&semantic::parse(bound)?, Flavour::Plain);
        return match operator {
            "" | "=" | "==" => Some(order.is_eq()),
            "<" => Some(order.is_lt()),
            "<=" => Some(order.is_le()),
            ">" => Some(order.is_gt()),
            ">=" => Some(order.is_ge()),
            _ => None,
        };
    };
    let numbers = partial.numbers();
    let low = partial.low();
    if numbers.is_empty() {
        // Nothing is below or above everything.
        return match operator {
            "<" | ">" => Some(false),
            "" | "=" | "==" | "<=" | ">=" | "~" | "~>" | "^" => Some(true),
            _ => None,
        };
    }
    let kept = match operator {
        "~" | "~>" => numbers.len().min(2),
        // The first number that is not zero; of a partial version no more than is written.
        "^" => numbers.iter().position(|number| *number != 0).map_or(numbers.len(), |at| at + 1),
        _ => numbers.len(),
    };
    let end = after(numbers.get(..kept)?)?;
    let order = version.order(&semantic::parse(&low)?, Flavour::Plain);
    Some(match operator {
        "" | "=" | "==" if partial.is_full() => order.is_eq(),
        "" | "=" | "==" | "~" | "~>" | "^" => order.is_ge() && is_below(version, &end)?,
        "<" => order.is_lt(),
        "<=" if partial.is_full() => order.is_le(),
        "<=" => is_below(version, &end)?,
        ">" if partial.is_full() => order.is_gt(),
        ">" => is_at_least(version, &end)?,
        ">=" => order.is_ge(),
        _ => return None,
    })
}
