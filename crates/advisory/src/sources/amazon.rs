//! Amazon Linux security advisories as JSON, one document an advisory: the fields of
//! [updateinfo.xml](https://alas.aws.amazon.com/) one by one.

use seawall_model::{Advisory, Affected, Severity};
use serde::Deserialize;

use super::common::{add_id, add_row, finish, fixed_row, is_named, json, title};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};

/// Amazon's advisories.
#[derive(Debug)]
pub(super) struct AmazonAlas;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Alas<'a> {
    #[serde(borrow, rename = "ID")]
    id: Text<'a>,
    #[serde(borrow, rename = "Title")]
    title: Text<'a>,
    #[serde(borrow, rename = "Issued")]
    issued: Date<'a>,
    #[serde(borrow, rename = "Updated")]
    updated: Date<'a>,
    #[serde(borrow, rename = "Severity")]
    severity: Text<'a>,
    #[serde(borrow, rename = "References")]
    references: References<'a>,
    #[serde(borrow, rename = "Pkglist")]
    packages: Packages<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Date<'a> {
    #[serde(borrow, rename = "Date")]
    date: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct References<'a> {
    #[serde(borrow, rename = "Reference")]
    list: List<Reference<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference<'a> {
    #[serde(borrow, rename = "Href")]
    href: Text<'a>,
    #[serde(borrow, rename = "ID")]
    id: Text<'a>,
    #[serde(borrow, rename = "Type")]
    kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Packages<'a> {
    #[serde(borrow, rename = "Collection")]
    collection: Collection<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Collection<'a> {
    #[serde(borrow, rename = "Short")]
    short: Text<'a>,
    #[serde(borrow, rename = "Package")]
    packages: List<Package<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow, rename = "Epoch")]
    epoch: Text<'a>,
    #[serde(borrow, rename = "Name")]
    name: Text<'a>,
    #[serde(borrow, rename = "Version")]
    version: Text<'a>,
    #[serde(borrow, rename = "Release")]
    release: Text<'a>,
}

impl Source for AmazonAlas {
    fn id(&self) -> &'static str {
        "amazon-alas"
    }

    fn about(&self) -> &'static str {
        "Amazon Linux security advisories of every release and repository, as JSON."
    }

    fn docs(&self) -> &'static str {
        "https://alas.aws.amazon.com/"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["amazon-alas-json", "amazon-alas"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let alas: Alas<'_> = json(bytes)?;
        if alas.id.is_empty() {
            return Err(SourceError::Incomplete("no id"));
        }
        let mut advisory = Advisory::new(&*alas.id, self.id());
        advisory.title = title(&alas.title);
        advisory.severity = Severity::from_word(&alas.severity).unwrap_or_default();
        advisory.published = alas.issued.date.to_string();
        advisory.modified = alas.updated.date.to_string();
        for reference in &alas.references.list {
            if reference.kind.0 == "cve" {
                add_id(&advisory.id, &mut advisory.related, &reference.id);
            }
            advisory.references.push(reference.href.to_string());
        }
        let collection = &alas.packages.collection;
        let stream = stream_of(&advisory.id);
        for p in &collection.packages {
            match package(stream, &collection.short, [&p.name, &p.epoch, &p.version, &p.release]) {
                Ok(Some(row)) => add_row(&mut advisory.affected, row),
                Ok(None) => {}
                Err(reason) => sink.unknown(member, format!("{}: {reason}", advisory.id)),
            }
        }
        sink.advisory(finish(advisory));
        Ok(())
    }
}

/// The stream of an advisory by its id: `ALAS2023-2023-001`, `ALAS2DNSMASQ-2023-001`, `ALAS-2019-1169` (release 1).
pub(super) fn stream_of(id: &str) -> &'static str {
    if id.starts_with("ALAS2023") {
        "amazon:2023"
    } else if id.starts_with("ALAS2022") {
        "amazon:2022"
    } else if id.starts_with("ALAS2") {
        "amazon:2"
    } else {
        "amazon:1"
    }
}

/// The row of a package (name, epoch, version, release); `None` for debugging symbols.
///
/// A package of an Amazon Linux 2 extra (`amazon-linux-2---dnsmasq`) is marked as of module `extra:dnsmasq`: the same
/// name in the core repository has another version line.
pub(super) fn package(stream: &str, collection: &str, package: [&str; 4]) -> Result<Option<Affected>, String> {
    let [name, epoch, version, release] = package;
    if name.is_empty() || version.is_empty() || release.is_empty() {
        return Err(format!("package `{name}` has no version"));
    }
    if name.ends_with("-debuginfo") || name.contains("-debuginfo-") || name.ends_with("-debugsource") {
        return Ok(None);
    }
    let epoch = if epoch.is_empty() { "0" } else { epoch };
    let mut row = fixed_row(stream, name, &format!("{epoch}:{version}-{release}"));
    row.module = collection
        .strip_prefix("amazon-linux-2---")
        .filter(|extra| !extra.is_empty() && !extra.contains("livepatch"))
        .map(|extra| format!("extra:{extra}"));
    Ok(Some(row))
}
