//! Nanoseconds since 1970 as text, UTC, without a clock.

use std::fmt;

struct Moment {
    nanoseconds: u64,
    parts: fn(&Parts, &mut fmt::Formatter<'_>) -> fmt::Result,
}

struct Parts {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
    nanosecond: u64,
}

impl Parts {
    /// The civil date by Howard Hinnant's `civil_from_days`: eras of 400 years that begin in March.
    fn of(nanoseconds: u64) -> Self {
        let seconds = nanoseconds / 1_000_000_000;
        let days = seconds / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march = (5 * of_year + 2) / 153;
        let month = if march < 10 { march + 3 } else { march - 9 };
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: of_year - (153 * march + 2) / 5 + 1,
            second_of_day: seconds % 86_400,
            nanosecond: nanoseconds % 1_000_000_000,
        }
    }

    fn date(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn clock(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.second_of_day;
        write!(f, "{:02}:{:02}:{:02}.{:09}", s / 3600, s / 60 % 60, s % 60, self.nanosecond)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = Parts::of(self.nanoseconds);
        match f.precision() {
            None => (self.parts)(&parts, f),
            Some(_) => {
                let text = Moment { ..*self }.to_string();
                f.pad(&text)
            }
        }
    }
}

/// `HH:MM:SS.nnnnnnnnn`.
pub(crate) fn clock(nanoseconds: u64) -> impl fmt::Display {
    Moment { nanoseconds, parts: Parts::clock }
}

/// `YYYY-MM-DD HH:MM:SS.nnnnnnnnn`.
pub(crate) fn date_and_time(nanoseconds: u64) -> impl fmt::Display {
    Moment { nanoseconds, parts: |p, f| p.date(f).and_then(|()| f.write_str(" ")).and_then(|()| p.clock(f)) }
}

/// `YYYY-MM-DDTHH:MM:SS.nnnnnnnnnZ`, as RFC 3339 has it.
pub(crate) fn rfc3339(nanoseconds: u64) -> impl fmt::Display {
    let parts: fn(&Parts, &mut fmt::Formatter<'_>) -> fmt::Result =
        |p, f| p.date(f).and_then(|()| f.write_str("T")).and_then(|()| p.clock(f)).and_then(|()| f.write_str("Z"));
    Moment { nanoseconds, parts }
}

/// As [`rfc3339`], with `+0000`, as Falco writes `evt.time.iso8601`.
pub(crate) fn iso8601(nanoseconds: u64) -> impl fmt::Display {
    let parts: fn(&Parts, &mut fmt::Formatter<'_>) -> fmt::Result =
        |p, f| p.date(f).and_then(|()| f.write_str("T")).and_then(|()| p.clock(f)).and_then(|()| f.write_str("+0000"));
    Moment { nanoseconds, parts }
}

#[cfg(test)]
mod tests {
    use super::{clock, date_and_time, iso8601, rfc3339};

    #[test]
    fn moments_are_written() {
        for (ns, text) in [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
            (951_868_799_999_999_999, "2000-02-29T23:59:59.999999999Z"),
            (1_709_164_800_000_000_000, "2024-02-29T00:00:00.000000000Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (1_795_519_620_123_456_789, "2026-11-24T11:27:00.123456789Z"),
            (u64::MAX, "2554-07-21T23:34:33.709551615Z"),
        ] {
            assert_eq!(rfc3339(ns).to_string(), text);
        }
        let ns = 1_795_519_620_123_456_789;
        assert_eq!(clock(ns).to_string(), "11:27:00.123456789");
        assert_eq!(format!("{:.8}", clock(ns)), "11:27:00");
        assert_eq!(format!("{:.19}", date_and_time(ns)), "2026-11-24 11:27:00");
        assert_eq!(iso8601(ns).to_string(), "2026-11-24T11:27:00.123456789+0000");
    }
}
