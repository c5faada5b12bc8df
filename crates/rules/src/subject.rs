//! What stands on one side of a check: a field, or what transformers make of fields and constants.

use seawall_model::EventKind;

use crate::fields::{FieldError, FieldRef};
use crate::syntax::{Function, Operand, Span, Transform};
use crate::value::{FieldType, Value};
use crate::view::View;

/// A field, a constant or a transformed one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Subject {
    Field(FieldRef),
    Literal(Box<[u8]>),
    List(Vec<Subject>),
    Transformed { function: Function, arguments: Vec<Subject>, option: Option<u8> },
}

/// A value that transformers made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Made {
    Text(Vec<u8>),
    Number(u64),
    Other(Value<'static>),
    List(Vec<Vec<u8>>),
}

/// Why an operand is refused, and where.
pub(crate) struct OperandError {
    pub(crate) span: Span,
    pub(crate) error: FieldError,
}

impl Made {
    /// As one value; a list is none.
    pub(crate) fn value(&self) -> Option<Value<'_>> {
        match self {
            Self::Text(text) => Some(Value::Text(text)),
            Self::Number(number) => Some(Value::Unsigned(*number)),
            Self::Other(value) => Some(*value),
            Self::List(_) => None,
        }
    }
}

impl Subject {
    /// What an operand stands for; its fields and their types are checked.
    pub(crate) fn resolve(operand: &Operand) -> Result<Self, OperandError> {
        match operand {
            Operand::Field(field) => {
                FieldRef::resolve(field).map(Self::Field).map_err(|error| OperandError { span: field.span, error })
            }
            Operand::Literal(text) => Ok(Self::Literal(text.as_bytes().into())),
            Operand::List(items) => items.iter().map(Self::resolve).collect::<Result<_, _>>().map(Self::List),
            Operand::Transform(transform) => Self::transformed(transform),
        }
    }

    fn transformed(transform: &Transform) -> Result<Self, OperandError> {
        let Transform { function, arguments, argument, span } = transform;
        let fail = |message: String| {
            Err(OperandError { span: *span, error: FieldError { message, hint: None, unknown: false } })
        };
        let arguments: Vec<Self> = arguments.iter().map(Self::resolve).collect::<Result<_, _>>()?;
        if *function == Function::Val {
            return match arguments.into_iter().next() {
                Some(field) if argument.is_none() => Ok(field),
                _ => fail("`val` takes one field and no argument".to_owned()),
            };
        }
        let texts = |subject: &Self| matches!(subject.kind(), FieldType::Text | FieldType::Bytes) && !subject.is_list();
        let fits = match (function, arguments.as_slice()) {
            (Function::Len, [one]) => one.is_list() || texts(one),
            (Function::ToLower | Function::ToUpper | Function::Base64 | Function::Basename, [one]) => texts(one),
            (Function::Join, [separator, list]) => texts(separator) && list.is_list(),
            (Function::Concat, all) => all.len() >= 2 && all.iter().all(texts),
            (Function::Getopt, [list, letters]) => list.is_list() && texts(letters),
            _ => false,
        };
        if !fits {
            let wants = match function {
                Function::Len => "one text or list",
                Function::Join => "a text and a list: `join(\",\", (a.b, \"c\"))`",
                Function::Concat => "at least two texts",
                Function::Getopt => {
                    "a list and the letters of its options: `getopt((proc.arg[0], proc.arg[1]), \"ab:\")`"
                }
                _ => "one text",
            };
            return fail(format!("`{function}` takes {wants}"));
        }
        let option = match (function, argument.as_deref().map(str::as_bytes)) {
            (_, None) => None,
            (Function::Getopt, Some([letter])) => Some(*letter),
            (Function::Getopt, Some(_)) => return fail("`getopt` takes one letter in brackets".to_owned()),
            _ => return fail(format!("`{function}` takes nothing in brackets")),
        };
        Ok(Self::Transformed { function: *function, arguments, option })
    }

    /// The type of its value, or of each of a list's.
    pub(crate) fn kind(&self) -> FieldType {
        match self {
            Self::Field(field) => field.field.kind,
            Self::Transformed { function: Function::Len, .. } => FieldType::Unsigned,
            _ => FieldType::Text,
        }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::List(_) | Self::Transformed { function: Function::Getopt, option: None, .. })
    }

    /// The fields that it is made of.
    pub(crate) fn fields<'f>(&'f self, out: &mut Vec<&'f FieldRef>) {
        match self {
            Self::Field(field) => out.push(field),
            Self::Literal(_) => {}
            Self::List(all) | Self::Transformed { arguments: all, .. } => all.iter().for_each(|one| one.fields(out)),
        }
    }

    /// One of its fields is never there for this kind of event.
    pub(crate) fn is_missing(&self, kind: EventKind) -> bool {
        let mut fields = Vec::new();
        self.fields(&mut fields);
        fields.iter().any(|field| field.known(kind) == crate::fields::Known::Missing)
    }

    /// Its value; none where a field of it has none.
    pub(crate) fn make(&self, view: &View<'_>) -> Option<Made> {
        match self {
            Self::Literal(text) => Some(Made::Text(text.to_vec())),
            Self::Field(field) => {
                let mut buffer = Vec::new();
                Some(match field.value(view, &mut buffer)? {
                    Value::Text(text) => Made::Text(text.to_vec()),
                    Value::Made => return None,
                    Value::Signed(n) => Made::Other(Value::Signed(n)),
                    Value::Unsigned(n) => Made::Other(Value::Unsigned(n)),
                    Value::Boolean(b) => Made::Other(Value::Boolean(b)),
                    Value::Address(a) => Made::Other(Value::Address(a)),
                })
            }
            Self::List(items) => {
                items.iter().map(|item| item.make(view).map(shown)).collect::<Option<_>>().map(Made::List)
            }
            Self::Transformed { function, arguments, option } => {
                let made: Vec<Made> = arguments.iter().map(|a| a.make(view)).collect::<Option<_>>()?;
                transform(*function, made, *option)
            }
        }
    }
}

/// A value as text.
fn shown(made: Made) -> Vec<u8> {
    match made {
        Made::Text(text) => text,
        Made::Number(number) => number.to_string().into_bytes(),
        Made::Other(Value::Signed(n)) => n.to_string().into_bytes(),
        Made::Other(Value::Unsigned(n)) => n.to_string().into_bytes(),
        Made::Other(Value::Boolean(b)) => b.to_string().into_bytes(),
        Made::Other(Value::Address(a)) => a.to_string().into_bytes(),
        Made::Other(Value::Text(text)) => text.to_vec(),
        Made::Other(Value::Made) => Vec::new(),
        Made::List(items) => items.concat(),
    }
}

fn transform(function: Function, made: Vec<Made>, option: Option<u8>) -> Option<Made> {
    let mut made = made.into_iter();
    let first = made.next()?;
    Some(match (function, first) {
        (Function::Len, Made::List(items)) => Made::Number(items.len() as u64),
        (Function::Len, one) => Made::Number(shown(one).len() as u64),
        (Function::ToLower, one) => Made::Text(shown(one).to_ascii_lowercase()),
        (Function::ToUpper, one) => Made::Text(shown(one).to_ascii_uppercase()),
        (Function::Base64, one) => Made::Text(decode_base64(&shown(one))?),
        (Function::Basename, one) => Made::Text(shown(one).rsplit(|b| *b == b'/').next()?.to_vec()),
        (Function::Join, separator) => match made.next()? {
            Made::List(items) => Made::Text(items.join(&shown(separator)[..])),
            _ => return None,
        },
        (Function::Concat, one) => {
            let mut text = shown(one);
            made.for_each(|more| text.extend(shown(more)));
            Made::Text(text)
        }
        (Function::Getopt, Made::List(words)) => getopt(&words, &shown(made.next()?), option)?,
        _ => return None,
    })
}

/// Base 64 without or with padding; none where it is not that.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|b| *b != b'=').map_or(0, |at| at + 1);
    let mut out = Vec::with_capacity(end / 4 * 3 + 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in text.get(..end)? {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    // One letter alone holds no byte.
    (end % 4 != 1).then_some(out)
}

/// Options of a command line as `getopt(3)` finds them: `letters` names them, a colon after one that takes a value.
/// Without a letter in brackets all options and values in their order, otherwise the last value of that one (its own
/// letter where it takes none).
fn getopt(words: &[Vec<u8>], letters: &[u8], option: Option<u8>) -> Option<Made> {
    let (quiet, letters) = match letters {
        [b':', rest @ ..] => (true, rest),
        all => (false, all),
    };
    let takes = |letter: u8| {
        let at = letters.iter().position(|l| *l == letter && letter != b':')?;
        Some(letters.get(at + 1) == Some(&b':'))
    };
    let mut found: Vec<(u8, Option<Vec<u8>>)> = Vec::new();
    let mut index = 0;
    while let Some([b'-', flags @ ..]) = words.get(index).map(Vec::as_slice) {
        if flags.is_empty() || flags == b"-" {
            break;
        }
        for (at, letter) in flags.iter().enumerate() {
            match takes(*letter) {
                None => found.push((b'?', None)),
                Some(false) => found.push((*letter, None)),
                Some(true) => {
                    let rest = flags.get(at + 1..).unwrap_or_default();
                    let value = if rest.is_empty() {
                        index += 1;
                        words.get(index).cloned()
                    } else {
                        Some(rest.to_vec())
                    };
                    found.push(match value {
                        Some(value) => (*letter, Some(value)),
                        None => (if quiet { b':' } else { b'?' }, None),
                    });
                    break;
                }
            }
        }
        index += 1;
    }
    match option {
        Some(wanted) => {
            let (letter, value) = found.into_iter().rev().find(|(letter, _)| *letter == wanted)?;
            Some(Made::Text(value.unwrap_or_else(|| vec![letter])))
        }
        None => Some(Made::List(found.into_iter().flat_map(|(l, v)| std::iter::once(vec![l]).chain(v)).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Made, decode_base64, getopt};

    #[test]
    fn base_64_is_decoded() {
        for (text, decoded) in [("aGk=", Some("hi")), ("aGk", Some("hi")), ("", Some("")), ("a", None), ("a-bc", None)]
        {
            assert_eq!(decode_base64(text.as_bytes()), decoded.map(|d| d.as_bytes().to_vec()), "{text}");
        }
    }

    #[test]
    fn options_are_found_as_getopt_does() {
        let words = |text: &str| text.split(' ').map(|w| w.as_bytes().to_vec()).collect::<Vec<_>>();
        let all = |text: &str, letters: &str| match getopt(&words(text), letters.as_bytes(), None) {
            Some(Made::List(items)) => {
                items.iter().map(|i| String::from_utf8_lossy(i).into_owned()).collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(all("-a -b x rest -a", "ab:"), ["a", "b", "x"]);
        assert_eq!(all("-abx", "ab:"), ["a", "b", "x"]);
        assert_eq!(all("-z", "ab:"), ["?"]);
        assert_eq!(all("-b", "ab:"), ["?"]);
        assert_eq!(all("-b", ":ab:"), [":"]);
        assert_eq!(getopt(&words("-e /bin/sh"), b"e:", Some(b'e')), Some(Made::Text(b"/bin/sh".to_vec())));
        assert_eq!(getopt(&words("-l"), b"e:", Some(b'e')), None);
    }
}
