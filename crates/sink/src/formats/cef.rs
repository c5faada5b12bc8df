use std::fmt::Write;

use seawall_model::{Alert, Priority};

use crate::text::{line, sentence};
use crate::time::milliseconds;
use crate::{AlertFormat, RecordOptions};

/// ArcSight's Common Event Format, version 0 of the header.
pub(super) struct Cef;

impl AlertFormat for Cef {
    fn id(&self) -> &'static str {
        "cef"
    }

    fn title(&self) -> &'static str {
        "ArcSight Common Event Format"
    }

    fn specification(&self) -> &'static str {
        "https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors-8.4/cef-implementation-standard/"
    }

    fn record(&self, alert: &Alert, _: &RecordOptions, into: &mut Vec<u8>) -> bool {
        let rule = header(&alert.rule);
        let mut out =
            format!("CEF:0|Seawall|Seawall|{}|{rule}|{rule}|{}|", env!("CARGO_PKG_VERSION"), severity(alert.priority));
        for (index, (key, value)) in extension(alert).into_iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            let _ = write!(out, "{space}{key}={}", escaped(&value));
        }
        into.extend_from_slice(out.as_bytes());
        false
    }
}

/// 0 to 10: the format calls 9 and 10 very high, 7 and 8 high, 4 to 6 medium, the rest low.
fn severity(priority: Priority) -> u8 {
    match priority {
        Priority::Emergency => 10,
        Priority::Alert => 9,
        Priority::Critical => 8,
        Priority::Error => 7,
        Priority::Warning => 6,
        Priority::Notice => 4,
        Priority::Informational => 2,
        Priority::Debug => 1,
    }
}

/// In the header `|` and `\` are escaped; line ends are not allowed at all.
fn header(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line(&text).replace('\\', "\\\\").replace('|', "\\|")
}

/// In the extension `=` and `\` are escaped, and a line end is `\n` or `\r`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '=' => out.push_str("\\="),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            // Any other control character is written out, its backslash escaped.
            c => out.push_str(&line(c.encode_utf8(&mut [0; 4])).replace('\\', "\\\\")),
        }
    }
    out
}

/// Keys of the format's dictionary, and its custom texts for what it has no key for.
fn extension(alert: &Alert) -> Vec<(&'static str, String)> {
    let field = |name: &str| alert.output_fields.get(name).and_then(crate::words::value);
    let container = alert.seawall.container.as_ref();
    let pod = container.and_then(|c| c.pod.as_ref()).map(|p| format!("{}/{}", p.namespace, p.name));
    let mut all = vec![
        ("rt", milliseconds(&alert.time).map(|t| t.to_string())),
        ("start", alert.seawall.first_time.as_deref().and_then(milliseconds).map(|t| t.to_string())),
        ("dvchost", Some(alert.hostname.clone())),
        ("cat", Some(alert.source.clone())),
        ("act", Some(crate::words::action(alert.seawall.action).to_owned())),
        ("cnt", Some(alert.seawall.count.to_string())),
        ("sproc", field("proc.name")),
        ("spid", field("proc.pid")),
        ("suser", field("user.name")),
        ("suid", field("user.uid")),
        ("filePath", alert.seawall.resolved_path.clone().or_else(|| alert.seawall.lexical_path.clone())),
    ];
    let custom = [
        ("cs1", "cs1Label", "containerId", container.map(|c| c.id.clone())),
        ("cs2", "cs2Label", "containerName", container.and_then(|c| c.name.clone())),
        ("cs3", "cs3Label", "image", container.and_then(|c| c.image.clone())),
        ("cs4", "cs4Label", "pod", pod),
        ("cs5", "cs5Label", "tags", (!alert.tags.is_empty()).then(|| alert.tags.join(","))),
        ("cs6", "cs6Label", "tier", Some(alert.seawall.tier.clone())),
    ];
    for (key, label, name, value) in custom {
        if value.is_some() {
            all.push((label, Some(name.to_owned())));
            all.push((key, value));
        }
    }
    all.push(("msg", Some(sentence(alert).to_owned())));
    all.into_iter().filter_map(|(key, value)| Some((key, value.filter(|v| !v.is_empty())?))).collect()
}
