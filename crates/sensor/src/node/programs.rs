//! Programs that are judged by their digest: what is hashed before the policy holds, and what people hear of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use seawall_decide::{Bundle, RuntimeDenial, RuntimeMode};
use seawall_model::Alert;

use crate::enforce::HashedFiles;
use crate::programs::{Inventories, Programs};
use crate::{DirectorySettings, Guard, SensorError};

/// How long a start waits until the programs of containers are hashed, and then those of other images.
pub(super) const IN_USE: Duration = Duration::from_secs(120);
pub(super) const REST: Duration = Duration::from_secs(10);

/// Begins to hash, where an entry of the policy asks for it.
pub(super) fn start(
    settings: &DirectorySettings,
    policy: &Bundle,
    pins: &Path,
) -> Result<Option<Programs>, SensorError> {
    let by_digest = [RuntimeDenial::UnlistedPrograms, RuntimeDenial::Digests];
    let mut entries = policy.runtime().filter(|entry| entry.mode != RuntimeMode::Observe);
    if !entries.any(|entry| entry.deny.iter().any(|denial| by_digest.contains(denial))) {
        return Ok(None);
    }
    let inventories = Inventories::read(&settings.inventories).map_err(SensorError::Inventory)?;
    Ok(Some(Programs::start(settings, inventories, HashedFiles::open(pins)?)))
}

/// Tells what the programs' thread has to say; `changed` is that a file was refused because it had changed.
pub(super) fn tell(programs: &Programs, changed: bool, guard: &Guard, raise: &mut dyn FnMut(Alert)) {
    if changed {
        programs.changed();
    }
    for note in programs.notes() {
        raise(guard.internal(note.rule, note.text, BTreeMap::new()));
    }
}
