//! Data goes to standard output, talk to standard error.

use std::io::{IsTerminal, Write};

/// Where output goes, and how much of it.
#[derive(Debug)]
pub(crate) struct Printer {
    quiet: bool,
    verbose: bool,
}

impl Printer {
    pub(crate) fn new(quiet: bool, verbose: bool) -> Self {
        Self { quiet, verbose }
    }

    /// Something that must not go unseen, whatever was asked for.
    pub(crate) fn always(&self, text: &str) {
        talk(&format!("note: {text}"));
    }

    /// Something that the user should know, once.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            talk(text);
        }
    }

    /// Something that only a curious user wants to know.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose && !self.quiet {
            talk(text);
        }
    }

    /// Something that went wrong without ending the command.
    pub(crate) fn warning(&self, text: &str) {
        talk(&format!("warning: {text}"));
    }

    /// What ended the command, with all its causes.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut text = format!("error: {error}");
        let mut last = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            // Errors that show their source would say everything twice.
            if !last.contains(&cause) {
                text.push_str(&format!("\n  caused by: {cause}"));
            }
            last = cause;
        }
        talk(&text);
    }

    /// Whether progress is worth showing.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }
}

/// Terminal escapes in names from images must not reach the terminal.
fn talk(text: &str) {
    let clean: String = text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    let _ = writeln!(std::io::stderr().lock(), "{clean}");
}

/// Whether standard output wants colour: a terminal that is not told otherwise (<https://no-color.org>).
pub(crate) fn colour() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    set("CLICOLOR_FORCE") || (std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|t| t != "dumb"))
}

/// Columns of the terminal; `COLUMNS` outweighs it, and a pipe has none.
pub(crate) fn width() -> Option<usize> {
    if let Some(columns) = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()) {
        return Some(columns);
    }
    std::io::stdout().is_terminal().then(|| terminal_size::terminal_size().map_or(100, |(w, _)| usize::from(w.0)))
}
