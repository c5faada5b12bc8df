//! A line on standard error while something takes longer than half a second.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use seawall_engine::{Progress, Stage};

/// Draws on a terminal; draws nothing elsewhere.
#[derive(Debug)]
pub(crate) struct Line {
    shown: bool,
    start: Instant,
    last: Mutex<Option<Instant>>,
}

impl Line {
    pub(crate) fn new(shown: bool) -> Self {
        Self { shown, start: Instant::now(), last: Mutex::new(None) }
    }
}

impl Progress for Line {
    fn report(&self, stage: Stage) {
        let now = Instant::now();
        if !self.shown || now.duration_since(self.start) < Duration::from_millis(500) {
            return;
        }
        let Ok(mut last) = self.last.lock() else { return };
        if last.is_some_and(|l| now.duration_since(l) < Duration::from_millis(80)) {
            return;
        }
        *last = Some(now);
        let text = match stage {
            Stage::Opening => "opening the target".to_owned(),
            Stage::Layers { done, total } => format!("read {done} of {total} layers"),
            Stage::Files { done } => format!("read {done} files"),
            Stage::Matching => "matching packages".to_owned(),
        };
        let _ = write!(std::io::stderr(), "\r\x1b[2K{text}…");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.last.lock().is_ok_and(|l| l.is_some()) {
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }
}
