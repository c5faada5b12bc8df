use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a package comes from: the package manager whose names and version order it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ecosystem {
    /// Alpine, Wolfi and Chainguard packages.
    Apk,
    /// Debian, Ubuntu and distroless packages.
    Deb,
    /// Packages of the RPM distributions.
    Rpm,
    /// Arch Linux packages.
    Alpm,
    /// Rust crates.
    Cargo,
    /// PHP packages.
    Composer,
    /// R packages.
    Cran,
    /// Dart packages.
    Pub,
    /// Ruby gems.
    Gem,
    /// Programs that no package manager knows, recognised by their own version strings.
    Generic,
    /// Go modules.
    Golang,
    /// Haskell packages.
    Hackage,
    /// Erlang and Elixir packages.
    Hex,
    /// Java artifacts.
    Maven,
    /// JavaScript packages.
    Npm,
    /// .NET packages.
    Nuget,
    /// Python distributions.
    Pypi,
    /// Swift packages.
    Swift,
}

impl Ecosystem {
    /// Every ecosystem.
    pub const ALL: &'static [Self] = &[
        Self::Apk,
        Self::Deb,
        Self::Rpm,
        Self::Alpm,
        Self::Cargo,
        Self::Composer,
        Self::Cran,
        Self::Pub,
        Self::Gem,
        Self::Generic,
        Self::Golang,
        Self::Hackage,
        Self::Hex,
        Self::Maven,
        Self::Npm,
        Self::Nuget,
        Self::Pypi,
        Self::Swift,
    ];

    /// The purl type ([purl types](https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst)).
    pub const fn purl_type(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Alpm => "alpm",
            Self::Cargo => "cargo",
            Self::Composer => "composer",
            Self::Cran => "cran",
            Self::Pub => "pub",
            Self::Gem => "gem",
            Self::Generic => "generic",
            Self::Golang => "golang",
            Self::Hackage => "hackage",
            Self::Hex => "hex",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::Nuget => "nuget",
            Self::Pypi => "pypi",
            Self::Swift => "swift",
        }
    }

    /// The ecosystem of a purl type, where it is one that Seawall knows.
    pub fn from_purl_type(purl_type: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|e| e.purl_type() == purl_type)
    }

    /// Whether packages of this ecosystem belong to an operating system's package manager.
    pub const fn is_operating_system(self) -> bool {
        matches!(self, Self::Apk | Self::Deb | Self::Rpm | Self::Alpm)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.purl_type())
    }
}
