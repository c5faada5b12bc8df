use std::path::Path;

use seawall_model::{Alert, Priority};
use seawall_sink::{ALERT_FORMATS, RecordOptions, SINK_OPTIONS, alert_format};
use serde_json::Value;

use crate::support::{alert, hostile};

pub(crate) fn record(format: &str, alert: &Alert) -> String {
    let mut bytes = Vec::new();
    alert_format(format).unwrap().record(alert, &RecordOptions::default(), &mut bytes);
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_registry_is_complete_and_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = std::fs::read_to_string(root.join("../../docs/guides/alerts.md")).unwrap();
    let mut ids: Vec<_> = ALERT_FORMATS.iter().map(|f| f.id()).collect();
    for format in ALERT_FORMATS {
        assert!(guide.contains(&format!("| `{}` |", format.id())), "{} is not in the guide", format.id());
        assert!(format.specification().starts_with("https://") && !format.title().is_empty());
        assert!(root.join(format!("src/formats/{}.rs", format.id())).exists());
    }
    let files = std::fs::read_dir(root.join("src/formats")).unwrap().count();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), files), (ALERT_FORMATS.len(), ALERT_FORMATS.len()), "each format is one file, once");
    for option in SINK_OPTIONS {
        assert!(guide.contains(&format!("| `{}` |", option.name)), "{} is not in the guide", option.name);
    }
}

#[test]
fn nothing_leaves_its_line_in_any_format() {
    for format in ALERT_FORMATS {
        let text = record(format.id(), &hostile());
        let escaped = text.strip_prefix('\u{feff}').unwrap_or(&text);
        // JSON may carry characters as they are, but for control characters.
        assert!(!escaped.chars().any(char::is_control), "{}: {escaped:?}", format.id());
        if format.id() == "text" {
            assert!(!escaped.contains(['\u{202e}', '\u{2028}']), "{escaped:?}");
        }
    }
}

#[test]
fn text_is_falcos_line() {
    assert_eq!(record("text", &alert(1)), "11:27:00.000000001: Notice shell number 1");
    let mut folded = alert(1);
    folded.output = "11:27:00.000000001: Notice shell".to_owned();
    folded.seawall.count = 12;
    assert_eq!(record("text", &folded), "11:27:00.000000001: Notice shell (12 times)", "the prefix comes once");
}

#[test]
fn syslog_has_every_part_of_rfc_5424() {
    let text = record("syslog", &alert(1));
    let pid = std::process::id();
    let head = format!(
        "<13>1 2026-11-24T11:27:00.000000Z node-1 seawall {pid} alert [seawall@32473 rule=\"Terminal shell in container\" "
    );
    assert!(text.starts_with(&head), "{text}");
    assert!(text.contains("][fields@32473 proc.is_exe_upper_layer=\"true\" proc.name=\"bash\" "), "{text}");
    assert!(text.ends_with("] \u{feff}shell number 1"), "{text}");
    for (priority, number) in [(Priority::Emergency, 8), (Priority::Error, 11), (Priority::Debug, 15)] {
        let text = record("syslog", &Alert { priority, ..alert(1) });
        assert!(text.starts_with(&format!("<{number}>1 ")), "{text}");
    }
    let strange = Alert { time: "never".to_owned(), hostname: "\u{e9}".to_owned(), ..alert(1) };
    assert!(record("syslog", &strange).starts_with("<13>1 - - seawall "));
}

#[test]
fn syslog_escapes_values_and_keeps_to_the_limit() {
    let text = record("syslog", &hostile());
    assert!(text.contains(r#"container_name="a\]b\"c\\d=e|f\\ng\\r\\u{1b}[31m\\u{202e}h"#), "{text}");
    assert!(text.contains(" host") && !text.contains("host "), "a host name has no spaces: {text}");
    let mut long = alert(1);
    long.output = "é".repeat(50_000);
    for number in 0..40 {
        let value = seawall_model::FieldValue::Text("]".repeat(5_000));
        long.output_fields.insert(format!("a.{number}"), value);
    }
    for max_message in [480, 1000, 8192, 65_536] {
        let options = RecordOptions { max_message, ..RecordOptions::default() };
        let mut bytes = Vec::new();
        assert!(alert_format("syslog").unwrap().record(&long, &options, &mut bytes), "it says that it was cut");
        assert!(bytes.len() <= max_message, "{} > {max_message}", bytes.len());
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("] \u{feff}é") || max_message < 1000, "{text}");
        assert!(text.contains("rule=\"Terminal shell in container\""), "the most telling stays: {text}");
    }
}

/// Splits a CEF record as its specification says, undoing the escapes.
fn cef(text: &str) -> (Vec<String>, Vec<(String, String)>) {
    let (mut header, mut part) = (Vec::new(), String::new());
    let mut characters = text.chars();
    while header.len() < 7 {
        match characters.next().expect("seven fields") {
            '\\' => part.push(characters.next().unwrap()),
            '|' => header.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    let rest: Vec<char> = characters.collect();
    // A key is a word before an unescaped `=`.
    let mut extension: Vec<(String, String)> = Vec::new();
    let (mut value, mut index) = (String::new(), 0);
    while index < rest.len() {
        match rest[index] {
            '\\' => {
                index += 1;
                value.push(match rest[index] {
                    'n' => '\n',
                    'r' => '\r',
                    c => c,
                });
            }
            '=' => {
                let at = value.rfind(' ').map_or(0, |at| at + 1);
                let key = value.split_off(at);
                if let Some((_, last)) = extension.last_mut() {
                    *last = std::mem::take(&mut value).trim_end_matches(' ').to_owned();
                }
                value.clear();
                extension.push((key, String::new()));
            }
            c => value.push(c),
        }
        index += 1;
    }
    extension.last_mut().unwrap().1 = value;
    (header, extension)
}

#[test]
fn cef_comes_back_as_it_was() {
    let alert = hostile();
    let (header, extension) = cef(&record("cef", &alert));
    assert_eq!(header[..3], ["CEF:0", "Seawall", "Seawall"]);
    assert_eq!(header[5], r#"rule a]b"c\d=e|f g  [31m\u{202e}h \u{2028},é🦀"#);
    assert_eq!(header[6], "4");
    let value = |key: &str| extension.iter().find(|(k, _)| k == key).unwrap_or_else(|| panic!("{key}")).1.clone();
    assert_eq!(value("rt"), "1795519620000");
    assert_eq!(value("act"), "killed");
    assert_eq!(value("cnt"), "1");
    assert_eq!(value("cs2Label"), "containerName");
    let nasty = "a]b\"c\\d=e|f\ng\r\\u{1b}[31m\\u{202e}h\\u{0}\\u{2028},é🦀";
    assert_eq!(value("cs2"), nasty);
    assert_eq!(value("msg"), format!("sentence {nasty}"));
    assert_eq!(value("spid"), "7");
    assert_eq!(value("filePath"), "/bin/bash");
}

#[test]
fn otlp_follows_the_json_encoding() {
    let logs: Value = serde_json::from_str(&record("otlp", &alert(1))).unwrap();
    let record = &logs["scopeLogs"][0]["logRecords"][0];
    assert_eq!(record["timeUnixNano"], "1795519620000000001");
    assert_eq!((&record["severityNumber"], &record["severityText"]), (&10.into(), &"Notice".into()));
    assert_eq!(record["body"]["stringValue"], "shell number 1");
    let attributes = record["attributes"].as_array().unwrap();
    let find = |key: &str| &attributes.iter().find(|a| a["key"] == key).unwrap_or_else(|| panic!("{key}"))["value"];
    assert_eq!(find("container.id")["stringValue"], "f".repeat(64));
    assert_eq!(find("k8s.namespace.name")["stringValue"], "shop");
    assert_eq!(find("seawall.count")["intValue"], "1");
    let fields = find("seawall.output_fields")["kvlistValue"]["values"].as_array().unwrap();
    let field = |key: &str| &fields.iter().find(|a| a["key"] == key).unwrap_or_else(|| panic!("{key}"))["value"];
    assert_eq!(field("user.uid")["intValue"], "4294967295");
    assert_eq!(field("proc.is_exe_upper_layer")["boolValue"], true);
    assert_eq!(field("proc.aname[2]"), &serde_json::json!({}));
    let keys: std::collections::BTreeSet<_> = attributes.iter().map(|a| a["key"].to_string()).collect();
    assert_eq!(keys.len(), attributes.len(), "each key once");
    assert_eq!(logs["resource"]["attributes"][2]["value"]["stringValue"], "node-1");
}
