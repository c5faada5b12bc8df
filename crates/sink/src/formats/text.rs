use seawall_model::Alert;

use crate::text::{line, with_prefix};
use crate::{AlertFormat, RecordOptions};

/// Falco's text line.
pub(super) struct Text;

impl AlertFormat for Text {
    fn id(&self) -> &'static str {
        "text"
    }

    fn title(&self) -> &'static str {
        "one sentence a line: `HH:MM:SS.nnnnnnnnn: Priority sentence`, in UTC"
    }

    fn specification(&self) -> &'static str {
        "https://falco.org/docs/concepts/outputs/formatting/"
    }

    fn record(&self, alert: &Alert, _: &RecordOptions, into: &mut Vec<u8>) -> bool {
        into.extend_from_slice(line(&with_prefix(alert)).as_bytes());
        // A folded summary is told apart from a single alert.
        if alert.seawall.count > 1 {
            into.extend_from_slice(format!(" ({} times)", alert.seawall.count).as_bytes());
        }
        false
    }
}
