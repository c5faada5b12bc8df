//! The kernel's clocks. Records carry time since boot, people want time of day.

use rustix::time::{ClockId, Timespec, clock_gettime};

fn nanoseconds(time: Timespec) -> i64 {
    time.tv_sec.saturating_mul(1_000_000_000).saturating_add(time.tv_nsec)
}

/// Nanoseconds since boot, also over suspend.
pub(crate) fn since_boot() -> u64 {
    u64::try_from(nanoseconds(clock_gettime(ClockId::Boottime))).unwrap_or(0)
}

/// What is to be added to time since boot for nanoseconds since 1970. It changes when somebody sets the clock.
pub(crate) fn offset() -> i64 {
    nanoseconds(clock_gettime(ClockId::Realtime)).saturating_sub(nanoseconds(clock_gettime(ClockId::Boottime)))
}

/// The time of day, RFC 3339 with nanoseconds, UTC.
pub(crate) fn now_text() -> String {
    at(nanoseconds(clock_gettime(ClockId::Realtime)))
}

/// The time of day of a moment since boot, as [`now_text`].
pub(crate) fn text(since_boot: u64) -> String {
    at(i64::try_from(since_boot).unwrap_or(i64::MAX).saturating_add(offset()))
}

fn at(time: i64) -> String {
    match jiff::Timestamp::from_nanosecond(i128::from(time)) {
        Ok(time) => format!("{time:.9}"),
        // A clock beyond the year 9999 has no such text.
        Err(_) => time.to_string(),
    }
}
