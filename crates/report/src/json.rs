//! JSON with the keys in the order in which they were put: the order is part of what we promise (same input, same
//! bytes), and `serde_json::Value` has it only with a feature that another crate may switch on or off.

pub(crate) mod stream;

use std::io::{self, Write};

use crate::text::is_treacherous;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number as it is written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Object(Object),
}

/// A JSON object that keeps the order of its keys.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Object(pub(crate) Vec<(&'static str, Value)>);

impl Object {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// With this key.
    pub(crate) fn put(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((key, value.into()));
        self
    }

    /// With this key, where there is a value.
    pub(crate) fn put_some<V: Into<Value>>(self, key: &'static str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.put(key, value),
            None => self,
        }
    }

    /// With this key, where the text, list or object is not empty.
    pub(crate) fn put_filled(self, key: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let empty = match &value {
            Value::Text(text) => text.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Object(object) => object.0.is_empty(),
            Value::Null => true,
            Value::Bool(_) | Value::Number(_) => false,
        };
        if empty { self } else { self.put(key, value) }
    }
}

/// A kind of finding that was not looked for, as reports and diffs say it.
pub(crate) fn not_looked_for(one: &seawall_model::NotLookedFor) -> Object {
    Object::new()
        .put("kind", one.kind.name())
        .put_some("part", one.part.as_ref())
        .put("why", crate::words::why_not(one.why))
}

impl Value {
    /// The text, where it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a key, where it is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Object(object) => object.0.iter().find(|(k, _)| *k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// Writes it, indented by two blanks, with a line end.
    pub(crate) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_at(out, 0)?;
        out.write_all(b"\n")
    }

    fn write_at(&self, out: &mut dyn Write, depth: usize) -> io::Result<()> {
        match self {
            Self::Null => out.write_all(b"null"),
            Self::Bool(value) => write!(out, "{value}"),
            Self::Number(number) => out.write_all(number.as_bytes()),
            Self::Text(text) => write_text(text, out),
            Self::List(list) if list.is_empty() => out.write_all(b"[]"),
            Self::List(list) => {
                out.write_all(b"[")?;
                for (place, value) in list.iter().enumerate() {
                    line(out, place > 0, depth + 1)?;
                    value.write_at(out, depth + 1)?;
                }
                line(out, false, depth)?;
                out.write_all(b"]")
            }
            Self::Object(Object(keys)) if keys.is_empty() => out.write_all(b"{}"),
            Self::Object(Object(keys)) => {
                out.write_all(b"{")?;
                for (place, (key, value)) in keys.iter().enumerate() {
                    line(out, place > 0, depth + 1)?;
                    write_text(key, out)?;
                    out.write_all(b": ")?;
                    value.write_at(out, depth + 1)?;
                }
                line(out, false, depth)?;
                out.write_all(b"}")
            }
        }
    }
}

fn line(out: &mut dyn Write, comma: bool, depth: usize) -> io::Result<()> {
    if comma {
        out.write_all(b",")?;
    }
    write!(out, "\n{:width$}", "", width = depth * 2)
}

fn write_text(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    push_quoted(text, &mut quoted);
    out.write_all(&quoted)
}

/// A text in quotes, as [`Value::write`] writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    push_quoted(text, &mut quoted);
    String::from_utf8_lossy(&quoted).into_owned()
}

/// RFC 8259 section 7, and everything escaped that could do harm to someone who looks at the file on a terminal; a
/// reader gets the same text back.
fn push_quoted(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    loop {
        // Printable ASCII: where it ends is a boundary of characters.
        let (plain, after) = rest.split_at(plain(rest.as_bytes()));
        out.extend_from_slice(plain.as_bytes());
        let mut chars = after.chars();
        match chars.next() {
            Some('"') => out.extend_from_slice(b"\\\""),
            Some('\\') => out.extend_from_slice(b"\\\\"),
            Some('\n') => out.extend_from_slice(b"\\n"),
            Some('\r') => out.extend_from_slice(b"\\r"),
            Some('\t') => out.extend_from_slice(b"\\t"),
            Some(c) if is_treacherous(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to memory does not fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None => break,
        }
        rest = chars.as_str();
    }
    out.push(b'"');
}

/// How many bytes are copied as they are, which is nearly all text: looked at in blocks, so that vector instructions do it.
fn plain(bytes: &[u8]) -> usize {
    const BLOCK: usize = 16;
    let is_plain = |b: &u8| (b' '..=b'~').contains(b) & (*b != b'"') & (*b != b'\\');
    let blocks = bytes.chunks_exact(BLOCK).take_while(|block| block.iter().fold(true, |all, b| all & is_plain(b)));
    let sure = blocks.count() * BLOCK;
    sure + bytes.iter().skip(sure).take_while(|b| is_plain(b)).count()
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(list: Vec<V>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl From<&Vec<String>> for Value {
    fn from(list: &Vec<String>) -> Self {
        Self::List(list.iter().map(Into::into).collect())
    }
}

impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

macro_rules! whole_numbers {
    ($($kind:ty)*) => {$(
        impl From<$kind> for Value {
            fn from(number: $kind) -> Self {
                Self::Number(number.to_string())
            }
        }
    )*};
}

whole_numbers!(u32 u64 usize i64);

macro_rules! fractions {
    ($($kind:ty)*) => {$(
        impl From<$kind> for Value {
            /// The shortest digits that read back as the same number; JSON has no infinity, so that becomes 0.
            fn from(number: $kind) -> Self {
                Self::Number(if number.is_finite() { number.to_string() } else { "0".to_owned() })
            }
        }
    )*};
}

fractions!(f32 f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_in_order() {
        let text = "a\u{1b}[2J\u{202e}\"\\\n\u{1f600}\u{e0041}";
        let value: Value = Object::new()
            .put("z", text)
            .put("a", vec![1_u32, 2])
            .put("f", 0.973_65_f32)
            .put("inf", f64::NAN)
            .put_filled("empty", "")
            .put("none", None::<&str>)
            .into();
        let mut out = Vec::new();
        value.write(&mut out).unwrap();
        let written = String::from_utf8(out).unwrap();
        assert!(!written.contains('\u{1b}') && !written.contains('\u{202e}'));
        assert!(written.find("\"z\"").unwrap() < written.find("\"a\"").unwrap());
        let back: serde_json::Value = serde_json::from_str(&written).unwrap();
        assert_eq!(back["z"], text);
        assert_eq!(back["f"].to_string(), "0.97365");
        assert!(back.get("empty").is_none() && back["none"].is_null());
    }
}
