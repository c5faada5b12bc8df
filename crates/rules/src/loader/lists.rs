//! Lists are put into conditions as text, before anything is parsed, as Falco does it.

use std::collections::{HashMap, HashSet};

use super::item::{Notes, shown};
use super::text::SourceText;
use crate::problem::Problem;

/// Bytes of one condition after its lists are in it.
pub(super) const MAX_EXPANDED: usize = 1 << 20;

const DELIMITERS: &[u8] = b" \t\r\n(),=";

/// A list, as its items define it.
pub(super) struct ListDefinition {
    pub(super) name: String,
    pub(super) items: Vec<String>,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) place: Problem,
}

/// An item as it is written in a condition: in quotes where it would fall apart otherwise.
pub(super) fn quote(item: &str) -> String {
    let quoted = item.starts_with(['"', '\'']);
    if item.is_empty() || (!quoted && item.bytes().any(|b| DELIMITERS.contains(&b) && b != b'=')) {
        format!("\"{}\"", item.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        item.to_owned()
    }
}

/// Puts the lists into a condition: each word between delimiters that is a list's name becomes its items. An empty list
/// takes one comma beside it along. None where the text becomes too long.
pub(super) fn expand<'s>(text: &SourceText<'s>, lists: &HashMap<String, String>) -> Option<SourceText<'s>> {
    let bytes = text.text.as_bytes();
    let mut parts: Vec<(usize, usize, String)> = Vec::new();
    let mut length = bytes.len();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if DELIMITERS.contains(byte) {
            at += 1;
            continue;
        }
        let start = at;
        at = word_end(bytes, at);
        let word = text.text.get(start..at).unwrap_or_default();
        let Some(items) = lists.get(word) else { continue };
        let (mut from, mut to) = (start, at);
        if items.is_empty() {
            (from, to) = without_comma(bytes, from, to);
            from = parts.last().map_or(from, |(_, end, _)| from.max(*end));
        }
        length += items.len();
        if length > MAX_EXPANDED {
            return None;
        }
        at = to;
        parts.push((from, to, items.clone()));
    }
    Some(if parts.is_empty() { text.clone() } else { text.replace(&parts) })
}

/// A word ends at a delimiter outside quotes: within quotes nothing is a list.
fn word_end(bytes: &[u8], mut at: usize) -> usize {
    let mut quote = None;
    while let Some(byte) = bytes.get(at) {
        match quote {
            None if DELIMITERS.contains(byte) => break,
            None if matches!(byte, b'"' | b'\'') => quote = Some(*byte),
            Some(_) if *byte == b'\\' => at += 1,
            Some(open) if *byte == open => quote = None,
            _ => {}
        }
        at += 1;
    }
    at.min(bytes.len())
}

fn without_comma(bytes: &[u8], from: usize, to: usize) -> (usize, usize) {
    let blank = |b: Option<&u8>| b.is_some_and(u8::is_ascii_whitespace);
    let (mut left, mut right) = (from, to);
    while left > 0 && blank(bytes.get(left - 1)) {
        left -= 1;
    }
    while blank(bytes.get(right)) {
        right += 1;
    }
    if left > 0 && bytes.get(left - 1) == Some(&b',') {
        (left - 1, right)
    } else if bytes.get(right) == Some(&b',') {
        (left, right + 1)
    } else {
        (from, to)
    }
}

/// Lists as text, those within them in their place: a list sees those that were first defined before its last change.
pub(super) fn flatten(lists: &[ListDefinition], notes: &mut Notes) -> HashMap<String, String> {
    let by_name: HashMap<&str, usize> = lists.iter().enumerate().map(|(i, l)| (l.name.as_str(), i)).collect();
    let mut done: Vec<Option<String>> = vec![None; lists.len()];
    let mut total = 0_usize;
    for start in 0..lists.len() {
        // The lists that wait for one within them.
        let mut stack = vec![start];
        let mut waiting = HashSet::from([start]);
        while let Some(&index) = stack.last() {
            let Some(list) = lists.get(index).filter(|_| done.get(index).is_some_and(Option::is_none)) else {
                stack.pop();
                continue;
            };
            let inner = |item: &String| {
                by_name
                    .get(item.as_str())
                    .copied()
                    .filter(|i| lists.get(*i).is_some_and(|l| l.first < list.last && *i != index))
            };
            let missing = list.items.iter().filter_map(inner).find(|i| done.get(*i).is_some_and(Option::is_none));
            if let Some(missing) = missing {
                if !waiting.insert(missing) {
                    let message = format!("the list `{}` is part of itself", shown(&list.name));
                    notes.errors.push(Problem { message, ..list.place.clone() });
                    return HashMap::new();
                }
                stack.push(missing);
                continue;
            }
            let mut text = String::new();
            for item in &list.items {
                let quoted;
                let part = match inner(item) {
                    Some(i) => done.get(i).and_then(|d| d.as_deref()).unwrap_or_default(),
                    None => {
                        quoted = quote(item);
                        quoted.as_str()
                    }
                };
                if !part.is_empty() && text.len() <= MAX_EXPANDED {
                    text.push_str(if text.is_empty() { "" } else { ", " });
                    text.push_str(part);
                }
            }
            total = total.saturating_add(text.len());
            if text.len() > MAX_EXPANDED || total > 16 * MAX_EXPANDED {
                let message = format!("the list `{}` is too large with the lists within it", shown(&list.name));
                notes.errors.push(Problem { message, ..list.place.clone() });
                return HashMap::new();
            }
            if let Some(slot) = done.get_mut(index) {
                *slot = Some(text);
            }
            waiting.remove(&index);
            stack.pop();
        }
    }
    lists.iter().zip(done).map(|(list, text)| (list.name.clone(), text.unwrap_or_default())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{expand, quote};
    use crate::loader::SourceText;
    use crate::problem::SourceFile;
    use crate::yaml::{Kind, Node};

    fn expanded(text: &str) -> String {
        let lists: HashMap<String, String> =
            [("a", "x, \"y z\""), ("none", ""), ("one", "1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let file = SourceFile::new("f", text);
        let kind = Kind::Scalar { text: text.to_owned(), style: granit_parser::ScalarStyle::Plain };
        let node = Node { at: 0, end: text.len(), kind };
        expand(&SourceText::of(&file, &node), &lists).expect("short").text
    }

    #[test]
    fn words_that_name_lists_become_their_items() {
        assert_eq!(expanded("proc.name in (a)"), "proc.name in (x, \"y z\")");
        assert_eq!(expanded("proc.name in (b, a,\"a\")"), "proc.name in (b, x, \"y z\",\"a\")");
        assert_eq!(expanded("proc.name in ( none )"), "proc.name in (  )");
        assert_eq!(expanded("proc.name in (none, b)"), "proc.name in ( b)");
        assert_eq!(expanded("proc.name in (b, none , c)"), "proc.name in (b, c)");
        assert_eq!(expanded("proc.name in (none, none)"), "proc.name in ()");
        assert_eq!(expanded("fd.num=one and a.b = \" a \" and aa=1"), "fd.num=1 and a.b = \" a \" and aa=1");
    }

    #[test]
    fn items_keep_together() {
        assert_eq!(quote("sh"), "sh");
        assert_eq!(quote("a b"), "\"a b\"");
        assert_eq!(quote("\"(systemd)\""), "\"(systemd)\"");
        assert_eq!(quote("a\"b c"), "\"a\\\"b c\"");
    }
}
