use std::fmt;

use super::value::{Get, Value};

/// The static type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    /// Known only when it is evaluated (a fact, an element of a mixed list).
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Str,
    Bytes,
    Timestamp,
    Duration,
    Severity,
    /// The type of a type.
    Meta,
    List(Box<Type>),
    Map(Box<Type>, Box<Type>),
    Object(&'static ObjectType),
}

/// A declared object: its fields are all that it has.
#[derive(Debug)]
pub(crate) struct ObjectType {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
}

impl PartialEq for ObjectType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// One declared field.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) ty: fn() -> Type,
    pub(crate) get: Get,
    pub(crate) doc: &'static str,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Type {
    pub(crate) fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    pub(crate) fn map(key: Self, value: Self) -> Self {
        Self::Map(Box::new(key), Box::new(value))
    }

    pub(crate) const fn is_numeric(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    pub(crate) const fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn)
    }

    /// Whether values of the two types can ever be equal.
    pub(crate) fn comparable(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) => true,
            (Self::List(a), Self::List(b)) => a.comparable(b),
            (Self::Map(ka, va), Self::Map(kb, vb)) => ka.comparable(kb) && va.comparable(vb),
            (a, b) => a == b || (a.is_numeric() && b.is_numeric()),
        }
    }

    /// The type that holds both.
    pub(crate) fn join(self, other: Self) -> Self {
        if self == other { self } else { Self::Dyn }
    }

    /// What a field holds that is not set; `None` where there is no harmless value.
    pub(crate) fn default_value(&self) -> Option<Value<'static>> {
        Some(match self {
            Self::Bool => Value::Bool(false),
            Self::Int => Value::Int(0),
            Self::Double => Value::Double(0.0),
            Self::Str => Value::text(""),
            Self::List(_) => Value::list(Vec::new()),
            Self::Severity => Value::Severity(seawall_model::Severity::Unknown),
            _ => return None,
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::Str => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Duration => f.write_str("duration"),
            Self::Severity => f.write_str("severity"),
            Self::Meta => f.write_str("type"),
            Self::List(of) => write!(f, "list({of})"),
            Self::Map(key, value) => write!(f, "map({key}, {value})"),
            Self::Object(object) => f.write_str(object.name),
        }
    }
}
