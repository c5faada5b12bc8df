//! The registry of version schemes: names, stable codes, one ordered slice.

use std::fmt;
use std::str::FromStr;

use super::VersionError;

/// How the versions of one ecosystem are ordered.
///
/// A scheme is named by [`Scheme::id`] wherever people see it and by [`Scheme::code`] in the compact store. Both are
/// stable: a code is never given to another scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Scheme {
    /// Debian and its derivatives: deb-version(7).
    Deb = 1,
    /// RPM distributions: rpm-version(7), epoch, tilde and caret included.
    Rpm = 2,
    /// Alpine, Wolfi, Chainguard: apk-tools 2.14 and 3.
    Apk = 3,
    /// Arch Linux: pacman's vercmp(8).
    Alpm = 4,
    /// Python: PEP 440, with the legacy order of setuptools for what is not PEP 440.
    Pep440 = 5,
    /// Semantic Versioning 2.0.0, read leniently.
    Semver = 6,
    /// npm: node-semver in loose mode.
    Npm = 7,
    /// Maven: ComparableVersion of Maven 3.9.
    Maven = 8,
    /// NuGet: four parts, prerelease labels without case.
    Nuget = 9,
    /// RubyGems: Gem::Version.
    Gem = 10,
    /// Packagist: composer/semver and PHP's version_compare.
    Composer = 11,
    /// Go modules and toolchain versions.
    Go = 12,
    /// Hex: Elixir's Version.
    Hex = 13,
    /// Dart and Flutter: pub_semver, which orders build metadata too.
    Pub = 14,
    /// Rust crates: precedence of Semantic Versioning.
    Cargo = 15,
    /// R packages: package_version.
    Cran = 16,
    /// Haskell packages: the Package Versioning Policy.
    Hackage = 17,
    /// Swift packages: Semantic Versioning.
    Swift = 18,
    /// Bitnami components: Semantic Versioning.
    Bitnami = 19,
    /// Programs that no package manager knows: a best effort over common upstream habits.
    Generic = 20,
}

impl Scheme {
    /// Every scheme, in the order of the codes.
    pub const ALL: &'static [Scheme] = &[
        Scheme::Deb,
        Scheme::Rpm,
        Scheme::Apk,
        Scheme::Alpm,
        Scheme::Pep440,
        Scheme::Semver,
        Scheme::Npm,
        Scheme::Maven,
        Scheme::Nuget,
        Scheme::Gem,
        Scheme::Composer,
        Scheme::Go,
        Scheme::Hex,
        Scheme::Pub,
        Scheme::Cargo,
        Scheme::Cran,
        Scheme::Hackage,
        Scheme::Swift,
        Scheme::Bitnami,
        Scheme::Generic,
    ];

    /// The lower-case name used on the command line, in JSON and in documents.
    pub const fn id(self) -> &'static str {
        match self {
            Scheme::Deb => "deb",
            Scheme::Rpm => "rpm",
            Scheme::Apk => "apk",
            Scheme::Alpm => "alpm",
            Scheme::Pep440 => "pep440",
            Scheme::Semver => "semver",
            Scheme::Npm => "npm",
            Scheme::Maven => "maven",
            Scheme::Nuget => "nuget",
            Scheme::Gem => "gem",
            Scheme::Composer => "composer",
            Scheme::Go => "go",
            Scheme::Hex => "hex",
            Scheme::Pub => "pub",
            Scheme::Cargo => "cargo",
            Scheme::Cran => "cran",
            Scheme::Hackage => "hackage",
            Scheme::Swift => "swift",
            Scheme::Bitnami => "bitnami",
            Scheme::Generic => "generic",
        }
    }

    /// The stable number of the scheme in stored data. Zero is never a scheme.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The scheme with this number, or `None` for a number that no scheme has.
    pub fn from_code(code: u8) -> Option<Scheme> {
        Scheme::ALL.iter().copied().find(|scheme| scheme.code() == code)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Scheme {
    type Err = VersionError;

    /// Reads an [`id`](Scheme::id), without regard to case.
    fn from_str(name: &str) -> Result<Self, VersionError> {
        Scheme::ALL
            .iter()
            .copied()
            .find(|scheme| scheme.id().eq_ignore_ascii_case(name))
            .ok_or_else(|| VersionError::UnknownScheme { name: name.chars().take(64).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_go_there_and_back() {
        for (at, scheme) in Scheme::ALL.iter().copied().enumerate() {
            assert_eq!(scheme.id().parse::<Scheme>().unwrap(), scheme);
            assert_eq!(Scheme::from_code(scheme.code()), Some(scheme));
            assert_eq!(usize::from(scheme.code()), at + 1, "codes are dense and in the order of ALL");
        }
        assert_eq!("DEB".parse::<Scheme>().unwrap(), Scheme::Deb);
        assert!("debian".parse::<Scheme>().is_err());
        assert_eq!(Scheme::from_code(0), None);
    }
}
