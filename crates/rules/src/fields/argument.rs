use seawall_model::Argument;

use super::Takes;
use crate::glob::Glob;

/// What stands in brackets after a field's name, or after `evt.arg.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum FieldArgument {
    /// Nothing.
    None,
    /// A number.
    Index(u64),
    /// A name.
    Key(Box<str>),
    /// A path, in which `*` stands for others.
    Path(PathPattern),
    /// The name of an argument of an event.
    Name(Argument),
    /// A name that no event has an argument of.
    UnknownName(Box<str>),
}

impl FieldArgument {
    /// The argument of an event by name or number.
    pub(super) fn named(text: &str) -> Self {
        match (Argument::from_name(text), text.parse()) {
            (Some(argument), _) => Self::Name(argument),
            (None, Ok(index)) => Self::Index(index),
            (None, Err(_)) => Self::UnknownName(text.into()),
        }
    }

    /// What a field makes of its brackets; the error ends the sentence that begins with the field's name.
    pub(super) fn read(takes: Takes, text: Option<&str>) -> Result<Self, &'static str> {
        match (takes, text) {
            (Takes::Nothing, Some(_)) => Err("takes no argument"),
            (Takes::Nothing | Takes::OptionalIndex | Takes::OptionalKey, None) => Ok(Self::None),
            (Takes::Index, None) => Err("needs a number in brackets"),
            (Takes::Key | Takes::Path, None) => Err("needs a name in brackets"),
            (Takes::Index | Takes::OptionalIndex, Some(text)) => {
                text.parse().map(Self::Index).map_err(|_| "takes a number in brackets")
            }
            (Takes::Key | Takes::OptionalKey, Some(text)) => Ok(Self::Key(text.into())),
            (Takes::Path, Some(text)) => Ok(Self::Path(PathPattern::new(text))),
        }
    }

    /// The name in brackets.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            _ => None,
        }
    }
}

/// A path with globs, or a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathPattern {
    number: Option<usize>,
    glob: Glob,
}

impl PathPattern {
    fn new(text: &str) -> Self {
        Self { number: text.parse().ok(), glob: Glob::new(text.as_bytes(), false) }
    }

    /// The number that it is, where it is one.
    pub fn number(&self) -> Option<usize> {
        self.number
    }

    /// A path fits it.
    pub fn matches(&self, path: &[u8]) -> bool {
        self.glob.matches(path)
    }
}
