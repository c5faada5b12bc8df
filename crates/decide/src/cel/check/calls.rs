use std::sync::LazyLock;

use jiff::Timestamp;
use regex::RegexBuilder;

use super::{Checker, MACROS, MAX_LOOPS, MAX_PATTERN};
use crate::cel::CelError;
use crate::cel::ast::{Expr, Kind};
use crate::cel::eval::{Macro, Node, Op};
use crate::cel::functions::{FUNCTIONS, Function};
use crate::cel::types::Type;
use crate::cel::value::Value;
use crate::suggest::closest;

impl<'a> Checker<'a> {
    pub(super) fn call(
        &mut self,
        name: &'a str,
        name_at: usize,
        receiver: Option<&'a Expr>,
        args: &'a [Expr],
        expr: &'a Expr,
    ) -> (Node, Type) {
        match (name, receiver, args) {
            ("has", None, [of]) => return self.has(of, expr),
            (
                "all" | "exists" | "exists_one" | "existsOne" | "map" | "filter",
                Some(range),
                [Expr { kind: Kind::Ident(variable), .. }, rest @ ..],
            ) if rest.len() == 1 || (name == "map" && rest.len() == 2) => {
                return self.comprehension(name, range, variable, rest, expr);
            }
            ("matches", Some(text), [pattern]) | ("matches", None, [text, pattern]) => {
                return self.matches(text, pattern, expr);
            }
            (macro_name, _, _) if MACROS.contains(&macro_name) => {
                let usage = match macro_name {
                    "has" => "has(something.field)".to_owned(),
                    "map" => "list.map(item, expression) or list.map(item, condition, expression)".to_owned(),
                    other => format!("list.{other}(item, condition)"),
                };
                return self.fail(
                    CelError::new(name_at, name.len(), format!("`{name}` is not used like this"))
                        .hint(format!("write {usage}")),
                );
            }
            _ => {}
        }
        let mut nodes = Vec::new();
        let mut types = Vec::new();
        let before = self.errors.len();
        for arg in receiver.into_iter().chain(args) {
            let (node, ty) = self.expr(arg);
            nodes.push(node);
            types.push(ty);
        }
        if self.errors.len() > before {
            return (Self::node(expr.at, Op::Const(Value::Null)), Type::Dyn);
        }
        let named: Vec<&'static Function> =
            FUNCTIONS.iter().filter(|f| f.name == name && f.method == receiver.is_some()).collect();
        let candidates: Vec<&'static Function> = named
            .iter()
            .copied()
            .filter(|f| f.params.len() == types.len() && f.params.iter().zip(&types).all(|(p, t)| p.accepts_type(t)))
            .collect();
        let Some(first) = candidates.first() else {
            let error = no_function(name, name_at, receiver.is_some(), &named, &types);
            return self.fail(error);
        };
        let ty = candidates.iter().fold(first.result.ty(), |ty, f| ty.join(f.result.ty()));
        if candidates.len() == 1
            && first.constant
            && name != "dyn"
            && nodes.iter().all(|n| matches!(n.op, Op::Const(_)))
        {
            let values: Vec<Value<'static>> = nodes
                .iter()
                .filter_map(|n| if let Op::Const(value) = &n.op { Some(value.clone()) } else { None })
                .collect();
            return match first.call(&values, Timestamp::UNIX_EPOCH) {
                Ok(value) => (Self::node(expr.at, Op::Const(value)), ty),
                Err(message) => self.fail(CelError::new(expr.at, expr.end - expr.at, message)),
            };
        }
        (Self::node(expr.at, Op::Call(candidates, nodes)), ty)
    }

    fn has(&mut self, of: &'a Expr, expr: &'a Expr) -> (Node, Type) {
        let Kind::Select { base, field, name_at } = &of.kind else {
            return self.fail(
                CelError::new(of.at, of.end - of.at, "`has` asks for a field").hint("write has(something.field)"),
            );
        };
        // The same checks as for reading the field.
        let (node, _) = self.select(base, field, *name_at, of);
        let op = match node.op {
            Op::Field(base, field) => Op::HasField(base, field),
            Op::Key(base, key) => Op::HasKey(base, key),
            other => other,
        };
        (Self::node(expr.at, op), Type::Bool)
    }

    fn comprehension(
        &mut self,
        name: &str,
        range: &'a Expr,
        variable: &'a str,
        rest: &'a [Expr],
        expr: &'a Expr,
    ) -> (Node, Type) {
        let (range_node, range_type) = self.expr(range);
        let item = match range_type {
            Type::List(of) => *of,
            Type::Map(key, _) => *key,
            Type::Dyn => Type::Dyn,
            other => {
                return self.fail(CelError::new(
                    range.at,
                    range.end - range.at,
                    format!("`{name}` goes over a list or a map, but this is {other}"),
                ));
            }
        };
        if self.loops >= MAX_LOOPS {
            return self.fail(CelError::new(expr.at, 1, format!("loops are nested deeper than {MAX_LOOPS} levels")));
        }
        self.loops += 1;
        let slot = self.locals.len();
        self.locals.push((variable, item.clone()));
        let (kind, body, ty) = match (name, rest) {
            ("all", [condition]) => (Macro::All, self.boolean(condition, "`all`"), Type::Bool),
            ("exists", [condition]) => (Macro::Exists, self.boolean(condition, "`exists`"), Type::Bool),
            ("filter", [condition]) => (Macro::Filter, self.boolean(condition, "`filter`"), Type::list(item)),
            ("map", [transform]) => {
                let (node, ty) = self.expr(transform);
                (Macro::Map(None), node, Type::list(ty))
            }
            ("map", [condition, transform]) => {
                let condition = self.boolean(condition, "`map`");
                let (node, ty) = self.expr(transform);
                (Macro::Map(Some(Box::new(condition))), node, Type::list(ty))
            }
            (_, [condition, ..]) => (Macro::ExistsOne, self.boolean(condition, "`exists_one`"), Type::Bool),
            (_, []) => (Macro::All, Self::node(expr.at, Op::Const(Value::Bool(false))), Type::Bool),
        };
        self.locals.pop();
        self.loops -= 1;
        (Self::node(expr.at, Op::Loop { kind, range: Box::new(range_node), slot, body: Box::new(body) }), ty)
    }

    fn matches(&mut self, text: &'a Expr, pattern: &'a Expr, expr: &'a Expr) -> (Node, Type) {
        let (node, ty) = self.expr(text);
        if !matches!(ty, Type::Str | Type::Dyn) {
            return self.fail(CelError::new(
                text.at,
                text.end - text.at,
                format!("`matches` needs a string, but this is {ty}"),
            ));
        }
        let Kind::Str(source) = &pattern.kind else {
            return self.fail(CelError::new(
                pattern.at,
                pattern.end - pattern.at,
                "the pattern of `matches` must be written as a string, so that it is checked before it is used",
            ));
        };
        match RegexBuilder::new(source).size_limit(MAX_PATTERN).dfa_size_limit(MAX_PATTERN).build() {
            Ok(regex) => (Self::node(expr.at, Op::Matches(Box::new(node), regex)), Type::Bool),
            Err(error) => {
                let first =
                    error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.fail(CelError::new(
                    pattern.at,
                    pattern.end - pattern.at,
                    format!("the pattern is not a regular expression: {first}"),
                ))
            }
        }
    }
}

fn no_function(name: &str, at: usize, method: bool, named: &[&'static Function], types: &[Type]) -> CelError {
    let given = |types: &[Type]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if named.is_empty() {
        let error = CelError::new(at, name.len(), format!("there is no function `{name}`"));
        if FUNCTIONS.iter().any(|f| f.name == name) {
            return error.hint(if method {
                format!("it is called as `{name}(…)`, not on a value")
            } else {
                format!("it is called on a value: `value.{name}(…)`")
            });
        }
        static NAMES: LazyLock<Vec<&str>> =
            LazyLock::new(|| FUNCTIONS.iter().map(|f| f.name).chain(MACROS).chain(["matches"]).collect());
        return match closest(name, NAMES.iter().copied()) {
            Some(close) => error.hint(format!("did you mean `{close}`?")),
            None => error,
        };
    }
    // A method's receiver stands before its name.
    let written = |types: &[Type]| match (method, types.split_first()) {
        (true, Some((receiver, rest))) => format!("{receiver}.{name}({})", given(rest)),
        _ => format!("{name}({})", given(types)),
    };
    let mut forms: Vec<String> =
        named.iter().map(|f| written(&f.params.iter().map(|p| p.ty()).collect::<Vec<_>>())).collect();
    forms.dedup();
    CelError::new(at, name.len(), format!("there is no `{}`", written(types)))
        .hint(format!("there is {}", forms.join(", ")))
}
