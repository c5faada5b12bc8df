//! SPDX tag-value: lines `Tag: value`, with `<text>…</text>` over several.

use std::collections::HashMap;

use super::cyclonedx::checksum;
use super::document::{Component, Document};
use super::spdx::{edge, licences, paths, vendor, words};

pub(super) fn read(bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut document = Document::default();
    let mut texts: HashMap<String, String> = HashMap::new();
    let mut package: Option<(Component, [String; 2])> = None;
    let mut packages = Vec::new();
    let mut licence = String::new();
    let mut rest = &*text;
    while !rest.is_empty() {
        let (tag, value, after) = next(rest);
        rest = after;
        match tag {
            "PackageName" => {
                packages.extend(package.take());
                package = Some((Component { name: value.to_owned(), ..Component::default() }, Default::default()));
            }
            "FileName" | "SnippetSPDXID" => packages.extend(package.take()),
            "LicenseID" => licence = value.to_owned(),
            "LicenseName" | "ExtractedText" => {
                if let Some(said) = words(value, "") {
                    texts.entry(licence.clone()).or_insert(said);
                }
            }
            "Relationship" => {
                let mut words = value.split_whitespace();
                if let (Some(from), Some(kind), Some(to)) = (words.next(), words.next(), words.next()) {
                    // The comment, which tells ownership, stands on the next line.
                    let comment = rest.strip_prefix("RelationshipComment:").map_or("", |c| next_value(c).0);
                    document.edges.extend(edge(from, kind, to, comment));
                }
            }
            _ => {
                if let Some((component, licence)) = &mut package {
                    set(component, licence, tag, value);
                }
            }
        }
    }
    packages.extend(package);
    for (mut component, [declared, concluded]) in packages {
        component.licences = licences(&[&declared, &concluded], &texts);
        document.components.push(component);
    }
    Ok(document)
}

fn set(component: &mut Component, licence: &mut [String; 2], tag: &str, value: &str) {
    let [declared, concluded] = licence;
    match tag {
        "SPDXID" => component.reference = value.to_owned(),
        "PackageVersion" => component.version = value.to_owned(),
        "PackageSupplier" => component.vendor = vendor(value),
        "PackageLicenseDeclared" => *declared = value.to_owned(),
        "PackageLicenseConcluded" => *concluded = value.to_owned(),
        "PrimaryPackagePurpose" => component.kind = value.to_ascii_lowercase().replace('_', "-"),
        "PackageSourceInfo" => {
            component.paths = paths(value);
            component.description = value.to_owned();
        }
        "PackageChecksum" => {
            if let Some((algorithm, digits)) = value.split_once(": ") {
                component.checksums.push(checksum(algorithm, digits));
            }
        }
        "ExternalRef" => {
            let mut words = value.split_whitespace();
            if let (Some(_), Some("purl"), Some(locator)) = (words.next(), words.next(), words.next()) {
                component.purl = locator.to_owned();
            }
        }
        _ => {}
    }
}

/// The next tag, its value, and what follows. Lines without a colon are passed over, as comments are.
fn next(text: &str) -> (&str, &str, &str) {
    let line = text.lines().next().unwrap_or_default();
    let plain = || ("", "", after_line(text));
    let Some((tag, _)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { return plain() };
    let Some(rest) = text.get(tag.len() + 1..) else { return plain() };
    let (value, after) = next_value(rest);
    (tag, value, after)
}

fn next_value(text: &str) -> (&str, &str) {
    let trimmed = text.trim_start_matches([' ', '\t']);
    if let Some(body) = trimmed.strip_prefix("<text>")
        && let Some((value, after)) = body.split_once("</text>")
    {
        return (value, after_line(after));
    }
    (trimmed.lines().next().unwrap_or_default().trim(), after_line(trimmed))
}

fn after_line(text: &str) -> &str {
    text.find('\n').and_then(|at| text.get(at + 1..)).unwrap_or_default()
}
