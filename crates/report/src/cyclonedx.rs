//! The CycloneDX 1.6 document ([specification](https://cyclonedx.org/docs/1.6/json/)), as JSON values whose keys stand in
//! the order in which the XML schema wants the elements.

mod component;
mod vulnerability;

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::{RelationshipKind, Report};

use crate::json::Object;
use crate::properties::Properties;
use crate::{RenderOptions, identity, time, view};

/// The whole document; `format` makes the serial numbers of the JSON and the XML form differ.
pub(crate) fn document(format: &str, report: &Report, options: &RenderOptions) -> Object {
    let target = identity::target(&report.inventory.target);
    let os = component::os(report);
    let os_ref = os.as_ref().map(|(reference, _)| reference.clone());
    let mut components: Vec<Object> = os.into_iter().map(|(_, component)| component).collect();
    components.extend(report.inventory.packages.iter().map(|p| component::package(report, p)));
    let mut document = Object::new()
        .put("bomFormat", "CycloneDX")
        .put("specVersion", "1.6")
        .put("serialNumber", format!("urn:uuid:{}", identity::document(format, report, options)))
        .put("version", 1_u32)
        .put("metadata", metadata(report, &target))
        .put("components", components)
        .put("dependencies", dependencies(report, &target, os_ref));
    if !options.sbom_only {
        document = document.put_filled("vulnerabilities", vulnerability::all(report, &target));
    }
    document
}

/// `seawall:name` with a value; CycloneDX's place for what it has no field for.
fn property(name: &str, value: impl Into<String>) -> Object {
    Object::new().put("name", format!("seawall:{name}")).put("value", value.into())
}

fn metadata(report: &Report, target: &str) -> Object {
    let tool =
        Object::new().put("type", "application").put("name", &report.tool.name).put("version", &report.tool.version);
    Object::new()
        .put_some("timestamp", time::scanned(report))
        .put("tools", Object::new().put("components", vec![tool]))
        .put("component", component::target(report, target))
        .put_filled("properties", properties(report))
}

fn properties(report: &Report) -> Vec<Object> {
    let mut properties = Vec::new();
    if let Some(database) = &report.database {
        properties.push(property("database:digest", &database.digest));
    }
    properties.extend(Properties::of_gaps(report).objects());
    properties
}

fn dependencies(report: &Report, target: &str, os: Option<String>) -> Vec<Object> {
    let mut tree: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let packages = view::packages(report);
    for purl in packages.keys() {
        tree.entry(purl.clone()).or_default();
    }
    for relationship in &report.inventory.relationships {
        let known = packages.contains_key(&relationship.from) && packages.contains_key(&relationship.to);
        if relationship.kind == RelationshipKind::DependsOn && known && relationship.from != relationship.to {
            tree.entry(relationship.from.clone()).or_default().push(&relationship.to);
        }
    }
    let needed: BTreeSet<&str> = tree.values().flatten().copied().collect();
    // The target needs what nothing else in it needs.
    let mut top: Vec<&str> = os.iter().map(String::as_str).collect();
    let mut purls: Vec<&str> = tree.keys().map(String::as_str).filter(|purl| !needed.contains(purl)).collect();
    top.append(&mut purls);
    let one = |reference: &str, mut on: Vec<&str>| {
        on.sort_unstable();
        on.dedup();
        Object::new().put("ref", reference).put_filled("dependsOn", on)
    };
    let mut list = vec![one(target, top.clone())];
    list.extend(os.iter().map(|os| one(os, Vec::new())));
    list.extend(tree.iter().map(|(purl, on)| one(purl, on.clone())));
    list
}
