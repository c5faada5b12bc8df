use serde::{Deserialize, Serialize};

use crate::{Evidence, ImageConfig, Layer, OperatingSystem, Package, TargetInfo};

/// What is in a target. Detection from a stored inventory equals detection from the live image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    /// What was looked at.
    pub target: TargetInfo,
    /// Its operating system, where it has one.
    pub os: Option<OperatingSystem>,
    /// The file that says which system it is; `None` where there is none, or where an SBOM says it.
    #[serde(default)]
    pub os_evidence: Option<Evidence>,
    /// Layers from the base upwards; empty for targets that have none.
    pub layers: Vec<Layer>,
    /// The image's configuration, where the target is an image.
    pub config: Option<ImageConfig>,
    /// Packages, sorted by purl; purls are unique.
    pub packages: Vec<Package>,
    /// How packages relate, sorted.
    pub relationships: Vec<Relationship>,
    /// What could not be read or was cut off, sorted by path.
    pub unknowns: Vec<Unknown>,
}

/// One relation between two packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Relationship {
    /// purl.
    pub from: String,
    /// What `from` is to `to`.
    pub kind: RelationshipKind,
    /// purl.
    pub to: String,
}

/// What one package is to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationshipKind {
    /// `from` needs `to`.
    DependsOn,
    /// `from` lies within `to` (nested jar, module in a program).
    ContainedIn,
    /// `from`'s files belong to the operating-system package `to`.
    OwnedBy,
}

/// Something that could not be looked at, so that "clean" and "not looked at" never look alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unknown {
    /// Path in the target, or a package's purl, or the layer's digest.
    pub path: String,
    /// Index of the layer, where there is one.
    pub layer: Option<u32>,
    /// What kind of thing went wrong.
    pub kind: UnknownKind,
    /// Who could not read it: a cataloger's id, `tar`, `detect`, …
    pub by: String,
    /// What is wrong, for a person.
    pub reason: String,
}

/// Why something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownKind {
    /// It is not what its format allows.
    Malformed,
    /// A limit cut it off.
    Limit,
    /// It is well-formed, but not a form that Seawall reads.
    Unsupported,
    /// The system refused to give it (permission, I/O error).
    Unreadable,
    /// The package's version could not be compared, or no advisory stream covers its system.
    NotMatched,
}
