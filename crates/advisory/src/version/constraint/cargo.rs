//! Cargo requirements: read by the `semver` crate, judged here, because `VersionReq::matches` leaves prereleases out and
//! an affected prerelease must not be lost. A bound's own prereleases stay below it: `^1.2` ends before `2.0.0-0`.

use std::cmp::Ordering;

use semver::{Comparator, Op, VersionReq};

use crate::version::semantic::{self, Flavour, Semantic, order_core};
use crate::version::{Version, VersionError};

use super::refused;

pub(super) fn matches(constraint: &str, version: &Version) -> Result<bool, VersionError> {
    let refuse = || refused(version.scheme(), constraint);
    let requirement = VersionReq::parse(constraint).map_err(|_| refuse())?;
    let read = semantic::parse(version.as_str()).ok_or_else(refuse)?;
    for comparator in &requirement.comparators {
        if !holds(comparator, &read).ok_or_else(refuse)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether one comparator holds, or `None` where its upper bound does not fit.
fn holds(comparator: &Comparator, version: &Semantic<'_>) -> Option<bool> {
    let Comparator { op, major, minor, patch, pre } = comparator;
    let dash = if pre.is_empty() { "" } else { "-" };
    let low = format!("{major}.{}.{}{dash}{pre}", minor.unwrap_or(0), patch.unwrap_or(0));
    let low = semantic::parse(&low)?;
    let order = version.order(&low, Flavour::Plain);
    let below = |numbers: String| order_core(version.core_text(), numbers.as_bytes()) == Ordering::Less;
    let next_major = || Some(format!("{}", major.checked_add(1)?));
    let next_minor = |minor: u64| Some(format!("{major}.{}", minor.checked_add(1)?));
    // The end of what a partial version such as `1.2` stands for.
    let end = match (minor, patch) {
        (_, Some(_)) => None,
        (Some(minor), None) => Some(next_minor(*minor)?),
        (None, None) => Some(next_major()?),
    };
    Some(match (op, end) {
        (Op::Exact, None) => order.is_eq(),
        (Op::Exact | Op::Wildcard, Some(end)) => order.is_ge() && below(end),
        (Op::Greater, None) => order.is_gt(),
        (Op::Greater, Some(end)) => !below(end),
        (Op::GreaterEq, _) => order.is_ge(),
        (Op::Less, None) => order.is_lt(),
        (Op::Less, Some(_)) => version.order_core(&low).is_lt(),
        (Op::LessEq, None) => order.is_le(),
        (Op::LessEq, Some(end)) => below(end),
        (Op::Tilde, _) => order.is_ge() && below(minor.map_or_else(next_major, next_minor)?),
        (Op::Caret, _) => {
            let end = match (major, minor, patch) {
                (0, Some(0), Some(patch)) => format!("0.0.{}", patch.checked_add(1)?),
                (0, Some(minor), _) => next_minor(*minor)?,
                _ => next_major()?,
            };
            order.is_ge() && below(end)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::version::Scheme;

    proptest! {
        /// Without a prerelease on either side there is one answer, and it is that of the `semver` crate.
        #[test]
        fn releases_are_judged_as_semver_does(
            constraint in "(|=|>|>=|<|<=|~|\\^)[0-2](\\.[0-2](\\.[0-3])?)?(, ?(>|<=)[0-2]\\.[0-2])?",
            version in "[0-3]\\.[0-3]\\.[0-3]",
        ) {
            let expected = VersionReq::parse(&constraint).unwrap().matches(&version.parse().unwrap());
            let read = Version::parse(Scheme::Cargo, &version).unwrap();
            prop_assert_eq!(matches(&constraint, &read), Ok(expected), "{} of {}", version, constraint);
        }
    }
}
