//! SPDX JSON, 2.2 and 2.3 (<https://spdx.github.io/spdx-spec/v2.3/>).

use std::collections::HashMap;

use seawall_model::RelationshipKind;
use serde::Deserialize;

use super::cyclonedx::checksum;
use super::document::{Component, Document};

pub(super) fn read(bytes: &[u8]) -> Result<Document, String> {
    let spdx: Spdx = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let texts: HashMap<String, String> =
        spdx.licences.into_iter().filter_map(|l| Some((l.id, words(&l.name, &l.text)?))).collect();
    let mut document = Document::default();
    for package in spdx.packages {
        let purl = package.references.into_iter().find(|r| r.kind == "purl").map(|r| r.locator).unwrap_or_default();
        document.components.push(Component {
            reference: package.id,
            kind: package.purpose.to_ascii_lowercase().replace('_', "-"),
            name: package.name,
            version: package.version,
            description: package.source_info.clone(),
            purl,
            licences: licences(&[&package.declared, &package.concluded], &texts),
            checksums: package.checksums.iter().map(|c| checksum(&c.algorithm, &c.value)).collect(),
            vendor: vendor(&package.supplier),
            paths: paths(&package.source_info),
            owned_by: String::new(),
        });
    }
    for r in spdx.relationships {
        document.edges.extend(edge(&r.from, &r.kind, &r.to, &r.comment));
    }
    Ok(document)
}

/// A relation that the inventory keeps.
pub(super) fn edge(from: &str, kind: &str, to: &str, comment: &str) -> Option<(String, RelationshipKind, String)> {
    let own = |s: &str| s.to_owned();
    match kind {
        "DEPENDS_ON" => Some((own(from), RelationshipKind::DependsOn, own(to))),
        "DEPENDENCY_OF" => Some((own(to), RelationshipKind::DependsOn, own(from))),
        "CONTAINS" => Some((own(to), RelationshipKind::ContainedIn, own(from))),
        "CONTAINED_BY" => Some((own(from), RelationshipKind::ContainedIn, own(to))),
        "OTHER" if comment.contains("owned by") => Some((own(from), RelationshipKind::OwnedBy, own(to))),
        _ => None,
    }
}

/// `Organization: NAME`, `Person: NAME`.
pub(super) fn vendor(supplier: &str) -> String {
    let name = supplier.split_once(": ").map_or(supplier, |(_, name)| name);
    if name == "NOASSERTION" { String::new() } else { name.to_owned() }
}

/// The declared licence, else the concluded one; references to texts of the document by the name given there.
pub(super) fn licences(texts: &[&String], references: &HashMap<String, String>) -> Vec<String> {
    let said = texts.iter().find(|t| !matches!(t.as_str(), "" | "NOASSERTION" | "NONE"));
    said.map(|text| references.get(text.as_str()).cloned().unwrap_or_else(|| (*text).clone())).into_iter().collect()
}

/// What a licence of the document's own is called, else its text where that is short.
pub(super) fn words(name: &str, text: &str) -> Option<String> {
    let said = |t: &&str| !t.is_empty() && *t != "NOASSERTION";
    let text = Some(text).filter(|t| t.len() <= 200);
    Some(name).filter(said).or(text.filter(said)).map(str::to_owned)
}

/// Where Seawall and others write that a package was seen.
pub(super) fn paths(source_info: &str) -> Vec<String> {
    let lines = source_info.lines().flat_map(|l| l.split("; "));
    let one = |line: &str| {
        let rest =
            line.split_once(" from ").or_else(|| line.split_once("the following paths: ")).map(|(_, rest)| rest)?;
        Some(rest.split(" in layer ").next().unwrap_or(rest).trim().to_owned())
    };
    lines.filter_map(one).filter(|p| !p.is_empty()).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spdx {
    #[serde(default)]
    packages: Vec<RawPackage>,
    #[serde(default)]
    relationships: Vec<RawRelationship>,
    #[serde(default, rename = "hasExtractedLicensingInfos")]
    licences: Vec<RawLicence>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawPackage {
    #[serde(rename = "SPDXID")]
    id: String,
    name: String,
    #[serde(rename = "versionInfo")]
    version: String,
    supplier: String,
    source_info: String,
    #[serde(rename = "licenseDeclared")]
    declared: String,
    #[serde(rename = "licenseConcluded")]
    concluded: String,
    checksums: Vec<RawChecksum>,
    #[serde(rename = "externalRefs")]
    references: Vec<RawReference>,
    #[serde(rename = "primaryPackagePurpose")]
    purpose: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawChecksum {
    algorithm: String,
    #[serde(rename = "checksumValue")]
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawReference {
    #[serde(rename = "referenceType")]
    kind: String,
    #[serde(rename = "referenceLocator")]
    locator: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawRelationship {
    #[serde(rename = "spdxElementId")]
    from: String,
    #[serde(rename = "relationshipType")]
    kind: String,
    #[serde(rename = "relatedSpdxElement")]
    to: String,
    comment: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawLicence {
    #[serde(rename = "licenseId")]
    id: String,
    name: String,
    #[serde(rename = "extractedText")]
    text: String,
}
