//! Words that several formats share.

use seawall_model::{Action, FieldValue};

/// The word for what was done, as JSON spells it.
pub(crate) fn action(action: Action) -> &'static str {
    match action {
        Action::None => "none",
        Action::WouldDeny => "would-deny",
        Action::WouldRespond => "would-respond",
        Action::Denied => "denied",
        Action::Killed => "killed",
        Action::Paused => "paused",
        Action::Stopped => "stopped",
        Action::Quarantined => "quarantined",
    }
}

/// A field's value as text; none for null.
pub(crate) fn value(value: &FieldValue) -> Option<String> {
    Some(match value {
        FieldValue::Null => return None,
        FieldValue::Boolean(value) => value.to_string(),
        FieldValue::Signed(value) => value.to_string(),
        FieldValue::Unsigned(value) => value.to_string(),
        FieldValue::Text(value) => value.clone(),
    })
}
