//! Ranges of advisories, with the semantics of the OSV schema's events.

use std::cmp::Ordering;

use super::{Scheme, Version, VersionError};

/// Whether `version` lies in the range that starts at `introduced`, ends before `fixed` and ends with `last_affected`.
///
/// As in the [OSV schema](https://ossf.github.io/osv-schema/): `introduced` of `"0"` (or none) is before every version;
/// `fixed` is outside the range, `last_affected` inside; a range with neither has no end. Where both are given, both
/// must hold. An rpm or alpm bound without a release stands for all releases of its version, as rpm's own dependency
/// comparison takes it: `last_affected` `1.2` covers `1.2-7`.
///
/// # Errors
/// As [`Version::parse`] for any of the texts that had to be read. Every bound given is read, even if another one
/// already decides, so that a broken record never depends on the package it meets.
pub fn in_range(
    scheme: Scheme,
    version: &str,
    introduced: Option<&str>,
    fixed: Option<&str>,
    last_affected: Option<&str>,
) -> Result<bool, VersionError> {
    Version::parse(scheme, version)?.in_range(introduced, fixed, last_affected)
}

impl Version {
    /// [`in_range`] for a version that is read already.
    ///
    /// # Errors
    /// As [`in_range`].
    pub fn in_range(
        &self,
        introduced: Option<&str>,
        fixed: Option<&str>,
        last_affected: Option<&str>,
    ) -> Result<bool, VersionError> {
        let is = |bound: Option<&str>, holds: fn(Ordering) -> bool| {
            bound.map_or(Ok(true), |bound| self.order_against_bound(bound).map(holds))
        };
        let introduced = is(introduced.filter(|text| *text != "0"), Ordering::is_ge)?;
        let (fixed, last_affected) = (is(fixed, Ordering::is_lt)?, is(last_affected, Ordering::is_le)?);
        Ok(introduced && fixed && last_affected)
    }
}
