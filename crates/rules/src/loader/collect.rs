use std::collections::HashMap;

use seawall_model::Priority;

use super::exceptions::{self, Exception};
use super::item::{Change, Item, Notes, kind, shown};
use super::lists::{ListDefinition, MAX_EXPANDED, expand, flatten};
use super::text::SourceText;
use crate::ENGINE_VERSION;
use crate::problem::{Problem, SourceFile};
use crate::suggest::closest;
use crate::yaml::{self, Node};

/// Everything that the files define, when the last of them is read.
pub(crate) struct Definitions<'s> {
    pub(crate) macros: Vec<MacroDefinition<'s>>,
    pub(crate) rules: Vec<RuleDefinition<'s>>,
    pub(crate) counts: Counts,
    pub(crate) errors: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

/// How much the files define.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items that define or change a list.
    pub lists: usize,
    /// Items that define or change a macro.
    pub macros: usize,
    /// Items that define or change a rule.
    pub rules: usize,
    /// Items that define again what was defined before.
    pub redefinitions: usize,
}

pub(crate) struct MacroDefinition<'s> {
    pub(crate) name: String,
    pub(crate) condition: SourceText<'s>,
    /// Where it was first defined, and last changed: a macro sees those that were first defined before its last change.
    pub(crate) first: usize,
    pub(crate) last: usize,
    pub(crate) place: Problem,
}

pub(crate) struct RuleDefinition<'s> {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) condition: SourceText<'s>,
    pub(crate) output: SourceText<'s>,
    pub(crate) priority: Priority,
    pub(crate) tags: Vec<String>,
    pub(crate) source: String,
    pub(crate) enabled: bool,
    pub(crate) skip_unknown: bool,
    pub(crate) warn_kinds: bool,
    exceptions: Vec<Exception<'s>>,
    pub(crate) place: Problem,
}

struct Collector<'s> {
    lists: Vec<ListDefinition>,
    macros: Vec<MacroDefinition<'s>>,
    rules: Vec<RuleDefinition<'s>>,
    names: HashMap<(u8, String), usize>,
    notes: Notes,
    counts: Counts,
    next: usize,
}

const LIST_KEYS: &[&str] = &["list", "items", "append", "override"];
const MACRO_KEYS: &[&str] = &["macro", "condition", "append", "override"];
const RULE_KEYS: &[&str] = &[
    "rule",
    "desc",
    "condition",
    "output",
    "priority",
    "source",
    "enabled",
    "tags",
    "exceptions",
    "append",
    "override",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
];
/// Keys that `override` may name, and whether they can be appended to.
const RULE_CHANGES: &[(&str, bool)] = &[
    ("condition", true),
    ("output", true),
    ("desc", true),
    ("tags", true),
    ("exceptions", true),
    ("priority", false),
    ("enabled", false),
    ("warn_evttypes", false),
    ("skip-if-unknown-filter", false),
    ("capture", false),
    ("capture_duration", false),
];

/// Reads the files in their order.
pub(crate) fn collect<'s>(files: &'s [SourceFile<'s>]) -> Definitions<'s> {
    let mut collector = Collector {
        lists: Vec::new(),
        macros: Vec::new(),
        rules: Vec::new(),
        names: HashMap::new(),
        notes: Notes::default(),
        counts: Counts::default(),
        next: 0,
    };
    for file in files {
        match yaml::parse(file) {
            Ok(documents) => documents.iter().for_each(|document| collector.document(file, document)),
            Err(problem) => collector.notes.errors.push(problem),
        }
    }
    collector.finish()
}

impl<'s> Collector<'s> {
    fn document(&mut self, file: &'s SourceFile<'s>, node: &Node) {
        let Some(items) = node.items() else {
            if node.text().is_some() || node.entries().is_some() {
                let problem = file.problem(node.at, format!("a rule file is a list of items, not {}", kind(node)));
                self.notes.errors.push(problem);
            }
            return;
        };
        for item in items {
            let Some(entries) = item.entries() else {
                let problem = file.problem(item.at, format!("an item must be a mapping, not {}", kind(item)));
                self.notes.errors.push(problem);
                continue;
            };
            let item = Item::new(file, item, entries);
            self.next += 1;
            if item.get("list").is_some() {
                self.list(&item);
            } else if item.get("macro").is_some() {
                self.macro_item(&item);
            } else if item.get("rule").is_some() {
                self.rule(&item);
            } else if item.get("required_engine_version").is_some() {
                self.engine_version(&item);
            } else if item.get("required_plugin_versions").is_some() {
                self.plugins(&item);
            } else {
                let key = entries.first().and_then(|(k, _)| k.text()).unwrap_or_default();
                let known = ["list", "macro", "rule", "required_engine_version", "required_plugin_versions"];
                let hint = closest(key, known).map(|k| format!("did you mean `{k}`?"));
                item.warn(&mut self.notes, item.node, format!("unknown item `{}`", shown(key)), hint);
            }
        }
    }

    fn engine_version(&mut self, item: &Item<'s, '_>) {
        let Some(text) = item.string(&mut self.notes, "required_engine_version") else { return };
        let mut parts = text.split('.').map(|p| p.parse::<u32>().ok());
        let version = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(minor)), None, None, None) => Some((0, minor, 0)),
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => Some((major, minor, patch)),
            _ => None,
        };
        match version {
            None => {
                let hint = Some("write a number such as 26, or a version such as 0.57.0".to_owned());
                item.fail(&mut self.notes, item.node, format!("`{}` is no engine version", shown(text)), hint);
            }
            Some(version) if version > ENGINE_VERSION => {
                let (major, minor, patch) = ENGINE_VERSION;
                let message = format!("this file needs rule engine {}; this is {major}.{minor}.{patch}", shown(text));
                item.fail(
                    &mut self.notes,
                    item.node,
                    message,
                    Some("update seawall, or use an older rule file".to_owned()),
                );
            }
            Some(_) => {}
        }
    }

    fn plugins(&mut self, item: &Item<'s, '_>) {
        let Some(node) = item.get("required_plugin_versions") else { return };
        for plugin in node.items().unwrap_or_default() {
            let names = plugin.entries().unwrap_or_default();
            let name = names.iter().find(|(k, _)| k.text() == Some("name")).and_then(|(_, v)| v.text());
            match name {
                Some("container") => {}
                Some(name) => {
                    let message = format!("the plugin `{}` is not here: rules of its source are left out", shown(name));
                    item.warn(&mut self.notes, plugin, message, None);
                }
                None => item.fail(&mut self.notes, plugin, "a required plugin needs `name` and `version`", None),
            }
        }
    }

    /// The name of an item, where it was defined before, and what it changes of that.
    #[allow(clippy::type_complexity, reason = "used three times, just below")]
    fn head(
        &mut self,
        item: &Item<'s, '_>,
        (key, class): (&str, u8),
        changes: &[(&'static str, bool)],
    ) -> Option<(String, Option<usize>, Option<Vec<(&'static str, Change)>>)> {
        let name = item.string(&mut self.notes, key)?;
        if name.is_empty() {
            item.fail(&mut self.notes, item.node, format!("the {key} has no name"), None);
            return None;
        }
        let before = self.names.get(&(class, name.to_owned())).copied();
        let changes = item.changes(&mut self.notes, changes);
        if changes.is_some() && before.is_none() {
            let names = self.names.keys().filter(|(c, _)| *c == class).map(|(_, n)| n.as_str());
            let hint = closest(name, names).map(|n| format!("did you mean `{n}`?"));
            let message = format!("no {key} is called `{}` yet, so nothing can be changed of it", shown(name));
            item.fail(&mut self.notes, item.node, message, hint);
            return None;
        }
        if changes.is_none() && before.is_some() {
            self.counts.redefinitions += 1;
        }
        Some((name.to_owned(), before, changes))
    }

    fn list(&mut self, item: &Item<'s, '_>) {
        self.counts.lists += 1;
        item.known(&mut self.notes, LIST_KEYS);
        let Some((name, before, changes)) = self.head(item, ("list", 0), &[("items", true)]) else { return };
        if item.get("items").is_none() {
            item.fail(&mut self.notes, item.node, format!("the list `{}` needs `items`", shown(&name)), None);
            return;
        }
        let Some(items) = item.strings(&mut self.notes, "items") else { return };
        let items: Vec<String> = items.into_iter().map(|(text, _)| text.to_owned()).collect();
        let append = changes.is_some_and(|c| c.first().is_none_or(|(_, change)| *change == Change::Append));
        match before.and_then(|index| self.lists.get_mut(index)) {
            Some(list) => {
                if !append {
                    list.items.clear();
                }
                list.items.extend(items);
                list.last = self.next;
            }
            None => {
                self.names.insert((0, name.clone()), self.lists.len());
                let place = item.file.problem(item.node.at, "");
                self.lists.push(ListDefinition { name, items, first: self.next, last: self.next, place });
            }
        }
    }

    fn macro_item(&mut self, item: &Item<'s, '_>) {
        self.counts.macros += 1;
        item.known(&mut self.notes, MACRO_KEYS);
        let Some((name, before, changes)) = self.head(item, ("macro", 1), &[("condition", true)]) else { return };
        let Some(node) = item.get("condition").filter(|n| n.text().is_some_and(|t| !t.trim().is_empty())) else {
            item.fail(&mut self.notes, item.node, format!("the macro `{}` needs a `condition`", shown(&name)), None);
            return;
        };
        let condition = SourceText::of(item.file, node);
        let append = changes.is_some_and(|c| c.first().is_none_or(|(_, change)| *change == Change::Append));
        match before.and_then(|index| self.macros.get_mut(index)) {
            Some(earlier) => {
                if append {
                    earlier.condition.append(condition);
                } else {
                    earlier.condition = condition;
                }
                earlier.last = self.next;
            }
            None => {
                self.names.insert((1, name.clone()), self.macros.len());
                let place = item.file.problem(item.node.at, "");
                self.macros.push(MacroDefinition { name, condition, first: self.next, last: self.next, place });
            }
        }
    }

    fn rule(&mut self, item: &Item<'s, '_>) {
        self.counts.rules += 1;
        item.known(&mut self.notes, RULE_KEYS);
        if let Some(node) = item.get("capture").filter(|n| n.text() == Some("true")) {
            item.warn(
                &mut self.notes,
                node,
                "captures are not written",
                Some("record with `seawall guard --record`".to_owned()),
            );
        }
        let Some((name, before, changes)) = self.head(item, ("rule", 2), RULE_CHANGES) else { return };
        let defines = ["condition", "output", "desc", "priority"].map(|key| item.get(key).is_some());
        match (before, changes) {
            (Some(index), Some(changes)) => self.change_rule(item, index, &changes),
            (before, _) if !defines.contains(&true) && item.get("enabled").is_some() => {
                let enabled = item.boolean(&mut self.notes, "enabled").unwrap_or(true);
                match before.and_then(|index| self.rules.get_mut(index)) {
                    Some(rule) => {
                        rule.enabled = enabled;
                        self.counts.redefinitions -= 1;
                    }
                    None => item.fail(
                        &mut self.notes,
                        item.node,
                        format!("no rule is called `{}` yet, so it cannot be enabled or disabled", shown(&name)),
                        None,
                    ),
                }
            }
            (before, _) => {
                let Some(rule) = self.define_rule(item, name.clone()) else { return };
                match before.and_then(|index| self.rules.get_mut(index)) {
                    Some(earlier) => *earlier = rule,
                    None => {
                        self.names.insert((2, name), self.rules.len());
                        self.rules.push(rule);
                    }
                }
            }
        }
    }

    fn define_rule(&mut self, item: &Item<'s, '_>, name: String) -> Option<RuleDefinition<'s>> {
        let notes = &mut self.notes;
        for key in ["condition", "output", "desc", "priority"] {
            if item.get(key).and_then(Node::text).is_none_or(|text| text.trim().is_empty() && key != "desc") {
                item.fail(notes, item.node, format!("the rule `{}` needs `{key}`", shown(&name)), None);
                return None;
            }
        }
        let exceptions = item.get("exceptions").map(|node| exceptions::read(item, notes, node, false));
        Some(RuleDefinition {
            description: item.string(notes, "desc").unwrap_or_default().to_owned(),
            condition: SourceText::of(item.file, item.get("condition")?),
            output: SourceText::of(item.file, item.get("output")?),
            priority: priority(item, notes)?,
            tags: item.strings(notes, "tags").unwrap_or_default().into_iter().map(|(t, _)| t.to_owned()).collect(),
            source: item.string(notes, "source").unwrap_or("syscall").to_owned(),
            enabled: item.boolean(notes, "enabled").unwrap_or(true),
            skip_unknown: item.boolean(notes, "skip-if-unknown-filter").unwrap_or(false),
            warn_kinds: item.boolean(notes, "warn_evttypes").unwrap_or(true),
            exceptions: exceptions.unwrap_or_default(),
            place: item.file.problem(item.node.at, ""),
            name,
        })
    }

    fn change_rule(&mut self, item: &Item<'s, '_>, index: usize, changes: &[(&'static str, Change)]) {
        let notes = &mut self.notes;
        let Some(rule) = self.rules.get_mut(index) else { return };
        let plain: &[(&str, Change)] = &[("condition", Change::Append), ("exceptions", Change::Append)];
        let deprecated = item.get("override").is_none();
        if deprecated && item.get("condition").is_none() && item.get("exceptions").is_none() {
            item.fail(notes, item.node, "`append` needs a `condition` or `exceptions`", None);
        }
        for (key, change) in if deprecated { plain } else { changes } {
            let Some(node) = item.get(key) else { continue };
            let replace = *change == Change::Replace;
            match *key {
                "condition" | "output" => {
                    let target = if *key == "output" { &mut rule.output } else { &mut rule.condition };
                    let text = SourceText::of(item.file, node);
                    if replace { *target = text } else { target.append(text) }
                }
                "desc" => {
                    let text = node.text().unwrap_or_default();
                    rule.description = if replace { text.to_owned() } else { format!("{} {text}", rule.description) };
                }
                "tags" => {
                    let tags = item.strings(notes, "tags").unwrap_or_default();
                    if replace {
                        rule.tags.clear();
                    }
                    rule.tags.extend(tags.into_iter().map(|(t, _)| t.to_owned()));
                }
                "exceptions" => {
                    let more = exceptions::read(item, notes, node, !replace);
                    if replace {
                        rule.exceptions = more
                    } else {
                        exceptions::append(&mut rule.exceptions, more, item, notes)
                    }
                }
                "priority" => rule.priority = priority(item, notes).unwrap_or(rule.priority),
                "enabled" => rule.enabled = item.boolean(notes, key).unwrap_or(rule.enabled),
                "warn_evttypes" => rule.warn_kinds = item.boolean(notes, key).unwrap_or(rule.warn_kinds),
                "skip-if-unknown-filter" => rule.skip_unknown = item.boolean(notes, key).unwrap_or(rule.skip_unknown),
                _ => {}
            }
        }
    }

    fn finish(mut self) -> Definitions<'s> {
        let lists = flatten(&self.lists, &mut self.notes);
        let notes = &mut self.notes;
        let mut expanded = |text: &SourceText<'s>, place: &Problem| match expand(text, &lists) {
            Some(text) => text,
            None => {
                let message = format!("a condition is longer than {MAX_EXPANDED} bytes with its lists");
                notes.errors.push(Problem { message, ..place.clone() });
                text.clone()
            }
        };
        for one in &mut self.macros {
            one.condition = expanded(&one.condition, &one.place);
        }
        let mut more = Notes::default();
        for rule in &mut self.rules {
            let condition = exceptions::apply(rule.condition.clone(), &rule.exceptions, &mut more);
            rule.condition = expanded(&condition, &rule.place);
        }
        self.notes.errors.extend(more.errors);
        Definitions {
            macros: self.macros,
            rules: self.rules,
            counts: self.counts,
            errors: self.notes.errors,
            warnings: self.notes.warnings,
        }
    }
}

fn priority(item: &Item<'_, '_>, notes: &mut Notes) -> Option<Priority> {
    let text = item.string(notes, "priority")?;
    let found = Priority::from_name(text.trim());
    if let (None, Some(node)) = (found, item.get("priority")) {
        let known = ["emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"];
        let hint = closest(&text.to_ascii_lowercase(), known).unwrap_or("notice");
        item.fail(notes, node, format!("`{}` is no priority", shown(text)), Some(format!("did you mean `{hint}`?")));
    }
    found
}
