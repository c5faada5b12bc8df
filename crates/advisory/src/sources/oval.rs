//! [OVAL 5.11](https://oval.mitre.org/) definitions of Azure Linux, CBL-Mariner and Photon: a definition names tests, a
//! test joins an object (a package name) and a state (a version).

use std::collections::HashMap;

use seawall_model::{Advisory, Affected, FixState, Range, Severity, VersionRange};

use super::common::{add_id, add_row, finish, is_cve, is_named, row, text, title};
use super::xml::{Node, attribute, walk};
use super::{Sink, Source, SourceError};

/// A feed of OVAL definitions.
#[derive(Debug)]
pub(super) struct Oval {
    id: &'static str,
    about: &'static str,
    docs: &'static str,
    stems: &'static [&'static str],
}

pub(super) const AZURE_LINUX: Oval = Oval {
    id: "azurelinux-oval",
    about: "Vulnerabilities of Azure Linux and CBL-Mariner, published by Microsoft.",
    docs: "https://github.com/microsoft/AzureLinuxVulnerabilityData",
    stems: &["azurelinux-*-oval", "cbl-mariner-*-oval"],
};

pub(super) const PHOTON: Oval = Oval {
    id: "photon-oval",
    about: "Security updates of Photon OS, published by VMware.",
    docs: "https://packages.vmware.com/photon/photon_oval_definitions/",
    stems: &["photon-*-oval", "com.vmware.phsa-photon*"],
};

#[derive(Debug, Default)]
struct Definition {
    title: String,
    references: Vec<(String, String)>,
    severity: String,
    date: String,
    platform: String,
    patchable: String,
    tests: Vec<String>,
}

#[derive(Debug, Default)]
struct Tables {
    definitions: Vec<Definition>,
    tests: HashMap<String, (String, String)>,
    objects: HashMap<String, String>,
    states: HashMap<String, (String, String)>,
}

impl Source for Oval {
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
        let tables = collect(text(bytes)?)?;
        for definition in &tables.definitions {
            match self.advisory(definition, &tables, member, sink) {
                Some(advisory) => sink.advisory(finish(advisory)),
                None => sink.unknown(member, format!("definition `{}` names no id", definition.title)),
            }
        }
        Ok(())
    }
}

impl Oval {
    fn advisory(&self, d: &Definition, tables: &Tables, member: &str, sink: &mut dyn Sink) -> Option<Advisory> {
        let cves: Vec<&str> = d.references.iter().filter_map(|(id, _)| cve_of(id)).collect();
        // Microsoft writes a definition for each CVE, VMware for each of its own advisories (`PHSA-2020:00002 …`).
        let own = match (self.id == PHOTON.id, cves.first()) {
            (true, _) => d.title.split_whitespace().next().filter(|t| t.starts_with("PHSA-"))?,
            (false, Some(cve)) => cve,
            (false, None) => return None,
        };
        let mut advisory = Advisory::new(own, self.id);
        cves.iter().for_each(|cve| add_id(own, &mut advisory.related, cve));
        advisory.title = title(&d.title);
        advisory.severity = Severity::from_word(&d.severity).unwrap_or_default();
        advisory.published.clone_from(&d.date);
        advisory.references = d.references.iter().map(|(_, url)| url.clone()).filter(|u| !u.is_empty()).collect();
        for test in &d.tests {
            match package(d, test, tables) {
                Ok(Some(row)) => add_row(&mut advisory.affected, row),
                Ok(None) => {}
                Err(reason) => sink.unknown(member, format!("{own}: {reason}")),
            }
        }
        Some(advisory)
    }
}

/// `CVE-2024-1` or VMware's `CVE:00002:CVE-2019-9937`.
fn cve_of(reference: &str) -> Option<&str> {
    reference.rsplit(':').next().filter(|id| is_cve(id))
}

/// The row that a test stands for; `None` for the tests that only say which system it is, or who signed.
fn package(d: &Definition, test: &str, tables: &Tables) -> Result<Option<Affected>, String> {
    let (object, state) = tables.tests.get(test).ok_or_else(|| format!("test `{test}` is not there"))?;
    let name = tables.objects.get(object).ok_or_else(|| format!("object `{object}` is not there"))?;
    let Some((operation, evr)) = tables.states.get(state) else { return Ok(None) };
    let stream = stream(&d.platform, evr).ok_or_else(|| format!("no stream for platform `{}`", d.platform))?;
    let mut row = row(stream, name, FixState::Fixed);
    let version = Some(evr.clone());
    row.ranges.push(Range::Versions(match operation.as_str() {
        "less than" => VersionRange { fixed: version, ..VersionRange::default() },
        "less than or equal" => VersionRange { last_affected: version, ..VersionRange::default() },
        other => return Err(format!("operation `{other}`")),
    }));
    if operation == "less than or equal" {
        row.state = FixState::Affected;
    }
    if d.patchable.eq_ignore_ascii_case("not applicable") {
        row.state = FixState::NotAffected;
    }
    Ok(Some(row))
}

/// The stream, by the distribution's tag in the version, or else by the platform's name.
fn stream(platform: &str, evr: &str) -> Option<String> {
    let tag = |tag: &str| {
        let (_, rest) = evr.rsplit_once(tag)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    };
    if let Some(version) = tag(".azl") {
        return Some(format!("azurelinux:{version}.0"));
    }
    if let Some(version) = tag(".cm") {
        return Some(format!("mariner:{version}.0"));
    }
    if let Some(version) = tag(".ph") {
        return Some(format!("photon:{version}.0"));
    }
    let version = platform.rsplit(' ').next().filter(|v| v.starts_with(|c: char| c.is_ascii_digit()))?;
    platform.starts_with("Photon").then(|| format!("photon:{}.0", version.trim_end_matches(".0")))
}

fn collect(text: &str) -> Result<Tables, SourceError> {
    let mut tables = Tables::default();
    let (mut test, mut object, mut state, mut operation) = (String::new(), String::new(), String::new(), String::new());
    let mut within_advisory = false;
    walk(text, &mut |node| match node {
        Node::Open("definition", _) => tables.definitions.push(Definition::default()),
        Node::Open(name, a) if name.ends_with("_test") => test = attribute(a, "id").to_owned(),
        Node::Open(name, a) if name.ends_with("_object") => object = attribute(a, "id").to_owned(),
        Node::Open(name, a) if name.ends_with("_state") => state = attribute(a, "id").to_owned(),
        Node::Open("object", a) => {
            tables.tests.entry(test.clone()).or_default().0 = attribute(a, "object_ref").to_owned();
        }
        Node::Open("state", a) => {
            tables.tests.entry(test.clone()).or_default().1 = attribute(a, "state_ref").to_owned();
        }
        Node::Open("evr", a) => operation = attribute(a, "operation").to_owned(),
        Node::Close("evr", value) => {
            tables.states.insert(state.clone(), (operation.clone(), value.to_owned()));
        }
        Node::Close("name", value) => {
            tables.objects.insert(object.clone(), value.to_owned());
        }
        Node::Open("advisory", _) => within_advisory = true,
        Node::Close("advisory", _) => within_advisory = false,
        node => {
            let Some(d) = tables.definitions.last_mut() else { return };
            match node {
                Node::Close("title", value) => d.title = value.to_owned(),
                Node::Close("platform", value) => d.platform = value.to_owned(),
                Node::Close("severity", value) => d.severity = value.to_owned(),
                Node::Close("patchable", value) => d.patchable = value.to_owned(),
                Node::Close("advisory_date", value) => d.date = value.to_owned(),
                Node::Open("issued", a) if within_advisory => d.date = attribute(a, "date").to_owned(),
                Node::Open("criterion", a) => d.tests.push(attribute(a, "test_ref").to_owned()),
                Node::Open("reference", a) => {
                    d.references.push((attribute(a, "ref_id").to_owned(), attribute(a, "ref_url").to_owned()));
                }
                _ => {}
            }
        }
    })?;
    Ok(tables)
}
