//! What was lost of the life of processes is made good: every task is looked at again, and who is gone ends.

use std::time::{Duration, Instant};

use seawall_model::ProcessKey;

use super::Sensor;
use crate::{SensorError, clock, proc};

/// Between two looks at what was lost.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
/// Between two looks at every task while more is being lost.
const BETWEEN_HEALINGS: Duration = Duration::from_secs(5);
/// How long the end of a process may be on its way, nanoseconds.
const LATE: u64 = 2_000_000_000;
#[derive(Default)]
pub(super) struct Healing {
    looked: Option<Instant>,
    healed: Option<Instant>,
    /// Records of the life of processes that were lost when it was looked at last.
    lost: u64,
    /// Something was lost since every task was looked at.
    due: bool,
    /// Processes that were gone at this time, nanoseconds since boot, and of which no end had been told.
    missing: Vec<(u64, Vec<ProcessKey>)>,
}

impl Sensor {
    /// Looks at every task again where something was lost: at once, every few seconds while it goes on, and when it is over.
    /// `until`: everything before this moment was told.
    pub(super) fn heal(&mut self, until: u64) -> Result<(), SensorError> {
        self.end_missing(until);
        if self.healing.looked.is_some_and(|looked| looked.elapsed() < BETWEEN_LOOKS) {
            return Ok(());
        }
        self.healing.looked = Some(Instant::now());
        let [lost, ..] = self.kernel.drops();
        let lost: u64 = lost.iter().sum();
        let goes_on = lost > self.healing.lost;
        self.healing.lost = lost;
        self.healing.due |= goes_on;
        let recent = self.healing.healed.is_some_and(|healed| healed.elapsed() < BETWEEN_HEALINGS);
        if !self.healing.due || (goes_on && recent) {
            return Ok(());
        }
        self.healing.due = goes_on;
        self.healing.healed = Some(Instant::now());
        self.kernel.snapshot()?;
        let now = clock::since_boot();
        let gone = |(key, pid, started): (ProcessKey, u32, u64)| (!runs(pid, started)).then_some(key);
        let gone: Vec<_> = self.state.processes.keys_running().filter_map(gone).collect();
        if !gone.is_empty() {
            self.healing.missing.push((now, gone));
        }
        Ok(())
    }

    /// Ends those that were gone a while ago and of which no end was told since.
    fn end_missing(&mut self, until: u64) {
        let over = |since: u64| until.saturating_sub(since) >= LATE;
        for (since, gone) in self.healing.missing.extract_if(.., |(since, _)| over(*since)) {
            let time = since.saturating_add_signed(self.state.offset);
            for key in gone {
                self.state.processes.end_missed(key, time);
            }
        }
    }
}

/// Whether a process still has its PID.
fn runs(pid: u32, started: u64) -> bool {
    let stat = proc::read(&format!("{pid}/stat"));
    // The name before it can hold anything.
    let Some((_, rest)) = stat.rsplit_once(')') else { return false };
    let mut fields = rest.split_whitespace();
    // Nobody has waited for it; where other threads of it go on it runs.
    if matches!(fields.next(), Some("Z" | "X")) && fields.nth(16) == Some("1") {
        return false;
    }
    // Where it cannot be told it runs on: its end may yet be told.
    proc::made(&stat).is_none_or(|ticks| ticks == started / proc::TICK)
}
