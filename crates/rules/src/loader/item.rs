//! One entry of a rule file, and reading its keys.

use crate::problem::{Problem, SourceFile};
use crate::suggest::closest;
use crate::yaml::Node;

/// What a key of an item may change of an earlier definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Append,
    Replace,
}

/// The keys of one item, in the order of the file.
pub(super) struct Item<'s, 'n> {
    pub(super) file: &'s SourceFile<'s>,
    pub(super) node: &'n Node,
    entries: &'n [(Node, Node)],
}

/// Where problems go.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) errors: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
}

impl<'s, 'n> Item<'s, 'n> {
    pub(super) fn new(file: &'s SourceFile<'s>, node: &'n Node, entries: &'n [(Node, Node)]) -> Self {
        Self { file, node, entries }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, value)| value)
    }

    pub(super) fn fail(&self, notes: &mut Notes, node: &Node, message: impl Into<String>, hint: Option<String>) {
        notes.errors.push(Problem { hint, ..self.file.problem(node.at, message) });
    }

    pub(super) fn warn(&self, notes: &mut Notes, node: &Node, message: impl Into<String>, hint: Option<String>) {
        notes.warnings.push(Problem { hint, ..self.file.problem(node.at, message) });
    }

    /// Warns of keys that mean nothing.
    pub(super) fn known(&self, notes: &mut Notes, known: &[&str]) {
        for (key, _) in self.entries {
            match key.text() {
                Some(text) if known.contains(&text) => {}
                text => {
                    let text = text.unwrap_or_default();
                    let hint = closest(text, known.iter().copied()).map(|k| format!("did you mean `{k}`?"));
                    self.warn(notes, key, format!("unknown key `{}`", shown(text)), hint);
                }
            }
        }
    }

    pub(super) fn string(&self, notes: &mut Notes, key: &str) -> Option<&'n str> {
        let node = self.get(key)?;
        let text = node.text();
        if text.is_none() {
            self.fail(notes, node, format!("`{key}` must be a text, not {}", kind(node)), None);
        }
        text
    }

    pub(super) fn boolean(&self, notes: &mut Notes, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match node.text().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "on" | "y") => Some(true),
            Some("false" | "no" | "off" | "n") => Some(false),
            _ => {
                self.fail(notes, node, format!("`{key}` must be true or false"), None);
                None
            }
        }
    }

    /// The texts of a list.
    pub(super) fn strings(&self, notes: &mut Notes, key: &str) -> Option<Vec<(&'n str, &'n Node)>> {
        let node = self.get(key)?;
        let Some(items) = node.items() else {
            // A key without a value is an empty list.
            if node.text().is_some() || node.entries().is_some() {
                self.fail(notes, node, format!("`{key}` must be a list, not {}", kind(node)), None);
                return None;
            }
            return Some(Vec::new());
        };
        let mut out = Vec::new();
        for item in items {
            match &item.kind {
                crate::yaml::Kind::Scalar { text, .. } => out.push((text.as_str(), item)),
                _ => self.fail(notes, item, format!("`{key}` must hold texts, not {}", kind(item)), None),
            }
        }
        Some(out)
    }

    /// What `override` and `append` ask for: none defines anew.
    pub(super) fn changes(
        &self,
        notes: &mut Notes,
        keys: &[(&'static str, bool)],
    ) -> Option<Vec<(&'static str, Change)>> {
        let append = self.boolean(notes, "append").unwrap_or(false);
        let Some(node) = self.get("override") else {
            return append.then(Vec::new);
        };
        if append {
            let hint = Some("keep `override` only".to_owned());
            self.fail(notes, node, "`append` and `override` cannot stand together", hint);
            return Some(Vec::new());
        }
        let mut changes = Vec::new();
        let Some(entries) = node.entries() else {
            self.fail(notes, node, "`override` must say for each key `append` or `replace`", None);
            return Some(changes);
        };
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            let Some((name, appendable)) = keys.iter().find(|(k, _)| *k == name) else {
                let hint = closest(name, keys.iter().map(|(k, _)| *k)).map(|k| format!("did you mean `{k}`?"));
                self.fail(notes, key, format!("`{}` cannot be overridden", shown(name)), hint);
                continue;
            };
            let change = match value.text() {
                Some("append") if *appendable => Change::Append,
                Some("append") => {
                    let hint = Some("use `replace`".to_owned());
                    self.fail(notes, value, format!("`{name}` cannot be appended to"), hint);
                    continue;
                }
                Some("replace") => Change::Replace,
                _ => {
                    self.fail(notes, value, format!("`{name}` can be overridden by `append` or `replace` only"), None);
                    continue;
                }
            };
            if self.get(name).is_none() {
                self.fail(notes, key, format!("`{name}` is overridden but not given"), None);
                continue;
            }
            changes.push((*name, change));
        }
        Some(changes)
    }
}

pub(super) fn kind(node: &Node) -> &'static str {
    match node.text() {
        None if node.items().is_none() && node.entries().is_none() => "nothing",
        _ => node.describe(),
    }
}

/// A text of a file in a message: bounded, and no control characters.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
