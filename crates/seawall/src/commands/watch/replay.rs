//! `--replay`: a recording, as it happened or at once.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use seawall_rules::RuleSet;
use seawall_sensor::{Guard, hostname};

use super::show::Show;
use crate::Exit;
use crate::cli::{Pace, WatchArgs};

/// Keys are looked at this often while nothing happens.
const NAP: Duration = Duration::from_millis(30);
/// At full pace keys are looked at after so many events.
const EVENTS: u64 = 256;

/// A file that ends when nobody wants more of it.
struct Stoppable<'a, R> {
    inner: R,
    stopped: &'a Cell<bool>,
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stopped.get() { Ok(0) } else { self.inner.read(buffer) }
    }
}

pub(super) fn run(arguments: &WatchArgs, recording: &Path, rules: RuleSet) -> Result<Exit> {
    let file = File::open(recording).with_context(|| format!("cannot read {}", recording.display()))?;
    let mut guard = Guard::new(rules, hostname(), "replay");
    let name = recording.file_name().unwrap_or(recording.as_os_str()).to_string_lossy();
    let mut show = Show::open(arguments, &format!("replay of {name}"))?;
    let stopped = Cell::new(false);
    let reader = Stoppable { inner: BufReader::new(file), stopped: &stopped };
    let (began, mut first, mut seen, mut now) = (Instant::now(), None, 0_u64, 0);
    let mut failed = None;
    let events = seawall_sensor::replay(reader, &mut |observation| {
        if stopped.get() || (arguments.containers_only && observation.process.container.is_none()) {
            return;
        }
        let time = observation.event.time;
        let first = *first.get_or_insert(time);
        if arguments.pace == Pace::Recorded {
            let due = began + Duration::from_nanos(time.saturating_sub(first));
            while !stopped.get() {
                let left = due.saturating_duration_since(Instant::now());
                let elapsed = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                now = first.saturating_add(elapsed).min(time);
                failed = go_on(&mut show, now, &stopped);
                if left.is_zero() {
                    break;
                }
                std::thread::sleep(left.min(NAP));
            }
        }
        now = now.max(time);
        show.view().see(observation);
        guard.judge(observation, &mut |alert| show.view().raise(alert));
        seen += 1;
        if arguments.pace == Pace::Full && seen.is_multiple_of(EVENTS) {
            failed = go_on(&mut show, now, &stopped);
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if let Err(error) = events {
        drop(show);
        return Err(error).with_context(|| recording.display().to_string());
    }
    // What was shown stays until its reader has seen enough.
    if show.is_drawn() && !stopped.get() {
        show.view().end();
        while show.step(now, 0)? {
            std::thread::sleep(NAP);
        }
    }
    show.close(now, 0)?;
    Ok(Exit::Allow)
}

/// One step; what went wrong ends the reading.
fn go_on(show: &mut Show, now: u64, stopped: &Cell<bool>) -> Option<anyhow::Error> {
    match show.step(now, 0) {
        Ok(true) => None,
        Ok(false) => {
            stopped.set(true);
            None
        }
        Err(error) => {
            stopped.set(true);
            Some(error)
        }
    }
}
