//! Comparator lists, the language that most ecosystems and GitHub's advisories share.
//!
//! `,`, `and` and white space join comparators that must all hold, `||`, `|` and `or` those of which one must. Operators:
//! `= == === != <> < <= > >=`, Debian's `<<` and `>>`, and `~>`, `^`, `~` for RubyGems and the semantic schemes.

use crate::version::semantic::{self, Semantic, order_core};
use crate::version::{Scheme, Version, VersionError, gem};

use super::refused;

pub(super) fn matches(constraint: &str, version: &Version) -> Result<bool, VersionError> {
    let refuse = || refused(version.scheme(), constraint);
    let mut any = false;
    let mut all = true;
    let mut judged = 0_usize;
    let mut rest = constraint;
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_ascii_whitespace());
        let alternative = ["||", "|", "or "].iter().find_map(|word| rest.strip_prefix(word));
        if alternative.is_some() || rest.is_empty() {
            if judged == 0 {
                return Err(refuse());
            }
            any |= all;
            (all, judged) = (true, 0);
            match alternative {
                Some(next) => {
                    rest = next;
                    continue;
                }
                None => return Ok(any),
            }
        }
        if let Some(next) = rest.strip_prefix("and ") {
            rest = next;
            continue;
        }
        let operator_end = rest.find(|c: char| !"<>=!~^".contains(c)).unwrap_or(rest.len());
        let (operator, after) = rest.split_at_checked(operator_end).ok_or_else(refuse)?;
        let after = after.trim_ascii_start();
        let end = after.find(|c: char| c == ',' || c == '|' || c.is_ascii_whitespace()).unwrap_or(after.len());
        let (bound, next) = after.split_at_checked(end).ok_or_else(refuse)?;
        if bound.is_empty() {
            return Err(refuse());
        }
        // Every comparator is judged, so that a broken one is reported whatever the version.
        all &= holds(operator, bound, version)?.ok_or_else(refuse)?;
        judged += 1;
        rest = next;
    }
}

/// Whether one comparator holds, or `None` where the scheme has no such operator.
fn holds(operator: &str, bound: &str, version: &Version) -> Result<Option<bool>, VersionError> {
    let scheme = version.scheme();
    if matches!(operator, "" | "=" | "==") && is_semantic(scheme) {
        if bound == "*" {
            return Ok(Some(true));
        }
        if let Some(prefix) = [".*", ".x", ".X"].iter().find_map(|open| bound.strip_suffix(open)) {
            return Ok(within_prefix(prefix, version));
        }
    }
    let order = version.order_against_bound(bound)?;
    Ok(Some(match operator {
        "" if scheme == Scheme::Nuget => order.is_ge(),
        "" | "=" | "==" | "===" => order.is_eq(),
        "!=" | "<>" => order.is_ne(),
        "<" | "<<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" | ">>" => order.is_gt(),
        ">=" => order.is_ge(),
        "~>" if scheme == Scheme::Gem => return Ok(pessimistic(bound, version).map(|below| order.is_ge() && below)),
        "~>" | "^" | "~" if is_semantic(scheme) => {
            return Ok(below_next(operator, bound, version).map(|below| order.is_ge() && below));
        }
        _ => return Ok(None),
    }))
}

fn is_semantic(scheme: Scheme) -> bool {
    use Scheme::{Bitnami, Go, Hex, Nuget, Pub, Semver, Swift};
    matches!(scheme, Semver | Nuget | Go | Hex | Pub | Swift | Bitnami)
}

fn numbers(version: &Semantic<'_>) -> Option<Vec<u64>> {
    version.numbers().map(|number| std::str::from_utf8(number).ok()?.parse().ok()).collect()
}

/// Whether the numeric parts of the version come before `numbers`: prereleases of the bound are not inside.
fn core_is_below(version: &Version, numbers: &[u64]) -> Option<bool> {
    let read = semantic::parse(version.as_str())?;
    let bound = numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
    Some(order_core(read.core_text(), bound.as_bytes()).is_lt())
}

fn bump(mut numbers: Vec<u64>, keep: usize) -> Option<Vec<u64>> {
    numbers.truncate(keep);
    let last = numbers.last_mut()?;
    *last = last.checked_add(1)?;
    Some(numbers)
}

/// The upper bound of `~>`, `^` and `~`.
fn below_next(operator: &str, bound: &str, version: &Version) -> Option<bool> {
    let numbers = numbers(&semantic::parse(bound)?)?;
    let keep = match operator {
        "~>" => numbers.len().saturating_sub(1).max(1),
        "~" => numbers.len().min(2),
        _ => numbers.iter().position(|number| *number != 0).map_or(numbers.len(), |at| at + 1),
    };
    core_is_below(version, &bump(numbers, keep)?)
}

/// `1.2.*`: every version, prereleases included, whose numbers start so.
fn within_prefix(prefix: &str, version: &Version) -> Option<bool> {
    let numbers = numbers(&semantic::parse(prefix)?)?;
    let keep = numbers.len();
    let low = semantic::parse(prefix)?;
    let read = semantic::parse(version.as_str())?;
    Some(read.order_core(&low).is_ge() && core_is_below(version, &bump(numbers, keep)?)?)
}

/// RubyGems' `~>`: the release of the version comes before the bound's last but one number, raised.
fn pessimistic(bound: &str, version: &Version) -> Option<bool> {
    let head = bound.find(|c: char| c.is_ascii_alphabetic() || c == '-').and_then(|end| bound.get(..end));
    let numbers = head.unwrap_or(bound).split('.').filter(|part| !part.is_empty());
    let numbers: Vec<u64> = numbers.map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let keep = numbers.len().saturating_sub(1).max(1);
    let next = bump(numbers, keep)?.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
    Some(gem::parse(version.as_str())?.release().order(&gem::parse(&next)?).is_lt())
}
