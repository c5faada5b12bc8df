//! Records of several alerts in one buffer.

use seawall_model::Alert;

use crate::counters::Counters;
use crate::{AlertFormat, RecordOptions};

/// Appends the alert as a whole document on one line, without its end.
pub(crate) fn document(
    format: &dyn AlertFormat,
    options: &RecordOptions,
    alert: &Alert,
    counters: &Counters,
    into: &mut Vec<u8>,
) {
    let (before, after) = format.envelope().unwrap_or_default();
    into.extend_from_slice(before.as_bytes());
    if format.record(alert, options, into) {
        counters.cut();
    }
    into.extend_from_slice(after.as_bytes());
}
