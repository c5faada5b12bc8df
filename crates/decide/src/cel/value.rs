use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use seawall_model::Severity;

use crate::schema::Object;

/// Gives a field of an object; `None` where it is not set.
pub(crate) type Get = for<'a> fn(Object<'a>) -> Option<Value<'a>>;

/// A value while an expression is evaluated; text is borrowed from the report wherever it can be.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Str(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Timestamp(Timestamp),
    Duration(SignedDuration),
    Severity(Severity),
    Type(&'static str),
    List(Arc<Vec<Value<'a>>>),
    Map(Arc<Vec<(Value<'a>, Value<'a>)>>),
    Object(Object<'a>),
}

impl<'a> Value<'a> {
    pub(crate) fn text(text: &'a str) -> Self {
        Self::Str(Cow::Borrowed(text))
    }

    pub(crate) fn owned(text: impl Into<String>) -> Self {
        Self::Str(Cow::Owned(text.into()))
    }

    pub(crate) fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items))
    }

    pub(crate) fn texts(items: &'a [String]) -> Self {
        Self::list(items.iter().map(|item| Self::text(item)).collect())
    }

    pub(crate) fn map(entries: Vec<(Self, Self)>) -> Self {
        Self::Map(Arc::new(entries))
    }

    /// The same value without copying its text.
    pub(crate) fn borrowed(&'a self) -> Self {
        match self {
            Self::Str(text) => Self::Str(Cow::Borrowed(text)),
            Self::Bytes(bytes) => Self::Bytes(Cow::Borrowed(bytes)),
            other => other.clone(),
        }
    }

    /// The name of its type, as `type()` gives it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Str(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "google.protobuf.Timestamp",
            Self::Duration(_) => "google.protobuf.Duration",
            Self::Severity(_) => "severity",
            Self::Type(_) => "type",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Object(object) => object.object_type().name,
        }
    }

    /// Whether it is the empty value of its type: what `has()` calls not there.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Str(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Object(object) => object.is_absent(),
            _ => false,
        }
    }

    /// Roughly how many words it takes to copy it, for the evaluation budget.
    pub(crate) fn weight(&self) -> u64 {
        let size = match self {
            Self::Str(text) => text.len() / 16,
            Self::Bytes(bytes) => bytes.len() / 16,
            Self::List(items) => items.len(),
            Self::Map(entries) => entries.len(),
            _ => 0,
        };
        u64::try_from(size).unwrap_or(u64::MAX)
    }

    /// Equality as the language has it: numbers compare across their types, other types are never equal to each other.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Severity(a), Self::Severity(b)) => a == b,
            (Self::Type(a), Self::Type(b)) => a == b,
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.equals(b)),
            (Self::Map(a), Self::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(k, v)| lookup(b, k).is_some_and(|w| v.equals(w)))
            }
            (Self::Object(a), Self::Object(b)) => a.same(*b),
            (a, b) => a.order_numbers(b) == Some(Ordering::Equal),
        }
    }

    fn order_numbers(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Uint(a), Self::Uint(b)) => Some(a.cmp(b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Int(a), Self::Uint(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Self::Uint(a), Self::Int(b)) => Some(i128::from(*a).cmp(&i128::from(*b))),
            (Self::Int(a), Self::Double(b)) => order_integer(i128::from(*a), *b),
            (Self::Uint(a), Self::Double(b)) => order_integer(i128::from(*a), *b),
            (Self::Double(a), Self::Int(b)) => order_integer(i128::from(*b), *a).map(Ordering::reverse),
            (Self::Double(a), Self::Uint(b)) => order_integer(i128::from(*b), *a).map(Ordering::reverse),
            _ => None,
        }
    }

    /// Order of two values; `None` where they have none (also for NaN), `Err` where their types have none.
    pub(crate) fn order(&self, other: &Self) -> Result<Option<Ordering>, String> {
        Ok(match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Str(a), Self::Str(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Self::Bytes(b)) => Some(a.cmp(b)),
            (Self::Timestamp(a), Self::Timestamp(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Severity(a), Self::Severity(b)) => Some(a.cmp(b)),
            (Self::Int(_) | Self::Uint(_) | Self::Double(_), Self::Int(_) | Self::Uint(_) | Self::Double(_)) => {
                self.order_numbers(other)
            }
            _ => return Err(format!("{} and {} have no order", self.type_name(), other.type_name())),
        })
    }

    /// The value under a key of a map or an index of a list.
    pub(crate) fn index(&self, key: &Self) -> Result<Self, String> {
        match self {
            Self::List(items) => {
                let index = key.integral().ok_or_else(|| format!("a list is not indexed by {}", key.type_name()))?;
                usize::try_from(index)
                    .ok()
                    .and_then(|i| items.get(i))
                    .cloned()
                    .ok_or_else(|| format!("index {index} is out of bounds of a list of {}", items.len()))
            }
            Self::Map(entries) => {
                lookup(entries, key).cloned().ok_or_else(|| format!("no such key: {}", key.display()))
            }
            other => Err(format!("{} cannot be indexed", other.type_name())),
        }
    }

    fn integral(&self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(i128::from(*value)),
            Self::Uint(value) => Some(i128::from(*value)),
            // Exact: integers up to 2^53 are doubles.
            #[expect(clippy::cast_possible_truncation, reason = "checked to be integral and small")]
            Self::Double(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(i128::from(*value as i64)),
            _ => None,
        }
    }

    /// Whether `self` is an element of a list or a key of a map.
    pub(crate) fn is_in(&self, container: &Self) -> Result<bool, String> {
        match container {
            Self::List(items) => Ok(items.iter().any(|item| item.equals(self))),
            Self::Map(entries) => Ok(lookup(entries, self).is_some()),
            other => Err(format!("`in` needs a list or a map, not {}", other.type_name())),
        }
    }

    /// The value for a person, in a message.
    pub(crate) fn display(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
            Self::Double(value) => value.to_string(),
            Self::Str(value) => value.clone().into_owned(),
            Self::Bytes(value) => String::from_utf8_lossy(value).into_owned(),
            Self::Timestamp(value) => super::time::format_timestamp(*value),
            Self::Duration(value) => super::time::format_duration(*value),
            Self::Severity(value) => value.name().to_owned(),
            Self::Type(name) => (*name).to_owned(),
            Self::List(items) => items.iter().map(Self::display).collect::<Vec<_>>().join(", "),
            Self::Map(entries) => {
                entries.iter().map(|(k, v)| format!("{}: {}", k.display(), v.display())).collect::<Vec<_>>().join(", ")
            }
            Self::Object(object) => object.object_type().name.to_owned(),
        }
    }
}

/// An integer against a double, exactly.
fn order_integer(integer: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // 2^64 and beyond is greater than each integer of the language.
    if double >= 18_446_744_073_709_551_616.0 {
        return Some(Ordering::Less);
    }
    if double < -9_223_372_036_854_775_808.0 {
        return Some(Ordering::Greater);
    }
    #[expect(clippy::cast_possible_truncation, reason = "within the range of i128, see above")]
    let floor = double.floor() as i128;
    Some(integer.cmp(&floor).then(if double.fract() == 0.0 { Ordering::Equal } else { Ordering::Less }))
}

/// The value under a key; integral keys of different types are the same key.
pub(crate) fn lookup<'m, 'a>(entries: &'m [(Value<'a>, Value<'a>)], key: &Value<'_>) -> Option<&'m Value<'a>> {
    entries.iter().find(|(k, _)| same_key(k, key)).map(|(_, value)| value)
}

fn same_key(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => a.order_numbers(b) == Some(Ordering::Equal),
    }
}
