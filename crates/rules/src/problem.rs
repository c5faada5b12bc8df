use std::fmt;

/// Something in a rule file: an error, or a warning of a file that loads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would mend it.
    pub hint: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, hint } = self;
        write!(f, "{file}:{line}:{column}: {message}")?;
        match hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Why rule files are refused: everything that is wrong with them, in their order. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct RulesError {
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// More than these are not shown.
const MAX_SHOWN: usize = 20;

impl fmt::Display for RulesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(MAX_SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        match self.problems.len().saturating_sub(MAX_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n{more} more are not shown"),
        }
    }
}

/// One rule file while it is read.
#[derive(Debug)]
pub(crate) struct SourceFile<'s> {
    pub(crate) name: &'s str,
    pub(crate) text: &'s str,
    starts: Vec<usize>,
}

impl<'s> SourceFile<'s> {
    pub(crate) fn new(name: &'s str, text: &'s str) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Self { name, text, starts }
    }

    /// The byte at a line (from 1) and a column (from 0, in characters).
    pub(crate) fn offset(&self, line: usize, column: usize) -> usize {
        let Some(start) = self.starts.get(line.saturating_sub(1)) else { return self.text.len() };
        let rest = self.text.get(*start..).unwrap_or_default();
        start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at)
    }

    /// A problem at a byte of the file.
    pub(crate) fn problem(&self, at: usize, message: impl Into<String>) -> Problem {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.as_bytes().get(start..at).unwrap_or_default();
        let column = before.iter().filter(|b| (**b & 0xc0) != 0x80).count() + 1;
        Problem { file: self.name.to_owned(), line, column, message: message.into(), hint: None }
    }
}
