use seawall_model::{Alert, Priority};

use crate::text::{cut, line, sentence};
use crate::time::microseconds;
use crate::{AlertFormat, RecordOptions};

/// [RFC 5424](https://www.rfc-editor.org/rfc/rfc5424) with structured data.
pub(super) struct Syslog;

/// The enterprise number that RFC 5612 keeps for documentation: Seawall has none of its own.
const ALERT_ID: &str = "seawall@32473";
/// The fields of the alert's sentence.
const FIELDS_ID: &str = "fields@32473";
/// A single value is at most this long, so that one hostile argument cannot push out all others.
const MAX_VALUE: usize = 1024;
const BOM: &str = "\u{feff}";

impl AlertFormat for Syslog {
    fn id(&self) -> &'static str {
        "syslog"
    }

    fn title(&self) -> &'static str {
        "RFC 5424 with structured data; octet-counted over TCP"
    }

    fn specification(&self) -> &'static str {
        "https://www.rfc-editor.org/rfc/rfc5424"
    }

    fn record(&self, alert: &Alert, options: &RecordOptions, into: &mut Vec<u8>) -> bool {
        let head = head(alert, options.facility);
        let message = line(sentence(alert));
        // Half of what is left is the message's, should the structured data be as long as that.
        let room = options.max_message.saturating_sub(head.len() + 2 + BOM.len());
        let (data, mut is_cut) = structured_data(alert, room.saturating_sub(message.len().min(room / 2)));
        let message_room = room.saturating_sub(data.len());
        let kept = cut(&message, message_room);
        is_cut |= kept.len() < message.len();
        into.extend_from_slice(format!("{head} {data} {BOM}{kept}").as_bytes());
        is_cut
    }
}

/// Any other record as the message, without structured data and without a byte order mark, which its readers do not
/// expect.
pub(crate) fn wrap(alert: &Alert, facility: u8, record: &[u8], into: &mut Vec<u8>) {
    into.extend_from_slice(head(alert, facility).as_bytes());
    into.extend_from_slice(b" - ");
    into.extend_from_slice(record);
}

/// `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID`.
fn head(alert: &Alert, facility: u8) -> String {
    let priority = u16::from(facility) * 8 + u16::from(severity(alert.priority));
    let time = microseconds(&alert.time);
    let hostname = printable(&alert.hostname, 255);
    format!("<{priority}>1 {} {hostname} seawall {} alert", time.as_deref().unwrap_or("-"), std::process::id())
}

/// The severity of RFC 5424: Falco's priorities are these levels.
fn severity(priority: Priority) -> u8 {
    match priority {
        Priority::Emergency => 0,
        Priority::Alert => 1,
        Priority::Critical => 2,
        Priority::Error => 3,
        Priority::Warning => 4,
        Priority::Notice => 5,
        Priority::Informational => 6,
        Priority::Debug => 7,
    }
}

/// PRINTUSASCII of at most `limit` characters; `-` where nothing is left.
fn printable(text: &str, limit: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(limit).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

/// Both elements, at most `room` bytes; true where a value was cut or left out.
fn structured_data(alert: &Alert, room: usize) -> (String, bool) {
    let mut is_cut = false;
    let mut data = String::new();
    for (id, parameters) in [(ALERT_ID, ours(alert)), (FIELDS_ID, fields(alert))] {
        let mut element = format!("[{id}");
        for (name, value) in parameters {
            let value = line(&value);
            let short = cut(&value, MAX_VALUE);
            let parameter = format!(" {name}=\"{}\"", escaped(short));
            // Room for the closing bracket is kept.
            if data.len() + element.len() + parameter.len() < room {
                element.push_str(&parameter);
                is_cut |= short.len() < value.len();
            } else {
                is_cut = true;
            }
        }
        element.push(']');
        if element.contains(' ') {
            data.push_str(&element);
        }
    }
    if data.is_empty() { ("-".to_owned(), is_cut) } else { (data, is_cut) }
}

/// What Seawall knows of the alert, most telling first: the last are left out where there is no room.
fn ours(alert: &Alert) -> Vec<(String, String)> {
    let mut all = vec![("rule", Some(alert.rule.clone())), ("priority", Some(alert.priority.to_string()))];
    if let Some(container) = &alert.seawall.container {
        all.push(("container_id", Some(container.id.clone())));
        all.push(("container_name", container.name.clone()));
        all.push(("image", container.image.clone()));
        all.push(("image_digest", container.image_digest.clone()));
        if let Some(pod) = &container.pod {
            all.push(("pod", Some(pod.name.clone())));
            all.push(("namespace", Some(pod.namespace.clone())));
        }
    }
    all.push(("action", Some(crate::words::action(alert.seawall.action).to_owned())));
    all.push(("count", Some(alert.seawall.count.to_string())));
    all.push(("tier", Some(alert.seawall.tier.clone())));
    all.push(("source", Some(alert.source.clone())));
    all.push(("tags", Some(alert.tags.join(","))));
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn fields(alert: &Alert) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for (name, value) in &alert.output_fields {
        let name = parameter_name(name);
        if let Some(value) = crate::words::value(value)
            && all.iter().all(|(known, _)| *known != name)
        {
            all.push((name, value));
        }
    }
    all
}

/// SD-NAME: at most 32 of PRINTUSASCII but `=`, space, `]` and `"`; `proc.aname[2]` becomes `proc.aname.2`.
fn parameter_name(field: &str) -> String {
    let plain = field.replace('[', ".").replace(']', "");
    plain.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '=' | '"') { c } else { '_' }).take(32).collect()
}

/// In a PARAM-VALUE `"`, `\` and `]` are escaped, and nothing else.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]")
}
