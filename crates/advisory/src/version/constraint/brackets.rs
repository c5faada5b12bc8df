//! Intervals of Maven and NuGet: `[1.0,2.0)`, `(,1.0]`, `[1.3]`, and Maven's lists of them, any of which may hold.

use crate::version::{Version, VersionError};

use super::refused;

pub(super) fn matches(constraint: &str, version: &Version) -> Result<bool, VersionError> {
    let refuse = || refused(version.scheme(), constraint);
    let mut rest = constraint;
    let mut found = false;
    loop {
        let open_included = rest.starts_with('[');
        let inner = rest.strip_prefix(['[', '(']).ok_or_else(refuse)?;
        let (interval, after) = inner.split_once([']', ')']).ok_or_else(refuse)?;
        let close_included = inner.get(interval.len()..).is_some_and(|close| close.starts_with(']'));
        let bound = |text: &str| match text.trim_ascii() {
            "" => Ok(None),
            text => Version::parse(version.scheme(), text).map(Some),
        };
        let (low, high) = match interval.split_once(',') {
            Some((low, high)) => (bound(low)?, bound(high)?),
            None if open_included && close_included => {
                let exact = bound(interval)?.ok_or_else(refuse)?;
                (Some(exact.clone()), Some(exact))
            }
            None => return Err(refuse()),
        };
        let above = low.is_none_or(|low| *version > low || (open_included && *version == low));
        let below = high.is_none_or(|high| *version < high || (close_included && *version == high));
        found |= above && below;
        let after = after.trim_ascii_start();
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_ascii_start(),
            None if after.is_empty() => return Ok(found),
            None => return Err(refuse()),
        }
    }
}
