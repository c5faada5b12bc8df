use std::cell::Cell;
use std::cmp::Ordering;

use jiff::Timestamp;
use regex::Regex;

use super::ast::Operator;
use super::functions::Function;
use super::time::{checked, checked_duration};
use super::types::Field;
use super::value::{Value, lookup};
use crate::schema::Object;

/// A compiled expression: names are resolved, constants computed, patterns compiled.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it stands in the expression, in bytes.
    pub(crate) at: usize,
    pub(crate) op: Op,
}

#[derive(Debug)]
pub(crate) enum Op {
    Const(Value<'static>),
    Variable(&'static Field),
    Local(usize),
    Field(Box<Node>, &'static Field),
    HasField(Box<Node>, &'static Field),
    Key(Box<Node>, String),
    HasKey(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Conditional(Box<Node>, Box<Node>, Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Call(Vec<&'static Function>, Vec<Node>),
    Matches(Box<Node>, Regex),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Loop { kind: Macro, range: Box<Node>, slot: usize, body: Box<Node> },
}

#[derive(Debug)]
pub(crate) enum Macro {
    All,
    Exists,
    ExistsOne,
    Filter,
    /// With the condition of the form with three arguments.
    Map(Option<Box<Node>>),
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EvalError {
    /// Where, in bytes of the expression.
    pub(crate) at: usize,
    pub(crate) message: String,
}

impl EvalError {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// How much work evaluation may do: one step per node, and more where something is copied.
#[derive(Debug)]
pub(crate) struct Budget(Cell<u64>);

impl Budget {
    pub(crate) const fn new(steps: u64) -> Self {
        Self(Cell::new(steps))
    }

    pub(crate) fn remaining(&self) -> u64 {
        self.0.get()
    }

    fn take(&self, steps: u64, at: usize) -> Result<(), EvalError> {
        match self.0.get().checked_sub(steps) {
            Some(rest) => {
                self.0.set(rest);
                Ok(())
            }
            None => {
                self.0.set(0);
                Err(EvalError::new(at, "the condition takes too much work to evaluate"))
            }
        }
    }
}

pub(crate) fn evaluate<'a>(node: &'a Node, root: Object<'a>, budget: &Budget) -> Result<Value<'a>, EvalError> {
    Evaluator { root, now: root.now(), budget, locals: Vec::new() }.eval(node)
}

struct Evaluator<'a, 'b> {
    root: Object<'a>,
    now: Timestamp,
    budget: &'b Budget,
    locals: Vec<Value<'a>>,
}

type Result<T, E = EvalError> = std::result::Result<T, E>;

impl<'a> Evaluator<'a, '_> {
    fn eval(&mut self, node: &'a Node) -> Result<Value<'a>> {
        self.budget.take(1, node.at)?;
        let fail = |message: String| EvalError::new(node.at, message);
        match &node.op {
            Op::Const(value) => Ok(value.borrowed()),
            Op::Variable(field) => read(self.root, field, node.at),
            Op::Local(slot) => self.locals.get(*slot).cloned().ok_or_else(|| fail("variable is not bound".to_owned())),
            Op::Field(base, field) => match self.eval(base)? {
                Value::Object(object) => read(object, field, node.at),
                other => Err(fail(format!("{} has no field `{}`", other.type_name(), field.name))),
            },
            Op::HasField(base, field) => match self.eval(base)? {
                Value::Object(object) => Ok(Value::Bool((field.get)(object).is_some_and(|value| !value.is_empty()))),
                other => Err(fail(format!("{} has no field `{}`", other.type_name(), field.name))),
            },
            Op::Key(base, key) => match self.eval(base)? {
                Value::Map(entries) => {
                    lookup(&entries, &Value::text(key)).cloned().ok_or_else(|| fail(format!("no such key: {key}")))
                }
                Value::Object(object) => match object.object_type().fields.iter().find(|f| f.name == key) {
                    Some(field) => read(object, field, node.at),
                    None => Err(fail(format!("{} has no field `{key}`", object.object_type().name))),
                },
                other => Err(fail(format!("{} has no field `{key}`", other.type_name()))),
            },
            Op::HasKey(base, key) => match self.eval(base)? {
                Value::Map(entries) => Ok(Value::Bool(lookup(&entries, &Value::text(key)).is_some())),
                other => Err(fail(format!("{} has no field `{key}`", other.type_name()))),
            },
            Op::Index(base, index) => {
                let base = self.eval(base)?;
                let index = self.eval(index)?;
                self.budget.take(base.weight() / 8, node.at)?;
                base.index(&index).map_err(fail)
            }
            Op::Not(inner) => Ok(Value::Bool(!self.boolean(inner)?)),
            Op::Negate(inner) => match self.eval(inner)? {
                Value::Int(value) => value.checked_neg().map(Value::Int).ok_or_else(|| fail(OVERFLOW.to_owned())),
                Value::Double(value) => Ok(Value::Double(-value)),
                Value::Duration(value) => {
                    value.checked_neg().map(Value::Duration).ok_or_else(|| fail(OVERFLOW.to_owned()))
                }
                other => Err(fail(format!("`-` cannot negate {}", other.type_name()))),
            },
            Op::And(terms) => self.absorb(terms, false),
            Op::Or(terms) => self.absorb(terms, true),
            Op::Conditional(condition, yes, no) => {
                if self.boolean(condition)? {
                    self.eval(yes)
                } else {
                    self.eval(no)
                }
            }
            Op::Binary(operator, left, right) => {
                let left = self.eval(left)?;
                let right = self.eval(right)?;
                // Adding copies; comparing and looking up walk.
                self.budget.take(left.weight().saturating_add(right.weight()), node.at)?;
                binary(*operator, left, &right).map_err(fail)
            }
            Op::Call(candidates, args) => {
                let mut values = Vec::with_capacity(args.len());
                for arg in args {
                    let value = self.eval(arg)?;
                    self.budget.take(value.weight(), node.at)?;
                    values.push(value);
                }
                if let [a, b] = values.as_slice() {
                    self.budget.take(a.weight().saturating_mul(b.weight()), node.at)?;
                }
                match candidates.iter().find(|f| f.accepts(&values)) {
                    Some(function) => function.call(&values, self.now).map_err(fail),
                    None => {
                        let given = values.iter().map(Value::type_name).collect::<Vec<_>>().join(", ");
                        let name = candidates.first().map_or("", |f| f.name);
                        Err(fail(format!("`{name}` does not take ({given})")))
                    }
                }
            }
            Op::Matches(text, pattern) => match self.eval(text)? {
                Value::Str(text) => {
                    self.budget.take(u64::try_from(text.len() / 16).unwrap_or(u64::MAX), node.at)?;
                    Ok(Value::Bool(pattern.is_match(&text)))
                }
                other => Err(fail(format!("`matches` needs a string, not {}", other.type_name()))),
            },
            Op::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(self.eval(item)?);
                }
                Ok(Value::list(values))
            }
            Op::Map(entries) => {
                let mut values: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.eval(key)?;
                    if !matches!(key, Value::Str(_) | Value::Int(_) | Value::Uint(_) | Value::Bool(_)) {
                        return Err(fail(format!("{} cannot be a key of a map", key.type_name())));
                    }
                    if lookup(&values, &key).is_some() {
                        return Err(fail(format!("the key {} is there twice", key.display())));
                    }
                    values.push((key, self.eval(value)?));
                }
                Ok(Value::map(values))
            }
            Op::Loop { kind, range, slot, body } => self.walk(kind, range, *slot, body, node.at),
        }
    }

    fn boolean(&mut self, node: &'a Node) -> Result<bool> {
        match self.eval(node)? {
            Value::Bool(value) => Ok(value),
            other => Err(EvalError::new(node.at, format!("expected a bool, not {}", other.type_name()))),
        }
    }

    /// `&&` (deciding value false) and `||` (true): the deciding value wins over an error on either side.
    fn absorb(&mut self, terms: &'a [Node], deciding: bool) -> Result<Value<'a>> {
        let mut first_error = None;
        for term in terms {
            match self.boolean(term) {
                Ok(value) if value == deciding => return Ok(Value::Bool(deciding)),
                Ok(_) => {}
                Err(error) => {
                    if self.budget.remaining() == 0 {
                        return Err(error);
                    }
                    first_error.get_or_insert(error);
                }
            }
        }
        first_error.map_or(Ok(Value::Bool(!deciding)), Err)
    }

    fn walk(&mut self, kind: &'a Macro, range: &'a Node, slot: usize, body: &'a Node, at: usize) -> Result<Value<'a>> {
        let items: Vec<Value<'a>> = match self.eval(range)? {
            Value::List(items) => items.as_ref().clone(),
            Value::Map(entries) => entries.iter().map(|(key, _)| key.clone()).collect(),
            other => return Err(EvalError::new(at, format!("cannot go over {}", other.type_name()))),
        };
        self.budget.take(u64::try_from(items.len()).unwrap_or(u64::MAX), at)?;
        let mut kept = Vec::new();
        let mut found = 0_usize;
        let mut first_error: Option<EvalError> = None;
        for item in items {
            self.locals.truncate(slot);
            self.locals.push(item.clone());
            match kind {
                Macro::All | Macro::Exists => {
                    let deciding = matches!(kind, Macro::Exists);
                    match self.boolean(body) {
                        Ok(value) if value == deciding => {
                            self.locals.truncate(slot);
                            return Ok(Value::Bool(deciding));
                        }
                        Ok(_) => {}
                        Err(error) if self.budget.remaining() == 0 => return Err(error),
                        Err(error) => {
                            first_error.get_or_insert(error);
                        }
                    }
                }
                Macro::ExistsOne => found += usize::from(self.boolean(body)?),
                Macro::Filter => {
                    if self.boolean(body)? {
                        kept.push(item);
                    }
                }
                Macro::Map(condition) => {
                    let wanted = match condition {
                        Some(condition) => self.boolean(condition)?,
                        None => true,
                    };
                    if wanted {
                        kept.push(self.eval(body)?);
                    }
                }
            }
        }
        self.locals.truncate(slot);
        if let Some(error) = first_error {
            return Err(error);
        }
        Ok(match kind {
            Macro::All => Value::Bool(true),
            Macro::Exists => Value::Bool(false),
            Macro::ExistsOne => Value::Bool(found == 1),
            Macro::Filter | Macro::Map(_) => Value::list(kept),
        })
    }
}

fn read<'a>(object: Object<'a>, field: &'static Field, at: usize) -> Result<Value<'a>> {
    match (field.get)(object) {
        Some(value) => Ok(value),
        None => (field.ty)()
            .default_value()
            .ok_or_else(|| EvalError::new(at, format!("`{}` is not set; ask has(…) before it is used", field.name))),
    }
}

const OVERFLOW: &str = "the result is out of range";

fn binary<'a>(operator: Operator, left: Value<'a>, right: &Value<'a>) -> Result<Value<'a>, String> {
    let ordered = |test: fn(Ordering) -> bool| Ok(Value::Bool(left.order(right)?.is_some_and(test)));
    match operator {
        Operator::Equal => Ok(Value::Bool(left.equals(right))),
        Operator::NotEqual => Ok(Value::Bool(!left.equals(right))),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessOrEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        Operator::In => left.is_in(right).map(Value::Bool),
        Operator::Add => add(left, right),
        Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            arithmetic(operator, &left, right)
        }
    }
}

fn add<'a>(left: Value<'a>, right: &Value<'a>) -> Result<Value<'a>, String> {
    let overflow = || OVERFLOW.to_owned();
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map(Value::Int).ok_or_else(overflow),
        (Value::Uint(a), Value::Uint(b)) => a.checked_add(*b).map(Value::Uint).ok_or_else(overflow),
        (Value::Double(a), Value::Double(b)) => Ok(Value::Double(a + b)),
        (Value::Str(a), Value::Str(b)) => Ok(Value::owned(format!("{a}{b}"))),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Value::Bytes([a.as_ref(), b.as_ref()].concat().into())),
        (Value::List(a), Value::List(b)) => Ok(Value::list(a.iter().chain(b.iter()).cloned().collect())),
        (Value::Timestamp(a), Value::Duration(b)) => {
            a.checked_add(*b).ok().and_then(checked).map(Value::Timestamp).ok_or_else(overflow)
        }
        (Value::Duration(a), Value::Timestamp(b)) => {
            b.checked_add(a).ok().and_then(checked).map(Value::Timestamp).ok_or_else(overflow)
        }
        (Value::Duration(a), Value::Duration(b)) => {
            a.checked_add(*b).and_then(checked_duration).map(Value::Duration).ok_or_else(overflow)
        }
        (a, b) => Err(format!("`+` does not work on {} and {}", a.type_name(), b.type_name())),
    }
}

fn arithmetic<'a>(operator: Operator, left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>, String> {
    use Operator::{Divide, Multiply, Remainder, Subtract};
    let overflow = || OVERFLOW.to_owned();
    let by_zero = || "division by zero".to_owned();
    match (operator, left, right) {
        (Divide | Remainder, Value::Int(_), Value::Int(0)) | (Divide | Remainder, Value::Uint(_), Value::Uint(0)) => {
            Err(by_zero())
        }
        (Subtract, Value::Int(a), Value::Int(b)) => a.checked_sub(*b).map(Value::Int).ok_or_else(overflow),
        (Multiply, Value::Int(a), Value::Int(b)) => a.checked_mul(*b).map(Value::Int).ok_or_else(overflow),
        (Divide, Value::Int(a), Value::Int(b)) => a.checked_div(*b).map(Value::Int).ok_or_else(overflow),
        (Remainder, Value::Int(a), Value::Int(b)) => a.checked_rem(*b).map(Value::Int).ok_or_else(overflow),
        (Subtract, Value::Uint(a), Value::Uint(b)) => a.checked_sub(*b).map(Value::Uint).ok_or_else(overflow),
        (Multiply, Value::Uint(a), Value::Uint(b)) => a.checked_mul(*b).map(Value::Uint).ok_or_else(overflow),
        (Divide, Value::Uint(a), Value::Uint(b)) => a.checked_div(*b).map(Value::Uint).ok_or_else(overflow),
        (Remainder, Value::Uint(a), Value::Uint(b)) => a.checked_rem(*b).map(Value::Uint).ok_or_else(overflow),
        (Subtract, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a - b)),
        (Multiply, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a * b)),
        (Divide, Value::Double(a), Value::Double(b)) => Ok(Value::Double(a / b)),
        (Subtract, Value::Timestamp(a), Value::Timestamp(b)) => {
            checked_duration(a.duration_since(*b)).map(Value::Duration).ok_or_else(overflow)
        }
        (Subtract, Value::Timestamp(a), Value::Duration(b)) => {
            a.checked_sub(*b).ok().and_then(checked).map(Value::Timestamp).ok_or_else(overflow)
        }
        (Subtract, Value::Duration(a), Value::Duration(b)) => {
            a.checked_sub(*b).and_then(checked_duration).map(Value::Duration).ok_or_else(overflow)
        }
        (_, a, b) => Err(format!("`{}` does not work on {} and {}", operator.symbol(), a.type_name(), b.type_name())),
    }
}
