//! Which calls are answered by killing (ebpf/calls.bpf.c).

use std::path::Path;

use aya::maps::{Array, Map, MapData};
use seawall_decide::{Bundle, RuntimeMode};

use super::denial;
use super::hooks::{DenyHook, is_refused};
use crate::kernel::error_chain;
use crate::{HookState, SensorError};

/// Its map.
pub(super) const MAP: &str = "CALLS_ANSWERED";

/// Tells the kernel what of the policy is answered so: what nothing refuses here.
pub(super) fn tell(pins: &Path, policy: &Bundle, hooks: &[(&'static DenyHook, HookState)]) -> Result<(), SensorError> {
    let pin = pins.join(MAP);
    if !pin.exists() {
        return Ok(());
    }
    let asked = policy.runtime().filter(|entry| entry.mode != RuntimeMode::Observe).flat_map(|entry| &entry.deny);
    let left = asked.copied().filter(|denial| !is_refused(hooks, *denial));
    let failed = |e: aya::maps::MapError| SensorError::Load(error_chain(&e));
    let map = Map::Array(MapData::from_pin(pin).map_err(failed)?);
    let mut map: Array<_, u32> = Array::try_from(map).map_err(failed)?;
    map.set(0, denial::mask(left), 0).map_err(failed)
}
