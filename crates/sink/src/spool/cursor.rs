//! How far the queue was read: two slots of 28 bytes, written in turn in place, so that neither a torn write nor a full
//! disk loses the place. A slot: a count of writes, the record's number, its offset (64 bits each), a checksum.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

const SLOT: usize = 28;

/// The next record to read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Its number.
    pub(super) record: u64,
    /// Where it begins in its segment.
    pub(super) offset: u64,
}

/// The place, and the file that keeps it.
pub(super) struct Cursor {
    file: File,
    writes: u64,
    place: Place,
}

impl Cursor {
    /// Opens it; where neither slot is whole the place is the first record.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let mut bytes = [0; 2 * SLOT];
        let mut read = 0;
        while let Some(rest) = bytes.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, read as u64)? {
                0 => break,
                count => read += count,
            }
        }
        if file.metadata()?.len() != bytes.len() as u64 {
            // All blocks are there from the beginning: later writes need no room.
            file.set_len(bytes.len() as u64)?;
            file.write_all_at(&bytes, 0)?;
        }
        let (one, two) = bytes.split_at(SLOT);
        let newest = [parse(one), parse(two)].into_iter().flatten().max_by_key(|(writes, _)| *writes);
        let (writes, place) = newest.unwrap_or_default();
        Ok(Self { file, writes, place })
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Moves it. The place in memory moves in any case; on an error the one on disk is older, and after a restart some
    /// records come again.
    pub(super) fn set(&mut self, place: Place) -> io::Result<()> {
        self.place = place;
        self.writes = self.writes.wrapping_add(1);
        let mut slot = [self.writes, place.record, place.offset].map(u64::to_le_bytes).concat();
        slot.extend_from_slice(&crc32fast::hash(&slot).to_le_bytes());
        self.file.write_all_at(&slot, (self.writes % 2) * SLOT as u64)
    }
}

/// A slot whose checksum is right.
fn parse(slot: &[u8]) -> Option<(u64, Place)> {
    let (numbers, sum) = slot.split_at_checked(SLOT - 4)?;
    if crc32fast::hash(numbers).to_le_bytes() != sum {
        return None;
    }
    let mut parts = numbers.chunks_exact(8).map(|n| <[u8; 8]>::try_from(n).map_or(0, u64::from_le_bytes));
    let (writes, record, offset) = (parts.next()?, parts.next()?, parts.next()?);
    // Nothing written is not a place, and no queue sees half of all numbers.
    (writes > 0 && record < u64::MAX / 2 && offset < u64::MAX / 2).then_some((writes, Place { record, offset }))
}
