use seawall_model::{Outcome, Severity};

/// Terminal colours (ECMA-48 SGR), or none. Colour only repeats what a word says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    on: bool,
}

impl Paint {
    pub(super) const fn new(on: bool) -> Self {
        Self { on }
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Critical => "1;35",
            Severity::High => "31",
            Severity::Medium => "33",
            Severity::Low => "36",
            Severity::Negligible | Severity::Unknown => "2",
        };
        self.with(code, text)
    }

    pub(super) fn outcome(self, outcome: Outcome, text: &str) -> String {
        let code = match outcome {
            Outcome::Allow => "1;32",
            Outcome::Warn => "1;33",
            Outcome::Deny => "1;31",
        };
        self.with(code, text)
    }
}
