use super::time;
use super::types::Type;
use super::value::Value;
use crate::{glob, licence, purl};
use jiff::Timestamp;
use seawall_model::Severity;

/// What an overload takes and gives, short enough to be a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    Str,
    Bytes,
    Timestamp,
    Duration,
    Severity,
    Type,
    List,
    Map,
    Strings,
}

impl Kind {
    pub(crate) fn accepts_type(self, ty: &Type) -> bool {
        match (self, ty) {
            (Self::Any, _) | (_, Type::Dyn) => true,
            (Self::Strings, Type::List(of)) => matches!(**of, Type::Str | Type::Dyn),
            (Self::List, Type::List(_)) | (Self::Map, Type::Map(_, _)) => true,
            _ => self.ty() == *ty,
        }
    }

    fn accepts(self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Self::Any, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Uint, Value::Uint(_))
            | (Self::Double, Value::Double(_))
            | (Self::Str, Value::Str(_))
            | (Self::Bytes, Value::Bytes(_))
            | (Self::Timestamp, Value::Timestamp(_))
            | (Self::Duration, Value::Duration(_))
            | (Self::Severity, Value::Severity(_))
            | (Self::Type, Value::Type(_))
            | (Self::List, Value::List(_))
            | (Self::Map, Value::Map(_)) => true,
            (Self::Strings, Value::List(items)) => items.iter().all(|item| matches!(item, Value::Str(_))),
            _ => false,
        }
    }

    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Any => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::Str => Type::Str,
            Self::Bytes => Type::Bytes,
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::Severity => Type::Severity,
            Self::Type => Type::Meta,
            Self::List => Type::list(Type::Dyn),
            Self::Map => Type::map(Type::Dyn, Type::Dyn),
            Self::Strings => Type::list(Type::Str),
        }
    }
}

type Body = for<'a> fn(&[Value<'a>], Timestamp) -> Result<Value<'a>, String>;

/// One overload of a function; a method's receiver is its first parameter.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) method: bool,
    pub(crate) params: &'static [Kind],
    pub(crate) result: Kind,
    /// Whether it may be computed while the policy is loaded: not where the time of the scan matters.
    pub(crate) constant: bool,
    body: Body,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Function {
    pub(crate) fn accepts(&self, args: &[Value<'_>]) -> bool {
        self.params.len() == args.len() && self.params.iter().zip(args).all(|(p, a)| p.accepts(a))
    }

    pub(crate) fn call<'a>(&self, args: &[Value<'a>], now: Timestamp) -> Result<Value<'a>, String> {
        (self.body)(args, now)
    }
}

const fn global(name: &'static str, params: &'static [Kind], result: Kind, body: Body) -> Function {
    Function { name, method: false, params, result, constant: true, body }
}

const fn method(name: &'static str, params: &'static [Kind], result: Kind, body: Body) -> Function {
    Function { name, method: true, params, result, constant: true, body }
}

const fn timed(name: &'static str, params: &'static [Kind], result: Kind, body: Body) -> Function {
    Function { name, method: false, params, result, constant: false, body }
}

use Kind::{
    Any, Bool, Bytes, Double, Duration, Int, List, Map, Str, Strings, Timestamp as Time, Type as TypeKind, Uint,
};

/// Every function of the language but the macros and `matches`, whose pattern is compiled with the policy.
pub(crate) static FUNCTIONS: &[Function] = &[
    global("size", &[Str], Int, size),
    global("size", &[Bytes], Int, size),
    global("size", &[List], Int, size),
    global("size", &[Map], Int, size),
    method("size", &[Str], Int, size),
    method("size", &[Bytes], Int, size),
    method("size", &[List], Int, size),
    method("size", &[Map], Int, size),
    global("int", &[Int], Int, int),
    global("int", &[Uint], Int, int),
    global("int", &[Double], Int, int),
    global("int", &[Str], Int, int),
    global("int", &[Time], Int, int),
    global("int", &[Duration], Int, int),
    global("uint", &[Uint], Uint, uint),
    global("uint", &[Int], Uint, uint),
    global("uint", &[Double], Uint, uint),
    global("uint", &[Str], Uint, uint),
    global("double", &[Double], Double, double),
    global("double", &[Int], Double, double),
    global("double", &[Uint], Double, double),
    global("double", &[Str], Double, double),
    global("bool", &[Bool], Bool, boolean),
    global("bool", &[Str], Bool, boolean),
    global("bytes", &[Bytes], Bytes, bytes),
    global("bytes", &[Str], Bytes, bytes),
    global("string", &[Str], Str, string),
    global("string", &[Bool], Str, string),
    global("string", &[Int], Str, string),
    global("string", &[Uint], Str, string),
    global("string", &[Double], Str, string),
    global("string", &[Bytes], Str, string),
    global("string", &[Time], Str, string),
    global("string", &[Duration], Str, string),
    global("string", &[Kind::Severity], Str, string),
    global("timestamp", &[Time], Time, timestamp),
    global("timestamp", &[Str], Time, timestamp),
    global("timestamp", &[Int], Time, timestamp),
    global("duration", &[Duration], Duration, duration),
    global("duration", &[Str], Duration, duration),
    global("type", &[Any], TypeKind, |args, _| Ok(Value::Type(args.first().map_or("null_type", Value::type_name)))),
    global("dyn", &[Any], Any, |args, _| Ok(args.first().cloned().unwrap_or(Value::Null))),
    global("severity", &[Str], Kind::Severity, severity),
    timed("days_since", &[Time], Int, |args, now| match args {
        [Value::Timestamp(t)] => Ok(Value::Int(time::days_between(*t, now))),
        _ => Err(wrong()),
    }),
    timed("age", &[Time], Duration, |args, now| match args {
        [Value::Timestamp(t)] => Ok(Value::Duration(now.duration_since(*t))),
        _ => Err(wrong()),
    }),
    method("startsWith", &[Str, Str], Bool, |args, _| two(args, |a, b| a.starts_with(b))),
    method("endsWith", &[Str, Str], Bool, |args, _| two(args, |a, b| a.ends_with(b))),
    method("contains", &[Str, Str], Bool, |args, _| two(args, |a, b| a.contains(b))),
    method("glob", &[Str, Str], Bool, |args, _| two(args, |a, b| glob::matches(b, a))),
    method("purl_matches", &[Str, Str], Bool, |args, _| two(args, |a, b| purl::purl_matches(b, a))),
    method("lowerAscii", &[Str], Str, |args, _| one(args, |a| a.to_ascii_lowercase())),
    method("upperAscii", &[Str], Str, |args, _| one(args, |a| a.to_ascii_uppercase())),
    method("trim", &[Str], Str, |args, _| one(args, |a| a.trim().to_owned())),
    method("permitted_by", &[Strings, Strings], Bool, |args, _| licences(args, licence::permitted)),
    method("forbidden_by", &[Strings, Strings], Bool, |args, _| licences(args, licence::forbidden)),
    method("getFullYear", &[Time], Int, |args, _| part(args, |z| i64::from(z.year()))),
    method("getFullYear", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.year()))),
    method("getMonth", &[Time], Int, |args, _| part(args, |z| i64::from(z.month()) - 1)),
    method("getMonth", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.month()) - 1)),
    method("getDate", &[Time], Int, |args, _| part(args, |z| i64::from(z.day()))),
    method("getDate", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.day()))),
    method("getDayOfMonth", &[Time], Int, |args, _| part(args, |z| i64::from(z.day()) - 1)),
    method("getDayOfMonth", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.day()) - 1)),
    method("getDayOfWeek", &[Time], Int, |args, _| {
        part(args, |z| i64::from(z.date().weekday().to_sunday_zero_offset()))
    }),
    method("getDayOfWeek", &[Time, Str], Int, |args, _| {
        part(args, |z| i64::from(z.date().weekday().to_sunday_zero_offset()))
    }),
    method("getDayOfYear", &[Time], Int, |args, _| part(args, |z| i64::from(z.date().day_of_year()) - 1)),
    method("getDayOfYear", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.date().day_of_year()) - 1)),
    method("getHours", &[Time], Int, |args, _| part(args, |z| i64::from(z.hour()))),
    method("getHours", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.hour()))),
    method("getHours", &[Duration], Int, |args, _| span(args, |s, _| s / 3600)),
    method("getMinutes", &[Time], Int, |args, _| part(args, |z| i64::from(z.minute()))),
    method("getMinutes", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.minute()))),
    method("getMinutes", &[Duration], Int, |args, _| span(args, |s, _| s / 60)),
    method("getSeconds", &[Time], Int, |args, _| part(args, |z| i64::from(z.second()))),
    method("getSeconds", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.second()))),
    method("getSeconds", &[Duration], Int, |args, _| span(args, |s, _| s)),
    method("getMilliseconds", &[Time], Int, |args, _| part(args, |z| i64::from(z.millisecond()))),
    method("getMilliseconds", &[Time, Str], Int, |args, _| part(args, |z| i64::from(z.millisecond()))),
    method("getMilliseconds", &[Duration], Int, |args, _| span(args, |_, nanos| i64::from(nanos / 1_000_000))),
];

fn wrong() -> String {
    "no such overload".to_owned()
}

fn one<'a>(args: &[Value<'a>], f: impl Fn(&str) -> String) -> Result<Value<'a>, String> {
    match args {
        [Value::Str(a)] => Ok(Value::owned(f(a))),
        _ => Err(wrong()),
    }
}

fn two<'a>(args: &[Value<'a>], f: impl Fn(&str, &str) -> bool) -> Result<Value<'a>, String> {
    match args {
        [Value::Str(a), Value::Str(b)] => Ok(Value::Bool(f(a, b))),
        _ => Err(wrong()),
    }
}

fn licences<'a>(args: &[Value<'a>], f: fn(&[&str], &[&str]) -> bool) -> Result<Value<'a>, String> {
    fn texts<'v>(items: &'v [Value<'_>]) -> Vec<&'v str> {
        items.iter().filter_map(|item| if let Value::Str(text) = item { Some(text.as_ref()) } else { None }).collect()
    }
    match args {
        [Value::List(a), Value::List(b)] => Ok(Value::Bool(f(&texts(a), &texts(b)))),
        _ => Err(wrong()),
    }
}

fn part<'a>(args: &[Value<'a>], f: impl Fn(&jiff::civil::DateTime) -> i64) -> Result<Value<'a>, String> {
    match args {
        [Value::Timestamp(t)] => Ok(Value::Int(f(&time::clock(*t, None)?))),
        [Value::Timestamp(t), Value::Str(zone)] => Ok(Value::Int(f(&time::clock(*t, Some(zone))?))),
        _ => Err(wrong()),
    }
}

fn span<'a>(args: &[Value<'a>], f: impl Fn(i64, i32) -> i64) -> Result<Value<'a>, String> {
    match args {
        [Value::Duration(d)] => Ok(Value::Int(f(d.as_secs(), d.subsec_nanos()))),
        _ => Err(wrong()),
    }
}

fn size<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    let size = match args {
        [Value::Str(text)] => text.chars().count(),
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(items)] => items.len(),
        [Value::Map(entries)] => entries.len(),
        _ => return Err(wrong()),
    };
    i64::try_from(size).map(Value::Int).map_err(|_| wrong())
}

fn int<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let value = match args {
        [Value::Int(value)] => Some(*value),
        [Value::Uint(value)] => i64::try_from(*value).ok(),
        #[expect(clippy::cast_possible_truncation, reason = "truncation towards zero is what the language asks for")]
        [Value::Double(value)] => (*value > -LIMIT && *value < LIMIT).then_some(*value as i64),
        [Value::Str(text)] => text.parse().ok(),
        [Value::Timestamp(value)] => Some(value.as_second()),
        [Value::Duration(value)] => Some(value.as_secs()),
        _ => return Err(wrong()),
    };
    value.map(Value::Int).ok_or_else(|| not_a(args, "an int"))
}

fn uint<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    let value = match args {
        [Value::Uint(value)] => Some(*value),
        [Value::Int(value)] => u64::try_from(*value).ok(),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked; truncation is asked for")]
        [Value::Double(value)] => (*value >= 0.0 && *value < LIMIT).then_some(*value as u64),
        [Value::Str(text)] => text.parse().ok(),
        _ => return Err(wrong()),
    };
    value.map(Value::Uint).ok_or_else(|| not_a(args, "a uint"))
}

fn double<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    let value = match args {
        [Value::Double(value)] => Some(*value),
        #[expect(clippy::cast_precision_loss, reason = "the language asks for the nearest double")]
        [Value::Int(value)] => Some(*value as f64),
        #[expect(clippy::cast_precision_loss, reason = "the language asks for the nearest double")]
        [Value::Uint(value)] => Some(*value as f64),
        [Value::Str(text)] => text.parse().ok(),
        _ => return Err(wrong()),
    };
    value.map(Value::Double).ok_or_else(|| not_a(args, "a double"))
}

fn boolean<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    match args {
        [Value::Bool(value)] => Ok(Value::Bool(*value)),
        [Value::Str(text)] => match text.as_ref() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(Value::Bool(true)),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(Value::Bool(false)),
            _ => Err(not_a(args, "a bool")),
        },
        _ => Err(wrong()),
    }
}

fn bytes<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    match args {
        [value @ Value::Bytes(_)] => Ok(value.clone()),
        [Value::Str(text)] => Ok(Value::Bytes(text.as_bytes().to_vec().into())),
        _ => Err(wrong()),
    }
}

fn string<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    match args {
        [value @ Value::Str(_)] => Ok(value.clone()),
        [Value::Bytes(bytes)] => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Value::owned(text)),
            Err(_) => Err("bytes are not valid UTF-8".to_owned()),
        },
        [value] => Ok(Value::owned(value.display())),
        _ => Err(wrong()),
    }
}

fn timestamp<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    let value = match args {
        [Value::Timestamp(value)] => Some(*value),
        [Value::Str(text)] => time::parse_timestamp(text),
        [Value::Int(seconds)] => Timestamp::from_second(*seconds).ok().and_then(time::checked),
        _ => return Err(wrong()),
    };
    value.map(Value::Timestamp).ok_or_else(|| not_a(args, "a timestamp (RFC 3339) or a date (YYYY-MM-DD)"))
}

fn duration<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    let value = match args {
        [Value::Duration(value)] => Some(*value),
        [Value::Str(text)] => time::parse_duration(text),
        _ => return Err(wrong()),
    };
    value.map(Value::Duration).ok_or_else(|| not_a(args, "a duration (such as `72h` or `1h30m`)"))
}

fn severity<'a>(args: &[Value<'a>], _: Timestamp) -> Result<Value<'a>, String> {
    match args {
        [Value::Str(text)] => text.parse::<Severity>().map(Value::Severity),
        _ => Err(wrong()),
    }
}

fn not_a(args: &[Value<'_>], what: &str) -> String {
    format!("`{}` is not {what}", args.first().map(Value::display).unwrap_or_default())
}
