//! Records of both rings in the order in which they happened.

use crate::kernel::give_back;

/// Records that were read and not yet told.
#[derive(Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Time, place and length of each.
    index: Vec<(u64, usize, usize)>,
    /// Bytes of records that were told and not thrown away yet.
    told: usize,
    spare: Vec<u8>,
    /// How often in a row little was told.
    calm: u32,
}

/// What a burst took beyond this is given back once it is over.
const KEPT: usize = 1 << 20;
/// So often little must have been told until then: what goes and comes again costs more than what stays.
const CALM: u32 = 100;

/// `struct record` has its time here.
const TIME: std::ops::Range<usize> = 16..24;

/// When a record was made, by the kernel's clock.
pub(crate) fn time(record: &[u8]) -> Option<u64> {
    record.get(TIME).and_then(|b| b.try_into().ok()).map(u64::from_ne_bytes)
}

impl Batch {
    pub(crate) fn push(&mut self, record: &[u8]) {
        let Some(time) = time(record) else { return };
        self.index.push((time, self.bytes.len(), record.len()));
        self.bytes.extend_from_slice(record);
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Gives the records up to `until` to `tell`, oldest first, and keeps the younger ones: something older than these
    /// may still be on its way.
    pub(crate) fn release(&mut self, until: u64, tell: &mut dyn FnMut(&[u8])) {
        self.calm = if self.bytes.len() > KEPT / 2 { 0 } else { self.calm.saturating_add(1) };
        self.index.sort_by_key(|(time, ..)| *time);
        let count = self.index.partition_point(|(time, ..)| *time <= until);
        for (_, place, length) in self.index.drain(..count) {
            tell(self.bytes.get(place..place + length).unwrap_or_default());
            self.told += length;
        }
        // Records wait for longer than lies between two looks: they are moved only where they leave more room than they take.
        if self.told <= self.bytes.len() / 2 {
            return;
        }
        self.spare.clear();
        for (_, place, length) in &mut self.index {
            let moved = self.spare.len();
            self.spare.extend_from_slice(self.bytes.get(*place..*place + *length).unwrap_or_default());
            *place = moved;
        }
        self.told = 0;
        std::mem::swap(&mut self.bytes, &mut self.spare);
        if self.calm >= CALM && self.bytes.capacity().max(self.spare.capacity()) > KEPT {
            self.spare.clear();
            self.spare.shrink_to(KEPT);
            self.bytes.shrink_to(KEPT);
            give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Batch, CALM, KEPT};

    fn record(time: u64) -> Vec<u8> {
        let mut bytes = vec![0; 24];
        bytes[16..].copy_from_slice(&time.to_ne_bytes());
        bytes
    }

    #[test]
    fn tells_in_order_and_keeps_the_young() {
        let mut batch = Batch::default();
        for time in [3, 1, 9, 2] {
            batch.push(&record(time));
        }
        let mut told = Vec::new();
        batch.release(1, &mut |r| told.push(r[16]));
        batch.release(3, &mut |r| told.push(r[16]));
        batch.push(&record(4));
        batch.release(9, &mut |r| told.push(r[16]));
        assert_eq!(told, [1, 2, 3, 4, 9]);
        assert_eq!((batch.len(), batch.bytes.len(), batch.told), (0, 0, 0));
    }

    #[test]
    fn gives_back_what_a_burst_took_when_it_is_over() {
        let mut batch = Batch::default();
        for time in 0..200_000 {
            batch.push(&record(time));
        }
        batch.release(100_000, &mut |_| {});
        let taken = |batch: &Batch| batch.bytes.capacity() + batch.spare.capacity();
        assert!(taken(&batch) > 4 * KEPT);
        batch.release(300_000, &mut |_| {});
        for time in 0..u64::from(CALM) {
            assert!(taken(&batch) > 2 * KEPT, "it may go on");
            batch.push(&record(time));
            batch.release(time, &mut |_| {});
        }
        assert!(taken(&batch) <= 2 * KEPT);
    }
}
