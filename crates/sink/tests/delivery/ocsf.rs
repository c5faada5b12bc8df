//! Records against the published schema: which attributes there are, which must be there, of which type and with which
//! values.

use std::collections::BTreeMap;

use seawall_io::tar::Reader;
use seawall_model::{Action, Priority};
use seawall_testkit::{shared, zstd_decode};
use serde_json::{Map, Value, json};

use crate::formats::record;
use crate::support::{alert, hostile};

struct Schema {
    files: BTreeMap<String, Value>,
}

impl Schema {
    fn load() -> Option<Self> {
        let archive = zstd_decode(&shared("frameworks/ocsf-schema-1.9-dev.tar.zst")?);
        let mut reader = Reader::new(&archive[..]);
        let mut files = BTreeMap::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            let mut bytes = Vec::new();
            while let Some(chunk) = reader.data().unwrap() {
                bytes.extend_from_slice(chunk);
            }
            if let (Some(path), Ok(value)) = (path.split_once("ocsf/").map(|p| p.1), serde_json::from_slice(&bytes)) {
                files.insert(path.to_owned(), value);
            }
        }
        assert!(files.len() > 100, "{} files of the schema", files.len());
        Some(Self { files })
    }

    fn object(&self, name: &str) -> Value {
        self.files.get(&format!("objects/{name}.json")).unwrap_or_else(|| panic!("no object {name}")).clone()
    }

    /// Attributes of a definition and of all that it extends, with the requirement that counts.
    fn attributes(&self, definition: &Value, profiles: &[&str]) -> Map<String, Value> {
        let mut all = Map::new();
        if let Some(base) = definition["extends"].as_str() {
            let base = self
                .files
                .get(&format!("events/findings/{base}.json"))
                .or_else(|| self.files.get(&format!("events/{base}.json")))
                .or_else(|| self.files.get(&format!("objects/{base}.json")))
                .unwrap_or_else(|| panic!("no {base}"));
            all = self.attributes(base, profiles);
        }
        for (name, attribute) in definition["attributes"].as_object().unwrap() {
            if name == "$include" {
                for file in attribute.as_array().unwrap() {
                    let file = file.as_str().unwrap();
                    if profiles.iter().any(|p| file == format!("profiles/{p}.json")) {
                        all.append(&mut self.files[file]["attributes"].as_object().unwrap().clone());
                    }
                }
                continue;
            }
            let mut merged = all.get(name).cloned().unwrap_or_else(|| json!({}));
            for (key, value) in attribute.as_object().unwrap() {
                if key == "enum" && merged["enum"].is_object() {
                    merged["enum"].as_object_mut().unwrap().append(&mut value.as_object().unwrap().clone());
                } else {
                    merged[key] = value.clone();
                }
            }
            all.insert(name.clone(), merged);
        }
        all
    }

    fn check(&self, value: &Value, attributes: &Map<String, Value>, at: &str, problems: &mut Vec<String>) {
        let object = value.as_object().unwrap();
        for (name, attribute) in attributes {
            if attribute["requirement"] == "required" && !object.contains_key(name) {
                problems.push(format!("{at}.{name} is required"));
            }
        }
        for (name, value) in object {
            let Some(attribute) = attributes.get(name) else {
                problems.push(format!("{at}.{name} is not in the schema"));
                continue;
            };
            let dictionary = &self.files["dictionary.json"]["attributes"][name];
            let kind = attribute["type"].as_str().or(dictionary["type"].as_str()).unwrap();
            let values: Vec<&Value> = match (dictionary["is_array"] == true, value.as_array()) {
                (true, Some(values)) => values.iter().collect(),
                (false, None) => vec![value],
                _ => {
                    problems.push(format!("{at}.{name}: array or not"));
                    continue;
                }
            };
            for value in values {
                self.check_value(value, kind, attribute, dictionary, &format!("{at}.{name}"), problems);
            }
        }
    }

    fn check_value(
        &self,
        value: &Value,
        kind: &str,
        attribute: &Value,
        dictionary: &Value,
        at: &str,
        problems: &mut Vec<String>,
    ) {
        let is_right = match kind {
            "integer_t" | "long_t" | "timestamp_t" => value.is_i64() || value.is_u64(),
            "boolean_t" => value.is_boolean(),
            "json_t" => true,
            "uuid_t" => value.as_str().is_some_and(|v| v.len() == 36),
            kind if kind.ends_with("_t") => value.is_string(),
            object => {
                let definition = self.object(object);
                self.check(value, &self.attributes(&definition, &[]), at, problems);
                if let Some(some) = definition["constraints"]["at_least_one"].as_array()
                    && !some.iter().any(|name| value.get(name.as_str().unwrap()).is_some())
                {
                    problems.push(format!("{at}: at least one of {some:?}"));
                }
                true
            }
        };
        if !is_right {
            problems.push(format!("{at}: {value} is no {kind}"));
        }
        // The lists of categories and classes are made of the files; see below.
        let is_listed = !at.ends_with(".category_uid") && !at.ends_with(".class_uid");
        if kind == "integer_t" && is_listed && (attribute["enum"].is_object() || dictionary["enum"].is_object()) {
            let key = value.to_string();
            if attribute["enum"].get(&key).is_none() && dictionary["enum"].get(&key).is_none() {
                problems.push(format!("{at}: {key} is not in its list"));
            }
        }
    }
}

#[test]
fn a_finding_is_what_the_published_schema_says() {
    let Some(schema) = Schema::load() else { return };
    let class = &schema.files["events/findings/detection_finding.json"];
    let attributes = schema.attributes(class, &["security_control", "host"]);
    let mut alerts = vec![alert(1), hostile()];
    for priority in [Priority::Emergency, Priority::Alert, Priority::Critical, Priority::Error, Priority::Warning] {
        alerts.push(seawall_model::Alert { priority, ..alert(2) });
    }
    for action in [Action::None, Action::WouldDeny, Action::Denied, Action::Quarantined] {
        let mut alert = alert(3);
        alert.seawall.action = action;
        alert.seawall.container = None;
        alerts.push(alert);
    }
    let mut summary = alert(4);
    (summary.seawall.count, summary.seawall.first_time) = (9, Some("2026-11-24T11:26:00Z".to_owned()));
    alerts.push(summary);
    for alert in &alerts {
        let value: Value = serde_json::from_str(&record("ocsf", alert)).unwrap();
        let mut problems = Vec::new();
        schema.check(&value, &attributes, "finding", &mut problems);
        assert!(problems.is_empty(), "{problems:#?}\n{value:#}");
        let category = &schema.files["categories.json"]["attributes"]["findings"]["uid"];
        let class_uid = category.as_u64().unwrap() * 1000 + class["uid"].as_u64().unwrap();
        assert_eq!((&value["category_uid"], &value["class_uid"]), (category, &class_uid.into()));
        assert_eq!(value["type_uid"], class_uid * 100 + value["activity_id"].as_u64().unwrap());
    }
    // The check itself finds what is wrong.
    let mut value: Value = serde_json::from_str(&record("ocsf", &alert(1))).unwrap();
    value["severity_id"] = 42.into();
    value["colour"] = "red".into();
    value["finding_info"].as_object_mut().unwrap().remove("uid");
    value["resources"] = json!({});
    value["evidences"] = json!([{ "name": "nothing" }]);
    let mut problems = Vec::new();
    schema.check(&value, &attributes, "finding", &mut problems);
    assert_eq!(problems.len(), 5, "{problems:#?}");
}

#[test]
fn a_finding_says_what_the_alert_says() {
    let value: Value = serde_json::from_str(&record("ocsf", &alert(1))).unwrap();
    assert_eq!((&value["class_uid"], &value["type_uid"]), (&2004.into(), &200_401.into()));
    assert_eq!(value["time"], 1_795_519_620_000_u64);
    assert_eq!(value["disposition"], "Blocked");
    let attacks = &value["finding_info"]["attacks"];
    assert_eq!(attacks[0]["tactic"]["name"], "Privilege Escalation");
    assert_eq!(attacks[1]["sub_technique"]["uid"], "T1059.004");
    assert_eq!(attacks[1]["technique"]["uid"], "T1059");
    assert_eq!(value["evidences"][0]["container"]["image"]["name"], "nginx:1.27");
    assert_eq!(value["evidences"][0]["data"]["output_fields"]["proc.name"], "bash");
    // A summary brings the finding of its first alert up to date.
    let mut summary = alert(4);
    (summary.seawall.count, summary.seawall.first_time) = (9, Some(alert(1).time));
    let summary: Value = serde_json::from_str(&record("ocsf", &summary)).unwrap();
    assert_eq!(summary["finding_info"]["uid"], value["finding_info"]["uid"]);
    assert_eq!((&summary["type_uid"], &summary["count"]), (&200_402.into(), &9.into()));
}
