//! From the text of rule files to definitions: what each list, macro and rule says when all files are read.

mod collect;
mod exceptions;
mod item;
mod lists;
mod text;

pub use collect::Counts;
pub(crate) use collect::{Definitions, MacroDefinition, RuleDefinition, collect};
pub(crate) use text::SourceText;
