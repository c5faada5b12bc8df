use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::cel::time::parse_timestamp;
use crate::cel::value::Value;

/// Facts nest this deep at most; what lies deeper reads as null.
const MAX_DEPTH: usize = 16;

/// What a policy may know beside the report: the time, and what the caller states (`--fact`, an admission review's
/// namespace, whether a signature was verified).
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    now: Timestamp,
    values: BTreeMap<String, Json>,
}

impl Facts {
    /// Facts at a moment; nothing else is stated yet.
    pub fn new(now: Timestamp) -> Self {
        Self { now, values: BTreeMap::new() }
    }

    /// Facts at a moment written in RFC 3339 or as a date (its first moment in UTC); `None` where it is neither.
    pub fn at(now: &str) -> Option<Self> {
        parse_timestamp(now).map(Self::new)
    }

    /// States one more fact; conditions read it as `facts.name` or `facts["name"]`.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.values.insert(name.into(), value.into());
        self
    }

    /// The time that conditions call `now`.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn value(&self) -> Value<'_> {
        Value::map(self.values.iter().map(|(name, value)| (Value::text(name), convert(value, 0))).collect())
    }
}

fn convert(json: &Json, depth: usize) -> Value<'_> {
    match json {
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Value::Int(value),
            (None, Some(value)) => Value::Uint(value),
            (None, None) => number.as_f64().map_or(Value::Null, Value::Double),
        },
        Json::String(text) => Value::text(text),
        Json::Array(items) if depth < MAX_DEPTH => Value::list(items.iter().map(|i| convert(i, depth + 1)).collect()),
        Json::Object(entries) if depth < MAX_DEPTH => {
            Value::map(entries.iter().map(|(k, v)| (Value::text(k), convert(v, depth + 1))).collect())
        }
        Json::Null | Json::Array(_) | Json::Object(_) => Value::Null,
    }
}
