//! Which of very many paths are worth a look-up.

/// Tells most paths that nobody asked for from those that somebody may have, by their last bytes and length: hashing
/// every path of an image whole would take longer than all else that is done with them.
pub(super) struct Sieve {
    /// A power of two of words, one bit for each slot.
    bits: Vec<u64>,
}

/// Slots for each path that is asked for: one in eight of the others passes by accident.
const SLOTS: usize = 8;

impl Sieve {
    /// A sieve that lets these paths through.
    pub(super) fn new<'p>(paths: impl Iterator<Item = &'p str> + Clone) -> Self {
        let words = (paths.clone().count().saturating_mul(SLOTS) / 64).next_power_of_two();
        let mut sieve = Self { bits: vec![0; words] };
        for path in paths {
            let (word, bit) = sieve.slot(path);
            if let Some(slot) = sieve.bits.get_mut(word) {
                *slot |= bit;
            }
        }
        sieve
    }

    /// Whether it may be one of the paths; never `false` for one of them.
    pub(super) fn lets_through(&self, path: &str) -> bool {
        let (word, bit) = self.slot(path);
        self.bits.get(word).is_some_and(|slot| slot & bit != 0)
    }

    /// Word and bit of a path.
    fn slot(&self, path: &str) -> (usize, u64) {
        let bytes = path.as_bytes();
        let last = match bytes.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last),
            None => bytes.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte)),
        };
        // An odd number with its bits well spread (2^64 over the golden ratio); the upper bits of the product are mixed best.
        let mixed = (last ^ (path.len() as u64).rotate_right(8)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let word = usize::try_from(mixed >> 32).unwrap_or(0) & self.bits.len().saturating_sub(1);
        (word, 1 << ((mixed >> 26) & 63))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_through_what_was_asked_for_and_little_else() {
        let wanted: Vec<String> = (0..1_000).map(|i| format!("usr/lib/{i}/package-{i}.json")).collect();
        let sieve = Sieve::new(wanted.iter().map(String::as_str).chain([""]));
        assert!(wanted.iter().all(|w| sieve.lets_through(w)) && sieve.lets_through(""));
        let others = (0..10_000).filter(|i| sieve.lets_through(&format!("usr/share/doc/package-{i}"))).count();
        assert!(others < 3_000, "{others} of 10000 pass");
        assert!(!Sieve::new(std::iter::empty()).lets_through("a"));
    }
}
