//! CycloneDX JSON, 1.2 to 1.7 (<https://cyclonedx.org/specification/overview/>).

use seawall_model::RelationshipKind;
use serde::Deserialize;

use super::document::{Component, Document};

pub(super) fn read(bytes: &[u8]) -> Result<Document, String> {
    let bom: Bom = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let mut document = Document::default();
    let mut open: Vec<(RawComponent, Option<String>)> = bom.components.into_iter().map(|c| (c, None)).collect();
    open.reverse();
    // Components hold components; the parser limits how deep.
    while let Some((mut raw, parent)) = open.pop() {
        let reference = raw.bom_ref.clone();
        if let Some(parent) = parent {
            document.edges.push((reference.clone(), RelationshipKind::ContainedIn, parent));
        }
        let inner = std::mem::take(&mut raw.components);
        open.extend(inner.into_iter().rev().map(|c| (c, Some(reference.clone()))));
        document.components.push(raw.component());
    }
    for dependency in bom.dependencies {
        for to in dependency.depends_on {
            document.edges.push((dependency.reference.clone(), RelationshipKind::DependsOn, to));
        }
    }
    Ok(document)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    #[serde(default)]
    components: Vec<RawComponent>,
    #[serde(default)]
    dependencies: Vec<RawDependency>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDependency {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(default)]
    depends_on: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawComponent {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "bom-ref")]
    bom_ref: String,
    group: String,
    name: String,
    version: String,
    description: String,
    purl: String,
    publisher: String,
    supplier: Named,
    licenses: Vec<RawLicence>,
    hashes: Vec<RawHash>,
    properties: Vec<RawProperty>,
    evidence: RawEvidence,
    components: Vec<RawComponent>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawLicence {
    expression: String,
    license: RawLicenceName,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawLicenceName {
    id: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawHash {
    alg: String,
    content: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawProperty {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawEvidence {
    occurrences: Vec<RawOccurrence>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawOccurrence {
    location: String,
}

impl RawComponent {
    fn component(self) -> Component {
        let name = if self.group.is_empty() || !self.purl.is_empty() {
            self.name
        } else {
            format!("{}/{}", self.group, self.name)
        };
        let mut paths: Vec<String> = self.evidence.occurrences.into_iter().map(|o| o.location).collect();
        let mut owned_by = String::new();
        for property in self.properties {
            let syft = property.name.starts_with("syft:location:") && property.name.ends_with(":path");
            if syft || property.name == "aquasecurity:trivy:FilePath" {
                paths.push(property.value);
            } else if property.name == "seawall:ownedBy" {
                owned_by = property.value;
            }
        }
        let vendor = if self.supplier.name.is_empty() { self.publisher } else { self.supplier.name };
        let first = |l: RawLicence| [l.expression, l.license.id, l.license.name].into_iter().find(|t| !t.is_empty());
        Component {
            reference: if self.bom_ref.is_empty() { self.purl.clone() } else { self.bom_ref },
            kind: self.kind,
            name,
            version: self.version,
            description: self.description,
            purl: self.purl,
            licences: self.licenses.into_iter().filter_map(first).collect(),
            checksums: self.hashes.iter().map(|h| checksum(&h.alg, &h.content)).collect(),
            vendor,
            paths,
            owned_by,
        }
    }
}

/// `SHA-256` and its digits as `sha256:…`.
pub(super) fn checksum(algorithm: &str, digits: &str) -> String {
    format!("{}:{}", algorithm.to_ascii_lowercase().replace('-', ""), digits.to_ascii_lowercase())
}
