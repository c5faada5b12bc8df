use serde::{Deserialize, Serialize};

use crate::Ecosystem;
use crate::purl;

/// One package: a name, a version and where it was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// Whose names and version order it follows.
    pub ecosystem: Ecosystem,
    /// The purl namespace where the ecosystem has one beside the name: the distribution's id for operating-system
    /// packages (`debian`, `alpine`, `rhel`; filled in once the operating system is known). `None` for languages:
    /// their names are whole (`@babel/core`, `org.slf4j:slf4j-api`, `github.com/spf13/cobra`, `symfony/http-kernel`).
    pub namespace: Option<String>,
    /// The distribution and release of an operating-system package, `debian-12`; filled in with the namespace.
    pub distro: Option<String>,
    /// The whole name as the ecosystem writes it (`@scope/name`, `group:artifact`, module path, `vendor/name`).
    pub name: String,
    /// The whole version as the ecosystem writes it (`1:2.3-4`, with the epoch where there is one); empty when the
    /// source names none.
    pub version: String,
    /// The machine architecture as the package manager writes it.
    pub architecture: Option<String>,
    /// The source package that it was built from, where that is known.
    pub source: Option<SourcePackage>,
    /// RHEL module stream (`nodejs:18:8080020230718:abcd`).
    pub modularity: Option<String>,
    /// Who built it, as the package says.
    pub vendor: Option<String>,
    /// Licences as declared: an SPDX expression where it parses as one, else the text as found.
    pub licences: Vec<String>,
    /// What the package is used for, as far as the source says.
    pub scope: Scope,
    /// Published digests of the package's own archive, `algorithm:hex`, as the lockfile or database says.
    pub checksums: Vec<String>,
    /// What it needs, as written; resolved to packages of this inventory in [`crate::Relationship`]s.
    pub dependencies: Vec<Dependency>,
    /// Other names that it answers to (`Provides`, `so:libc.musl-x86_64.so.1`).
    pub provides: Vec<String>,
    /// Where it was seen, and how it was recognised. Never empty in a finished inventory.
    pub evidence: Vec<Evidence>,
    /// The purl of the operating-system package that owns its files; such a package is not matched on its own.
    pub owned_by: Option<String>,
    /// The purl of the package that contains it (a jar within a jar, a module within a program).
    pub contained_in: Option<String>,
}

impl Package {
    /// A package of which only name and version are known yet.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            ecosystem,
            namespace: None,
            distro: None,
            name: name.into(),
            version: version.into(),
            architecture: None,
            source: None,
            modularity: None,
            vendor: None,
            licences: Vec::new(),
            scope: Scope::Unknown,
            checksums: Vec::new(),
            dependencies: Vec::new(),
            provides: Vec::new(),
            evidence: Vec::new(),
            owned_by: None,
            contained_in: None,
        }
    }

    /// The package URL, canonical; it is also the package's identity within an inventory.
    pub fn purl(&self) -> String {
        purl::of(self)
    }
}

/// The source package of a binary package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version, where it differs from the binary package's or is stated; whole, with the epoch.
    pub version: Option<String>,
}

/// What a package is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Not said.
    #[default]
    Unknown,
    /// Needed at run time.
    Runtime,
    /// Needed for development or tests only.
    Development,
    /// Optional, peer or extra.
    Optional,
}

/// One thing that a package says it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Name in the same ecosystem (or a virtual name that another package provides).
    pub name: String,
    /// The exact version where the source pins one (lockfiles), else `None`.
    pub version: Option<String>,
}

/// How a package was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recognition {
    /// A package manager's database of what is installed.
    PackageDatabase,
    /// Metadata of an installed language package (`METADATA`, `node_modules/…/package.json`, a gemspec).
    InstalledMetadata,
    /// A lockfile: exact versions that an installation would bring.
    Lockfile,
    /// A manifest with exact or resolvable versions (`pom.xml`, `requirements.txt`).
    Manifest,
    /// An archive's own manifest (jar, wheel).
    Archive,
    /// Build information inside a compiled program (Go, cargo-auditable).
    BuildInformation,
    /// A program's own version string.
    VersionString,
    /// The digest of the file is in a table of known files.
    KnownDigest,
    /// Read from an SBOM that was the target.
    Sbom,
}

/// Where a package was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Path in the image or folder, without a leading slash; what lies within an archive follows after `!/`.
    pub path: String,
    /// Index into [`crate::Inventory::layers`]; `None` where the target has no layers.
    pub layer: Option<u32>,
    /// How.
    pub how: Recognition,
    /// The id of the cataloger that saw it.
    pub cataloger: String,
}
