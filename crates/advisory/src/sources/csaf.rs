//! [CSAF 2.0](https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html): Red Hat's advisories (one erratum, several
//! CVEs) and VEX files (one CVE, every product), and CISA's advisories.

use std::collections::{HashMap, HashSet};

use seawall_model::{Advisory, Affected, FixState, Severity};
use serde::Deserialize;

use super::common::{add_cvss, add_cwes, add_id, finish, fixed_row, is_cve, is_named, json, title, whole_row};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};
use crate::streams::redhat_stream;

/// A feed of CSAF documents.
#[derive(Debug)]
pub(super) struct Csaf {
    id: &'static str,
    about: &'static str,
    docs: &'static str,
    stems: &'static [&'static str],
}

pub(super) const REDHAT: Csaf = Csaf {
    id: "redhat-csaf",
    about: "Red Hat's advisories and VEX files: fixed, affected and unaffected packages of every product.",
    docs: "https://security.access.redhat.com/data/csaf/v2/",
    stems: &["redhat-csaf-vex-samples", "redhat-csaf", "redhat-csaf-changes", "csaf_advisories_*", "csaf_vex_*"],
};

pub(super) const CISA: Csaf = Csaf {
    id: "cisa-csaf",
    about: "CISA's advisories on industrial and IT products; no container packages, so that they only enrich.",
    docs: "https://github.com/cisagov/CSAF",
    stems: &["csaf-cisa-*", "cisa-csaf"],
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    document: Head<'a>,
    #[serde(borrow)]
    product_tree: Tree<'a>,
    #[serde(borrow)]
    vulnerabilities: List<Vulnerability<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    aggregate_severity: Option<Named<'a>>,
    #[serde(borrow)]
    tracking: Tracking<'a>,
    #[serde(borrow)]
    references: List<Link<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link<'a> {
    #[serde(borrow)]
    url: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tracking<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    initial_release_date: Text<'a>,
    #[serde(borrow)]
    current_release_date: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tree<'a> {
    #[serde(borrow)]
    branches: List<Branch<'a>>,
    #[serde(borrow)]
    relationships: List<Relationship<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Branch<'a> {
    #[serde(borrow)]
    branches: List<Branch<'a>>,
    #[serde(borrow)]
    product: Option<Product<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Product<'a> {
    #[serde(borrow)]
    product_id: Text<'a>,
    #[serde(borrow)]
    product_identification_helper: Option<Helper<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Helper<'a> {
    #[serde(borrow)]
    cpe: Text<'a>,
    #[serde(borrow)]
    purl: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Relationship<'a> {
    #[serde(borrow)]
    full_product_name: Product<'a>,
    #[serde(borrow)]
    product_reference: Text<'a>,
    #[serde(borrow)]
    relates_to_product_reference: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    cve: Text<'a>,
    #[serde(borrow)]
    title: Text<'a>,
    #[serde(borrow)]
    cwe: Option<Cwe<'a>>,
    #[serde(borrow)]
    product_status: Option<Status<'a>>,
    #[serde(borrow)]
    remediations: List<Remediation<'a>>,
    #[serde(borrow)]
    scores: List<Score<'a>>,
    #[serde(borrow)]
    threats: List<Remediation<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cwe<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    fixed: List<Text<'a>>,
    #[serde(borrow)]
    known_affected: List<Text<'a>>,
    #[serde(borrow)]
    known_not_affected: List<Text<'a>>,
    #[serde(borrow)]
    under_investigation: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Remediation<'a> {
    #[serde(borrow)]
    category: Text<'a>,
    #[serde(borrow)]
    details: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    product_ids: List<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Score<'a> {
    #[serde(borrow)]
    cvss_v2: Option<Vector<'a>>,
    #[serde(borrow)]
    cvss_v3: Option<Vector<'a>>,
    #[serde(borrow)]
    cvss_v4: Option<Vector<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vector<'a> {
    #[serde(borrow, rename = "vectorString")]
    vector: Text<'a>,
}

impl Source for Csaf {
    fn id(&self) -> &'static str {
        self.id
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn docs(&self) -> &'static str {
        self.docs
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, self.stems)
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        if !member.ends_with(".json") {
            return Ok(()); // Lists of what is there, of changes, checksums, signatures.
        }
        let document: Document<'_> = json(bytes)?;
        let id = &*document.document.tracking.id;
        if id.is_empty() {
            return Err(SourceError::Incomplete("no tracking id"));
        }
        let mut advisory = Advisory::new(id, self.id);
        advisory.title = title(&document.document.title);
        advisory.published = document.document.tracking.initial_release_date.to_string();
        advisory.modified = document.document.tracking.current_release_date.to_string();
        advisory.references = document.document.references.iter().map(|r| r.url.to_string()).collect();
        if let Some(severity) = &document.document.aggregate_severity {
            advisory.severity = Severity::from_word(&severity.text).unwrap_or_default();
        }
        for vulnerability in &document.vulnerabilities {
            describe(vulnerability, &mut advisory);
        }
        if self.id == REDHAT.id {
            let mut rows = Rows::new(&document.product_tree, is_cve(id));
            for vulnerability in &document.vulnerabilities {
                rows.add(vulnerability);
            }
            advisory.affected = rows.rows;
            for problem in rows.problems.iter().take(20) {
                sink.unknown(member, format!("{id}: no stream for product `{problem}`"));
            }
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}

fn describe(vulnerability: &Vulnerability<'_>, advisory: &mut Advisory) {
    add_id(&advisory.id, &mut advisory.related, &vulnerability.cve);
    if let Some(cwe) = &vulnerability.cwe {
        add_cwes(&mut advisory.cwes, &cwe.id);
    }
    for score in &vulnerability.scores {
        for vector in [&score.cvss_v4, &score.cvss_v3, &score.cvss_v2].into_iter().flatten() {
            add_cvss(&mut advisory.cvss, &vector.vector);
        }
    }
    if advisory.severity == Severity::Unknown {
        advisory.severity = vulnerability
            .threats
            .iter()
            .filter(|t| t.category.0 == "impact")
            .filter_map(|t| Severity::from_word(&t.details))
            .max()
            .unwrap_or_default();
    }
    if advisory.title.is_empty() {
        advisory.title = title(&vulnerability.title);
    }
}

/// Turns product ids into rows.
struct Rows<'t> {
    helpers: HashMap<&'t str, &'t Helper<'t>>,
    parts: HashMap<&'t str, (&'t str, &'t str)>,
    /// A VEX file: every status counts. An advisory lists only what it fixes.
    every_status: bool,
    seen: HashSet<(String, String, Option<String>, String)>,
    rows: Vec<Affected>,
    problems: Vec<String>,
}

struct Package {
    stream: String,
    name: String,
    version: String,
    module: Option<String>,
}

impl<'t> Rows<'t> {
    fn new(tree: &'t Tree<'t>, every_status: bool) -> Self {
        let mut helpers = HashMap::new();
        let mut open: Vec<&Branch<'_>> = tree.branches.iter().collect();
        while let Some(branch) = open.pop() {
            open.extend(branch.branches.iter());
            if let Some(product) = &branch.product
                && let Some(helper) = &product.product_identification_helper
            {
                helpers.insert(&*product.product_id, helper);
            }
        }
        let parts = tree
            .relationships
            .iter()
            .map(|r| (&*r.full_product_name.product_id, (&*r.product_reference, &*r.relates_to_product_reference)))
            .collect();
        Self { helpers, parts, every_status, seen: HashSet::new(), rows: Vec::new(), problems: Vec::new() }
    }

    fn add(&mut self, vulnerability: &Vulnerability<'_>) {
        let Some(status) = &vulnerability.product_status else { return };
        let errata: HashMap<&str, &str> = of(vulnerability, "vendor_fix")
            .filter_map(|r| Some((r, r.url.rsplit('/').next().filter(|e| e.contains('-'))?)))
            .flat_map(|(r, erratum)| r.product_ids.iter().map(move |p| (&**p, erratum)))
            .collect();
        for product in &status.fixed {
            let Some(package) = self.package(product) else { continue };
            if package.version.is_empty() || !self.is_new(&package, &package.version.clone()) {
                continue;
            }
            let mut row = fixed_row(package.stream, package.name, &package.version);
            row.module = package.module;
            if self.every_status {
                row.fixed_by = errata.get(&**product).map(|e| (*e).to_owned());
            }
            self.rows.push(row);
        }
        if !self.every_status {
            return;
        }
        let mut states: HashMap<&str, FixState> = HashMap::new();
        for remediation in of(vulnerability, "none_available").filter(|r| r.details.contains("deferred")) {
            states.extend(remediation.product_ids.iter().map(|p| (&**p, FixState::Deferred)));
        }
        for remediation in of(vulnerability, "no_fix_planned") {
            states.extend(remediation.product_ids.iter().map(|p| (&**p, FixState::WontFix)));
        }
        let lists = [
            (&status.known_affected, FixState::Affected),
            (&status.under_investigation, FixState::UnderInvestigation),
            (&status.known_not_affected, FixState::NotAffected),
        ];
        for (products, state) in lists {
            for product in products {
                let state = match state {
                    FixState::Affected => states.get(&**product).copied().unwrap_or(state),
                    _ => state,
                };
                let Some(package) = self.package(product) else { continue };
                if self.is_new(&package, "") {
                    let mut row = whole_row(package.stream, package.name, state);
                    row.module = package.module;
                    self.rows.push(row);
                }
            }
        }
    }

    fn is_new(&mut self, package: &Package, version: &str) -> bool {
        let key = (package.stream.clone(), package.name.clone(), package.module.clone(), version.to_owned());
        self.seen.insert(key)
    }

    /// The package of a product id. `None` where there is none in it: a whole product, a container image, a Java
    /// archive, debugging symbols.
    fn package(&mut self, product: &str) -> Option<Package> {
        let (component, platform) = match self.parts.get(product) {
            Some(parts) => *parts,
            None => return None,
        };
        let purl = self.helpers.get(component).map_or("", |h| &h.purl);
        let (name, version, module) = if purl.is_empty() { unlabelled(component)? } else { rpm(purl)? };
        if name.contains("-debuginfo") || name.contains("-debugsource") || name.contains('/') {
            return None;
        }
        let cpe = self.helpers.get(platform).map_or("", |h| &h.cpe);
        let Some(stream) = redhat_stream(cpe).filter(|_| cpe.starts_with("cpe:")) else {
            if !self.problems.iter().any(|p| p == platform) {
                self.problems.push(platform.to_owned());
            }
            return None;
        };
        Some(Package { stream, name, version, module })
    }
}

fn of<'v>(vulnerability: &'v Vulnerability<'v>, category: &'static str) -> impl Iterator<Item = &'v Remediation<'v>> {
    vulnerability.remediations.iter().filter(move |r| r.category.0 == category)
}

/// A component without a purl: `curl`, `curl.src`, `nodejs:18/nodejs`.
fn unlabelled(component: &str) -> Option<(String, String, Option<String>)> {
    let component = component.strip_suffix(".src").unwrap_or(component);
    match component.split_once('/') {
        Some((module, name)) if module.contains(':') => Some((name.to_owned(), String::new(), Some(module.to_owned()))),
        Some(_) => None,
        None => Some((component.to_owned(), String::new(), None)),
    }
}

/// `pkg:rpm/redhat/curl@7.76.1-14.el9?arch=x86_64&epoch=1&rpmmod=ruby:2.7:8080…:63b34585`.
fn rpm(purl: &str) -> Option<(String, String, Option<String>)> {
    let rest = purl.strip_prefix("pkg:rpm/")?;
    let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (name, version) = path.split_once('@').unwrap_or((path, ""));
    let name = decode(name.rsplit('/').next()?);
    let qualifier =
        |key: &str| qualifiers.split('&').find_map(|q| q.split_once('=').filter(|(k, _)| *k == key)).map(|(_, v)| v);
    let version = match (qualifier("epoch"), version) {
        (_, "") => String::new(),
        (Some(epoch), version) => format!("{epoch}:{}", decode(version)),
        (None, version) => decode(version),
    };
    let module = qualifier("rpmmod").and_then(|module| {
        let module = decode(module);
        let mut parts = module.split(':');
        Some(format!("{}:{}", parts.next()?, parts.next()?))
    });
    Some((name, version, module))
}

/// Percent-decoding; what is not valid stays as it is.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).and_then(|h| std::str::from_utf8(h).ok());
        match (first, hex.and_then(|h| u8::from_str_radix(h, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
