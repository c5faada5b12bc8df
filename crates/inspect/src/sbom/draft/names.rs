use std::collections::HashMap;

/// More different names than this are not told apart.
const MAX_NAMES: usize = 2_000_000;
/// Nor are longer ones names.
const MAX_NAME: usize = 8 << 10;

/// Gives equal names equal numbers, so that a relation takes eight bytes.
#[derive(Default)]
pub(super) struct Names {
    known: HashMap<String, u32>,
}

impl Names {
    /// The number of a name; `None` where there are too many or it is too long.
    pub(super) fn id(&mut self, name: &str) -> Option<u32> {
        if let Some(id) = self.known.get(name) {
            return Some(*id);
        }
        let id = u32::try_from(self.known.len()).ok()?;
        if self.known.len() >= MAX_NAMES || name.len() > MAX_NAME {
            return None;
        }
        self.known.insert(name.to_owned(), id);
        Some(id)
    }

    /// The number of a name that is known.
    pub(super) fn known(&self, name: &str) -> Option<u32> {
        self.known.get(name).copied()
    }
}
