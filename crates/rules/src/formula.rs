//! Conditions with their macros in place and their checks understood.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::rc::Rc;

use crate::fields::{Extract, FieldRef};
use crate::spec::{Net, Predicate, Spec, Words};
use crate::subject::{OperandError, Subject};
use crate::suggest::closest;
use crate::syntax::{Check, Expression, Operator, Quantifier, Right, Span};
use crate::value::FieldType;

/// A condition.
pub(crate) enum Formula {
    Constant(bool),
    Test(Rc<Predicate>),
    Not(Rc<Formula>),
    And(Vec<Rc<Formula>>),
    Or(Vec<Rc<Formula>>),
}

/// A macro that others can use.
#[derive(Clone)]
pub(crate) struct Inlined {
    pub(crate) formula: Rc<Formula>,
    /// How many checks it is, with those of its own macros.
    pub(crate) size: usize,
    pub(crate) depth: usize,
}

/// Why a condition is refused, and where in its text.
pub(crate) struct Fault {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// A field is not known, which a rule may ask to be skipped for.
    pub(crate) unknown_field: bool,
}

/// Checks of one condition with its macros, and how deep they may nest.
const MAX_SIZE: usize = 50_000;
const MAX_DEPTH: usize = 400;

/// Puts conditions together.
pub(crate) struct Assembler<'m> {
    /// The macros that can be seen from here.
    pub(crate) visible: &'m dyn Fn(&str) -> Option<Inlined>,
    /// Names for suggestions, and why a name cannot be seen.
    pub(crate) names: &'m HashMap<String, usize>,
}

type Result<T> = std::result::Result<T, Fault>;

impl Assembler<'_> {
    pub(crate) fn assemble(&self, expression: &Expression) -> Result<Inlined> {
        let mut size = 0;
        let (formula, depth) = self.walk(expression, &mut size)?;
        Ok(Inlined { formula, size, depth })
    }

    fn walk(&self, expression: &Expression, size: &mut usize) -> Result<(Rc<Formula>, usize)> {
        let (formula, depth) = match expression {
            Expression::And(all) | Expression::Or(all) => {
                let mut depth = 0;
                let mut parts = Vec::with_capacity(all.len());
                for one in all {
                    let (part, below) = self.walk(one, size)?;
                    depth = depth.max(below);
                    parts.push(part);
                }
                let join = if matches!(expression, Expression::And(_)) { Formula::And } else { Formula::Or };
                (Rc::new(join(parts)), depth + 1)
            }
            Expression::Not(one) => {
                let (part, depth) = self.walk(one, size)?;
                (Rc::new(Formula::Not(part)), depth + 1)
            }
            Expression::Macro { name, span } => {
                let Some(found) = (self.visible)(name) else { return Err(self.unknown_macro(name, *span)) };
                *size = size.saturating_add(found.size);
                if *size > MAX_SIZE {
                    return Err(fault(
                        *span,
                        format!("the condition has more than {MAX_SIZE} checks with its macros"),
                        None,
                    ));
                }
                if found.depth > MAX_DEPTH {
                    return Err(fault(
                        *span,
                        format!("the condition nests deeper than {MAX_DEPTH} levels with its macros"),
                        None,
                    ));
                }
                (found.formula, found.depth)
            }
            Expression::Check(check) => {
                *size += 1;
                (Rc::new(formula_of(check)?), 1)
            }
        };
        if *size > MAX_SIZE || depth > MAX_DEPTH {
            let message =
                format!("the condition has more than {MAX_SIZE} checks, or nests deeper than {MAX_DEPTH} levels");
            return Err(fault(Span::default(), message, None));
        }
        Ok((formula, depth))
    }

    fn unknown_macro(&self, name: &str, span: Span) -> Fault {
        if self.names.contains_key(name) {
            let hint = Some("a macro sees only macros that are defined before it: move it down".to_owned());
            return fault(span, format!("the macro `{name}` is defined later, or is part of itself"), hint);
        }
        let hint = closest(name, self.names.keys().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
        fault(span, format!("no macro is called `{name}`"), hint)
    }
}

fn fault(span: Span, message: impl Into<String>, hint: Option<String>) -> Fault {
    Fault { span, message: message.into(), hint, unknown_field: false }
}

impl From<OperandError> for Fault {
    fn from(OperandError { span, error }: OperandError) -> Self {
        Self { span, message: error.message, hint: error.hint, unknown_field: error.unknown }
    }
}

fn formula_of(check: &Check) -> Result<Formula> {
    let subject = Subject::resolve(&check.left)?;
    let test = |spec: Spec| Formula::Test(Rc::new(Predicate { subject: subject.clone(), spec }));
    let spec = match &check.right {
        Right::Nothing => Spec::Exists,
        Right::Operand(other) => {
            let other = Subject::resolve(other)?;
            against(check, &subject, other)?
        }
        Right::Value(value) => spec_of(check, &subject, check.operator, std::slice::from_ref(value))?,
        Right::List(values) => match check.quantifier {
            None => spec_of(check, &subject, check.operator, values)?,
            Some(quantifier) if subject.kind() == FieldType::Domain => {
                return Err(fault(
                    check.span,
                    format!("`{quantifier}` does not compare names"),
                    Some("use `in`".to_owned()),
                ));
            }
            Some(quantifier) => {
                let each: Vec<Spec> = values
                    .iter()
                    .map(|value| spec_of(check, &subject, check.operator, std::slice::from_ref(value)))
                    .collect::<Result<_>>()?;
                match quantifier {
                    // Some value must fit them all, which for a single value is every one of them.
                    Quantifier::AllOf => Spec::AllOf(each),
                    Quantifier::OneOf => Spec::ExactlyOne(each),
                    Quantifier::AnyOf => return Ok(Formula::Or(each.into_iter().map(|s| Rc::new(test(s))).collect())),
                }
            }
        },
    };
    if spec.is_empty() {
        return Ok(Formula::Constant(false));
    }
    Ok(match (spec, &subject) {
        // Where there is one value, or one pair of sides, a comparison for difference is that it is there and not equal.
        (Spec::Not(inner), Subject::Field(field))
            if !matches!(field.field.extract, Extract::Ancestors(_)) || field.is_single() =>
        {
            Formula::And(vec![Rc::new(test(Spec::Exists)), Rc::new(Formula::Not(Rc::new(test(*inner))))])
        }
        (Spec::AllOf(all), Subject::Field(field)) if field.is_single() => {
            Formula::And(all.into_iter().map(|s| Rc::new(test(s))).collect())
        }
        (spec, _) => test(spec),
    })
}

/// A comparison with another field.
fn against(check: &Check, subject: &Subject, other: Subject) -> Result<Spec> {
    let operator = check.operator;
    let several = |s: &Subject| matches!(s, Subject::Field(field) if !field.is_single());
    if several(subject) || several(&other) || subject.is_list() {
        return Err(fault(check.span, "a field with several values cannot be compared with another field", None));
    }
    let kinds = (subject.kind(), other.kind());
    let numbers = |kind| matches!(kind, FieldType::Signed | FieldType::Unsigned);
    let addresses = |kind| matches!(kind, FieldType::Address);
    let fits = match operator {
        Operator::In | Operator::Intersects => other.is_list() && kinds.0 == FieldType::Text,
        _ if other.is_list() => false,
        Operator::Equal | Operator::NotEqual => {
            kinds.0 == kinds.1 && !matches!(kinds.0, FieldType::Network | FieldType::Domain)
                || (numbers(kinds.0) && numbers(kinds.1))
                || (addresses(kinds.0) && addresses(kinds.1))
        }
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            numbers(kinds.0) && numbers(kinds.1)
        }
        Operator::Contains | Operator::ContainsAnyCase | Operator::StartsWith | Operator::EndsWith => {
            let texts = |kind| matches!(kind, FieldType::Text | FieldType::Bytes);
            texts(kinds.0) && texts(kinds.1)
        }
        _ => false,
    };
    if fits {
        return Ok(Spec::Against(operator, Box::new(other)));
    }
    let message = format!("`{operator}` cannot compare {} with {}", kinds.0.name(), kinds.1.name());
    Err(fault(
        check.span,
        message,
        Some("the right side is compared as it is, with `=`, `!=`, `<` or `contains`".to_owned()),
    ))
}

fn spec_of(check: &Check, subject: &Subject, operator: Operator, values: &[String]) -> Result<Spec> {
    let words = || -> Words { values.iter().map(|v| v.as_bytes().into()).collect() };
    if subject.is_list() {
        return match operator {
            Operator::In => Ok(Spec::EveryElement(words())),
            Operator::Intersects => Ok(Spec::AnyElement(words())),
            _ => Err(fault(
                check.span,
                format!("`{operator}` does not compare lists"),
                Some("use `in`, `intersects` or `exists`".to_owned()),
            )),
        };
    }
    let kind = subject.kind();
    let equal = matches!(operator, Operator::Equal | Operator::In | Operator::Intersects | Operator::NotEqual);
    let several =
        matches!(subject, Subject::Field(FieldRef { field, .. }) if matches!(field.extract, Extract::Ends(_)));
    let texts = matches!(kind, FieldType::Text | FieldType::Bytes);
    let numbers = matches!(kind, FieldType::Signed | FieldType::Unsigned);
    let ordered =
        matches!(operator, Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual);
    if !(equal || (texts && !ordered) || (numbers && ordered && !several)) {
        let hint = match kind {
            FieldType::Text | FieldType::Bytes => {
                "texts are compared with `=`, `in`, `contains`, `startswith` and so on"
            }
            FieldType::Signed | FieldType::Unsigned if !several => {
                "numbers are compared with `=`, `in`, `<`, `>=` and so on"
            }
            _ => "it is compared with `=`, `!=` and `in`",
        };
        return Err(fault(
            check.span,
            format!("`{operator}` does not compare a {}", kind.name()),
            Some(hint.to_owned()),
        ));
    }
    let plain = match kind {
        FieldType::Text | FieldType::Bytes => text_spec(check, operator, values, words)?,
        FieldType::Signed | FieldType::Unsigned => {
            let numbers = values.iter().map(|v| number(check, subject, v)).collect::<Result<BTreeSet<i128>>>()?;
            match (ordered, numbers.first()) {
                (true, Some(bound)) => Spec::Compare(operator, *bound),
                _ => Spec::Numbers(numbers),
            }
        }
        FieldType::Boolean => {
            let parsed = values
                .iter()
                .map(|v| v.parse::<bool>().map_err(|_| v))
                .collect::<std::result::Result<BTreeSet<_>, _>>();
            match parsed {
                Err(value) => return Err(bad_value(check, value, "neither `true` nor `false`")),
                Ok(set) => match (set.contains(&true), set.contains(&false)) {
                    (true, true) => Spec::Exists,
                    (false, false) => Spec::Numbers(BTreeSet::new()),
                    (wanted, _) => Spec::Boolean(wanted),
                },
            }
        }
        FieldType::Address => {
            let parse = |v: &String| {
                v.parse::<IpAddr>().map(|a| a.to_canonical()).map_err(|_| bad_value(check, v, "no IP address"))
            };
            Spec::Addresses(values.iter().map(parse).collect::<Result<_>>()?)
        }
        FieldType::Network => {
            let parse = |v: &String| Net::parse(v).ok_or_else(|| bad_value(check, v, "no network such as 10.0.0.0/8"));
            Spec::Networks(values.iter().map(parse).collect::<Result<_>>()?)
        }
        FieldType::Domain => {
            Spec::Domains(values.iter().map(|v| v.trim_end_matches('.').to_ascii_lowercase()).collect())
        }
    };
    Ok(if operator == Operator::NotEqual { Spec::Not(Box::new(plain)) } else { plain })
}

fn text_spec(check: &Check, operator: Operator, values: &[String], words: impl Fn() -> Words) -> Result<Spec> {
    let hex = || -> Result<Words> {
        values
            .iter()
            .map(|v| unhex(v).ok_or_else(|| bad_value(check, v, "no even number of hexadecimal digits")))
            .collect()
    };
    Ok(match operator {
        Operator::Contains => Spec::Contains(words()),
        Operator::ContainsAnyCase => {
            Spec::ContainsAnyCase(values.iter().map(|v| v.to_ascii_lowercase().into_bytes().into()).collect())
        }
        Operator::StartsWith => Spec::Prefix(words()),
        Operator::EndsWith => Spec::Suffix(words()),
        Operator::ContainsBytes => Spec::Contains(hex()?),
        Operator::StartsWithBytes => Spec::Prefix(hex()?),
        Operator::Glob => Spec::Glob { patterns: words(), any_case: false },
        Operator::GlobAnyCase => Spec::Glob { patterns: words(), any_case: true },
        Operator::PathMatch => Spec::Paths(words()),
        Operator::Regex => {
            let pattern = values.first().cloned().unwrap_or_default();
            if let Err(error) = crate::matcher::regex(&pattern) {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                return Err(fault(check.span, format!("this is no regular expression: {reason}"), None));
            }
            Spec::Regex(pattern)
        }
        _ => Spec::Words(words()),
    })
}

fn bad_value(check: &Check, value: &str, what: &str) -> Fault {
    let shown: String = value.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    fault(check.span, format!("`{shown}` is {what}"), None)
}

fn number(check: &Check, subject: &Subject, text: &str) -> Result<i128> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse::<i128>().ok(),
    };
    let (low, high) = match subject.kind() {
        FieldType::Signed => (i128::from(i64::MIN), i128::from(i64::MAX)),
        _ => (0, i128::from(u64::MAX)),
    };
    match parsed.filter(|n| (low..=high).contains(n)) {
        // No login is written both ways.
        Some(4_294_967_295) if matches!(subject, Subject::Field(f) if f.field.name == "user.loginuid") => Ok(-1),
        Some(number) => Ok(number),
        None => Err(bad_value(check, text, if low == 0 { "no number from 0" } else { "no whole number" })),
    }
}

fn unhex(text: &str) -> Option<Box<[u8]>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits?;
    if digits.is_empty() || digits.len() % 2 != 0 {
        return None;
    }
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect()
}
