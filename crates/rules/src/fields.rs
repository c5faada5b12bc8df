//! The fields that conditions and outputs can name: one table for each class.

mod argument;
mod container;
mod event;
mod event_arguments;
mod fd;
mod fd_network;
mod flags;
mod flags_tables;
mod flags_words;
mod k8s;
mod network_events;
mod process;
mod process_more;
mod text;
mod thread;
mod user;

use seawall_model::{EventKind, Process, Socket};

pub use argument::{FieldArgument, PathPattern};
pub(crate) use flags::capability_names;
pub use flags::signal_name;

use crate::suggest::closest;
use crate::syntax::FieldExpression;
use crate::value::{FieldType, Value};
use crate::view::View;

/// Reads one value; text that has to be made is written to the buffer, which is empty before.
pub type ReadOne = for<'v, 'a> fn(&'v View<'a>, &'v FieldArgument, &mut Vec<u8>) -> Option<Value<'v>>;
/// Reads a value of one process.
pub type ReadProcess = for<'v> fn(&'v Process, &'v FieldArgument, &mut Vec<u8>) -> Option<Value<'v>>;
/// Reads the client's and the server's side of a socket.
pub type ReadEnds = fn(&Socket) -> [Option<Value<'static>>; 2];

/// Where a field's value comes from.
#[derive(Clone, Copy)]
pub enum Extract {
    /// One value of the event or its process.
    One(ReadOne),
    /// A value of an ancestor by its number; without a number, the values of all ancestors.
    Ancestors(ReadProcess),
    /// The two sides of a connection: equal where one is, different where both are.
    Ends(ReadEnds),
    /// Known to the language, but nothing supplies it: each rule that uses it is named at load.
    Nothing,
}

/// What may stand in brackets after a field's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// A number, which may be left out.
    OptionalIndex,
    /// A number.
    Index,
    /// A name, which may be left out.
    OptionalKey,
    /// A name.
    Key,
    /// A path, in which `*` stands for others.
    Path,
}

/// What is known of a field before an event comes, from its kind alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It is never there.
    Missing,
    /// It is always this.
    Always(Value<'static>),
    /// It is there, whatever it is.
    Present,
    /// It depends.
    Varies,
}

/// A field.
pub struct Field {
    /// Its name; `evt.arg.` stands for every name that begins so.
    pub name: &'static str,
    /// Its type.
    pub kind: FieldType,
    /// What stands in brackets after it.
    pub takes: Takes,
    /// Where its value comes from.
    pub extract: Extract,
    /// What its value is for a kind of event, where that is known beforehand.
    pub known: fn(EventKind) -> Known,
    /// What it is, for the reference.
    pub about: &'static str,
}

impl Field {
    const fn one(name: &'static str, kind: FieldType, read: ReadOne, about: &'static str) -> Self {
        Self { name, kind, takes: Takes::Nothing, extract: Extract::One(read), known: varies, about }
    }

    const fn nothing(name: &'static str, kind: FieldType, takes: Takes, about: &'static str) -> Self {
        Self { name, kind, takes, extract: Extract::Nothing, known: varies, about }
    }

    const fn takes(self, takes: Takes) -> Self {
        Self { takes, ..self }
    }

    const fn known(self, known: fn(EventKind) -> Known) -> Self {
        Self { known, ..self }
    }

    /// It is there for every event.
    const fn present(self) -> Self {
        Self { known: present, ..self }
    }
}

const fn varies(_: EventKind) -> Known {
    Known::Varies
}

const fn present(_: EventKind) -> Known {
    Known::Present
}

/// Every field, by class.
pub static FIELDS: &[(&str, &[Field])] = &[
    ("evt", event::FIELDS),
    ("proc", process::FIELDS),
    ("proc (file and relatives)", process_more::FIELDS),
    ("thread", thread::FIELDS),
    ("user and group", user::FIELDS),
    ("fd", fd::FIELDS),
    ("fd (network)", fd_network::FIELDS),
    ("dns, tls and flow", network_events::FIELDS),
    ("container", container::FIELDS),
    ("k8s", k8s::FIELDS),
];

/// A field with its argument, as a condition or an output names it.
#[derive(Clone)]
pub struct FieldRef {
    /// The field.
    pub field: &'static Field,
    /// What stands in brackets, or after `evt.arg.`.
    pub argument: FieldArgument,
    /// As it is written.
    pub token: String,
}

impl PartialEq for FieldRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.field, other.field) && self.argument == other.argument
    }
}

impl Eq for FieldRef {}

impl std::hash::Hash for FieldRef {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.field.name.hash(state);
        self.argument.hash(state);
    }
}

/// Why a field's name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FieldError {
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// The field is not known; otherwise its argument is wrong.
    pub unknown: bool,
}

impl FieldRef {
    /// The field that an expression names.
    ///
    /// # Errors
    /// Where there is no such field, or its argument does not fit.
    pub fn resolve(expression: &FieldExpression) -> Result<Self, FieldError> {
        let fail = |message: String, hint: Option<String>, unknown: bool| Err(FieldError { message, hint, unknown });
        let name = expression.name.as_str();
        let named = name.strip_prefix("evt.arg.").or_else(|| name.strip_prefix("evt.rawarg."));
        let lookup = match named {
            Some(_) if name.starts_with("evt.rawarg.") => "evt.rawarg.",
            Some(_) => "evt.arg.",
            None => name,
        };
        let all = || FIELDS.iter().flat_map(|(_, fields)| fields.iter());
        let Some(field) = all().find(|field| field.name == lookup) else {
            let hint = closest(name, all().map(|f| f.name)).map(|n| format!("did you mean `{n}`?"));
            return fail(format!("no field is called `{name}`"), hint, true);
        };
        let token = expression.to_string();
        if let Some(named) = named {
            if expression.argument.is_some() {
                return fail(format!("`{name}` takes no argument"), None, false);
            }
            return Ok(Self { field, argument: FieldArgument::named(named), token });
        }
        match FieldArgument::read(field.takes, expression.argument.as_deref()) {
            Ok(argument) => Ok(Self { field, argument, token }),
            Err(what) => fail(format!("`{name}` {what}"), Some(field.about.to_owned()), false),
        }
    }

    /// It has one value, not one of each ancestor or of both sides.
    pub fn is_single(&self) -> bool {
        match self.field.extract {
            Extract::One(_) | Extract::Nothing => true,
            Extract::Ancestors(_) => self.argument != FieldArgument::None,
            Extract::Ends(_) => false,
        }
    }

    /// Nothing supplies it.
    pub fn is_unsupplied(&self) -> bool {
        matches!(self.field.extract, Extract::Nothing) || matches!(self.argument, FieldArgument::UnknownName(_))
    }

    /// Its one value; none where there is none, or where it can have several.
    pub fn value<'v>(&'v self, view: &'v View<'_>, buffer: &'v mut Vec<u8>) -> Option<Value<'v>> {
        buffer.clear();
        Some(self.read(view, buffer)?.in_buffer(buffer))
    }

    /// The same, with [`Value::Made`] where the text is in the buffer, which is empty before.
    pub(crate) fn read<'v>(&'v self, view: &'v View<'_>, buffer: &mut Vec<u8>) -> Option<Value<'v>> {
        match (self.field.extract, &self.argument) {
            (Extract::One(read), argument) => read(view, argument, buffer),
            (Extract::Ancestors(read), FieldArgument::Index(generation)) => {
                read(view.ancestor(usize::try_from(*generation).ok()?)?, &FieldArgument::None, buffer)
            }
            _ => None,
        }
    }

    /// Calls `test` with each of its values until one satisfies it.
    pub fn any(&self, view: &View<'_>, buffer: &mut Vec<u8>, mut test: impl FnMut(Value<'_>) -> bool) -> bool {
        match (self.field.extract, &self.argument) {
            (Extract::Ancestors(read), FieldArgument::None) => view.ancestors().any(|process| {
                buffer.clear();
                read(process, &FieldArgument::None, buffer).is_some_and(|value| test(value.in_buffer(buffer)))
            }),
            (Extract::Ends(read), _) => view.event().socket().is_some_and(|s| read(s).into_iter().flatten().any(test)),
            _ => self.value(view, buffer).is_some_and(test),
        }
    }

    /// What is known of it for a kind of event.
    pub fn known(&self, kind: EventKind) -> Known {
        match (self.field.extract, &self.argument) {
            (Extract::Nothing, _) | (_, FieldArgument::UnknownName(_)) => Known::Missing,
            // An ancestor may be missing whatever its field is.
            (Extract::Ancestors(_), FieldArgument::None) => Known::Varies,
            (Extract::Ancestors(_), FieldArgument::Index(generation)) if *generation > 0 => Known::Varies,
            _ => (self.field.known)(kind),
        }
    }
}
