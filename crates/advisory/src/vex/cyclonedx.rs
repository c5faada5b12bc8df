//! [CycloneDX](https://cyclonedx.org/docs/1.6/json/#vulnerabilities) 1.4 to 1.6: vulnerabilities with an analysis, which
//! point at components of this document or of another one (BOM-Link).

use std::collections::HashMap;

use seawall_model::{VexStatement, VexStatus};
use serde_json::Value;

use super::{Collector, bare_id, is_product, items, text};

/// Components nest this deep at most.
const MAX_DEPTH: usize = 64;

pub(super) fn read(name: &str, root: &Value, out: &mut Collector) {
    let document = text(root, &["serialNumber"]).unwrap_or(name);
    let author = text(root, &["metadata", "supplier", "name"])
        .or_else(|| {
            items(root.get("metadata").unwrap_or(&Value::Null), "authors").iter().find_map(|a| text(a, &["name"]))
        })
        .or_else(|| text(root, &["metadata", "manufacture", "name"]))
        .or_else(|| text(root, &["metadata", "manufacturer", "name"]))
        .unwrap_or_default();
    let timestamp = text(root, &["metadata", "timestamp"]).unwrap_or_default();
    let components = components(root);
    // The component that the document is about contains all others.
    let subject = root.get("metadata").and_then(|m| m.get("component"));
    let subject_name = subject.and_then(component_name);
    let subject_ref = subject.and_then(|s| text(s, &["bom-ref"]));
    for vulnerability in items(root, "vulnerabilities") {
        let mut ids: Vec<String> = text(vulnerability, &["id"]).map(|id| bare_id(id).to_owned()).into_iter().collect();
        ids.extend(
            items(vulnerability, "references").iter().filter_map(|r| text(r, &["id"])).map(|id| bare_id(id).to_owned()),
        );
        let Some(state) = text(vulnerability, &["analysis", "state"]) else {
            // Without an analysis it is a finding of somebody's scanner and no statement.
            continue;
        };
        let status = match state {
            "not_affected" | "false_positive" => VexStatus::NotAffected,
            "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
            "exploitable" => VexStatus::Affected,
            "in_triage" => VexStatus::UnderInvestigation,
            other => {
                out.skip(format!("{}: the state `{other}` is not known", ids.join(", ")));
                continue;
            }
        };
        let justification =
            match (text(vulnerability, &["analysis", "justification"]), text(vulnerability, &["analysis", "detail"])) {
                (Some(word), Some(sentence)) => format!("{word}: {sentence}"),
                (Some(one), None) | (None, Some(one)) => one.to_owned(),
                (None, None) if state == "false_positive" => state.to_owned(),
                (None, None) => String::new(),
            };
        let said = text(vulnerability, &["analysis", "lastUpdated"])
            .or_else(|| text(vulnerability, &["updated"]))
            .unwrap_or(timestamp);
        let mut whole: Vec<String> = Vec::new();
        let mut parts: Vec<String> = Vec::new();
        for affected in items(vulnerability, "affects") {
            let Some(reference) = text(affected, &["ref"]) else { continue };
            let (target, is_ours) = local_part(reference, document);
            if is_ours && Some(target.as_str()) == subject_ref {
                match &subject_name {
                    Some(subject) => whole.push(subject.clone()),
                    None => out.skip(format!("{}: no product is named by purl or CPE", ids.join(", "))),
                }
                continue;
            }
            let named = components
                .get(target.as_str())
                .filter(|_| is_ours)
                .cloned()
                .or_else(|| is_product(&target).then(|| target.clone()));
            match named {
                // Versions listed as affected or not narrow the component down.
                Some(named) => parts.extend(with_versions(&named, affected, status)),
                None => out.skip(format!("{}: no product is named by purl or CPE", ids.join(", "))),
            }
        }
        let statement = |products: Vec<String>, subcomponents: Vec<String>| VexStatement {
            vulnerabilities: ids.clone(),
            products,
            subcomponents,
            status,
            justification: justification.clone(),
            author: author.to_owned(),
            document: document.to_owned(),
            timestamp: said.to_owned(),
        };
        if !whole.is_empty() {
            out.push(statement(whole, Vec::new()));
        }
        if !parts.is_empty() {
            match &subject_name {
                // About an image, and not about the component wherever it may be.
                Some(subject) if subject.starts_with("pkg:oci/") || subject.starts_with("pkg:docker/") => {
                    out.push(statement(vec![subject.clone()], parts));
                }
                _ => out.push(statement(parts, Vec::new())),
            }
        }
    }
}

/// The name of every component by its `bom-ref`, nested ones too.
fn components(root: &Value) -> HashMap<&str, String> {
    let mut found = HashMap::new();
    let subject = root.get("metadata").and_then(|m| m.get("component"));
    let mut open: Vec<(&Value, usize)> = items(root, "components").iter().chain(subject).map(|c| (c, 0)).collect();
    while let Some((component, depth)) = open.pop() {
        if let (Some(reference), Some(name)) = (text(component, &["bom-ref"]), component_name(component)) {
            found.insert(reference, name);
        }
        if depth < MAX_DEPTH {
            open.extend(items(component, "components").iter().map(|c| (c, depth + 1)));
        }
    }
    found
}

fn component_name(component: &Value) -> Option<String> {
    text(component, &["purl"]).or_else(|| text(component, &["cpe"])).map(str::to_owned)
}

/// The reference within its document, and whether that is this one: of a BOM-Link (`urn:cdx:SERIAL/VERSION#REF`) what
/// follows the `#`, decoded. In another document only a reference that is a purl itself can be understood.
fn local_part(reference: &str, serial: &str) -> (String, bool) {
    match reference.strip_prefix("urn:cdx:").and_then(|rest| rest.split_once('#')) {
        Some((document, local)) => {
            let theirs = document.split('/').next().unwrap_or_default();
            (decode(local), serial.strip_prefix("urn:uuid:").is_some_and(|ours| ours.eq_ignore_ascii_case(theirs)))
        }
        None => (reference.to_owned(), true),
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|h| std::str::from_utf8(h).ok());
        match hex.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit())).and_then(|h| u8::from_str_radix(h, 16).ok()) {
            Some(decoded) => {
                out.push(decoded);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// One purl for each version that the statement's status holds for; the component as it is where none is listed. Ranges
/// (`vers:…`) are not taken apart: the component's own version counts.
fn with_versions(name: &str, affected: &Value, status: VexStatus) -> Vec<String> {
    let wanted = match status {
        VexStatus::NotAffected | VexStatus::Fixed => "unaffected",
        VexStatus::Affected => "affected",
        VexStatus::UnderInvestigation => "unknown",
    };
    let has_version = name.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default().contains('@');
    let versions: Vec<String> = items(affected, "versions")
        .iter()
        .filter(|v| text(v, &["status"]).unwrap_or("affected") == wanted)
        .filter_map(|v| text(v, &["version"]))
        .filter(|_| !has_version && name.starts_with("pkg:"))
        .map(|version| match name.split_once('?') {
            Some((path, query)) => format!("{path}@{version}?{query}"),
            None => format!("{name}@{version}"),
        })
        .collect();
    if versions.is_empty() { vec![name.to_owned()] } else { versions }
}
