use serde::{Deserialize, Serialize};

/// One statement of a VEX document, whatever its format
/// ([OpenVEX](https://github.com/openvex/spec), CSAF 2.0 profile 5, CycloneDX vulnerability analysis).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VexStatement {
    /// Vulnerability ids that it speaks of: the id and its aliases.
    pub vulnerabilities: Vec<String>,
    /// purls that it speaks of: images (`pkg:oci/…`), packages; a purl without version or qualifiers means all of them.
    /// A CPE means the operating system.
    pub products: Vec<String>,
    /// purls of packages within the products; empty means the product itself.
    pub subcomponents: Vec<String>,
    /// What it says.
    pub status: VexStatus,
    /// Why it is not affected: a justification word or a sentence.
    pub justification: String,
    /// Who says so.
    pub author: String,
    /// The document: its id or file name.
    pub document: String,
    /// When it was said, RFC 3339; empty where not stated. A later statement outweighs an earlier one.
    pub timestamp: String,
}

/// What a VEX statement says of a vulnerability in a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VexStatus {
    /// Not affected: suppresses the finding.
    NotAffected,
    /// Affected.
    Affected,
    /// Fixed in this product: suppresses the finding.
    Fixed,
    /// Not yet known.
    UnderInvestigation,
}
