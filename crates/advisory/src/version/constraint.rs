//! Native range expressions, each in the language of its ecosystem.

use super::{MAX_CONSTRAINT_LENGTH, Scheme, Version, VersionError};

mod brackets;
mod cargo;
mod composer;
mod npm;
mod operators;
mod pep440;

/// Whether `version` satisfies `constraint`, written in the scheme's own range language.
///
/// | scheme | language |
/// |---|---|
/// | `npm` | node-semver ranges, with prereleases included as `npm audit` does |
/// | `pep440` | specifier sets, with prereleases included |
/// | `maven`, `nuget` | bracket intervals and lists of them; a bare version is exact to Maven, a minimum to NuGet |
/// | `gem` | requirement lists with `~>` |
/// | `composer` | composer/semver constraints, `\|` and `\|\|` alike |
/// | `cargo` | Cargo requirements, with prereleases ordered by precedence |
/// | others | comparator lists: `,`, `and` or space for all of them, `\|\|` or `or` for any; `~>`, `^` and `~` where the scheme is semantic |
///
/// Every scheme also reads the comparator lists of GitHub advisories (`>= 1.0, < 2.0`, `= 1.3`), and `*` for everything.
/// Prereleases are never left out for being prereleases: an advisory's range says which versions are affected, not
/// which ones to install.
///
/// # Errors
/// [`VersionError::Constraint`] for what is not in that language, [`VersionError::Unparsable`] for versions that cannot
/// be read, [`VersionError::TooLong`] past the limits of the module.
pub fn matches_constraint(scheme: Scheme, constraint: &str, version: &str) -> Result<bool, VersionError> {
    if constraint.len() > MAX_CONSTRAINT_LENGTH {
        return Err(VersionError::TooLong { scheme, length: constraint.len(), limit: MAX_CONSTRAINT_LENGTH });
    }
    let version = Version::parse(scheme, version)?;
    let text = constraint.trim_ascii();
    if text == "*" {
        return Ok(true);
    }
    match scheme {
        Scheme::Npm => npm::matches(text, &version),
        Scheme::Pep440 => pep440::matches(text, &version),
        Scheme::Composer => composer::matches(text, &version),
        Scheme::Cargo => cargo::matches(text, &version),
        Scheme::Maven | Scheme::Nuget if text.starts_with(['[', '(']) => brackets::matches(text, &version),
        _ => operators::matches(text, &version),
    }
}

/// The error of a constraint that is not in the scheme's language.
fn refused(scheme: Scheme, constraint: &str) -> VersionError {
    VersionError::Constraint { scheme, constraint: constraint.to_owned() }
}
