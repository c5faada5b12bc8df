use seawall_model::{Action, Alert, Container, Priority};
use serde_json::{Map, Value, json};

use crate::text::{line, sentence};
use crate::time::milliseconds;
use crate::{AlertFormat, RecordOptions};

/// OCSF's Detection Finding, class 2004 of the category Findings.
pub(super) struct Ocsf;

/// The version of the schema that the records follow.
const VERSION: &str = "1.4.0";
const CLASS: u32 = 2004;

impl AlertFormat for Ocsf {
    fn id(&self) -> &'static str {
        "ocsf"
    }

    fn title(&self) -> &'static str {
        "OCSF Detection Finding (class 2004), one JSON object a line"
    }

    fn specification(&self) -> &'static str {
        "https://schema.ocsf.io/1.4.0/classes/detection_finding"
    }

    fn record(&self, alert: &Alert, _: &RecordOptions, into: &mut Vec<u8>) -> bool {
        into.extend_from_slice(finding(alert).to_string().as_bytes());
        false
    }

    fn media_type(&self) -> Option<&'static str> {
        Some("application/json")
    }
}

fn finding(alert: &Alert) -> Value {
    let context = &alert.seawall;
    // A summary of folded alerts brings the finding that its first alert made up to date.
    let (activity, activity_name) = if context.first_time.is_some() { (2, "Update") } else { (1, "Create") };
    let (severity, severity_name) = severity(alert.priority);
    let (disposition, disposition_name) = disposition(context.action);
    let mut object = json!({
        "activity_id": activity,
        "activity_name": activity_name,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "type_uid": CLASS * 100 + activity,
        "type_name": format!("Detection Finding: {activity_name}"),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": 1,
        "status": "New",
        // The attribute is required: 0 where the alert's own time is no time, which `original_time` then shows.
        "time": milliseconds(&alert.time).unwrap_or(0),
        "count": context.count,
        "message": line(sentence(alert)),
        "is_alert": true,
        "disposition_id": disposition,
        "disposition": disposition_name,
        "action_id": if disposition == 15 { 3 } else { 2 },
        "action": if disposition == 15 { "Observed" } else { "Denied" },
        "metadata": {
            "version": VERSION,
            "profiles": ["security_control", "host"],
            "original_time": line(&alert.time),
            "log_name": line(&alert.source),
            "product": {
                "name": "Seawall",
                "vendor_name": "Seawall",
                "version": env!("CARGO_PKG_VERSION"),
            },
        },
        "device": { "hostname": line(&alert.hostname), "type_id": 1, "type": "Server" },
        "finding_info": finding_info(alert),
        "evidences": [{
            "data": {
                "output_fields": alert.output_fields,
                "lexical_path": context.lexical_path,
                "resolved_path": context.resolved_path,
                "action": crate::words::action(context.action),
                "tier": context.tier,
            },
        }],
    });
    if let (Some(container), Some(object)) = (&context.container, object.as_object_mut()) {
        object.insert("resources".to_owned(), json!([resource(container)]));
        if let Some(evidence) = object.get_mut("evidences").and_then(|e| e.get_mut(0)) {
            evidence["container"] = container_object(container);
        }
    }
    if let (Some(first), Some(object)) = (context.first_time.as_deref().and_then(milliseconds), object.as_object_mut())
    {
        object.insert("start_time".to_owned(), first.into());
        object.insert("end_time".to_owned(), milliseconds(&alert.time).unwrap_or(first).into());
    }
    object
}

/// Falco's levels: a warning is medium, an error high.
fn severity(priority: Priority) -> (u32, &'static str) {
    match priority {
        Priority::Emergency => (6, "Fatal"),
        Priority::Alert | Priority::Critical => (5, "Critical"),
        Priority::Error => (4, "High"),
        Priority::Warning => (3, "Medium"),
        Priority::Notice => (2, "Low"),
        Priority::Informational | Priority::Debug => (1, "Informational"),
    }
}

/// What a denial, a killed process and so on are called there.
fn disposition(action: Action) -> (u32, &'static str) {
    match action {
        Action::None | Action::WouldDeny | Action::WouldRespond => (15, "Detected"),
        Action::Denied | Action::Killed | Action::Paused | Action::Stopped => (2, "Blocked"),
        Action::Quarantined => (4, "Isolated"),
    }
}

fn finding_info(alert: &Alert) -> Value {
    let first = alert.seawall.first_time.as_deref();
    let mut info = json!({
        "uid": uid(alert),
        "title": line(&alert.rule),
        "desc": line(sentence(alert)),
        "types": [line(&alert.source)],
        "analytic": { "name": line(&alert.rule), "uid": line(&alert.rule), "type_id": 1, "type": "Rule" },
    });
    if let Some(object) = info.as_object_mut() {
        if let Some(time) = milliseconds(&alert.time) {
            object.insert("created_time".to_owned(), first.and_then(milliseconds).unwrap_or(time).into());
            object.insert("last_seen_time".to_owned(), time.into());
        }
        let attacks = attacks(&alert.tags);
        if !attacks.is_empty() {
            object.insert("attacks".to_owned(), attacks.into());
        }
    }
    info
}

/// The same for the first of folded alerts and for their summary.
fn uid(alert: &Alert) -> String {
    let container = alert.seawall.container.as_ref().map_or("", |c| &c.id);
    let time = alert.seawall.first_time.as_deref().unwrap_or(&alert.time);
    let all = [&alert.rule, &alert.hostname, container, time].join("\0");
    let digest = seawall_io::sha256(all.as_bytes()).to_string();
    digest.trim_start_matches("sha256:").chars().take(32).collect()
}

/// Techniques (`T1059`, `T1059.004`) and tactics (`TA0003`, `mitre_persistence`) of MITRE ATT&CK among the tags.
fn attacks(tags: &[String]) -> Vec<Value> {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let mut all = Vec::new();
    for tag in tags {
        let attack = if let Some(number) = tag.strip_prefix("TA").filter(|n| digits(n, 4)) {
            json!({ "tactic": named(&format!("TA{number}")) })
        } else if let Some(number) = tag.strip_prefix('T') {
            match number.split_once('.') {
                Some((technique, sub)) if digits(technique, 4) && digits(sub, 3) => {
                    json!({ "technique": named(&format!("T{technique}")), "sub_technique": named(tag) })
                }
                None if digits(number, 4) => json!({ "technique": named(tag) }),
                _ => continue,
            }
        } else if let Some(name) = tag.strip_prefix("mitre_") {
            json!({ "tactic": { "name": tactic(name) } })
        } else {
            continue;
        };
        all.push(attack);
    }
    all
}

/// An identifier of the catalogue, also where a name belongs: tags have no names, and some readers insist on one.
fn named(uid: &str) -> Value {
    json!({ "uid": uid, "name": uid })
}

/// `privilege_escalation` as the catalogue spells it: `Privilege Escalation`.
fn tactic(tag: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) if word != "and" => first.to_uppercase() + rest,
        _ => word.to_owned(),
    };
    line(tag).split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// A static pod's identifier is a hash, which the attribute does not allow.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, b)| match at {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

fn resource(container: &Container) -> Value {
    let mut resource = json!({ "type": "Container", "uid": line(&container.id) });
    if let Some(object) = resource.as_object_mut() {
        insert(object, "name", container.name.as_deref());
        insert(object, "namespace", container.pod.as_ref().map(|p| p.namespace.as_str()));
    }
    resource
}

fn container_object(container: &Container) -> Value {
    let mut value = json!({ "uid": line(&container.id), "runtime": container.engine.name() });
    let Some(object) = value.as_object_mut() else { return value };
    insert(object, "name", container.name.as_deref());
    insert(object, "tag", container.image_tag.as_deref());
    insert(object, "pod_uuid", container.pod.as_ref().map(|p| p.uid.as_str()).filter(|uid| is_uuid(uid)));
    // An image object must have an identifier: its digest, else what it was named.
    let image = container.image_digest.as_deref().or(container.image_id.as_deref()).or(container.image.as_deref());
    if let Some(uid) = image {
        let mut image = Map::new();
        insert(&mut image, "uid", Some(uid));
        insert(&mut image, "name", container.image.as_deref());
        insert(&mut image, "tag", container.image_tag.as_deref());
        object.insert("image".to_owned(), image.into());
    }
    if let Some(digest) = container.image_digest.as_deref().and_then(|d| d.strip_prefix("sha256:")) {
        let hash = json!({ "algorithm": "SHA-256", "algorithm_id": 3, "value": line(digest) });
        object.insert("hash".to_owned(), hash);
    }
    value
}

fn insert(object: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), line(value).into());
    }
}
