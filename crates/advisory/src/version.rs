//! Version schemes: the exact order of each ecosystem, ranges of advisories, and native range expressions.
//!
//! [`compare`] answers for two texts; [`Version`] is one text read once, for a package that meets many ranges.
//! Reading is as tolerant as the ecosystem's own tools, and what they cannot order is [`VersionError::Unparsable`], so
//! that a matcher can report it as unknown. For the versions a scheme accepts, the order is total (Maven's own order
//! has known exceptions for contrived input, see its file).
//!
//! Hostile input is bounded: versions over [`MAX_VERSION_LENGTH`] and constraints over [`MAX_CONSTRAINT_LENGTH`] bytes
//! are refused, every order takes time linear in its input, and nothing recurses. White space around a version is
//! ignored.

use std::cmp::Ordering;

mod alpm;
mod apk;
mod composer;
mod constraint;
mod deb;
mod dotted;
mod error;
mod gem;
mod generic;
mod go;
mod maven;
mod pep440;
mod range;
mod rpm;
mod scheme;
mod semantic;
mod text;

pub use constraint::matches_constraint;
pub use error::VersionError;
pub use range::in_range;
pub use scheme::Scheme;

/// The longest version that is read, in bytes.
pub const MAX_VERSION_LENGTH: usize = 4096;

/// The longest constraint that is read, in bytes.
pub const MAX_CONSTRAINT_LENGTH: usize = 16384;

/// One version of one scheme, read once and compared many times.
///
/// `Ord` is the order of [`compare`]; versions of different schemes are ordered by [`Scheme::code`], so that a mixed
/// list sorts the same everywhere. Two texts may be equal as versions (`1.0` and `1.0.0` to npm).
#[derive(Debug, Clone)]
pub struct Version {
    scheme: Scheme,
    text: Box<str>,
    key: Key,
}

/// What reading kept beside the text: nothing where comparing the text itself is as fast.
#[derive(Debug, Clone)]
enum Key {
    Text,
    Composer(Box<str>),
    Maven(maven::Maven),
    Pep440(pep440::Pep440),
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// [`VersionError::TooLong`] past [`MAX_VERSION_LENGTH`], [`VersionError::Unparsable`] for what the ecosystem's
    /// tools could not order.
    pub fn parse(scheme: Scheme, text: &str) -> Result<Version, VersionError> {
        let text = admit(scheme, text)?;
        let unparsable = || VersionError::Unparsable { scheme, version: text.to_owned() };
        let key = match scheme {
            Scheme::Composer => Key::Composer(composer::normalize(text).ok_or_else(unparsable)?.into()),
            Scheme::Maven => Key::Maven(maven::parse(text)),
            Scheme::Pep440 => Key::Pep440(pep440::parse(text).ok_or_else(unparsable)?),
            _ if is_valid_text(scheme, text) => Key::Text,
            _ => return Err(unparsable()),
        };
        Ok(Version { scheme, text: text.into(), key })
    }

    /// The scheme it was read by.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The text it was read from, without white space around it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The order against a bound of a range, which may stand for every release of its version (rpm, alpm). Nothing is
    /// kept of the bound: a package meets each of them once.
    fn order_against_bound(&self, bound: &str) -> Result<Ordering, VersionError> {
        let bound = admit(self.scheme, bound)?;
        let text = &*self.text;
        let order = match (&self.key, self.scheme) {
            (Key::Text, Scheme::Rpm) => both(rpm::parse(text), rpm::parse(bound), |a, b| a.order_against_bound(b)),
            (Key::Text, Scheme::Alpm) => both(alpm::parse(text), alpm::parse(bound), |a, b| a.order_against_bound(b)),
            (Key::Text, scheme) => compare_text(scheme, text, bound),
            _ => return Ok(self.cmp(&Version::parse(self.scheme, bound)?)),
        };
        // This version was accepted when it was read.
        order.ok_or_else(|| VersionError::Unparsable { scheme: self.scheme, version: bound.to_owned() })
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.scheme.code().cmp(&other.scheme.code()).then_with(|| match (&self.key, &other.key) {
            (Key::Composer(a), Key::Composer(b)) => composer::order(a, b),
            (Key::Maven(a), Key::Maven(b)) => a.order(b),
            (Key::Pep440(a), Key::Pep440(b)) => a.order(b),
            // Both texts were accepted when they were read.
            _ => compare_text(self.scheme, &self.text, &other.text).unwrap_or(Ordering::Equal),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// Compares two versions as their ecosystem does.
///
/// Safe on any text: no panic, linear time, and no allocation for the schemes whose text is compared in place (all but
/// `composer`, `maven` and `pep440`).
///
/// # Errors
/// As [`Version::parse`], for the first of the two that cannot be read.
pub fn compare(scheme: Scheme, a: &str, b: &str) -> Result<Ordering, VersionError> {
    let a = admit(scheme, a)?;
    // The first of the two is reported, also where the second is worse.
    let b = admit(scheme, b).or_else(|error| Version::parse(scheme, a).and(Err(error)))?;
    if matches!(scheme, Scheme::Composer | Scheme::Maven | Scheme::Pep440) {
        return Ok(Version::parse(scheme, a)?.cmp(&Version::parse(scheme, b)?));
    }
    compare_text(scheme, a, b).ok_or_else(|| {
        let version = if is_valid_text(scheme, a) { b } else { a };
        VersionError::Unparsable { scheme, version: version.to_owned() }
    })
}

/// Trims and bounds a version.
fn admit(scheme: Scheme, text: &str) -> Result<&str, VersionError> {
    if text.len() > MAX_VERSION_LENGTH {
        return Err(VersionError::TooLong { scheme, length: text.len(), limit: MAX_VERSION_LENGTH });
    }
    match text.trim_ascii() {
        "" => Err(VersionError::Unparsable { scheme, version: text.to_owned() }),
        text => Ok(text),
    }
}

/// Applies `order` where both could be read.
fn both<T>(a: Option<T>, b: Option<T>, order: impl Fn(&T, &T) -> Ordering) -> Option<Ordering> {
    Some(order(&a?, &b?))
}

/// The order of the flavours of Semantic Versioning.
fn flavour(scheme: Scheme) -> semantic::Flavour {
    match scheme {
        Scheme::Nuget => semantic::Flavour::Nuget,
        Scheme::Pub => semantic::Flavour::Pub,
        _ => semantic::Flavour::Plain,
    }
}

const HACKAGE: &[u8] = b".";
const CRAN: &[u8] = b".-";

/// Compares in place, or `None` where one of the two cannot be read (or the scheme compares a key).
fn compare_text(scheme: Scheme, a: &str, b: &str) -> Option<Ordering> {
    let dotted = |separators: &[u8]| {
        (dotted::is_version(a, separators) && dotted::is_version(b, separators))
            .then(|| dotted::order(a, b, separators))
    };
    match scheme {
        Scheme::Deb => Some(deb::parse(a)?.order(&deb::parse(b)?)),
        Scheme::Rpm => Some(rpm::parse(a)?.order(&rpm::parse(b)?)),
        Scheme::Alpm => Some(alpm::parse(a)?.order(&alpm::parse(b)?)),
        Scheme::Apk => (apk::is_version(a) && apk::is_version(b)).then(|| apk::order(a, b)),
        Scheme::Gem => Some(gem::parse(a)?.order(&gem::parse(b)?)),
        Scheme::Go => Some(go::parse(a)?.order(&go::parse(b)?)),
        Scheme::Cran => dotted(CRAN),
        Scheme::Hackage => dotted(HACKAGE),
        Scheme::Generic => (generic::is_version(a) && generic::is_version(b)).then(|| generic::order(a, b)),
        Scheme::Semver
        | Scheme::Npm
        | Scheme::Nuget
        | Scheme::Hex
        | Scheme::Pub
        | Scheme::Cargo
        | Scheme::Swift
        | Scheme::Bitnami => Some(semantic::parse(a)?.order(&semantic::parse(b)?, flavour(scheme))),
        Scheme::Composer | Scheme::Maven | Scheme::Pep440 => None,
    }
}

/// Whether [`compare_text`] accepts this text.
fn is_valid_text(scheme: Scheme, text: &str) -> bool {
    match scheme {
        Scheme::Deb => deb::parse(text).is_some(),
        Scheme::Rpm => rpm::parse(text).is_some(),
        Scheme::Alpm => alpm::parse(text).is_some(),
        Scheme::Apk => apk::is_version(text),
        Scheme::Gem => gem::parse(text).is_some(),
        Scheme::Go => go::parse(text).is_some(),
        Scheme::Cran => dotted::is_version(text, CRAN),
        Scheme::Hackage => dotted::is_version(text, HACKAGE),
        Scheme::Generic => generic::is_version(text),
        Scheme::Semver
        | Scheme::Npm
        | Scheme::Nuget
        | Scheme::Hex
        | Scheme::Pub
        | Scheme::Cargo
        | Scheme::Swift
        | Scheme::Bitnami => semantic::parse(text).is_some(),
        Scheme::Composer | Scheme::Maven | Scheme::Pep440 => false,
    }
}
