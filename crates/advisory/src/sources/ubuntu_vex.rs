//! Ubuntu's word on a CVE as [OpenVEX](https://github.com/openvex/spec): for each package, as it is in each release now,
//! whether it is affected.

use seawall_model::{Advisory, FixState, Range};
use serde::Deserialize;

use super::common::{add_row, every_version, finish, is_named, json, row, title};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};
use crate::streams::{is_no_ubuntu_stream, ubuntu_series};

/// Canonical's OpenVEX documents.
#[derive(Debug)]
pub(super) struct UbuntuVex;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    timestamp: Text<'a>,
    #[serde(borrow)]
    statements: List<Statement<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Statement<'a> {
    #[serde(borrow)]
    vulnerability: Vulnerability<'a>,
    #[serde(borrow)]
    products: List<Product<'a>>,
    #[serde(borrow)]
    status: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Product<'a> {
    #[serde(borrow, rename = "@id")]
    id: Text<'a>,
}

impl Source for UbuntuVex {
    fn id(&self) -> &'static str {
        "ubuntu-openvex"
    }

    fn about(&self) -> &'static str {
        "Ubuntu's OpenVEX documents: which source packages of which release are affected by a CVE."
    }

    fn docs(&self) -> &'static str {
        "https://github.com/canonical/ubuntu-security-notices"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["ubuntu-openvex-samples", "ubuntu-openvex", "vex-all"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let document: Document<'_> = json(bytes)?;
        let Some(first) = document.statements.first() else {
            return Err(SourceError::Incomplete("no statements"));
        };
        let mut advisory = Advisory::new(&*first.vulnerability.name, self.id());
        advisory.title = title(&first.vulnerability.description);
        advisory.modified = document.timestamp.to_string();
        for statement in &document.statements {
            if statement.vulnerability.name.0 != advisory.id {
                sink.unknown(member, format!("a second vulnerability `{}`", &*statement.vulnerability.name));
                continue;
            }
            for product in &statement.products {
                let Some((name, version, distro)) = source_package(&product.id) else {
                    continue; // A binary package: its source stands in the same list.
                };
                let Some(stream) = ubuntu_series(distro) else {
                    if !is_no_ubuntu_stream(distro) {
                        sink.unknown(member, format!("{}: series `{distro}`", advisory.id));
                    }
                    continue;
                };
                let (state, range) = match &*statement.status {
                    "affected" => (FixState::Affected, Some(every_version())),
                    "under_investigation" => (FixState::UnderInvestigation, Some(every_version())),
                    "not_affected" => (FixState::NotAffected, Some(every_version())),
                    // The version is the one of today, not the first that was fixed: only of it can it be said.
                    "fixed" => (FixState::NotAffected, None::<Range>),
                    other => {
                        sink.unknown(member, format!("status `{other}`"));
                        break;
                    }
                };
                let mut row = row(stream, name, state);
                match range {
                    Some(range) => row.ranges.push(range),
                    None => row.versions.push(version.to_owned()),
                }
                add_row(&mut advisory.affected, row);
            }
        }
        if advisory.id.is_empty() {
            return Err(SourceError::Incomplete("no vulnerability name"));
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}

/// `pkg:deb/ubuntu/curl@7.81.0-1ubuntu1.24?arch=source&distro=jammy`.
fn source_package(purl: &str) -> Option<(&str, &str, &str)> {
    let rest = purl.strip_prefix("pkg:deb/ubuntu/")?;
    let (path, qualifiers) = rest.split_once('?')?;
    let (name, version) = path.split_once('@')?;
    let qualifier = |key: &str| qualifiers.split('&').find_map(|q| q.strip_prefix(key));
    (qualifier("arch=")? == "source").then_some(())?;
    Some((name, version, qualifier("distro=")?))
}
