//! How often a response may be given.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// What comes of a turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may be done.
    Go,
    /// It may not, for the first time since one might.
    First,
    /// It may not, and that was said.
    Held,
}

/// Turns taken, by entry and response.
#[derive(Default)]
pub(super) struct Limits {
    taken: HashMap<(usize, usize), (VecDeque<Instant>, bool)>,
}

impl Limits {
    pub(super) fn take(&mut self, of: (usize, usize), most: u32, per: Duration, now: Instant) -> Turn {
        let (taken, said) = self.taken.entry(of).or_default();
        while taken.front().is_some_and(|first| now.duration_since(*first) >= per) {
            taken.pop_front();
        }
        if taken.len() < most as usize {
            taken.push_back(now);
            *said = false;
            return Turn::Go;
        }
        if std::mem::replace(said, true) { Turn::Held } else { Turn::First }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_few_and_come_again() {
        let (mut limits, start, minute) = (Limits::default(), Instant::now(), Duration::from_secs(60));
        let mut take = |after: u64| limits.take((0, 0), 2, minute, start + Duration::from_secs(after));
        assert_eq!([take(0), take(10), take(20), take(30)], [Turn::Go, Turn::Go, Turn::First, Turn::Held]);
        assert_eq!([take(60), take(61), take(70), take(71)], [Turn::Go, Turn::First, Turn::Go, Turn::First]);
    }
}
