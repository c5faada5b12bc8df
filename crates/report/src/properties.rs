//! What an SBOM's own fields have no place for, as named values: `seawall:modularity`. CycloneDX has properties for
//! them, SPDX a comment. They are what makes an inventory that is read back give the same findings.

use seawall_model::{OperatingSystem, Package, Report, Scope};

use crate::json::{Object, quoted};
use crate::licences::{self, Licence};
use crate::text::clean;
use crate::words;

/// Names, with the prefix, and values.
pub(crate) struct Properties(Vec<(String, String)>);

impl Properties {
    /// Those of the target and its layers.
    pub(crate) fn of_target(report: &Report) -> Self {
        let target = &report.inventory.target;
        let mut all = Self(Vec::new());
        all.each("image:tag", &target.tags);
        all.one("target:kind", target.kind.prefix());
        if let Some(digest) = target.config_digest {
            all.one("image:configDigest", digest.to_string());
        }
        if let Some(platform) = &target.platform {
            all.one("image:platform", platform.to_string());
        }
        for (place, layer) in report.inventory.layers.iter().enumerate() {
            all.one(&format!("layer:{place}:diffId"), layer.diff_id.to_string());
            all.one(&format!("layer:{place}:digest"), layer.digest.to_string());
            all.each(&format!("layer:{place}:instruction"), &layer.instruction);
        }
        all
    }

    /// Those of the operating system.
    pub(crate) fn of_os(os: &OperatingSystem, report: &Report) -> Self {
        let mut all = Self(Vec::new());
        if let Some(evidence) = &report.inventory.os_evidence {
            all.one("os:path", &evidence.path);
            all.each("os:layer", &evidence.layer.map(|index| index.to_string()));
        }
        all.each("os:codename", &os.codename);
        all.each("os:cpe", &os.cpe);
        all.each("os:variant", &os.variant_id);
        all.each("os:idLike", &os.id_like);
        all.each("os:repository", &os.repositories);
        all
    }

    /// Those of a package.
    pub(crate) fn of_package(package: &Package) -> Self {
        let mut all = Self(Vec::new());
        all.one("ecosystem", package.ecosystem.purl_type());
        if package.scope == Scope::Development {
            all.one("scope", words::scope(package.scope));
        }
        if let Some(source) = &package.source {
            all.one("source:name", &source.name);
            all.each("source:version", &source.version);
        }
        all.each("modularity", &package.modularity);
        all.each("ownedBy", &package.owned_by);
        all.each("containedIn", &package.contained_in);
        // Joined to one expression, they can no longer be told apart.
        if licences::all(&package.licences).iter().any(|l| matches!(l, Licence::Expression(_))) {
            all.each("licence", &package.licences);
        }
        all
    }

    /// Those of the document: a reader must not take a gap for an absence.
    pub(crate) fn of_gaps(report: &Report) -> Self {
        let mut all = Self(Vec::new());
        for unknown in &report.inventory.unknowns {
            let name = format!("unknown:{}", words::unknown(unknown.kind));
            all.one(&name, format!("{}: {}", unknown.path, unknown.reason));
        }
        for one in &report.not_looked_for {
            let part = one.part.as_ref().map(|part| format!(" {part}")).unwrap_or_default();
            all.one(&format!("notLookedFor:{}", words::why_not(one.why)), format!("{}{part}", one.kind.name()));
        }
        all
    }

    fn one(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((format!("seawall:{name}"), value.into()));
    }

    fn each<'v>(&mut self, name: &str, values: impl IntoIterator<Item = &'v String>) {
        for value in values {
            self.one(name, value);
        }
    }

    /// As CycloneDX has them.
    pub(crate) fn objects(self) -> impl Iterator<Item = Object> {
        self.0.into_iter().map(|(name, value)| Object::new().put("name", name).put("value", value))
    }

    /// As a comment of one line: a JSON list of `name=value`; empty where there are none.
    pub(crate) fn comment(self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        let texts: Vec<String> = self.0.iter().map(|(name, value)| quoted(&format!("{name}={value}"))).collect();
        // An angle bracket could end the text that the tag-value form puts this into.
        clean(&format!("[{}]", texts.join(", "))).replace('<', "\\u003c")
    }
}
