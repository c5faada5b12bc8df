//! A report in a file: as `seawall scan -o json` writes it (docs/reference/report.schema.json), or as the model is
//! serialised.

use seawall_model::{Package, RelationshipKind, Report};
use serde_json::{Map, Value, json};

/// Reads a report. What exceptions of another policy took out of the count is back in it: the policy that is tested has
/// its own.
pub(super) fn report(text: &str) -> Result<Report, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let value = match value.get("schemaVersion").map(Value::as_u64) {
        None => value,
        Some(Some(1)) => public(value)?,
        Some(_) => return Err("not a report of schema version 1".to_owned()),
    };
    let mut report: Report = serde_json::from_value(value).map_err(|error| format!("not a report: {error}"))?;
    needs(&mut report);
    for finding in &mut report.findings {
        if finding.suppressed.as_ref().is_some_and(|s| s.by == "exception") {
            finding.suppressed = None;
        }
    }
    Ok(report)
}

/// The committed form, brought to that of the model: keys that it leaves out where they are empty, and those that it has
/// under another name.
fn public(value: Value) -> Result<Value, String> {
    let Value::Object(mut root) = value else { return Err("not a report: no object".to_owned()) };
    if !root.contains_key("findings") {
        return Err("an inventory without findings\nhint: write it with `seawall scan -o json`".to_owned());
    }
    let mut take = |key: &str| root.remove(key).unwrap_or(Value::Null);
    let mut os = take("os");
    let evidence = os.as_object_mut().and_then(|os| os.remove("evidence")).map(|mut one| {
        rename(&mut one, "layerIndex", "layer");
        one
    });
    if let Value::Object(os) = &mut os {
        os.entry("repositories").or_insert_with(|| json!([]));
    }
    let mut config = take("config");
    if let Some(labels) = config.get_mut("labels") {
        let pair = |label: &Value| Some((label.get("name")?.as_str()?.to_owned(), label.get("value")?.clone()));
        *labels = Value::Object(labels.as_array().into_iter().flatten().filter_map(pair).collect());
    }
    let (mut packages, mut unknowns) = (take("packages"), take("unknowns"));
    let not_looked_for = Some(take("notLookedFor")).filter(Value::is_array).unwrap_or_else(|| json!([]));
    items(&mut packages).for_each(package);
    items(&mut unknowns).for_each(|unknown| rename(unknown, "layerIndex", "layer"));
    let inventory = json!({
        "target": take("target"), "os": os, "osEvidence": evidence, "layers": take("layers"), "config": config,
        "packages": packages, "relationships": take("relationships"), "unknowns": unknowns,
    });
    Ok(json!({
        "tool": take("tool"), "inventory": inventory, "findings": take("findings"), "hidden": take("hidden"),
        "fix_plan": take("fixPlan"), "verdict": take("verdict"), "not_looked_for": not_looked_for,
        "database": take("database"), "created": take("created"), "show_all": false,
    }))
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.as_array_mut().into_iter().flatten()
}

fn rename(value: &mut Value, from: &str, to: &str) {
    if let Value::Object(object) = value
        && let Some(moved) = object.remove(from)
    {
        object.insert(to.to_owned(), moved);
    }
}

fn package(package: &mut Value) {
    rename(package, "ownedBy", "owned_by");
    rename(package, "containedIn", "contained_in");
    if let Some(evidence) = package.get_mut("evidence") {
        items(evidence).for_each(|one| rename(one, "layerIndex", "layer"));
    }
    let Value::Object(object) = package else { return };
    fill(object, ["checksums", "dependencies", "provides"]);
}

fn fill<const N: usize>(object: &mut Map<String, Value>, keys: [&str; N]) {
    for key in keys {
        object.entry(key).or_insert_with(|| json!([]));
    }
}

/// What packages need stands in the relations of the committed form only.
fn needs(report: &mut Report) {
    let names: std::collections::HashMap<String, (String, String)> =
        report.inventory.packages.iter().map(|p| (p.purl(), (p.name.clone(), p.version.clone()))).collect();
    let mut by_purl: std::collections::HashMap<String, &mut Package> =
        report.inventory.packages.iter_mut().map(|p| (p.purl(), p)).collect();
    for relation in report.inventory.relationships.iter().filter(|r| r.kind == RelationshipKind::DependsOn) {
        let (Some(package), Some((name, version))) = (by_purl.get_mut(&relation.from), names.get(&relation.to)) else {
            continue;
        };
        if !package.dependencies.iter().any(|d| d.name == *name) {
            let (name, version) = (name.clone(), Some(version.clone()).filter(|v| !v.is_empty()));
            package.dependencies.push(seawall_model::Dependency { name, version });
        }
    }
}
