//! Outputs: a sentence with fields in it.

use std::fmt::Write as _;

use seawall_model::FieldValue;

use crate::fields::{FieldError, FieldRef};
use crate::subject::{Made, Subject};
use crate::syntax::{Operand, Span, parse_operand};
use crate::value::{FieldType, Value};
use crate::view::View;

/// An output, taken apart.
#[derive(Clone, Default)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone)]
enum Part {
    Text(String),
    Field { token: String, subject: Subject },
}

/// Bytes of one field in a sentence.
const MAX_FIELD: usize = 8192;

impl Template {
    /// Takes an output apart: `%field[argument]` and `%transformer(…)`, `%%` for the sign itself. A leading `*` is
    /// dropped: what is missing reads `<NA>` always.
    pub(crate) fn parse(text: &str) -> Result<Self, (Span, FieldError)> {
        // The line end of a folded YAML text is no part of the sentence.
        let text = text.trim_end();
        let text_start = text.len() - text.trim_start().trim_start_matches('*').len();
        let mut template = Self::default();
        let mut at = text_start;
        let mut plain = String::new();
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(sign) = rest.find('%') else {
                plain.push_str(rest);
                break;
            };
            plain.push_str(rest.get(..sign).unwrap_or_default());
            let after = rest.get(sign + 1..).unwrap_or_default();
            at += sign + 1;
            if after.starts_with('%') {
                plain.push('%');
                at += 1;
                continue;
            }
            // Falco drops this one; what it stood for is added by the sink.
            if let Some(rest) = after.strip_prefix("container.info") {
                at = text.len() - rest.len();
                continue;
            }
            let span = Span { at: at - 1, len: 1 };
            let (operand, len) = parse_operand(after).map_err(|error| {
                let hint = Some("write `%%` for the sign itself".to_owned());
                let message = format!("`%` begins no field: {error}");
                (Span { at: at + error.span.at, ..span }, FieldError { message, hint, unknown: false })
            })?;
            let subject = resolve(&operand, span)?;
            if !plain.is_empty() {
                template.parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            template.parts.push(Part::Field { token: after.get(..len).unwrap_or_default().to_owned(), subject });
            at += len;
        }
        if !plain.is_empty() {
            template.parts.push(Part::Text(plain));
        }
        Ok(template)
    }

    /// The fields that it names.
    pub(crate) fn fields(&self) -> Vec<&FieldRef> {
        let mut out = Vec::new();
        for part in &self.parts {
            if let Part::Field { subject, .. } = part {
                subject.fields(&mut out);
            }
        }
        out
    }

    /// The sentence, and each field by its token.
    pub(crate) fn render(
        &self,
        view: &View<'_>,
        name_of: &dyn Fn(std::net::IpAddr) -> Option<String>,
    ) -> (String, Vec<(String, FieldValue)>) {
        let (mut sentence, mut fields) = (String::new(), Vec::new());
        for part in &self.parts {
            match part {
                Part::Text(text) => sentence.push_str(text),
                Part::Field { token, subject } => {
                    let value = field_value(subject, view, name_of);
                    match &value {
                        FieldValue::Null => sentence.push_str("<NA>"),
                        FieldValue::Boolean(value) => {
                            let _ = write!(sentence, "{value}");
                        }
                        FieldValue::Signed(value) => {
                            let _ = write!(sentence, "{value}");
                        }
                        FieldValue::Unsigned(value) => {
                            let _ = write!(sentence, "{value}");
                        }
                        FieldValue::Text(value) => sentence.push_str(value),
                    }
                    fields.push((token.clone(), value));
                }
            }
        }
        (sentence, fields)
    }
}

fn resolve(operand: &Operand, span: Span) -> Result<Subject, (Span, FieldError)> {
    Subject::resolve(operand).map_err(|error| {
        // Places within the operand are relative to it.
        (Span { at: span.at + 1 + error.span.at, len: error.span.len }, error.error)
    })
}

fn field_value(subject: &Subject, view: &View<'_>, name_of: &dyn Fn(std::net::IpAddr) -> Option<String>) -> FieldValue {
    let text = |bytes: &[u8]| FieldValue::Text(printable(bytes));
    match subject.make(view) {
        None => FieldValue::Null,
        Some(Made::Text(bytes)) if subject.kind() == FieldType::Bytes => {
            let shown = bytes.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '.' });
            FieldValue::Text(shown.take(MAX_FIELD).collect())
        }
        Some(Made::Text(bytes)) => text(&bytes),
        Some(Made::Number(number)) => FieldValue::Unsigned(number),
        Some(Made::List(items)) => text(&items.join(&b","[..])),
        Some(Made::Other(value)) => match value {
            Value::Signed(number) => FieldValue::Signed(number),
            Value::Unsigned(number) => FieldValue::Unsigned(number),
            Value::Boolean(value) => FieldValue::Boolean(value),
            Value::Address(address) if subject.kind() == FieldType::Domain => {
                name_of(address).map_or(FieldValue::Null, FieldValue::Text)
            }
            Value::Address(address) => FieldValue::Text(address.to_string()),
            Value::Text(bytes) => text(bytes),
            Value::Made => FieldValue::Null,
        },
    }
}

/// Text that is safe to show: what is no printable UTF-8 becomes U+FFFD, also what would turn the direction of text.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..MAX_FIELD).unwrap_or(bytes));
    let hidden = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Template, printable};

    #[test]
    fn outputs_are_taken_apart() {
        for good in
            ["", "*x %proc.name y", "100%% %proc.aname[2]%evt.type", "%container.info done", "%tolower(proc.name)"]
        {
            assert!(Template::parse(good).is_ok(), "{good}");
        }
        let error = |text: &str| Template::parse(text).err().map(|(span, error)| (span.at, error.message, error.hint));
        assert_eq!(error("a %proc.nmae").and_then(|e| e.2).as_deref(), Some("did you mean `proc.name`?"));
        assert_eq!(error("5 % off").map(|e| e.0), Some(3));
    }

    #[test]
    fn what_cannot_be_printed_is_replaced() {
        assert_eq!(printable(b"a\nb\xff\x1b[31m"), "a\u{fffd}b\u{fffd}\u{fffd}[31m");
        assert_eq!(printable("\u{202e}x".as_bytes()), "\u{fffd}x");
    }
}
