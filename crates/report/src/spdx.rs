//! The SPDX 2.3 document ([specification](https://spdx.github.io/spdx-spec/v2.3/)), from which both of its written forms
//! are made.

use std::collections::{BTreeMap, HashMap};

use seawall_model::{Ecosystem, Package, RelationshipKind, Report};

use crate::properties::Properties;
use crate::text::{clean, safe_url};
use crate::{RenderOptions, identity, licences, time, view, words};

/// The name of the element that stands for the target.
pub(crate) const TARGET: &str = "SPDXRef-Target";

/// A document.
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) namespace: String,
    /// `YYYY-MM-DDThh:mm:ssZ`. SPDX demands a date: without one that the user asked for it is the image's own creation
    /// date, or else 1970-01-01, so that equal input gives equal bytes.
    pub(crate) created: String,
    pub(crate) creator: String,
    pub(crate) comment: String,
    pub(crate) packages: Vec<Element>,
    pub(crate) relationships: Vec<(String, &'static str, String, Option<&'static str>)>,
    /// Licence texts that are not SPDX expressions: identifier and text.
    pub(crate) licences: BTreeMap<String, String>,
}

/// A package of the document.
pub(crate) struct Element {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) supplier: String,
    pub(crate) purpose: &'static str,
    pub(crate) checksums: Vec<(&'static str, String)>,
    pub(crate) licence: String,
    pub(crate) source_info: String,
    /// What else Seawall knows of it, see [`Properties::comment`].
    pub(crate) comment: String,
    pub(crate) references: Vec<Reference>,
}

/// An external reference.
pub(crate) struct Reference {
    pub(crate) category: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) locator: String,
    pub(crate) comment: String,
}

/// The document of a report; `format` makes the namespaces of the two written forms differ.
pub(crate) fn document(format: &str, report: &Report, options: &RenderOptions) -> Document {
    let mut texts = BTreeMap::new();
    let mut packages = vec![target(report)];
    packages.extend(os(report));
    let advisories = if options.sbom_only { HashMap::new() } else { advisories(report) };
    packages.extend(report.inventory.packages.iter().map(|p| package(report, p, &advisories, &mut texts)));
    Document {
        name: filled(&report.inventory.target.name, "target"),
        namespace: format!(
            "https://seawall.invalid/spdx/{}-{}",
            crate::text::percent(&filled(&report.inventory.target.name, "target"), ""),
            identity::document(format, report, options)
        ),
        created: time::document(report),
        creator: clean(&format!("Tool: {}-{}", report.tool.name, report.tool.version)).into_owned(),
        comment: Properties::of_gaps(report).comment(),
        relationships: relationships(report),
        packages,
        licences: texts,
    }
}

fn filled(text: &str, otherwise: &str) -> String {
    let text = clean(text);
    if text.trim().is_empty() { otherwise.to_owned() } else { text.trim().to_owned() }
}

fn target(report: &Report) -> Element {
    let target = &report.inventory.target;
    let reference = identity::target(target);
    let image = target.manifest_digest.or(target.config_digest);
    let purl = reference.starts_with("pkg:").then(|| purl_reference(reference));
    Element {
        id: TARGET.to_owned(),
        name: filled(&target.name, "target"),
        version: image.map(|d| d.to_string()).unwrap_or_default(),
        supplier: "NOASSERTION".to_owned(),
        purpose: if image.is_some() { "CONTAINER" } else { "APPLICATION" },
        checksums: image.iter().map(|d| ("SHA256", d.hex())).collect(),
        licence: "NOASSERTION".to_owned(),
        source_info: clean(&view::target(report)).into_owned(),
        comment: Properties::of_target(report).comment(),
        references: purl.into_iter().collect(),
    }
}

fn os(report: &Report) -> Option<Element> {
    let os = report.inventory.os.as_ref()?;
    Some(Element {
        id: "SPDXRef-OperatingSystem".to_owned(),
        name: filled(&os.id, "operating-system"),
        version: clean(&os.version_id).into_owned(),
        supplier: "NOASSERTION".to_owned(),
        purpose: "OPERATING-SYSTEM",
        checksums: Vec::new(),
        licence: "NOASSERTION".to_owned(),
        source_info: os.pretty_name.as_deref().map(|n| clean(n).into_owned()).unwrap_or_default(),
        comment: Properties::of_os(os, report).comment(),
        references: Vec::new(),
    })
}

fn package(
    report: &Report,
    package: &Package,
    advisories: &HashMap<&str, Vec<Reference>>,
    texts: &mut BTreeMap<String, String>,
) -> Element {
    let purl = package.purl();
    let declared = licences::all(&package.licences);
    let licence = licences::joined(&declared, |text| {
        let id = format!("LicenseRef-seawall-{}", identity::short_hash(&[text], 16));
        texts.insert(id.clone(), clean(text).into_owned());
        Some(id)
    });
    let mut references = vec![purl_reference(purl.clone())];
    for advisory in advisories.get(purl.as_str()).into_iter().flatten() {
        references.push(Reference {
            comment: advisory.comment.clone(),
            locator: advisory.locator.clone(),
            ..*advisory
        });
    }
    let vendor = package.vendor.as_deref().map(|v| filled(v, "")).filter(|v| !v.is_empty());
    Element {
        id: reference(package),
        name: filled(&package.name, "unnamed"),
        version: clean(&package.version).into_owned(),
        supplier: vendor
            .map_or_else(|| "NOASSERTION".to_owned(), |v| format!("Organization: {}", v.replace(['(', ')'], " "))),
        purpose: if package.ecosystem == Ecosystem::Generic { "APPLICATION" } else { "LIBRARY" },
        checksums: package.checksums.iter().filter_map(|c| checksum(c)).collect(),
        licence: licence.unwrap_or_else(|| "NOASSERTION".to_owned()),
        source_info: source_info(report, package),
        comment: Properties::of_package(package).comment(),
        references,
    }
}

/// The element id of a package.
fn reference(package: &Package) -> String {
    format!("SPDXRef-Package-{}", identity::package(package))
}

fn purl_reference(purl: String) -> Reference {
    Reference { category: "PACKAGE-MANAGER", kind: "purl", locator: purl, comment: String::new() }
}

/// The findings of each package, as security references with a link.
fn advisories(report: &Report) -> HashMap<&str, Vec<Reference>> {
    let mut map: HashMap<&str, Vec<Reference>> = HashMap::new();
    for finding in &report.findings {
        let Some(package) = &finding.package else { continue };
        let Some(locator) = view::link(finding).and_then(|link| safe_url(&link).map(str::to_owned)) else { continue };
        let state = match &finding.suppressed {
            Some(_) => format!("; {}", view::why_not_counted(finding)),
            None => String::new(),
        };
        let comment = clean(&format!("{} ({}){state}", finding.id, finding.severity)).into_owned();
        let list = map.entry(package.purl.as_str()).or_default();
        list.push(Reference { category: "SECURITY", kind: "advisory", locator, comment });
    }
    map
}

fn checksum(checksum: &str) -> Option<(&'static str, String)> {
    let (algorithm, hex) = checksum.split_once(':')?;
    let (name, digits) = match algorithm.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => ("MD5", 32),
        "sha1" => ("SHA1", 40),
        "sha256" => ("SHA256", 64),
        "sha384" => ("SHA384", 96),
        "sha512" => ("SHA512", 128),
        _ => return None,
    };
    let fits = hex.len() == digits && hex.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| (name, hex.to_ascii_lowercase()))
}

fn source_info(report: &Report, package: &Package) -> String {
    let seen = package.evidence.iter().map(|evidence| {
        let layer = evidence
            .layer
            .and_then(|index| report.inventory.layers.get(usize::try_from(index).ok()?))
            .map(|layer| format!(" in layer {}", layer.diff_id))
            .unwrap_or_default();
        format!("{} by {} from {}{layer}", words::recognition(evidence.how), evidence.cataloger, evidence.path)
    });
    clean(&seen.collect::<Vec<_>>().join("; ")).into_owned()
}

fn relationships(report: &Report) -> Vec<(String, &'static str, String, Option<&'static str>)> {
    let ids: HashMap<String, String> = report.inventory.packages.iter().map(|p| (p.purl(), reference(p))).collect();
    let mut list = vec![("SPDXRef-DOCUMENT".to_owned(), "DESCRIBES", TARGET.to_owned(), None)];
    if report.inventory.os.is_some() {
        list.push((TARGET.to_owned(), "CONTAINS", "SPDXRef-OperatingSystem".to_owned(), None));
    }
    for package in &report.inventory.packages {
        list.push((TARGET.to_owned(), "CONTAINS", reference(package), None));
    }
    for relationship in &report.inventory.relationships {
        let (Some(from), Some(to)) = (ids.get(&relationship.from), ids.get(&relationship.to)) else { continue };
        list.push(match relationship.kind {
            RelationshipKind::DependsOn => (from.clone(), "DEPENDS_ON", to.clone(), None),
            RelationshipKind::ContainedIn => (to.clone(), "CONTAINS", from.clone(), None),
            RelationshipKind::OwnedBy => {
                (from.clone(), "OTHER", to.clone(), Some("its files are owned by the operating system's package"))
            }
        });
    }
    list
}
