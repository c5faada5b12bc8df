//! Which list of an entry holds for a control group: by number, in a pinned map of its own for each kind of list.

use std::path::Path;

use aya::maps::{HashMap, Map, MapData, MapError};

use crate::SensorError;
use crate::kernel::error_chain;

/// The group whose list holds where a group has none.
const OTHERS: u64 = 0;

/// A pinned map of control groups' lists.
pub(super) struct GroupLists(HashMap<MapData, u64, u32>);

/// What the kernel refused.
pub(super) fn failed(error: MapError) -> SensorError {
    SensorError::Load(error_chain(&error))
}

impl GroupLists {
    pub(super) fn open(pin: &Path) -> Result<Self, SensorError> {
        let map = MapData::from_pin(pin).map_err(failed)?;
        Ok(Self(HashMap::try_from(Map::HashMap(map)).map_err(failed)?))
    }

    /// What holds for a group from now on; without a group for those that have no list. The list must be there already.
    pub(super) fn set(&mut self, group: Option<u64>, list: Option<u32>) -> Result<(), SensorError> {
        let group = group.unwrap_or(OTHERS);
        match list {
            Some(list) => self.0.insert(group, list, 0).map_err(failed),
            None => {
                self.forget(group);
                Ok(())
            }
        }
    }

    pub(super) fn forget(&mut self, group: u64) {
        // One that had no list has none.
        let _ = self.0.remove(&group);
    }

    /// The groups that have a list.
    pub(super) fn groups(&self) -> impl Iterator<Item = u64> {
        self.0.keys().filter_map(Result::ok).filter(|group| *group != OTHERS)
    }
}
