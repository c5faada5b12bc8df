//! Each text once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::store::StoreError;

/// Texts, numbered in order of first arrival.
#[derive(Debug, Default)]
pub(super) struct Interner {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

/// The finished string table: texts in byte order, and the final number of each provisional one.
pub(super) struct Strings {
    pub(super) starts: Vec<u8>,
    pub(super) bytes: Vec<u8>,
    finals: Vec<u32>,
}

impl Interner {
    /// The number of a text.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// Sorts the texts, so that a version's neighbours have near numbers and the result does not show who came first.
    pub(super) fn finish(self, limit: u32) -> Result<Strings, StoreError> {
        drop(self.numbers);
        let too_many = || StoreError::TooMany { what: "texts" };
        let count = u32::try_from(self.texts.len()).ok().filter(|count| *count <= limit).ok_or_else(too_many)?;
        let mut order: Vec<(Arc<str>, u32)> = self.texts.into_iter().zip(0..count).collect();
        order.sort_unstable();
        let mut strings = Strings { starts: Vec::new(), bytes: Vec::new(), finals: vec![0; order.len()] };
        for ((text, provisional), number) in order.iter().zip(0..count) {
            strings.starts.extend_from_slice(&position(&strings.bytes)?.to_le_bytes());
            strings.bytes.extend_from_slice(text.as_bytes());
            if let Some(slot) = strings.finals.get_mut(*provisional as usize) {
                *slot = number;
            }
        }
        strings.starts.extend_from_slice(&position(&strings.bytes)?.to_le_bytes());
        Ok(strings)
    }
}

impl Strings {
    /// The final number of a provisional one.
    pub(super) fn number(&self, provisional: u32) -> u32 {
        self.finals.get(provisional as usize).copied().unwrap_or_default()
    }
}

/// Where the next byte of a section will stand.
pub(super) fn position(section: &[u8]) -> Result<u32, StoreError> {
    u32::try_from(section.len()).map_err(|_| StoreError::TooMany { what: "bytes in one section" })
}
