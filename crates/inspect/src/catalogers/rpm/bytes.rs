//! Numbers at a place in hostile bytes.

/// Which end of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

impl Order {
    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self {
            Self::Big => u16::from_be_bytes(raw),
            Self::Little => u16::from_le_bytes(raw),
        })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self {
            Self::Big => u32::from_be_bytes(raw),
            Self::Little => u32::from_le_bytes(raw),
        })
    }
}

/// Numbered pages of one size, each to be used once: what points to a page a second time is a loop or a lie.
pub(super) struct Pages<'a> {
    bytes: &'a [u8],
    size: usize,
    used: Vec<bool>,
}

impl<'a> Pages<'a> {
    /// Pages of `size` bytes, which is not 0.
    pub(super) fn new(bytes: &'a [u8], size: usize) -> Self {
        let count = bytes.len().checked_div(size).unwrap_or(0);
        Self { bytes, size, used: vec![false; count] }
    }

    /// How many whole pages there are.
    pub(super) fn count(&self) -> usize {
        self.used.len()
    }

    /// The page with this number, counted from 0.
    pub(super) fn get(&self, number: usize) -> Option<&'a [u8]> {
        let start = number.checked_mul(self.size)?;
        self.bytes.get(start..start.checked_add(self.size)?)
    }

    /// Marks a page as used; `false` if it was, or is not there.
    pub(super) fn claim(&mut self, number: usize) -> bool {
        self.used.get_mut(number).is_some_and(|used| !std::mem::replace(used, true))
    }
}
