//! Exceptions of a rule: `and not (…)` after its condition, made of fields, comparisons and values.

use super::item::{Item, Notes, shown};
use super::lists::quote;
use super::text::SourceText;
use crate::problem::SourceFile;
use crate::syntax::Operator;
use crate::yaml::Node;

/// One exception of a rule.
#[derive(Debug, Clone)]
pub(super) struct Exception<'s> {
    name: String,
    fields: Fields,
    values: Vec<(&'s SourceFile<'s>, Node)>,
}

#[derive(Debug, Clone)]
enum Fields {
    /// Not said: only in what is appended to an earlier one.
    None,
    /// One field that is compared with one list.
    One(String, String),
    /// Fields that are compared with tuples.
    Many(Vec<(String, String)>),
}

/// Reads the value of `exceptions`; `appended` may leave out fields.
pub(super) fn read<'s>(item: &Item<'s, '_>, notes: &mut Notes, node: &Node, appended: bool) -> Vec<Exception<'s>> {
    let mut out: Vec<Exception<'s>> = Vec::new();
    let Some(items) = node.items() else {
        if node.text().is_some() || node.entries().is_some() {
            item.fail(notes, node, "`exceptions` must be a list", None);
        }
        return out;
    };
    for one in items {
        let Some(entries) = one.entries() else {
            item.fail(notes, one, "an exception must be a mapping with `name`, `fields` and `values`", None);
            continue;
        };
        let keys = Item::new(item.file, one, entries);
        keys.known(notes, &["name", "fields", "comps", "values"]);
        let Some(name) = keys.string(notes, "name") else {
            if keys.get("name").is_none() {
                item.fail(notes, one, "an exception needs a `name`", None);
            }
            continue;
        };
        let fields = fields(&keys, notes);
        if matches!(fields, Fields::None) && !appended {
            item.fail(notes, one, format!("the exception `{}` needs `fields`", shown(name)), None);
            continue;
        }
        let values = keys.get("values").map(|v| (item.file, v.clone())).into_iter().collect();
        out.push(Exception { name: name.to_owned(), fields, values });
    }
    out
}

fn fields(keys: &Item<'_, '_>, notes: &mut Notes) -> Fields {
    let Some(node) = keys.get("fields") else { return Fields::None };
    let comps = keys.get("comps");
    let check = |notes: &mut Notes, comparison: &str, node: &Node| {
        let known = comparison == "==" || Operator::ALL.iter().any(|o| o.word() == comparison);
        if !known {
            let hint = crate::suggest::closest(comparison, Operator::ALL.iter().map(|o| o.word()));
            let hint = hint.map(|o| format!("did you mean `{o}`?"));
            keys.fail(notes, node, format!("`{}` is no operator", shown(comparison)), hint);
        }
    };
    if let Some(field) = node.text() {
        let comparison = match comps {
            None => "in",
            Some(node) => match node.text() {
                Some(text) => {
                    check(notes, text, node);
                    text
                }
                None => {
                    keys.fail(notes, node, "`comps` must be one operator, as `fields` is one field", None);
                    "in"
                }
            },
        };
        return Fields::One(field.to_owned(), comparison.to_owned());
    }
    let Some(names) = keys.strings(notes, "fields") else { return Fields::None };
    let comparisons = match comps {
        None => vec!["=".to_owned(); names.len()],
        Some(node) if node.items().is_some() => {
            let list = keys.strings(notes, "comps").unwrap_or_default();
            for (comparison, node) in &list {
                check(notes, comparison, node);
            }
            list.into_iter().map(|(c, _)| c.to_owned()).collect()
        }
        Some(node) => {
            keys.fail(notes, node, "`comps` must be a list, as `fields` is one", None);
            Vec::new()
        }
    };
    if comparisons.len() != names.len() {
        keys.fail(notes, node, "`fields` and `comps` must have the same length", None);
        return Fields::None;
    }
    Fields::Many(names.into_iter().map(|(n, _)| n.to_owned()).zip(comparisons).collect())
}

/// Adds exceptions to those of an earlier definition: values to one of the same name, others as they are.
pub(super) fn append<'s>(
    to: &mut Vec<Exception<'s>>,
    more: Vec<Exception<'s>>,
    item: &Item<'s, '_>,
    notes: &mut Notes,
) {
    for exception in more {
        match to.iter_mut().find(|e| e.name == exception.name) {
            Some(earlier) => {
                let same = match (&earlier.fields, &exception.fields) {
                    (_, Fields::None) => true,
                    (Fields::One(a, b), Fields::One(c, d)) => (a, b) == (c, d),
                    (Fields::Many(a), Fields::Many(b)) => a == b,
                    _ => false,
                };
                if !same {
                    let message = format!("the exception `{}` has other fields than before", shown(&exception.name));
                    item.fail(notes, item.node, message, Some("leave out `fields` and `comps`".to_owned()));
                }
                earlier.values.extend(exception.values);
            }
            None if matches!(exception.fields, Fields::None) => {
                let message = format!("no exception is called `{}` yet, so it needs `fields`", shown(&exception.name));
                item.fail(notes, item.node, message, None);
            }
            None => to.push(exception),
        }
    }
}

/// The condition with its exceptions.
pub(super) fn apply<'s>(condition: SourceText<'s>, exceptions: &[Exception<'s>], notes: &mut Notes) -> SourceText<'s> {
    let mut out: Option<SourceText<'s>> = None;
    for exception in exceptions {
        let mut alternatives = Vec::new();
        for (file, node) in &exception.values {
            match &exception.fields {
                Fields::None => {}
                Fields::One(field, comparison) => {
                    if let Some(text) = one(field, comparison, node, file, notes) {
                        alternatives.push(text);
                    }
                }
                Fields::Many(fields) => {
                    for tuple in node.items().unwrap_or_default() {
                        if let Some(text) = many(fields, tuple, file, notes) {
                            alternatives.push(text);
                        }
                    }
                }
            }
        }
        let Some((file, node)) = exception.values.first().filter(|_| !alternatives.is_empty()) else { continue };
        let text = format!("and not ({})", alternatives.join(" or "));
        out.get_or_insert_with(|| condition.clone().parenthesised()).append(SourceText::made(&text, file, node));
    }
    out.unwrap_or(condition)
}

fn is_list(comparison: &str) -> bool {
    matches!(comparison, "in" | "intersects" | "pmatch")
}

/// A value as it stands in a condition: a list in parentheses where the comparison takes one.
fn value(node: &Node, comparison: &str) -> Option<String> {
    match node.items() {
        Some(items) => {
            let words: Option<Vec<String>> = items.iter().map(|i| scalar(i).map(quote)).collect();
            Some(format!("({})", words?.join(", ")))
        }
        None => {
            let text = scalar(node)?;
            Some(match is_list(comparison) {
                true if text.starts_with('(') => text.to_owned(),
                true => format!("({})", quote(text)),
                false => quote(text),
            })
        }
    }
}

fn scalar(node: &Node) -> Option<&str> {
    match &node.kind {
        crate::yaml::Kind::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

fn one(field: &str, comparison: &str, node: &Node, file: &SourceFile<'_>, notes: &mut Notes) -> Option<String> {
    if node.items().is_some_and(<[Node]>::is_empty) || (node.text().is_none() && node.items().is_none()) {
        return None;
    }
    match (value(node, comparison), node.items()) {
        (Some(value), _) if is_list(comparison) => Some(format!("{field} {comparison} {value}")),
        // A comparison with one value is made with each.
        (Some(_), Some(items)) => {
            let each: Vec<String> =
                items.iter().filter_map(|i| Some(format!("{field} {comparison} {}", value(i, comparison)?))).collect();
            Some(each.join(" or "))
        }
        (Some(value), None) => Some(format!("{field} {comparison} {value}")),
        (None, _) => {
            notes
                .errors
                .push(file.problem(node.at, "the values of an exception with one field must be one list of texts"));
            None
        }
    }
}

fn many(fields: &[(String, String)], tuple: &Node, file: &SourceFile<'_>, notes: &mut Notes) -> Option<String> {
    let Some(items) = tuple.items().filter(|items| items.len() == fields.len()) else {
        let message = format!("a value of this exception must be a list of {}, one for each field", fields.len());
        notes.errors.push(file.problem(tuple.at, message));
        return None;
    };
    let mut parts = Vec::new();
    for ((field, comparison), item) in fields.iter().zip(items) {
        let Some(value) = value(item, comparison) else {
            notes.errors.push(file.problem(item.at, "a value of an exception must be a text or a list of texts"));
            return None;
        };
        parts.push(format!("{field} {comparison} {value}"));
    }
    Some(format!("({})", parts.join(" and ")))
}
