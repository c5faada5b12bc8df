//! A rule evaluator without any cleverness: every rule's tree is walked for every event, each check reads its field and
//! compares it with one value after another. It shares the parser and the fields with the compiled rules, and nothing
//! else, so that the two check each other.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::rc::Rc;

use seawall_model::Observation;
use seawall_rules::fields::{Extract, FieldRef};
use seawall_rules::syntax::{Check, Expression, Operand, Operator, Quantifier, Right};
use seawall_rules::{FieldType, Rule, RuleSet, Value, View};

enum Tree {
    And(Vec<Rc<Tree>>),
    Or(Vec<Rc<Tree>>),
    Not(Rc<Tree>),
    Check(Leaf),
}

struct Leaf {
    field: FieldRef,
    operator: Operator,
    quantifier: Option<Quantifier>,
    values: Vec<Constant>,
}

/// A value on the right, read once by the type of the field.
enum Constant {
    Text(Vec<u8>),
    Number(i128),
    Boolean(bool),
    Address(IpAddr),
    Net(IpAddr, u32),
    Domain(Vec<IpAddr>),
    Regex(regex::bytes::Regex),
}

/// The rules of a set as trees.
pub struct Walker {
    rules: Vec<(usize, Rc<Tree>)>,
}

impl Walker {
    /// Takes the enabled rules of a set; `addresses` are those of names.
    pub fn new(set: &RuleSet, addresses: &BTreeMap<String, Vec<IpAddr>>) -> Self {
        let mut macros = BTreeMap::new();
        let enabled = set.rules().iter().enumerate().filter(|(_, rule)| rule.enabled);
        let plant =
            |(number, rule): (usize, &Rule)| Some((number, plant(&rule.condition, set, addresses, &mut macros)?));
        Self { rules: enabled.filter_map(plant).collect() }
    }

    /// The numbers of the rules that it judges: those without transformers and other fields on the right.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        self.rules.iter().map(|(number, _)| *number)
    }

    /// Whether it says the same of an observation as the compiled rules do, of those rules that it judges.
    pub fn agrees(&self, compiled: &[usize], observation: Observation<'_>) -> bool {
        let known = compiled.iter().copied().filter(|number| self.numbers().any(|n| n == *number));
        known.eq(self.evaluate(observation))
    }

    /// The numbers of every rule that matches.
    pub fn evaluate(&self, observation: Observation<'_>) -> Vec<usize> {
        let view = View::new(observation);
        self.rules.iter().filter(|(_, tree)| walk(tree, &view)).map(|(number, _)| *number).collect()
    }
}

fn plant(
    expression: &Expression,
    set: &RuleSet,
    addresses: &BTreeMap<String, Vec<IpAddr>>,
    macros: &mut BTreeMap<String, Rc<Tree>>,
) -> Option<Rc<Tree>> {
    let mut all =
        |parts: &[Expression]| parts.iter().map(|p| plant(p, set, addresses, macros)).collect::<Option<Vec<_>>>();
    Some(match expression {
        Expression::And(parts) => Rc::new(Tree::And(all(parts)?)),
        Expression::Or(parts) => Rc::new(Tree::Or(all(parts)?)),
        Expression::Not(inner) => Rc::new(Tree::Not(plant(inner, set, addresses, macros)?)),
        Expression::Macro { name, .. } => {
            if let Some(done) = macros.get(name) {
                return Some(Rc::clone(done));
            }
            let tree = plant(&set.macros()[name], set, addresses, macros)?;
            macros.insert(name.clone(), Rc::clone(&tree));
            tree
        }
        Expression::Check(check) => Rc::new(Tree::Check(leaf(check, addresses)?)),
    })
}

fn leaf(check: &Check, addresses: &BTreeMap<String, Vec<IpAddr>>) -> Option<Leaf> {
    let Operand::Field(field) = &check.left else { return None };
    let field = FieldRef::resolve(field).expect("a field of rules that load");
    let values = match &check.right {
        Right::Nothing => Vec::new(),
        Right::Value(value) => vec![constant(&field, check.operator, value, addresses)],
        Right::List(values) => values.iter().map(|v| constant(&field, check.operator, v, addresses)).collect(),
        Right::Operand(_) => return None,
    };
    Some(Leaf { field, operator: check.operator, quantifier: check.quantifier, values })
}

fn constant(field: &FieldRef, operator: Operator, text: &str, addresses: &BTreeMap<String, Vec<IpAddr>>) -> Constant {
    match field.field.kind {
        FieldType::Text | FieldType::Bytes => match operator {
            Operator::Regex => Constant::Regex(regex::bytes::Regex::new(&format!("^(?:{text})$")).expect("a pattern")),
            Operator::ContainsBytes | Operator::StartsWithBytes => Constant::Text(
                (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hex")).collect(),
            ),
            _ => Constant::Text(text.as_bytes().to_vec()),
        },
        FieldType::Signed | FieldType::Unsigned => Constant::Number(match text.strip_prefix("0x") {
            Some(hex) => i128::from_str_radix(hex, 16).expect("hex"),
            None => text.parse().expect("a number"),
        }),
        FieldType::Boolean => Constant::Boolean(text == "true"),
        FieldType::Address => Constant::Address(text.parse().expect("an address")),
        FieldType::Network => {
            let (address, prefix) =
                text.split_once('/').unwrap_or((text, if text.contains(':') { "128" } else { "32" }));
            Constant::Net(address.parse().expect("an address"), prefix.parse().expect("bits"))
        }
        FieldType::Domain => Constant::Domain(addresses.get(text).cloned().unwrap_or_default()),
    }
}

fn walk(tree: &Tree, view: &View<'_>) -> bool {
    match tree {
        Tree::And(all) => all.iter().all(|one| walk(one, view)),
        Tree::Or(all) => all.iter().any(|one| walk(one, view)),
        Tree::Not(inner) => !walk(inner, view),
        Tree::Check(leaf) => {
            let mut buffer = Vec::new();
            let sides = matches!(leaf.field.field.extract, Extract::Ends(_));
            if sides && leaf.operator == Operator::NotEqual {
                // Both sides must differ, and there must be one.
                let (mut there, mut equal) = (false, false);
                leaf.field.any(view, &mut buffer, |value| {
                    there = true;
                    equal |= leaf.values.iter().any(|c| fits(Operator::Equal, value, c));
                    false
                });
                return there && !equal;
            }
            leaf.field.any(view, &mut buffer, |value| holds(leaf, value))
        }
    }
}

fn holds(leaf: &Leaf, value: Value<'_>) -> bool {
    let mut fitting = leaf.values.iter().filter(|constant| fits(leaf.operator, value, constant));
    match (leaf.operator, leaf.quantifier) {
        (Operator::Exists, _) => true,
        (_, Some(Quantifier::AllOf)) => fitting.count() == leaf.values.len(),
        (_, Some(Quantifier::OneOf)) => fitting.count() == 1,
        _ => fitting.next().is_some(),
    }
}

fn fits(operator: Operator, value: Value<'_>, constant: &Constant) -> bool {
    let negated = operator == Operator::NotEqual;
    match (value, constant) {
        (Value::Text(text), Constant::Regex(regex)) => regex.is_match(text),
        (Value::Text(text), Constant::Text(wanted)) => text_fits(operator, text, wanted),
        (Value::Signed(n), Constant::Number(wanted)) => number_fits(operator, n.into(), *wanted),
        (Value::Unsigned(n), Constant::Number(wanted)) => number_fits(operator, n.into(), *wanted),
        (Value::Boolean(b), Constant::Boolean(wanted)) => (b == *wanted) != negated,
        (Value::Address(a), Constant::Address(wanted)) => (a == *wanted) != negated,
        (Value::Address(a), Constant::Net(net, bits)) => within(a, *net, *bits) != negated,
        (Value::Address(a), Constant::Domain(all)) => all.contains(&a) != negated,
        _ => false,
    }
}

fn number_fits(operator: Operator, n: i128, wanted: i128) -> bool {
    match operator {
        Operator::Less => n < wanted,
        Operator::LessOrEqual => n <= wanted,
        Operator::Greater => n > wanted,
        Operator::GreaterOrEqual => n >= wanted,
        Operator::NotEqual => n != wanted,
        _ => n == wanted,
    }
}

fn text_fits(operator: Operator, text: &[u8], wanted: &[u8]) -> bool {
    let contains =
        |text: &[u8], wanted: &[u8]| wanted.is_empty() || text.windows(wanted.len()).any(|window| window == wanted);
    match operator {
        Operator::NotEqual => text != wanted,
        Operator::Contains | Operator::ContainsBytes => contains(text, wanted),
        Operator::ContainsAnyCase => contains(&text.to_ascii_lowercase(), &wanted.to_ascii_lowercase()),
        Operator::StartsWith | Operator::StartsWithBytes => text.starts_with(wanted),
        Operator::EndsWith => text.ends_with(wanted),
        Operator::Glob => glob(wanted, text),
        Operator::GlobAnyCase => glob(&wanted.to_ascii_lowercase(), &text.to_ascii_lowercase()),
        Operator::PathMatch => {
            let parts = |path: &[u8]| {
                path.split(|b| *b == b'/').filter(|p| !p.is_empty()).map(<[u8]>::to_vec).collect::<Vec<_>>()
            };
            let (have, want) = (parts(text), parts(wanted));
            want.len() <= have.len() && want.iter().zip(&have).all(|(w, h)| glob(w, h))
        }
        _ => text == wanted,
    }
}

/// Stars, question marks and classes, by the plainest recursion.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => glob(rest, text) || (!text.is_empty() && glob(pattern, &text[1..])),
        ([b'?', rest @ ..], [_, tail @ ..]) => glob(rest, tail),
        ([b'[', rest @ ..], [c, tail @ ..]) if rest.iter().skip(1).any(|b| *b == b']') => {
            let (negated, class) = match rest {
                [b'!' | b'^', class @ ..] => (true, class),
                class => (false, class),
            };
            // A bracket that comes first is one of the class.
            let end = 1 + class.iter().skip(1).position(|b| *b == b']').expect("one was seen");
            let (mut within, mut at) = (false, 0);
            while at < end {
                let last = if at + 2 < end && class[at + 1] == b'-' { class[at + 2] } else { class[at] };
                within |= (class[at]..=last).contains(c);
                at += if last == class[at] { 1 } else { 3 };
            }
            within != negated && glob(&class[end + 1..], tail)
        }
        ([a, rest @ ..], [b, tail @ ..]) if a == b => glob(rest, tail),
        _ => false,
    }
}

fn within(address: IpAddr, net: IpAddr, bits: u32) -> bool {
    match (address, net) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            (0..bits).all(|i| u32::from(a) >> (31 - i) & 1 == u32::from(n) >> (31 - i) & 1)
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            (0..bits).all(|i| u128::from(a) >> (127 - i) & 1 == u128::from(n) >> (127 - i) & 1)
        }
        _ => false,
    }
}
