use std::fmt;

use crate::cel::CelError;
use crate::yaml::Node;

/// Most faults that are told of one file.
const MAX_SHOWN: usize = 20;
/// Longest line of the file that is shown, in characters.
const MAX_LINE: usize = 160;

/// A fault while a file is read: place and length in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) len: usize,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(at: usize, len: usize, message: impl Into<String>) -> Self {
        Self { at, len, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A fault within an expression that is written in a scalar, `offset` bytes into it.
    pub(crate) fn in_scalar(error: CelError, node: &Node, source: &str, offset: usize) -> Self {
        let at = node.locate(source, offset + error.at);
        let end = node.locate(source, offset + error.at + error.len);
        Self { at, len: end.saturating_sub(at).max(1), message: error.message, hint: error.hint }
    }
}

/// One thing that is wrong with a policy or case file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
    /// The line of the file.
    excerpt: String,
    /// How many characters of it are at fault.
    width: usize,
}

/// Why a policy (or a case file) is refused: everything that is wrong with it, in the order of the file.
///
/// It is shown as `policy.yaml:12:9: message`, the line, a mark under the place, and a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// What is wrong; never empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl PolicyError {
    pub(crate) fn new(file: &str, source: &str, mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| fault.at);
        faults.dedup();
        let more = faults.len().saturating_sub(MAX_SHOWN);
        faults.truncate(MAX_SHOWN);
        let mut diagnostics: Vec<Diagnostic> = faults.into_iter().map(|fault| place(source, fault)).collect();
        if let (true, Some(last)) = (more > 0, diagnostics.last_mut()) {
            last.hint = Some(format!("{more} more faults are not shown"));
        }
        Self { file: file.to_owned(), diagnostics }
    }
}

/// Line and column, both from 1, of a byte.
pub(crate) fn line_and_column(source: &str, at: usize) -> (usize, usize) {
    let at = (0..=at.min(source.len())).rev().find(|a| source.is_char_boundary(*a)).unwrap_or(0);
    let before = source.get(..at).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |n| n + 1);
    (before.matches('\n').count() + 1, before.get(start..).unwrap_or_default().chars().count() + 1)
}

fn place(source: &str, fault: Fault) -> Diagnostic {
    let (line, column) = line_and_column(source, fault.at);
    let excerpt: String = source.lines().nth(line - 1).unwrap_or_default().chars().take(MAX_LINE).collect();
    let marked = source.get(fault.at..fault.at.saturating_add(fault.len)).unwrap_or_default();
    let left = excerpt.chars().count().saturating_sub(column - 1);
    let width = marked.lines().next().unwrap_or_default().trim_end().chars().count().min(left).max(1);
    Diagnostic { line, column, message: fault.message, hint: fault.hint, excerpt, width }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let Diagnostic { line, column, message, hint, excerpt, width } = diagnostic;
            writeln!(f, "{}:{line}:{column}: {message}", self.file)?;
            let gutter = " ".repeat(line.to_string().len());
            // Control characters of the file must not reach the terminal.
            let shown: String = excerpt.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            writeln!(f, "{gutter} |")?;
            writeln!(f, "{line} | {}", shown.trim_end())?;
            write!(f, "{gutter} | {}{}", " ".repeat((column - 1).min(MAX_LINE)), "^".repeat(*width))?;
            if let Some(hint) = hint {
                write!(f, "\n{gutter} = hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}
