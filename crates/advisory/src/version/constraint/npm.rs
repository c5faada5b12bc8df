//! npm ranges: node-semver's language by the `nodejs-semver` crate, with `includePrerelease` as `npm audit` asks for it.

use nodejs_semver::{Range, Version as NodeVersion};

use crate::version::{Version, VersionError};

use super::refused;

pub(super) fn matches(constraint: &str, version: &Version) -> Result<bool, VersionError> {
    // GitHub writes `>= 1.0, < 2.0`; node-semver knows a space only.
    let spaced = constraint.replace(',', " ");
    let range = Range::parse(&spaced).map_err(|_| refused(version.scheme(), constraint))?;
    let read = NodeVersion::parse(version.as_str())
        .map_err(|_| VersionError::Unparsable { scheme: version.scheme(), version: version.as_str().to_owned() })?;
    Ok(range.satisfies_with_prerelease(&read, true))
}
