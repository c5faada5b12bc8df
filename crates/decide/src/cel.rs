//! The condition language: [CEL](https://github.com/google/cel-spec/blob/master/doc/langdef.md), compiled with static
//! types against the declared variables, so that a policy that names a field that is not there is refused at load.
//!
//! Left out: messages (`Type{…}`), macros with two variables, optional values, and patterns of `matches` that are not
//! literals. Added: the type `severity` and the functions of [`functions`] that the language definition does not list.
//! Decision record 0003 says why this is our own.

mod ast;
mod check;
mod eval;
mod functions;
mod lex;
mod parse;
pub(crate) mod time;
pub(crate) mod types;
pub(crate) mod value;

pub(crate) use eval::{Budget, EvalError};
pub(crate) use functions::{FUNCTIONS, Kind as ParamKind};
use types::{ObjectType, Type};
use value::Value;

use crate::schema::Object;

/// Why an expression is refused: where in its text, in bytes, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CelError {
    pub(crate) at: usize,
    pub(crate) len: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl CelError {
    pub(crate) fn new(at: usize, len: usize, message: impl Into<String>) -> Self {
        Self { at, len: len.max(1), message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    node: eval::Node,
    pub(crate) ty: Type,
}

impl Program {
    /// Parses, checks and compiles; every fault that the checker finds is given, in the order of the text.
    pub(crate) fn compile(text: &str, scope: &'static ObjectType) -> Result<Self, Vec<CelError>> {
        let expr = parse::parse(text).map_err(|error| vec![error])?;
        let (node, ty) = check::check(&expr, scope)?;
        Ok(Self { node, ty })
    }

    /// Like [`Program::compile`], for a condition: its value is bool.
    pub(crate) fn condition(text: &str, scope: &'static ObjectType) -> Result<Self, Vec<CelError>> {
        let program = Self::compile(text, scope)?;
        match program.ty {
            Type::Bool | Type::Dyn => Ok(program),
            other => Err(vec![
                CelError::new(0, text.trim_end().len(), format!("a condition must be bool, but this is {other}"))
                    .hint("compare it with something, such as `… == …`"),
            ]),
        }
    }

    /// Evaluates over a root object; the budget is taken down by the work done.
    pub(crate) fn evaluate<'a>(&'a self, root: Object<'a>, budget: &Budget) -> Result<Value<'a>, EvalError> {
        eval::evaluate(&self.node, root, budget)
    }

    /// Evaluates a condition.
    pub(crate) fn holds(&self, root: Object<'_>, budget: &Budget) -> Result<bool, EvalError> {
        match self.evaluate(root, budget)? {
            Value::Bool(value) => Ok(value),
            other => Err(EvalError::new(0, format!("the condition is {}, not bool", other.type_name()))),
        }
    }
}

#[cfg(test)]
mod tests;
