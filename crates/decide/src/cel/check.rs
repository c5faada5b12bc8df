mod calls;
mod operators;

use operators::binary_type;

use super::CelError;
use super::ast::{Expr, Kind, Operator};
use super::eval::{Node, Op};
use super::functions::FUNCTIONS;
use super::types::{ObjectType, Type};
use super::value::Value;
use crate::suggest::closest;

/// Deepest nesting of macros over lists: three loops within each other are cubic work.
const MAX_LOOPS: usize = 3;
/// Bytes that a compiled pattern may take.
const MAX_PATTERN: usize = 1 << 20;
/// Most faults that are told of one expression.
const MAX_ERRORS: usize = 8;

const MACROS: [&str; 6] = ["has", "all", "exists", "exists_one", "map", "filter"];

const TYPE_NAMES: [(&str, &str); 13] = [
    ("bool", "bool"),
    ("int", "int"),
    ("uint", "uint"),
    ("double", "double"),
    ("string", "string"),
    ("bytes", "bytes"),
    ("list", "list"),
    ("map", "map"),
    ("null_type", "null_type"),
    ("type", "type"),
    ("timestamp", "google.protobuf.Timestamp"),
    ("duration", "google.protobuf.Duration"),
    ("severity", "severity"),
];

/// Resolves every name and works out every type.
pub(crate) fn check(expr: &Expr, scope: &'static ObjectType) -> Result<(Node, Type), Vec<CelError>> {
    let mut checker = Checker { scope, locals: Vec::new(), loops: 0, errors: Vec::new() };
    let (node, ty) = checker.expr(expr);
    if checker.errors.is_empty() {
        return Ok((node, ty));
    }
    checker.errors.sort_by_key(|error| error.at);
    checker.errors.truncate(MAX_ERRORS);
    Err(checker.errors)
}

struct Checker<'a> {
    scope: &'static ObjectType,
    locals: Vec<(&'a str, Type)>,
    loops: usize,
    errors: Vec<CelError>,
}

impl<'a> Checker<'a> {
    fn node(at: usize, op: Op) -> Node {
        Node { at, op }
    }

    /// Notes a fault, and goes on as if the expression could be anything, so that one fault is told once.
    fn fail(&mut self, error: CelError) -> (Node, Type) {
        let at = error.at;
        self.errors.push(error);
        (Self::node(at, Op::Const(Value::Null)), Type::Dyn)
    }

    fn expr(&mut self, expr: &'a Expr) -> (Node, Type) {
        let constant = |value: Value<'static>, ty| (Self::node(expr.at, Op::Const(value)), ty);
        match &expr.kind {
            Kind::Null => constant(Value::Null, Type::Null),
            Kind::Bool(value) => constant(Value::Bool(*value), Type::Bool),
            Kind::Int(value) => constant(Value::Int(*value), Type::Int),
            Kind::Uint(value) => constant(Value::Uint(*value), Type::Uint),
            Kind::Double(value) => constant(Value::Double(*value), Type::Double),
            Kind::Str(value) => constant(Value::owned(value.clone()), Type::Str),
            Kind::Bytes(value) => constant(Value::Bytes(value.clone().into()), Type::Bytes),
            Kind::Ident(name) => self.ident(name, expr),
            Kind::Select { base, field, name_at } => self.select(base, field, *name_at, expr),
            Kind::Call { name, name_at, receiver, args } => self.call(name, *name_at, receiver.as_deref(), args, expr),
            Kind::Index(base, index) => self.index(base, index, expr),
            Kind::List(items) => self.list(items, expr),
            Kind::Map(entries) => self.map(entries, expr),
            Kind::Not(inner) => {
                let node = self.boolean(inner, "`!`");
                (Self::node(expr.at, Op::Not(Box::new(node))), Type::Bool)
            }
            Kind::Negate(inner) => self.negate(inner, expr),
            Kind::And(terms) => {
                let nodes = terms.iter().map(|term| self.boolean(term, "`&&`")).collect();
                (Self::node(expr.at, Op::And(nodes)), Type::Bool)
            }
            Kind::Or(terms) => {
                let nodes = terms.iter().map(|term| self.boolean(term, "`||`")).collect();
                (Self::node(expr.at, Op::Or(nodes)), Type::Bool)
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, expr),
            Kind::Conditional(condition, yes, no) => {
                let condition = self.boolean(condition, "the condition before `?`");
                let (yes_node, yes_type) = self.expr(yes);
                let (no_node, no_type) = self.expr(no);
                let op = Op::Conditional(Box::new(condition), Box::new(yes_node), Box::new(no_node));
                (Self::node(expr.at, op), yes_type.join(no_type))
            }
        }
    }

    fn boolean(&mut self, expr: &'a Expr, what: &str) -> Node {
        let (node, ty) = self.expr(expr);
        match ty {
            Type::Bool | Type::Dyn => node,
            other => {
                self.fail(CelError::new(
                    expr.at,
                    expr.end - expr.at,
                    format!("{what} needs a bool, but this is {other}"),
                ))
                .0
            }
        }
    }

    fn ident(&mut self, name: &str, expr: &'a Expr) -> (Node, Type) {
        if let Some((slot, (_, ty))) = self.locals.iter().enumerate().rev().find(|(_, (local, _))| *local == name) {
            return (Self::node(expr.at, Op::Local(slot)), ty.clone());
        }
        if let Some(field) = self.scope.fields.iter().find(|field| field.name == name) {
            return (Self::node(expr.at, Op::Variable(field)), (field.ty)());
        }
        if let Some((_, type_name)) = TYPE_NAMES.iter().find(|(known, _)| *known == name) {
            return (Self::node(expr.at, Op::Const(Value::Type(type_name))), Type::Meta);
        }
        let names = self.locals.iter().map(|(local, _)| *local).chain(self.scope.fields.iter().map(|f| f.name));
        let error = CelError::new(expr.at, name.len(), format!("`{name}` is not known here"));
        let error = match closest(name, names) {
            Some(close) => error.hint(format!("did you mean `{close}`?")),
            None if FUNCTIONS.iter().any(|f| f.name == name) => {
                error.hint(format!("`{name}` is a function: write `{name}(…)`"))
            }
            None => error.hint(format!("known here: {}", list_names(self.scope))),
        };
        self.fail(error)
    }

    fn select(&mut self, base: &'a Expr, field: &'a str, name_at: usize, expr: &'a Expr) -> (Node, Type) {
        // Type names with dots are the only qualified names.
        if let Some(name) = qualified(expr)
            && let Some(known) = ["google.protobuf.Timestamp", "google.protobuf.Duration"].iter().find(|k| **k == name)
        {
            return (Self::node(expr.at, Op::Const(Value::Type(known))), Type::Meta);
        }
        let (base_node, base_type) = self.expr(base);
        match base_type {
            Type::Object(object) => match object.fields.iter().find(|f| f.name == field) {
                Some(found) => (Self::node(name_at, Op::Field(Box::new(base_node), found)), (found.ty)()),
                None => {
                    let error = no_field(object, field, name_at);
                    self.fail(error)
                }
            },
            Type::Map(key, value) if key.comparable(&Type::Str) => {
                (Self::node(name_at, Op::Key(Box::new(base_node), field.to_owned())), *value)
            }
            Type::Dyn => (Self::node(name_at, Op::Key(Box::new(base_node), field.to_owned())), Type::Dyn),
            other => {
                let error = CelError::new(name_at, field.len(), format!("{other} has no field `{field}`"));
                let error = if FUNCTIONS.iter().any(|f| f.method && f.name == field) {
                    error.hint(format!("`{field}` is a function: write `.{field}(…)`"))
                } else {
                    error
                };
                self.fail(error)
            }
        }
    }

    fn index(&mut self, base: &'a Expr, index: &'a Expr, expr: &'a Expr) -> (Node, Type) {
        let (base_node, base_type) = self.expr(base);
        let (index_node, index_type) = self.expr(index);
        let ty = match &base_type {
            Type::Dyn => Type::Dyn,
            Type::List(of) if index_type.is_dyn() || index_type.is_numeric() => (**of).clone(),
            Type::Map(key, value) if key.comparable(&index_type) => (**value).clone(),
            Type::List(_) | Type::Map(_, _) => {
                let error = format!("{base_type} is not indexed by {index_type}");
                return self.fail(CelError::new(index.at, index.end - index.at, error));
            }
            other => {
                return self.fail(CelError::new(base.at, base.end - base.at, format!("{other} cannot be indexed")));
            }
        };
        (Self::node(expr.at, Op::Index(Box::new(base_node), Box::new(index_node))), ty)
    }

    fn list(&mut self, items: &'a [Expr], expr: &'a Expr) -> (Node, Type) {
        let mut of: Option<Type> = None;
        let mut nodes = Vec::with_capacity(items.len());
        for item in items {
            let (node, ty) = self.expr(item);
            nodes.push(node);
            of = Some(match of {
                Some(before) => before.join(ty),
                None => ty,
            });
        }
        let ty = Type::list(of.unwrap_or(Type::Dyn));
        // A list of constants is made once.
        if nodes.iter().all(|node| matches!(node.op, Op::Const(_))) {
            let values = nodes.into_iter().filter_map(|n| if let Op::Const(value) = n.op { Some(value) } else { None });
            return (Self::node(expr.at, Op::Const(Value::list(values.collect()))), ty);
        }
        (Self::node(expr.at, Op::List(nodes)), ty)
    }

    fn map(&mut self, entries: &'a [(Expr, Expr)], expr: &'a Expr) -> (Node, Type) {
        let (mut key_type, mut value_type): (Option<Type>, Option<Type>) = (None, None);
        let mut nodes = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let (key_node, kt) = self.expr(key);
            if !matches!(kt, Type::Dyn | Type::Bool | Type::Int | Type::Uint | Type::Str) {
                self.fail(CelError::new(key.at, key.end - key.at, format!("{kt} cannot be a key of a map")));
            }
            let (value_node, vt) = self.expr(value);
            key_type = Some(key_type.map_or(kt.clone(), |before| before.join(kt)));
            value_type = Some(value_type.map_or(vt.clone(), |before| before.join(vt)));
            nodes.push((key_node, value_node));
        }
        let ty = Type::map(key_type.unwrap_or(Type::Dyn), value_type.unwrap_or(Type::Dyn));
        (Self::node(expr.at, Op::Map(nodes)), ty)
    }

    fn negate(&mut self, inner: &'a Expr, expr: &'a Expr) -> (Node, Type) {
        let (node, ty) = self.expr(inner);
        match ty {
            Type::Int | Type::Double | Type::Duration | Type::Dyn => {
                (Self::node(expr.at, Op::Negate(Box::new(node))), ty)
            }
            other => self.fail(CelError::new(expr.at, expr.end - expr.at, format!("`-` cannot negate {other}"))),
        }
    }

    fn binary(&mut self, operator: Operator, left: &'a Expr, right: &'a Expr, expr: &'a Expr) -> (Node, Type) {
        let (left_node, lt) = self.expr(left);
        let (right_node, rt) = self.expr(right);
        match binary_type(operator, &lt, &rt) {
            Some(ty) => (Self::node(expr.at, Op::Binary(operator, Box::new(left_node), Box::new(right_node))), ty),
            None => {
                let message = match operator {
                    Operator::Equal | Operator::NotEqual => format!("{lt} and {rt} are never equal"),
                    Operator::In => format!("`in` cannot look for {lt} in {rt}"),
                    _ => format!("`{}` does not work on {lt} and {rt}", operator.symbol()),
                };
                let error = CelError::new(expr.at, expr.end - expr.at, message);
                let error = match (&lt, &rt) {
                    (Type::Severity, Type::Str) | (Type::Str, Type::Severity) => {
                        let word = [left, right]
                            .iter()
                            .find_map(|e| if let Kind::Str(s) = &e.kind { Some(s.as_str()) } else { None });
                        error.hint(format!("write severity(\"{}\")", word.unwrap_or("high")))
                    }
                    (Type::Timestamp, Type::Str) | (Type::Str, Type::Timestamp) => {
                        error.hint("write timestamp(\"2026-01-31\")")
                    }
                    (Type::Duration, Type::Str) | (Type::Str, Type::Duration) => error.hint("write duration(\"72h\")"),
                    (Type::Duration, Type::Int) | (Type::Int, Type::Duration) => {
                        error.hint("write duration(\"72h\"), or count days with days_since(…)")
                    }
                    (_, Type::Null) | (Type::Null, _) => error.hint("nothing here is ever null; ask has(…)"),
                    (Type::Bool, Type::Str) | (Type::Str, Type::Bool) => {
                        error.hint("true and false are written without quotes")
                    }
                    _ => error,
                };
                self.fail(error)
            }
        }
    }
}

fn qualified(expr: &Expr) -> Option<String> {
    match &expr.kind {
        Kind::Ident(name) => Some(name.clone()),
        Kind::Select { base, field, .. } => Some(format!("{}.{field}", qualified(base)?)),
        _ => None,
    }
}

fn list_names(object: &ObjectType) -> String {
    object.fields.iter().map(|f| f.name).collect::<Vec<_>>().join(", ")
}

fn no_field(object: &ObjectType, field: &str, at: usize) -> CelError {
    let error = CelError::new(at, field.len(), format!("{} has no field `{field}`", object.name));
    match closest(field, object.fields.iter().map(|f| f.name)) {
        Some(close) => error.hint(format!("did you mean `{close}`?")),
        None => error.hint(format!("it has: {}", list_names(object))),
    }
}
