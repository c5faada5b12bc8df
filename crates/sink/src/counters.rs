use std::collections::BTreeMap;

use crate::Samples;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What one channel has done; shared by its threads.
#[derive(Default)]
pub(crate) struct Counters {
    delivered: AtomicU64,
    retried: AtomicU64,
    cut: AtomicU64,
    lost: AtomicU64,
    closed: AtomicBool,
    rest: Mutex<Rest>,
}

#[derive(Default)]
struct Rest {
    dropped: BTreeMap<DropReason, u64>,
    last_error: Option<String>,
    /// The time of the newest alert that was dropped.
    last_dropped: Option<String>,
    /// What waits behind the queue, in memory and on disk: together, so that what moves from one to the other is never in
    /// neither.
    in_hand: u64,
    on_disk: u64,
}

/// Why an alert was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DropReason {
    /// The channel could not keep up or was in trouble, and its queue was full.
    QueueFull,
    /// The receiver said that it will never take it.
    Rejected,
    /// The transport cannot carry it.
    TooLarge,
    /// Whoever read the other end went away for good.
    Closed,
    /// The time to drain was over.
    Shutdown,
    /// The disk queue was damaged where it stood.
    Damaged,
}

impl DropReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::QueueFull, Self::Rejected, Self::TooLarge, Self::Closed, Self::Shutdown, Self::Damaged];

    /// The word in metrics and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::Rejected => "rejected",
            Self::TooLarge => "too-large",
            Self::Closed => "closed",
            Self::Shutdown => "shutdown",
            Self::Damaged => "damaged",
        }
    }
}

/// What one channel has done so far. Alerts given to it are delivered, dropped or queued: nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChannelReport {
    /// The specification that it was opened with, without secrets.
    pub channel: String,
    /// Alerts that the receiver took.
    pub delivered: u64,
    /// Alerts that were dropped, by reason.
    pub dropped: BTreeMap<DropReason, u64>,
    /// Attempts that failed and were, or will be, made again.
    pub retried: u64,
    /// Alerts of which a part was cut to fit.
    pub cut: u64,
    /// Alerts that wait in memory.
    pub queued: u64,
    /// Alerts that wait on disk: they outlive the process.
    pub queued_on_disk: u64,
    /// Whether it will take nothing more (standard output was closed).
    pub closed: bool,
    /// What went wrong last; none where the last attempt went well.
    pub last_error: Option<String>,
}

impl ChannelReport {
    /// All that was dropped.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// The same as numbers for [`Metrics`](crate::Metrics::collector).
    pub fn collect(&self, into: &mut Samples) {
        let channel = ("channel", self.channel.as_str());
        let mut counter = |name, help, value| into.counter(name, help, &[channel], value);
        counter("seawall_sink_delivered_total", "Alerts that the receiver took.", self.delivered);
        counter("seawall_sink_retried_total", "Attempts that failed and were made again.", self.retried);
        counter("seawall_sink_cut_total", "Alerts of which a part was cut to fit.", self.cut);
        for reason in DropReason::ALL {
            let value = self.dropped.get(&reason).copied().unwrap_or(0);
            let labels = [channel, ("reason", reason.name())];
            into.counter("seawall_sink_dropped_total", "Alerts that were dropped.", &labels, value);
        }
        for (place, count) in [("memory", self.queued), ("disk", self.queued_on_disk)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            into.gauge("seawall_sink_queued", "Alerts that wait.", &[channel, ("place", place)], count);
        }
        let is_well = i64::from(self.last_error.is_none() && !self.closed);
        into.gauge("seawall_sink_up", "1 where the last attempt went well.", &[channel], is_well);
    }
}

impl Counters {
    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The receiver took so many: all is well again.
    pub(crate) fn delivered(&self, count: usize) {
        if count > 0 {
            self.delivered.fetch_add(count as u64, Relaxed);
            self.rest().last_error = None;
        }
    }

    pub(crate) fn cut(&self) {
        self.cut.fetch_add(1, Relaxed);
    }

    /// `count` alerts are lost; `time` is that of the newest of them, where it is known.
    pub(crate) fn dropped(&self, reason: DropReason, count: u64, time: Option<&str>) {
        if count == 0 {
            return;
        }
        self.lost.fetch_add(count, Relaxed);
        let mut rest = self.rest();
        *rest.dropped.entry(reason).or_default() += count;
        if let Some(time) = time {
            rest.last_dropped = Some(time.to_owned());
        }
    }

    /// All that was dropped, for any reason.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// An attempt failed and will be made again.
    pub(crate) fn failed(&self, error: String) {
        self.retried.fetch_add(1, Relaxed);
        self.rest().last_error = Some(error);
    }

    /// Something is wrong that is not an attempt.
    pub(crate) fn explain(&self, error: String) {
        self.rest().last_error = Some(error);
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// How many wait behind the queue: in memory, and on disk.
    pub(crate) fn set_waiting(&self, in_hand: usize, on_disk: u64) {
        let mut rest = self.rest();
        rest.in_hand = in_hand as u64;
        rest.on_disk = on_disk;
    }

    /// The time of the newest alert that was dropped.
    pub(crate) fn last_dropped(&self) -> Option<String> {
        self.rest().last_dropped.clone()
    }

    pub(crate) fn report(&self, channel: &str, queued: usize) -> ChannelReport {
        let rest = self.rest();
        ChannelReport {
            channel: channel.to_owned(),
            delivered: self.delivered.load(Relaxed),
            dropped: rest.dropped.clone(),
            retried: self.retried.load(Relaxed),
            cut: self.cut.load(Relaxed),
            queued: queued as u64 + rest.in_hand,
            queued_on_disk: rest.on_disk,
            closed: self.is_closed(),
            last_error: rest.last_error.clone(),
        }
    }
}
