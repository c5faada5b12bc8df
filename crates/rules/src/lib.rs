//! The runtime rules language: what processes do becomes alerts.
//!
//! [`RuleSet::load`] reads files in the language of Falco's rules, checks them and compiles them; [`RuleSet::evaluate`]
//! says which rules an observation matches, [`RuleSet::render`] makes the alert. Nothing here does I/O or reads the clock,
//! and no field that is missing answers without being named by [`RuleSet::unsupplied`].
//!
//! ```
//! use seawall_rules::{Options, RuleSet};
//! let text = "
//! - rule: Shell
//!   desc: A shell ran.
//!   condition: evt.type = execve and proc.name in (sh, bash)
//!   output: Shell | command=%proc.cmdline
//!   priority: NOTICE
//! ";
//! let rules = RuleSet::load(&[("rules.yaml", text)], &Options::default())?;
//! assert_eq!(rules.rules()[0].name, "Shell");
//! let error = RuleSet::load(&[("rules.yaml", &text.replace("proc.name", "proc.nam"))], &Options::default()).err().unwrap();
//! assert_eq!(error.to_string(), "rules.yaml:4:36: no field is called `proc.nam`\nhint: did you mean `proc.name`?");
//! # Ok::<(), seawall_rules::RulesError>(())
//! ```
#![forbid(unsafe_code)]

mod compile;
mod evaluate;
pub mod fields;
mod formula;
mod glob;
mod load;
mod loader;
mod matcher;
mod necessary;
mod options;
mod output;
mod problem;
mod reference;
mod ruleset;
mod spec;
mod subject;
mod suggest;
pub mod syntax;
mod time;
pub mod tune;
mod value;
mod view;
mod yaml;

pub use evaluate::Scratch;
pub use fields::signal_name;
pub use loader::Counts;
pub use necessary::{Assumption, Necessary, PathOf, PathShape, PathTest};
pub use options::{Options, Selection, Supply, Which};
pub use problem::{Problem, RulesError};
pub use reference::reference;
pub use ruleset::{Needs, Rule, RuleSet, Unsupplied, text_line};
pub use value::{FieldType, Value};
pub use view::View;

/// The rules that ship, by file name. The first holds what the others are written with.
pub const SHIPPED: &[(&str, &str)] = &[
    ("base.yaml", include_str!("../rulesets/base.yaml")),
    ("escape.yaml", include_str!("../rulesets/escape.yaml")),
    ("credentials.yaml", include_str!("../rulesets/credentials.yaml")),
    ("execution.yaml", include_str!("../rulesets/execution.yaml")),
    ("network.yaml", include_str!("../rulesets/network.yaml")),
    ("names.yaml", include_str!("../rulesets/names.yaml")),
    ("persistence.yaml", include_str!("../rulesets/persistence.yaml")),
    ("privilege-escalation.yaml", include_str!("../rulesets/privilege-escalation.yaml")),
    ("defense-evasion.yaml", include_str!("../rulesets/defense-evasion.yaml")),
    ("discovery.yaml", include_str!("../rulesets/discovery.yaml")),
    ("impact.yaml", include_str!("../rulesets/impact.yaml")),
];

/// The version of Falco's rule engine whose language this is: files that need a newer one are refused.
pub const ENGINE_VERSION: (u32, u32, u32) = (0, 63, 0);
