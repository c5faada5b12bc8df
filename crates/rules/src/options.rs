use std::collections::BTreeSet;

use seawall_model::{EventKind, Priority};

/// How rule files are loaded.
#[derive(Debug, Clone)]
pub struct Options {
    /// Every rule that matches, not only the first.
    pub all_match: bool,
    /// Rules that are less bad than this are left out.
    pub minimum_priority: Priority,
    /// What is switched on and off, in this order, after what the files say.
    pub selection: Vec<Selection>,
    /// What this machine supplies.
    pub supply: Supply,
}

impl Default for Options {
    fn default() -> Self {
        Self { all_match: false, minimum_priority: Priority::Debug, selection: Vec::new(), supply: Supply::default() }
    }
}

/// Switches rules on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// On, or off.
    pub enable: bool,
    /// Which.
    pub which: Which,
}

/// Rules by name or tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// By name; `*` and `?` stand for others.
    Rule(String),
    /// By a tag.
    Tag(String),
}

/// What a tier supplies; nothing said means everything.
#[derive(Debug, Clone, Default)]
pub struct Supply {
    /// The kinds of events that come.
    pub kinds: Option<BTreeSet<EventKind>>,
    /// Fields that are never there, by name without argument.
    pub missing_fields: BTreeSet<String>,
}
