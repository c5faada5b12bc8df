//! What a channel is, and the thread that feeds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use seawall_model::Alert;

use crate::counters::Counters;
use crate::notice::Told;
use crate::queue::{Queue, Taken};

/// Alerts that are handed to a channel at once.
const BATCH: usize = 256;
/// How often an idle channel looks around.
const TICK: Duration = Duration::from_secs(1);

/// Brings alerts to one place. Lives on a thread of its own and may block.
pub(crate) trait Channel: Send {
    /// Delivers alerts, oldest first, and counts what it delivered or dropped for good. Where it can do nothing for now
    /// and is not in trouble, it waits a moment itself.
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Delivery;

    /// Opens its target again, for example because a file was moved away.
    fn reopen(&mut self) {}

    /// Nothing more will come; what is left may take until then.
    fn finish(&mut self, _until: Instant) {}
}

/// What became of the alerts that a channel was given.
#[derive(Default)]
pub(crate) struct Delivery {
    /// So many of the first need not be given again.
    pub(crate) done: usize,
    /// Why not all, and they are to be given again.
    pub(crate) trouble: Option<String>,
}

impl Delivery {
    pub(crate) fn all(done: usize) -> Self {
        Self { done, trouble: None }
    }

    pub(crate) fn stuck(done: usize, error: impl Into<String>) -> Self {
        Self { done, trouble: Some(error.into()) }
    }
}

/// One channel as its feeders see it.
pub(crate) struct Handle {
    /// The specification that it was opened with.
    pub(crate) name: String,
    pub(crate) queue: Queue,
    pub(crate) counters: Arc<Counters>,
    pub(crate) reopen: AtomicBool,
    pub(crate) told: Told,
}

/// Feeds a channel until its queue is closed. `after` runs after every step.
pub(crate) fn run(handle: &Handle, channel: &mut dyn Channel, after: &dyn Fn()) {
    let mut backoff = Backoff::default();
    loop {
        if handle.reopen.swap(false, Relaxed) {
            channel.reopen();
        }
        match handle.queue.take(BATCH, TICK) {
            Taken::Closed => break,
            Taken::Idle => {}
            Taken::Alerts(alerts) => {
                let delivery = channel.deliver(&alerts);
                handle.queue.done(delivery.done);
                if delivery.done > 0 {
                    backoff = Backoff::default();
                }
                if let Some(error) = delivery.trouble {
                    handle.counters.failed(error);
                    if handle.queue.pause(backoff.next(None)) {
                        break;
                    }
                }
                if handle.queue.gives_up().is_some_and(|end| Instant::now() >= end) {
                    break;
                }
            }
        }
        after();
    }
    channel.finish(handle.queue.gives_up().unwrap_or_else(Instant::now));
}

/// Waits between attempts: from a quarter of a second, doubled up to a minute, each shortened by up to a quarter so that
/// many nodes do not come back at the same moment.
#[derive(Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let whole = Duration::from_millis(250 << self.failures.min(8)).min(Duration::from_secs(60));
        self.failures = self.failures.saturating_add(1);
        // The address of a local differs from process to process: that is random enough for this.
        let salt = (&raw const whole).addr() as u64 ^ u64::from(std::process::id()).wrapping_mul(0x9e37_79b9);
        let jitter = whole / 4 * u32::try_from(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).unwrap_or(0) / 256;
        let wait = whole - jitter;
        // A receiver may ask for more, but not for ever.
        asked.map_or(wait, |asked| asked.min(Duration::from_secs(300)).max(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..12).map(|_| backoff.next(None).as_millis() as u64).collect();
        assert!((187..=250).contains(&waits[0]), "{waits:?}");
        assert!((45_000..=60_000).contains(&waits[11]), "{waits:?}");
        assert!(waits.windows(2).all(|w| w[1] >= w[0]), "{waits:?}");
        assert_eq!(Backoff::default().next(Some(Duration::from_secs(7))), Duration::from_secs(7));
        assert_eq!(Backoff::default().next(Some(Duration::from_secs(1 << 40))), Duration::from_secs(300));
    }
}
