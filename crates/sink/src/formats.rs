mod cef;
mod jsonl;
mod ocsf;
mod otlp;
pub(crate) mod syslog;
mod text;

use crate::AlertFormat;

/// Every format, in the order of the reference.
pub const ALERT_FORMATS: &[&dyn AlertFormat] =
    &[&jsonl::Jsonl, &text::Text, &syslog::Syslog, &cef::Cef, &ocsf::Ocsf, &otlp::Otlp];

/// The format with this id.
pub fn alert_format(id: &str) -> Option<&'static dyn AlertFormat> {
    ALERT_FORMATS.iter().copied().find(|f| f.id() == id)
}
