//! One alert, whole.

use seawall_model::{Action, FieldValue};

use super::{Line, Style, of, span};
use crate::text::{clean, wrap};
use crate::view::View;

impl View {
    pub(super) fn detail_lines(&self, width: usize, height: usize) -> Vec<Line> {
        let alerts = self.alerts();
        let Some(raised) = alerts.get(self.alert.min(alerts.len().saturating_sub(1))) else { return Vec::new() };
        let alert = &raised.alert;
        let mut lines = vec![
            vec![span(of(alert.priority), alert.priority.name()), span(Style::Bold, format!("  {}", alert.rule))],
            vec![span(Style::Plain, format!("{}  {} times", alert.time, raised.count))],
        ];
        if let Some(container) = &alert.seawall.container {
            let name = container.name.as_deref().unwrap_or_default();
            let image = container.image.as_deref().unwrap_or_default();
            lines.push(vec![span(Style::Plain, format!("container {name}  {image}  {}", container.short_id()))]);
        }
        if alert.seawall.action != Action::None {
            lines.push(vec![span(Style::Bold, format!("action: {:?}", alert.seawall.action).to_lowercase())]);
        }
        let mut told = |text: String| {
            lines.extend(wrap(&clean(&text), width).into_iter().map(|piece| vec![span(Style::Plain, piece)]));
        };
        told(alert.output.clone());
        for (field, value) in &alert.output_fields {
            let value = match value {
                FieldValue::Null => "<NA>".to_owned(),
                FieldValue::Boolean(value) => value.to_string(),
                FieldValue::Signed(value) => value.to_string(),
                FieldValue::Unsigned(value) => value.to_string(),
                FieldValue::Text(value) => value.clone(),
            };
            told(format!("  {field} = {value}"));
        }
        if !alert.tags.is_empty() {
            told(format!("  tags: {}", alert.tags.join(", ")));
        }
        lines.truncate(height);
        lines
    }
}
