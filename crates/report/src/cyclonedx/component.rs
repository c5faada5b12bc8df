use seawall_model::{Ecosystem, Evidence, Package, Recognition, Report, Scope};

use crate::json::Object;
use crate::licences::{self, Licence};
use crate::properties::Properties;
use crate::{identity, text, words};

/// The component that the document is about.
pub(super) fn target(report: &Report, reference: &str) -> Object {
    let target = &report.inventory.target;
    let (_, tag) = identity::split_reference(target.tags.first().unwrap_or(&target.name));
    let image = target.manifest_digest.or(target.config_digest);
    let hashes: Vec<Object> = image.iter().map(|d| hash("SHA-256", &d.hex())).collect();
    let properties: Vec<Object> = Properties::of_target(report).objects().collect();
    Object::new()
        .put("type", if image.is_some() { "container" } else { "application" })
        .put("bom-ref", reference)
        .put("name", &target.name)
        .put_some("version", image.map(|d| tag.map_or_else(|| d.to_string(), str::to_owned)))
        .put_filled("hashes", hashes)
        .put_some("purl", reference.starts_with("pkg:").then_some(reference))
        .put("properties", properties)
}

/// The operating system and its reference.
pub(super) fn os(report: &Report) -> Option<(String, Object)> {
    let os = report.inventory.os.as_ref()?;
    let reference = format!("urn:seawall:os:{}:{}", text::percent(&os.id, ""), text::percent(&os.version_id, ""));
    let properties: Vec<Object> = Properties::of_os(os, report).objects().collect();
    let component = Object::new()
        .put("type", "operating-system")
        .put("bom-ref", &reference)
        .put("name", &os.id)
        .put("version", bounded(&os.version_id))
        .put_some("description", os.pretty_name.as_ref())
        .put_filled("properties", properties);
    Some((reference, component))
}

/// One package.
pub(super) fn package(report: &Report, package: &Package) -> Object {
    let purl = package.purl();
    let (group, name) = split_name(package);
    let hashes: Vec<Object> = package.checksums.iter().filter_map(|c| checksum(c)).collect();
    Object::new()
        .put("type", if package.ecosystem == Ecosystem::Generic { "application" } else { "library" })
        .put("bom-ref", &purl)
        .put_some("publisher", package.vendor.as_ref())
        .put_some("group", group)
        .put("name", name)
        .put_filled("version", bounded(&package.version))
        .put_some("scope", scope(package.scope))
        .put_filled("hashes", hashes)
        .put_filled("licenses", licenses(&package.licences))
        .put("purl", &purl)
        .put_filled("properties", Properties::of_package(package).objects().collect::<Vec<_>>())
        .put_filled("evidence", evidence(report, package, &purl))
}

fn split_name(package: &Package) -> (Option<&str>, &str) {
    let separator = match package.ecosystem {
        Ecosystem::Maven => ':',
        Ecosystem::Npm | Ecosystem::Composer => '/',
        _ => return (None, &package.name),
    };
    match package.name.split_once(separator) {
        Some((group, name)) if !group.is_empty() && !name.is_empty() => (Some(group), name),
        _ => (None, &package.name),
    }
}

/// The schema allows versions of 1,024 characters.
fn bounded(version: &str) -> String {
    version.chars().take(1024).collect()
}

const fn scope(scope: Scope) -> Option<&'static str> {
    match scope {
        Scope::Unknown => None,
        Scope::Runtime => Some("required"),
        Scope::Development | Scope::Optional => Some("optional"),
    }
}

fn hash(algorithm: &str, hex: &str) -> Object {
    Object::new().put("alg", algorithm).put("content", hex)
}

fn checksum(checksum: &str) -> Option<Object> {
    let (algorithm, hex) = checksum.split_once(':')?;
    let (name, digits) = match algorithm.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => ("MD5", 32),
        "sha1" => ("SHA-1", 40),
        "sha256" => ("SHA-256", 64),
        "sha384" => ("SHA-384", 96),
        "sha512" => ("SHA-512", 128),
        _ => return None,
    };
    (hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit())).then(|| hash(name, hex))
}

/// Either one expression or a list of ids and names: the schema allows no mixture.
fn licenses(declared: &[String]) -> Vec<Object> {
    let declared = licences::all(declared);
    if declared.iter().any(|l| matches!(l, Licence::Expression(_)))
        && let Some(expression) = licences::joined(&declared, |_| None)
    {
        return vec![Object::new().put("expression", expression)];
    }
    let mut list = Vec::new();
    for licence in &declared {
        let licence = match licence {
            Licence::Id(id) => Object::new().put("id", *id),
            Licence::Expression(text) | Licence::Name(text) => Object::new().put("name", *text),
        };
        let licence = Object::new().put("license", licence);
        if !list.contains(&licence) {
            list.push(licence);
        }
    }
    list
}

fn evidence(report: &Report, package: &Package, purl: &str) -> Object {
    let mut methods: Vec<Object> = Vec::new();
    let mut occurrences: Vec<Object> = Vec::new();
    let mut confidence = 0.0_f64;
    for evidence in &package.evidence {
        let (technique, sureness) = technique(evidence.how);
        confidence = confidence.max(sureness);
        let method = Object::new()
            .put("technique", technique)
            .put("confidence", sureness)
            .put("value", format!("{} ({})", evidence.cataloger, words::recognition(evidence.how)));
        if !methods.contains(&method) {
            methods.push(method);
        }
        occurrences.push(
            Object::new()
                .put("location", &evidence.path)
                .put_some("additionalContext", layer(report, evidence).map(|l| format!("layer {l}"))),
        );
    }
    if methods.is_empty() {
        return Object::new();
    }
    let identity = Object::new()
        .put("field", "purl")
        .put("confidence", confidence)
        .put("concludedValue", purl)
        .put("methods", methods);
    Object::new().put("identity", vec![identity]).put("occurrences", occurrences)
}

fn layer(report: &Report, evidence: &Evidence) -> Option<String> {
    let index = usize::try_from(evidence.layer?).ok()?;
    report.inventory.layers.get(index).map(|layer| layer.diff_id.to_string())
}

/// How sure each way of recognising a package is: what a package manager wrote down is certain, what stands in a
/// program's text is not quite.
const fn technique(how: Recognition) -> (&'static str, f64) {
    match how {
        Recognition::PackageDatabase | Recognition::InstalledMetadata => ("manifest-analysis", 1.0),
        Recognition::Lockfile => ("manifest-analysis", 1.0),
        Recognition::Manifest | Recognition::Archive => ("manifest-analysis", 0.9),
        Recognition::BuildInformation => ("binary-analysis", 1.0),
        Recognition::VersionString => ("binary-analysis", 0.9),
        Recognition::KnownDigest => ("hash-comparison", 1.0),
        Recognition::Sbom => ("attestation", 0.9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_one_expression_or_a_list() {
        let list = |texts: &[&str]| licenses(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>());
        assert_eq!(list(&["MIT", "BSD OR so"]).len(), 2);
        assert_eq!(list(&["MIT", "ISC OR MIT"]), vec![Object::new().put("expression", "MIT AND (ISC OR MIT)")]);
        assert_eq!(list(&["", "MIT", "MIT"]).len(), 1);
    }

    #[test]
    fn checksums_of_unknown_form_are_left_out() {
        assert!(checksum("sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709").is_some());
        assert!(checksum("sha1:xyz").is_none() && checksum("crc:00").is_none() && checksum("").is_none());
    }
}
