//! Maps whose keys are numbers that the kernel or this process gives out: looked up several times for every event.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// A map by such a number.
pub(crate) type Numbers<K, V> = HashMap<K, V, Seed>;

/// Makes a hash of one multiplication. Nobody outside chooses these numbers freely: PIDs are given out one after the other from
/// four million at most, so are control groups, and keys of processes are counted here. The seed is another for each map of
/// each run, so that one who makes many processes to get certain PIDs cannot know which of them meet.
#[derive(Clone)]
pub(crate) struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u64))
    }
}

impl BuildHasher for Seed {
    type Hasher = NumberHasher;

    fn build_hasher(&self) -> NumberHasher {
        NumberHasher(self.0)
    }
}

pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write_u64(&mut self, number: u64) {
        // Both halves of the product, so that every bit of the number reaches every part of the hash that a map looks at.
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use super::Seed;

    /// Numbers that differ in few bits, anywhere, must not meet: a map takes the lowest bits, and the seven highest.
    #[test]
    fn numbers_are_spread() {
        let seed = Seed::default();
        for shift in [0, 4, 11, 22, 32, 48] {
            let hashes: Vec<u64> = (0..4096_u64).map(|n| seed.hash_one(n << shift)).collect();
            let low: HashSet<u64> = hashes.iter().map(|hash| hash & 4095).collect();
            let high: HashSet<u64> = hashes.iter().map(|hash| hash >> 57).collect();
            assert!(low.len() > 2000, "{} places of 4096 for numbers shifted by {shift}", low.len());
            assert_eq!(high.len(), 128, "numbers shifted by {shift}");
        }
    }
}
