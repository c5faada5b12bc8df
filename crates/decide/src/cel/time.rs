use jiff::civil::DateTime;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// Years 1 to 9999, as the language defines timestamps.
const FIRST_SECOND: i64 = -62_135_596_800;
const LAST_SECOND: i64 = 253_402_300_799;
/// About ten thousand years, likewise for durations.
const LONGEST_SECONDS: i64 = 315_576_000_000;

/// A timestamp in RFC 3339, or a date, which means its first moment in UTC.
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return checked(timestamp);
    }
    let date: jiff::civil::Date = (text.len() == 10).then(|| text.parse().ok())??;
    checked(Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?)
}

pub(crate) fn checked(timestamp: Timestamp) -> Option<Timestamp> {
    // Seconds are cut off towards zero, so that a little before the first second looks like it.
    let early = timestamp.as_second() == FIRST_SECOND && timestamp.subsec_nanosecond() < 0;
    ((FIRST_SECOND..=LAST_SECOND).contains(&timestamp.as_second()) && !early).then_some(timestamp)
}

pub(crate) fn checked_duration(duration: SignedDuration) -> Option<SignedDuration> {
    (duration.as_secs().unsigned_abs() <= LONGEST_SECONDS.unsigned_abs()).then_some(duration)
}

/// A duration as Go writes it: `1h30m`, `-1.5s`, `10ms`; also `d` for days of 24 hours.
pub(crate) fn parse_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos: i128 = 0;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|n| *n > 0 && *n <= 40)?;
        let (digits, tail) = rest.split_at_checked(number)?;
        let unit_len = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(unit_len)?;
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { i128::from(whole.parse::<i64>().ok()?) };
        nanos = nanos.checked_add(whole.checked_mul(unit)?)?;
        let mut scale = unit;
        for digit in fraction.bytes() {
            scale /= 10;
            nanos = nanos.checked_add(i128::from(digit.checked_sub(b'0')?).checked_mul(scale)?)?;
        }
        rest = tail;
    }
    let nanos = if negative { -nanos } else { nanos };
    let seconds = i64::try_from(nanos / 1_000_000_000).ok()?;
    let subsecond = i32::try_from(nanos % 1_000_000_000).ok()?;
    if seconds.unsigned_abs() > LONGEST_SECONDS.unsigned_abs() {
        return None;
    }
    Some(SignedDuration::new(seconds, subsecond))
}

pub(crate) fn format_timestamp(timestamp: Timestamp) -> String {
    timestamp.to_string()
}

/// Seconds, with as many decimals as are needed: `3600s`, `0.5s`.
pub(crate) fn format_duration(duration: SignedDuration) -> String {
    let nanos = duration.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if rest == 0 {
        return format!("{sign}{seconds}s");
    }
    let decimals = format!("{rest:09}");
    format!("{sign}{seconds}.{}s", decimals.trim_end_matches('0'))
}

/// The clock at a timestamp: in UTC or at a fixed offset (`+02:00`, `-8:30`). Zones by name would need a database of
/// them.
pub(crate) fn clock(timestamp: Timestamp, zone: Option<&str>) -> Result<DateTime, String> {
    let offset = match zone {
        None | Some("" | "UTC" | "Z") => Offset::UTC,
        Some(text) => offset(text).ok_or_else(|| {
            format!("`{text}` is not a time zone that is known here: write an offset such as `+02:00`")
        })?,
    };
    Ok(offset.to_datetime(timestamp))
}

fn offset(text: &str) -> Option<Offset> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60)).ok()
}

/// Whole days from one moment to another, rounded down.
pub(crate) fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second().saturating_sub(from.as_second()).div_euclid(86_400)
}
