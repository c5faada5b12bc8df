//! Times of alerts: RFC 3339 in UTC with nanoseconds, as [`Alert::time`](seawall_model::Alert::time) says.

use jiff::Timestamp;

fn parsed(time: &str) -> Option<Timestamp> {
    time.parse().ok()
}

/// Nanoseconds since 1970; none where the text is no time or lies before.
pub(crate) fn nanoseconds(time: &str) -> Option<u64> {
    u64::try_from(parsed(time)?.as_nanosecond()).ok()
}

/// Milliseconds since 1970.
pub(crate) fn milliseconds(time: &str) -> Option<u64> {
    Some(nanoseconds(time)? / 1_000_000)
}

/// `HH:MM:SS.nnnnnnnnn`; the text itself where it is no time.
pub(crate) fn clock(time: &str) -> String {
    parsed(time).map_or_else(|| crate::text::line(time), |t| t.strftime("%H:%M:%S.%9f").to_string())
}

/// RFC 5424 allows six digits of a second; none where the text is no time.
pub(crate) fn microseconds(time: &str) -> Option<String> {
    Some(parsed(time)?.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_brought_to_what_formats_allow() {
        let time = "2026-11-24T11:27:00.123456789Z";
        assert_eq!(clock(time), "11:27:00.123456789");
        assert_eq!(microseconds(time).as_deref(), Some("2026-11-24T11:27:00.123456Z"));
        assert_eq!(nanoseconds(time), Some(1_795_519_620_123_456_789));
        assert_eq!(milliseconds(time), Some(1_795_519_620_123));
        assert_eq!((microseconds("now"), nanoseconds("now")), (None, None));
        assert_eq!(clock("n\now"), "n\\now");
    }
}
