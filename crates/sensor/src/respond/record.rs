//! The record of a response: an alert of its own.

use std::collections::BTreeMap;

use seawall_model::{Alert, Container, FieldValue, Priority};

use crate::Guard;

/// What was done about an alert, or why not.
pub(super) fn alert(
    guard: &Guard,
    about: &Alert,
    container: &Container,
    entry: &str,
    actions: &str,
    result: &str,
) -> Alert {
    let text = |text: &str| FieldValue::Text(text.to_owned());
    let name = container.name.as_deref().unwrap_or_else(|| container.short_id());
    let fields = BTreeMap::from([
        ("response.do".to_owned(), text(actions)),
        ("response.result".to_owned(), text(result)),
        ("response.rule".to_owned(), text(&about.rule)),
        ("response.policy".to_owned(), text(entry)),
        ("container.id".to_owned(), text(container.short_id())),
        ("container.name".to_owned(), text(name)),
    ]);
    let output = format!("{actions}: {result} | container={name} rule={} policy={entry}", about.rule);
    let mut alert = guard.internal("Seawall response", output, fields);
    alert.priority = Priority::Warning;
    alert.seawall.container = Some(container.clone());
    alert.seawall.action = about.seawall.action;
    alert
}
