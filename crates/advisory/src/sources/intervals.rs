//! Sets of versions as intervals, for the feeds that say which versions are *not* affected: RustSec, ruby-advisory-db,
//! Node.js. What is affected is the complement.

use std::cmp::Ordering;
use std::ops::Bound;

use seawall_model::{Range, VersionRange};
use semver::Version;

/// The versions between two bounds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Interval<V> {
    pub(super) low: Bound<V>,
    pub(super) high: Bound<V>,
}

impl<V: Ord + Clone> Interval<V> {
    pub(super) fn new(low: Bound<V>, high: Bound<V>) -> Self {
        Self { low, high }
    }

    pub(super) fn all() -> Self {
        Self { low: Bound::Unbounded, high: Bound::Unbounded }
    }

    /// What two intervals have in common; `None` where that is nothing.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        let low = if by_low(&self.low, &other.low) == Ordering::Less { &other.low } else { &self.low };
        let high = if by_high(&self.high, &other.high) == Ordering::Less { &self.high } else { &other.high };
        let found = Self::new(low.clone(), high.clone());
        (!found.is_empty()).then_some(found)
    }

    fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Bound::Included(a), Bound::Included(b)) => a > b,
            (Bound::Included(a) | Bound::Excluded(a), Bound::Included(b) | Bound::Excluded(b)) => a >= b,
            _ => false,
        }
    }
}

fn by_low<V: Ord>(a: &Bound<V>, b: &Bound<V>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Less,
        (_, Bound::Unbounded) => Ordering::Greater,
        (Bound::Included(a), Bound::Excluded(b)) => a.cmp(b).then(Ordering::Less),
        (Bound::Excluded(a), Bound::Included(b)) => a.cmp(b).then(Ordering::Greater),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => a.cmp(b),
    }
}

fn by_high<V: Ord>(a: &Bound<V>, b: &Bound<V>) -> Ordering {
    match (a, b) {
        (Bound::Unbounded, Bound::Unbounded) => Ordering::Equal,
        (Bound::Unbounded, _) => Ordering::Greater,
        (_, Bound::Unbounded) => Ordering::Less,
        (Bound::Included(a), Bound::Excluded(b)) => a.cmp(b).then(Ordering::Greater),
        (Bound::Excluded(a), Bound::Included(b)) => a.cmp(b).then(Ordering::Less),
        (Bound::Included(a), Bound::Included(b)) | (Bound::Excluded(a), Bound::Excluded(b)) => a.cmp(b),
    }
}

fn opposite<V: Clone>(bound: &Bound<V>) -> Bound<V> {
    match bound {
        Bound::Included(v) => Bound::Excluded(v.clone()),
        Bound::Excluded(v) => Bound::Included(v.clone()),
        Bound::Unbounded => Bound::Unbounded,
    }
}

/// Everything that is in none of the intervals, in order.
pub(super) fn complement<V: Ord + Clone>(mut set: Vec<Interval<V>>) -> Vec<Interval<V>> {
    set.retain(|i| !i.is_empty());
    set.sort_by(|a, b| by_low(&a.low, &b.low));
    let mut out = Vec::new();
    let mut from: Bound<V> = Bound::Unbounded;
    for interval in set {
        if !matches!(interval.low, Bound::Unbounded) {
            let gap = Interval::new(from.clone(), opposite(&interval.low));
            if !gap.is_empty() {
                out.push(gap);
            }
        }
        if matches!(interval.high, Bound::Unbounded) {
            return out;
        }
        let next = opposite(&interval.high);
        if by_low(&from, &next) == Ordering::Less {
            from = next;
        }
    }
    out.push(Interval::new(from, Bound::Unbounded));
    out
}

/// What two sets have in common.
pub(super) fn both<V: Ord + Clone>(a: &[Interval<V>], b: &[Interval<V>]) -> Vec<Interval<V>> {
    a.iter().flat_map(|a| b.iter().filter_map(|b| a.and(b))).collect()
}

/// As a range; an open lower bound, which an interval of the model cannot say, as a constraint whose parts are joined
/// with `and`.
pub(super) fn range<V: ToString>(interval: &Interval<V>, and: &str) -> Range {
    let (fixed, last_affected) = match &interval.high {
        Bound::Excluded(v) => (Some(v.to_string()), None),
        Bound::Included(v) => (None, Some(v.to_string())),
        Bound::Unbounded => (None, None),
    };
    let introduced = match &interval.low {
        Bound::Included(v) => Some(v.to_string()),
        Bound::Unbounded => None,
        Bound::Excluded(v) => {
            let mut constraint = format!("> {}", v.to_string());
            if let Some((sign, high)) = fixed.map(|v| ("<", v)).or(last_affected.map(|v| ("<=", v))) {
                constraint.push_str(&format!("{and}{sign} {high}"));
            }
            return Range::Constraint(constraint);
        }
    };
    Range::Versions(VersionRange { introduced, fixed, last_affected })
}

/// The signs that requirements begin with, longest first.
const SIGNS: [&str; 8] = [">=", "<=", "~>", "!=", ">", "<", "=", "^"];

/// A requirement's sign (empty where there is none) and its version.
pub(super) fn requirement(text: &str) -> (&str, &str) {
    let text = text.trim();
    let sign = SIGNS.iter().find(|s| text.starts_with(**s)).copied().unwrap_or("");
    (sign, text.get(sign.len()..).unwrap_or("").trim())
}

/// One requirement of Cargo or npm: `>= 1.2`, `^1.2.3`, `~1.2`, `10.x`, `1.2.3`. `caret`: a bare version means `^`
/// (Cargo), else exactly that version or its prefix (npm).
pub(super) fn semver_requirement(text: &str, caret: bool) -> Option<Interval<Version>> {
    let text = text.trim();
    if matches!(text, "*" | "x" | "") {
        return Some(Interval::all());
    }
    let (sign, version) = match text.strip_prefix('~') {
        Some(version) if !version.starts_with('>') => ("~", version.trim()),
        _ => requirement(text),
    };
    let (version, given) = partial(version)?;
    let prefix =
        |given: usize| Some(Interval::new(Bound::Included(version.clone()), Bound::Excluded(up(&version, given)?)));
    Some(match sign {
        ">=" => Interval::new(Bound::Included(version), Bound::Unbounded),
        "<" => Interval::new(Bound::Unbounded, Bound::Excluded(version)),
        ">" if given == 3 => Interval::new(Bound::Excluded(version), Bound::Unbounded),
        ">" => Interval::new(Bound::Included(up(&version, given)?), Bound::Unbounded),
        "<=" if given == 3 => Interval::new(Bound::Unbounded, Bound::Included(version)),
        "<=" => Interval::new(Bound::Unbounded, Bound::Excluded(up(&version, given)?)),
        "~" => prefix(given.min(2))?,
        "^" => prefix(significant(&version, given))?,
        "" if caret => prefix(significant(&version, given))?,
        "" | "=" if given < 3 => prefix(given)?,
        "" | "=" => Interval::new(Bound::Included(version.clone()), Bound::Included(version)),
        _ => return None,
    })
}

/// A version of one to three numbers, and how many were given; `x` and `*` count as not given.
fn partial(text: &str) -> Option<(Version, usize)> {
    let text = text.trim_start_matches('v');
    if let Ok(version) = Version::parse(text) {
        return Some((version, 3));
    }
    let mut numbers = [0_u64; 3];
    let mut given = 0;
    for (at, part) in text.split('.').enumerate() {
        if matches!(part, "x" | "X" | "*") {
            break;
        }
        *numbers.get_mut(at)? = part.parse().ok()?;
        given = at.saturating_add(1);
    }
    let [major, minor, patch] = numbers;
    (given > 0).then(|| (Version::new(major, minor, patch), given))
}

/// The first version that differs in the first `given` numbers.
fn up(version: &Version, given: usize) -> Option<Version> {
    Some(match given {
        1 => Version::new(version.major.checked_add(1)?, 0, 0),
        2 => Version::new(version.major, version.minor.checked_add(1)?, 0),
        _ => Version::new(version.major, version.minor, version.patch.checked_add(1)?),
    })
}

/// How many numbers a caret holds fast: up to the first that is not zero.
fn significant(version: &Version, given: usize) -> usize {
    let first = if version.major > 0 {
        1
    } else if version.minor > 0 {
        2
    } else {
        3
    };
    first.min(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cargo(parts: &[&str]) -> String {
        let set = parts
            .iter()
            .filter_map(|p| p.split(',').try_fold(Interval::all(), |i, one| i.and(&semver_requirement(one, true)?)))
            .collect();
        complement(set).iter().map(|i| format!("{:?}", (&i.low, &i.high)).replace("Version", "")).collect()
    }

    fn shown(parts: &[&str]) -> Vec<Range> {
        let set: Vec<_> = parts
            .iter()
            .map(|p| {
                p.split(',')
                    .try_fold(Interval::all(), |i, one| i.and(&semver_requirement(one, true)?))
                    .expect("a requirement")
            })
            .collect();
        complement(set).iter().map(|i| range(i, ", ")).collect()
    }

    fn versions(introduced: Option<&str>, fixed: Option<&str>) -> Range {
        Range::Versions(VersionRange {
            introduced: introduced.map(str::to_owned),
            fixed: fixed.map(str::to_owned),
            last_affected: None,
        })
    }

    #[test]
    fn the_complement_of_what_is_patched_is_affected() {
        assert_eq!(shown(&[">= 0.0.8"]), [versions(None, Some("0.0.8"))]);
        assert_eq!(
            shown(&["^1.2.3", ">= 2.1.0", "< 0.3"]),
            [versions(Some("0.3.0"), Some("1.2.3")), versions(Some("2.0.0"), Some("2.1.0"))]
        );
        assert_eq!(shown(&["<= 0.3.1", ">= 1.0.0"]), [Range::Constraint("> 0.3.1, < 1.0.0".to_owned())]);
        assert_eq!(shown(&[">= 1.2, < 1.3"]), [versions(None, Some("1.2.0")), versions(Some("1.3.0"), None)]);
        assert_eq!(shown(&[]), [versions(None, None)]);
        assert!(shown(&[">= 1", "< 2"]).is_empty());
        assert!(cargo(&["not a version"]).contains("Unbounded"));
    }

    #[test]
    fn npm_requirements_are_intervals() {
        for (text, low, high) in [
            ("10.x", "10.0.0", "11.0.0"),
            ("^0.2.3", "0.2.3", "0.3.0"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("~1.2", "1.2.0", "1.3.0"),
            ("^14", "14.0.0", "15.0.0"),
        ] {
            let got = semver_requirement(text, false).expect(text);
            let version = |v: &str| Version::parse(v).expect("a version");
            assert_eq!(got, Interval::new(Bound::Included(version(low)), Bound::Excluded(version(high))), "{text}");
        }
        assert_eq!(semver_requirement("^18446744073709551615", false), None);
        assert_eq!(semver_requirement("~> 1.2", false), None);
    }
}
