use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use super::RegistryOptions;
use super::failure::Failure;

/// The attempts that are left for one thing at one place.
#[derive(Debug)]
pub(super) struct Retry {
    attempts: u32,
    first: Duration,
    longest: Duration,
    left: u32,
    next: Duration,
}

impl Retry {
    pub(super) fn new(options: &RegistryOptions) -> Self {
        let attempts = options.attempts.max(1);
        let (first, longest) = (options.backoff, options.longest_wait);
        Self { attempts, first, longest, left: attempts.saturating_sub(1), next: first }
    }

    /// All attempts anew.
    pub(super) fn refill(&mut self) {
        self.left = self.attempts.saturating_sub(1);
        self.next = self.first;
    }

    /// Waits before the next attempt, or gives the failure back where there is to be none.
    pub(super) fn after(&mut self, failure: Failure) -> Result<(), Failure> {
        if !failure.is_transient() {
            return Err(failure);
        }
        let Some(left) = self.left.checked_sub(1) else { return Err(failure) };
        let asked = failure.wait();
        if let Some(asked) = asked.filter(|asked| *asked > self.longest) {
            return Err(Failure::Wait { asked, limit: self.longest });
        }
        self.left = left;
        // Between half and all of it, so that many clients that failed together do not come back together.
        let half = self.next / 2;
        let jittered = half.saturating_add(half.mul_f64(random()));
        self.next = self.next.saturating_mul(2).min(self.longest);
        std::thread::sleep(asked.unwrap_or_default().max(jittered).min(self.longest));
        Ok(())
    }
}

/// A number from 0 to 1, from the seed that the standard library takes from the system.
fn random() -> f64 {
    f64::from(u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

/// What `Retry-After` asks for: seconds, or a date, which counts from the `Date` of the same answer
/// ([RFC 9110, 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)).
pub(super) fn asked_wait(retry_after: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let text = retry_after?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let seconds = http_date(text)?.saturating_sub(http_date(date?.trim())?);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// The seconds of an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`, counted from the year 0; only differences are used.
fn http_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split(' ').skip(1);
    let day: i64 = words.next()?.parse::<u8>().ok()?.into();
    let month = words.next()?;
    let month = i64::try_from(MONTHS.iter().position(|m| *m == month)?).ok()?;
    let year: i64 = words.next()?.parse::<u16>().ok()?.into();
    let clock = words.next()?.split(':').map(|part| part.parse::<u8>().ok().map(i64::from));
    let clock = clock.collect::<Option<Vec<i64>>>()?;
    let [hour, minute, second] = clock.as_slice() else { return None };
    // Years begin in March, so that the leap day is the last (Howard Hinnant's days_from_civil).
    let year = if month < 2 { year.saturating_sub(1) } else { year };
    let from_march = month.saturating_add(10).checked_rem(12)?;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read() {
        let wait = |after: &str, date: Option<&str>| asked_wait(Some(after), date).map(|w| w.as_secs());
        assert_eq!(wait("7", None), Some(7));
        assert_eq!(asked_wait(None, None), None);
        let date = Some("Sun, 28 Feb 2027 23:59:30 GMT");
        assert_eq!(wait("Mon, 01 Mar 2027 00:00:00 GMT", date), Some(30));
        assert_eq!(wait("Tue, 29 Feb 2028 00:00:00 GMT", Some("Mon, 28 Feb 2028 00:00:00 GMT")), Some(86_400));
        assert_eq!(wait("Fri, 01 Jan 2027 00:00:00 GMT", Some("Thu, 31 Dec 2026 23:59:59 GMT")), Some(1));
        assert_eq!(wait("Fri, 01 Jan 2027 00:00:00 GMT", date), Some(0));
        for odd in ["", "-1", "soon", "Sun, 28 Feb", "Sun, 28 Foo 2027 00:00:00 GMT", "Sun, 28 Feb 2027 00:00 GMT"] {
            assert_eq!(wait(odd, date), None, "{odd}");
        }
    }

    #[test]
    fn attempts_are_bounded() {
        let backoff = Duration::from_nanos(2);
        let mut retry = Retry::new(&RegistryOptions { attempts: 3, backoff, ..RegistryOptions::default() });
        let broken = || Failure::Broken(std::io::ErrorKind::BrokenPipe.into());
        let status = |wait| Failure::Status { status: 429, code: None, wait: Some(Duration::from_secs(wait)) };
        assert!(matches!(retry.after(status(1_000_000)), Err(Failure::Wait { .. })));
        assert!(matches!(retry.after(Failure::Absent { code: None }), Err(Failure::Absent { .. })));
        assert!(retry.after(broken()).is_ok());
        assert!(retry.after(status(0)).is_ok());
        assert!(retry.after(broken()).is_err());
        retry.refill();
        assert!(retry.after(broken()).is_ok());
    }
}
