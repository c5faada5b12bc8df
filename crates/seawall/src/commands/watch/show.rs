//! Where the view is shown: on a terminal, or as snapshots.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use seawall_view::View;

use super::terminal::Terminal;
use crate::cli::WatchArgs;
use crate::commands::{guard, outputs};

/// A terminal is drawn anew no more often than this, but for keys.
const DRAW: Duration = Duration::from_millis(200);

/// A view that is being shown.
pub(super) struct Show {
    view: View,
    terminal: Option<Terminal>,
    every: Duration,
    next: Instant,
    end: Option<Instant>,
    stop: Arc<AtomicBool>,
    first: bool,
}

impl Show {
    pub(super) fn open(arguments: &WatchArgs, title: &str) -> Result<Self> {
        let stop = guard::stop_signal()?;
        let plain = arguments.plain || !std::io::stdout().is_terminal();
        let terminal = if plain { None } else { Some(Terminal::open()?) };
        let every = if plain { Duration::from_secs(arguments.every) } else { DRAW };
        let now = Instant::now();
        Ok(Self {
            view: View::new(title),
            terminal,
            every,
            // The first snapshot comes when there was time to see something.
            next: if plain { now + every } else { now },
            end: arguments.for_seconds.map(|seconds| now + Duration::from_secs(seconds)),
            stop,
            first: true,
        })
    }

    pub(super) fn view(&mut self) -> &mut View {
        &mut self.view
    }

    /// Whether somebody looks at a terminal.
    pub(super) fn is_drawn(&self) -> bool {
        self.terminal.is_some()
    }

    /// Does what keys say and shows what is due; whether it goes on.
    pub(super) fn step(&mut self, now: u64, lost: u64) -> Result<bool> {
        let clock = Instant::now();
        if self.stop.load(Ordering::Relaxed) || self.end.is_some_and(|end| clock >= end) {
            return Ok(false);
        }
        let mut pressed = false;
        if let Some(terminal) = &mut self.terminal {
            for key in terminal.keys()? {
                pressed = true;
                if self.view.press(key) {
                    return Ok(false);
                }
            }
            pressed |= terminal.has_changed();
        }
        if pressed || clock >= self.next {
            self.next = clock + self.every;
            self.view.tick(now, lost);
            self.draw()?;
        }
        Ok(true)
    }

    fn draw(&mut self) -> Result<()> {
        match &mut self.terminal {
            Some(terminal) => terminal.draw(&mut self.view)?,
            None => {
                let between = if std::mem::take(&mut self.first) { "" } else { "\n" };
                outputs::stdout(format!("{between}{}", self.view.snapshot()).as_bytes())?;
            }
        }
        Ok(())
    }

    /// The end: a last snapshot.
    pub(super) fn close(mut self, now: u64, lost: u64) -> Result<()> {
        if self.terminal.is_none() {
            self.view.tick(now, lost);
            self.draw()?;
        }
        Ok(())
    }
}
