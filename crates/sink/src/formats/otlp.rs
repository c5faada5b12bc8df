use seawall_model::{Alert, FieldValue, Priority};
use serde_json::{Map, Value, json};

use crate::text::{line, sentence};
use crate::time::nanoseconds;
use crate::{AlertFormat, RecordOptions};

/// OpenTelemetry logs in the JSON encoding of OTLP. A record is one `ResourceLogs`: it says which node it is of, so that
/// records of several nodes may travel in one request.
pub(super) struct Otlp;

impl AlertFormat for Otlp {
    fn id(&self) -> &'static str {
        "otlp"
    }

    fn title(&self) -> &'static str {
        "OpenTelemetry logs, in OTLP's JSON encoding"
    }

    fn specification(&self) -> &'static str {
        "https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding"
    }

    fn record(&self, alert: &Alert, _: &RecordOptions, into: &mut Vec<u8>) -> bool {
        let mut record = json!({
            "severityNumber": severity(alert.priority),
            "severityText": alert.priority.name(),
            "body": { "stringValue": line(sentence(alert)) },
            "attributes": attributes(alert),
        });
        // 64-bit numbers are texts in this encoding; a time that is not known is left out.
        if let (Some(time), Some(object)) = (nanoseconds(&alert.time), record.as_object_mut()) {
            object.insert("timeUnixNano".to_owned(), time.to_string().into());
            object.insert("observedTimeUnixNano".to_owned(), time.to_string().into());
        }
        let version = env!("CARGO_PKG_VERSION");
        let logs = json!({
            "resource": { "attributes": [
                text("service.name", "seawall"),
                text("service.version", version),
                text("host.name", &alert.hostname),
            ] },
            "scopeLogs": [{ "scope": { "name": "seawall", "version": version }, "logRecords": [record] }],
        });
        into.extend_from_slice(logs.to_string().as_bytes());
        false
    }

    fn media_type(&self) -> Option<&'static str> {
        Some("application/json")
    }

    fn envelope(&self) -> Option<(&'static str, &'static str)> {
        Some(("{\"resourceLogs\":[", "]}"))
    }
}

/// The mapping of syslog's levels in the data model of OpenTelemetry's logs.
fn severity(priority: Priority) -> u8 {
    match priority {
        Priority::Emergency => 21,
        Priority::Alert => 19,
        Priority::Critical => 18,
        Priority::Error => 17,
        Priority::Warning => 13,
        Priority::Notice => 10,
        Priority::Informational => 9,
        Priority::Debug => 5,
    }
}

/// Names of the semantic conventions where there are some; each key once.
fn attributes(alert: &Alert) -> Vec<Value> {
    let context = &alert.seawall;
    let mut all = vec![
        text("seawall.rule", &alert.rule),
        text("seawall.source", &alert.source),
        text("seawall.tier", &context.tier),
        text("seawall.action", crate::words::action(context.action)),
        attribute("seawall.count", integer(context.count)),
        attribute("seawall.tags", array(alert.tags.iter().map(String::as_str))),
    ];
    let mut known = |key: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            all.push(text(key, value));
        }
    };
    known("seawall.first_time", context.first_time.as_deref());
    known("seawall.lexical_path", context.lexical_path.as_deref());
    known("seawall.resolved_path", context.resolved_path.as_deref());
    if let Some(container) = &context.container {
        known("container.id", Some(&container.id));
        known("container.name", container.name.as_deref());
        known("container.runtime", Some(container.engine.name()));
        known("container.image.name", container.image.as_deref());
        known("container.image.id", container.image_id.as_deref());
        known("seawall.container.image_digest", container.image_digest.as_deref());
        if let Some(pod) = &container.pod {
            known("k8s.pod.name", Some(&pod.name));
            known("k8s.pod.uid", Some(&pod.uid));
            known("k8s.namespace.name", Some(&pod.namespace));
        }
        if let Some(tag) = &container.image_tag {
            all.push(attribute("container.image.tags", array([tag.as_str()])));
        }
    }
    let fields: Vec<Value> = alert.output_fields.iter().map(|(name, value)| attribute(name, field(value))).collect();
    all.push(attribute("seawall.output_fields", json!({ "kvlistValue": { "values": fields } })));
    all
}

fn attribute(key: &str, value: Value) -> Value {
    json!({ "key": key, "value": value })
}

fn text(key: &str, value: &str) -> Value {
    attribute(key, json!({ "stringValue": value }))
}

fn array<'a>(values: impl IntoIterator<Item = &'a str>) -> Value {
    let values: Vec<Value> = values.into_iter().map(|v| json!({ "stringValue": v })).collect();
    json!({ "arrayValue": { "values": values } })
}

/// An `intValue` is signed: what is larger is told as text.
fn integer(value: u64) -> Value {
    match i64::try_from(value) {
        Ok(value) => json!({ "intValue": value.to_string() }),
        Err(_) => json!({ "stringValue": value.to_string() }),
    }
}

fn field(value: &FieldValue) -> Value {
    match value {
        // An AnyValue without a value is null.
        FieldValue::Null => Value::Object(Map::new()),
        FieldValue::Boolean(value) => json!({ "boolValue": value }),
        FieldValue::Signed(value) => json!({ "intValue": value.to_string() }),
        FieldValue::Unsigned(value) => integer(*value),
        FieldValue::Text(value) => json!({ "stringValue": value }),
    }
}
