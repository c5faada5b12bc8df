use seawall_model::Alert;

use crate::text::with_prefix;
use crate::{AlertFormat, RecordOptions};

/// Falco's JSON object with a `seawall` object beside its keys.
pub(super) struct Jsonl;

impl AlertFormat for Jsonl {
    fn id(&self) -> &'static str {
        "jsonl"
    }

    fn title(&self) -> &'static str {
        "one JSON object a line, in Falco's shape, with a `seawall` object beside it"
    }

    fn specification(&self) -> &'static str {
        "https://falco.org/docs/concepts/outputs/formatting/"
    }

    fn record(&self, alert: &Alert, _: &RecordOptions, into: &mut Vec<u8>) -> bool {
        // Falco's `output` begins with the time and the priority; the struct's order is the documented one.
        let told = Alert { output: with_prefix(alert), ..alert.clone() };
        let json = serde_json::to_vec(&told);
        debug_assert!(json.is_ok(), "an alert has no keys but texts");
        into.extend_from_slice(&json.unwrap_or_default());
        false
    }

    fn media_type(&self) -> Option<&'static str> {
        Some("application/json")
    }
}
