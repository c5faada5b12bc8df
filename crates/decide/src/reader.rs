//! Reads YAML values into what a file may say, and notes every fault with its place.

use crate::diagnostic::{Fault, line_and_column};
use crate::suggest::closest;
use crate::yaml::{Kind, Node};

pub(crate) struct Reader<'s> {
    file: &'s str,
    pub(crate) source: &'s str,
    pub(crate) faults: Vec<Fault>,
}

/// The entries of a mapping, by key.
pub(crate) struct Fields<'n> {
    node: &'n Node,
    what: &'static str,
    entries: Vec<(&'n str, &'n Node)>,
}

impl<'n> Fields<'n> {
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _)| *k == key).map(|(_, node)| *node).filter(|node| !node.is_null())
    }

    /// Like [`Fields::get`]; that it is not there is a fault.
    pub(crate) fn require(&self, reader: &mut Reader<'_>, key: &str) -> Option<&'n Node> {
        let found = self.get(key);
        // What is no mapping at all is told already.
        if found.is_none() && matches!(self.node.kind, Kind::Map(_)) {
            reader.fail_at(self.node, format!("{} needs `{key}`", self.what), None);
        }
        found
    }
}

impl<'s> Reader<'s> {
    pub(crate) fn new(file: &'s str, source: &'s str) -> Self {
        Self { file, source, faults: Vec::new() }
    }

    pub(crate) fn fail_at(&mut self, node: &Node, message: impl Into<String>, hint: Option<&str>) {
        let len = match &node.kind {
            Kind::Scalar { .. } => node.end.saturating_sub(node.at).max(1),
            _ => 1,
        };
        let fault = Fault::new(node.at, len, message);
        self.faults.push(match hint {
            Some(hint) => fault.hint(hint),
            None => fault,
        });
    }

    /// `policy.yaml:12`.
    pub(crate) fn place(&self, node: &Node) -> String {
        format!("{}:{}", self.file, line_and_column(self.source, node.at).0)
    }

    /// The entries of a mapping that may have these keys, each once.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, what: &'static str, known: &[&'static str]) -> Fields<'n> {
        let mut fields = Fields { node, what, entries: Vec::new() };
        let Kind::Map(entries) = &node.kind else {
            self.fail_at(node, format!("{what} must be a mapping, not {}", node.describe()), None);
            return fields;
        };
        for (key, value) in entries {
            let Some(name) = key.text() else {
                self.fail_at(key, "a key must be a word", None);
                continue;
            };
            if !known.contains(&name) {
                let hint = match closest(name, known.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("known are: {}", known.join(", ")),
                };
                self.fail_at(key, format!("{what} has no key `{}`", name.escape_debug()), Some(&hint));
            } else if fields.entries.iter().any(|(before, _)| *before == name) {
                self.fail_at(key, format!("the key `{name}` is there twice"), None);
            } else {
                fields.entries.push((name, value));
            }
        }
        fields
    }

    pub(crate) fn text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.fail_at(
                node,
                format!("expected text, not {}", if node.is_null() { "nothing" } else { node.describe() }),
                None,
            );
        }
        text
    }

    /// A list of texts, or one text.
    pub(crate) fn texts(&mut self, node: &Node) -> Vec<String> {
        match &node.kind {
            Kind::List(items) => {
                if items.is_empty() {
                    self.fail_at(node, "the list is empty", None);
                }
                items.iter().filter_map(|item| self.text(item).map(str::to_owned)).collect()
            }
            _ => self.text(node).map(str::to_owned).into_iter().collect(),
        }
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, limit: usize) -> Vec<&'n Node> {
        match &node.kind {
            Kind::List(items) if items.len() <= limit => items.iter().collect(),
            Kind::List(items) => {
                self.fail_at(node, format!("the list has {} entries, more than {limit}", items.len()), None);
                Vec::new()
            }
            _ => {
                self.fail_at(node, format!("expected a list, not {}", node.describe()), None);
                Vec::new()
            }
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, node: &Node, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let hint = match closest(text, words.iter().copied()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("write one of: {}", words.join(", ")),
            };
            self.fail_at(node, format!("`{}` is not known here", text.escape_debug()), Some(&hint));
        }
        found
    }

    /// A number within bounds.
    pub(crate) fn number(&mut self, node: &Node, least: f64, most: f64) -> Option<f64> {
        let text = self.text(node)?;
        match text.parse::<f64>() {
            Ok(value) if value >= least && value <= most => Some(value),
            _ => {
                self.fail_at(node, format!("`{}` is not a number from {least} to {most}", text.escape_debug()), None);
                None
            }
        }
    }
}
