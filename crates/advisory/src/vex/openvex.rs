//! [OpenVEX](https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md) 0.2.0, and the older forms in which products,
//! subcomponents and vulnerabilities are plain strings.

use seawall_model::{VexStatement, VexStatus};
use serde_json::Value;

use super::{Collector, bare_id, is_product, items, text};

pub(super) fn read(name: &str, root: &Value, out: &mut Collector) {
    let document = text(root, &["@id"]).unwrap_or(name);
    let author = text(root, &["author"]).unwrap_or_default();
    let timestamp = text(root, &["last_updated"]).or_else(|| text(root, &["timestamp"])).unwrap_or_default();
    for statement in items(root, "statements") {
        let vulnerabilities = vulnerabilities(statement);
        let status = match text(statement, &["status"]) {
            Some("not_affected") => VexStatus::NotAffected,
            Some("affected") => VexStatus::Affected,
            Some("fixed") => VexStatus::Fixed,
            Some("under_investigation") => VexStatus::UnderInvestigation,
            other => {
                out.skip(format!(
                    "{}: the status `{}` is not known",
                    vulnerabilities.join(", "),
                    other.unwrap_or_default()
                ));
                continue;
            }
        };
        let justification = match (text(statement, &["justification"]), text(statement, &["impact_statement"])) {
            (Some(word), Some(sentence)) => format!("{word}: {sentence}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => String::new(),
        };
        let said = text(statement, &["last_updated"]).or_else(|| text(statement, &["timestamp"])).unwrap_or(timestamp);
        // Products with the same subcomponents share a statement.
        let shared: Vec<String> = items(statement, "subcomponents").iter().flat_map(names).collect();
        let mut groups: Vec<(Vec<String>, Vec<String>)> = Vec::new();
        let mut unnamed = 0_usize;
        for product in items(statement, "products") {
            let products = names(product);
            if products.is_empty() {
                unnamed += 1;
                continue;
            }
            let stated = items(product, "subcomponents");
            let mut subcomponents: Vec<String> = stated.iter().flat_map(names).collect();
            if subcomponents.is_empty() {
                if !stated.is_empty() {
                    // It speaks of parts that cannot be named: taking it for the whole product would say too much.
                    out.skip(format!("{}: no subcomponent is named by purl or CPE", vulnerabilities.join(", ")));
                    continue;
                }
                subcomponents.clone_from(&shared);
            }
            match groups.iter_mut().find(|(_, parts)| *parts == subcomponents) {
                Some((known, _)) => known.extend(products),
                None => groups.push((products, subcomponents)),
            }
        }
        if items(statement, "products").is_empty() || unnamed > 0 {
            out.skip(format!("{}: a product is not named by purl or CPE", vulnerabilities.join(", ")));
        }
        for (products, subcomponents) in groups {
            out.push(VexStatement {
                vulnerabilities: vulnerabilities.clone(),
                products,
                subcomponents,
                status,
                justification: justification.clone(),
                author: author.to_owned(),
                document: document.to_owned(),
                timestamp: said.to_owned(),
            });
        }
    }
}

fn vulnerabilities(statement: &Value) -> Vec<String> {
    let Some(vulnerability) = statement.get("vulnerability") else { return Vec::new() };
    if let Some(id) = vulnerability.as_str() {
        return vec![bare_id(id).to_owned()];
    }
    let name = text(vulnerability, &["name"]).or_else(|| text(vulnerability, &["@id"])).map(bare_id);
    name.into_iter()
        .chain(items(vulnerability, "aliases").iter().filter_map(Value::as_str).map(bare_id))
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What a product or subcomponent is called: its purl or CPE, wherever it is written.
fn names(component: &Value) -> Vec<String> {
    let id = component.as_str().or_else(|| text(component, &["@id"]));
    let identifiers = ["purl", "cpe23", "cpe22"].into_iter().filter_map(|key| text(component, &["identifiers", key]));
    let mut found: Vec<String> = Vec::new();
    for name in id.into_iter().chain(identifiers).filter(|name| is_product(name)) {
        if !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}
