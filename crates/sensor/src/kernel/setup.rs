//! What the programs are told before they run.

use aya::Ebpf;
use aya::maps::Array;

use super::{KernelOptions, map_error, missing};
use crate::calls::{CALLS, Call, by_number};
use crate::filter::{CONTEXTS, Row, access_argument, raced_matters};
use crate::{Filter, SensorError};

/// How many states the automata have; a map cannot be empty.
pub(super) fn states(options: &KernelOptions) -> u32 {
    let states = options.filter.as_ref().map_or(0, |filter| filter.states().len());
    u32::try_from(states).unwrap_or(0).max(2)
}

/// struct settings of ebpf/include/record.h.
pub(super) fn settings(programs: &mut Ebpf, options: &KernelOptions) -> Result<(), SensorError> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&u64::from(options.own_pid).to_ne_bytes());
    bytes[8..12].copy_from_slice(&u32::from(options.environment).to_ne_bytes());
    bytes[12..16].copy_from_slice(&options.data.to_ne_bytes());
    // The first half of a ring is anybody's; of the second each control group has a sixteenth for each kind.
    bytes[16..20].copy_from_slice(&(options.event_ring / 2).to_ne_bytes());
    bytes[20..24].copy_from_slice(&(options.event_ring / 32).to_ne_bytes());
    bytes[24..28].copy_from_slice(&(options.life_ring / 2).to_ne_bytes());
    bytes[28..].copy_from_slice(&(options.life_ring / 32).to_ne_bytes());
    let map = programs.map_mut("SETTINGS").ok_or_else(|| missing("SETTINGS"))?;
    let mut map: Array<_, [u8; 32]> = Array::try_from(map).map_err(map_error)?;
    map.set(0, bytes, 0).map_err(map_error)
}

/// Which calls are looked at. True where a path is read before some call.
pub(super) fn wanted(
    programs: &mut Ebpf,
    wanted: &[(usize, Call)],
    filter: Option<&Filter>,
) -> Result<bool, SensorError> {
    let map = programs.map_mut("WANTED").ok_or_else(|| missing("WANTED"))?;
    let mut map: Array<_, [u8; Call::SIZE]> = Array::try_from(map).map_err(map_error)?;
    let mut any = false;
    for (number, call) in wanted {
        let index = index(*number)?;
        let rows = filter.and_then(|filter| filter.rows(i64::from(index)));
        let [container, host] = rows.map_or([true; 2], raced_matters);
        let kind = u16::try_from(index).ok().and_then(by_number).map(|spec| spec.kind);
        let mut bytes = call.to_bytes();
        // struct call: enter, filtered, access, enter_host.
        bytes[12] = u8::from(call.enter && (container || host));
        bytes[13] = u8::from(rows.is_some());
        bytes[14] = kind.map_or(-1, access_argument).cast_unsigned();
        bytes[15] = u8::from(call.enter && host);
        any |= bytes[12] != 0;
        map.set(index, bytes, 0).map_err(map_error)?;
    }
    Ok(any)
}

/// What of these calls is left out.
pub(super) fn filter(
    programs: &mut Ebpf,
    wanted: &[(usize, Call)],
    filter: Option<&Filter>,
) -> Result<(), SensorError> {
    let Some(filter) = filter else { return Ok(()) };
    let map = programs.map_mut("CLASSES").ok_or_else(|| missing("CLASSES"))?;
    Array::<_, [u8; 256]>::try_from(map).map_err(map_error)?.set(0, filter.classes(), 0).map_err(map_error)?;
    let map = programs.map_mut("STATES").ok_or_else(|| missing("STATES"))?;
    let mut map: Array<_, [u16; 128]> = Array::try_from(map).map_err(map_error)?;
    for (number, state) in (0..).zip(filter.states()) {
        map.set(number, *state, 0).map_err(map_error)?;
    }
    let map = programs.map_mut("ROWS").ok_or_else(|| missing("ROWS"))?;
    let mut map: Array<_, [u32; 3]> = Array::try_from(map).map_err(map_error)?;
    for (number, _) in wanted {
        let index = index(*number)?;
        let Some(rows) = filter.rows(i64::from(index)) else { continue };
        for (context, row) in (0..).zip(rows) {
            // struct row.
            let value = match row {
                Row::Drop => [0; 3],
                Row::Pass => [1, 0, 0],
                Row::Opens => [3, 0, 0],
                Row::Paths { name, resolved } => [2, u32::from(*name), u32::from(*resolved)],
            };
            map.set(index * CONTEXTS as u32 + context, value, 0).map_err(map_error)?;
        }
    }
    Ok(())
}

fn index(number: usize) -> Result<u32, SensorError> {
    let index = u32::try_from(number).ok().filter(|n| *n < CALLS);
    index.ok_or_else(|| SensorError::Load(format!("system call {number} is beyond {CALLS}")))
}
