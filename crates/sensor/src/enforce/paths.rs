//! The programs and files that policies name, as the programs of `ebpf/paths.bpf.c` read them (ebpf/include/paths.h).

use std::collections::BTreeMap;
use std::path::Path;

use aya::maps::{Array, HashMap, Map, MapData};
use seawall_decide::{FileAccess, RuntimeMode, RuntimePolicy};

use super::patterns::{FIRST, Row, folders, table};
use crate::SensorError;
use crate::kernel::error_chain;

/// The group whose lists hold where a group has none.
const OTHERS: u64 = 0;
/// States of the map.
const STATES: u16 = 8192;
/// States that one policy may have: the one before it goes on until it is replaced.
const MOST: usize = 4000;
/// The size of struct path_state.
const STATE: usize = 520;

/// struct path_lists.
type PathLists = [u32; 8];

/// The pinned maps.
pub(super) struct Paths {
    states: Array<MapData, [u8; STATE]>,
    lists: HashMap<MapData, u64, PathLists>,
    /// What each entry's lists are, by what they say.
    filled: BTreeMap<String, PathLists>,
}

fn failed(error: aya::maps::MapError) -> SensorError {
    SensorError::Load(error_chain(&error))
}

impl Paths {
    /// None where no program that reads them was taken.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, SensorError> {
        if !folder.join("PATHS").exists() {
            return Ok(None);
        }
        let map = |name: &str| MapData::from_pin(folder.join(name)).map_err(failed);
        Ok(Some(Self {
            states: Array::try_from(Map::Array(map("PATHS")?)).map_err(failed)?,
            lists: HashMap::try_from(Map::HashMap(map("PATH_LISTS")?)).map_err(failed)?,
            filled: BTreeMap::new(),
        }))
    }

    /// Writes the automata of a policy into states that no container's lists lead to: nothing points at them before
    /// [`Paths::set`].
    pub(super) fn fill<'p>(&mut self, policies: impl Iterator<Item = &'p RuntimePolicy>) -> Result<(), SensorError> {
        let used = self.used()?;
        let mut free = (FIRST..STATES).filter(|state| !used.get(usize::from(*state)).copied().unwrap_or(true));
        self.states.set(1, bytes(&Row { next: [1; 256], rules: u32::MAX }), 0).map_err(failed)?;
        let mut left = MOST;
        for policy in policies.filter(|policy| is_listed(policy)) {
            let too_many = || SensorError::TooManyPatterns { entry: policy.id.clone(), most: MOST };
            let mut lists = masks(policy);
            let programs = policy.programs.iter();
            let files = || policy.files.iter().map(|rule| rule.paths.as_slice());
            let tables = [
                table(programs.clone().map(|rule| rule.paths.as_slice()), left),
                table(programs.map(|rule| rule.parents.as_slice()), left),
                table(files(), left),
                folders(files(), left),
            ];
            for (start, rows) in lists.iter_mut().zip(tables) {
                let rows = rows.ok_or_else(too_many)?;
                // The state of an empty list leads nowhere.
                if rows.len() == 1 {
                    continue;
                }
                left = left.checked_sub(rows.len()).ok_or_else(too_many)?;
                let places: Vec<u16> = free.by_ref().take(rows.len()).collect();
                if places.len() < rows.len() {
                    return Err(too_many());
                }
                let place = |state: u16| state.checked_sub(FIRST).and_then(|at| places.get(usize::from(at))).copied();
                for (row, at) in rows.iter().zip(&places) {
                    let next = row.next.map(|state| place(state).unwrap_or(state));
                    self.states.set(u32::from(*at), bytes(&Row { next, rules: row.rules }), 0).map_err(failed)?;
                }
                *start = places.first().copied().map(u32::from).unwrap_or_default();
            }
            self.filled.insert(key(policy), lists);
        }
        Ok(())
    }

    /// Which states the lists of containers lead to.
    fn used(&self) -> Result<Vec<bool>, SensorError> {
        let mut used = vec![false; usize::from(STATES)];
        let starts =
            self.lists.iter().filter_map(Result::ok).flat_map(|(_, [programs, parents, files, folders, ..])| {
                [programs, parents, files, folders].map(|state| u16::try_from(state).unwrap_or(0))
            });
        let mut open: Vec<u16> = starts.collect();
        while let Some(state) = open.pop() {
            match used.get_mut(usize::from(state)) {
                Some(slot) if !*slot => *slot = true,
                _ => continue,
            }
            let row = self.states.get(&u32::from(state), 0).map_err(failed)?;
            let next = row.chunks_exact(2).take(256).filter_map(|pair| pair.try_into().ok().map(u16::from_ne_bytes));
            open.extend(next.filter(|state| used.get(usize::from(*state)) == Some(&false)));
        }
        Ok(used)
    }

    /// What holds for a group from now on; the policy must be one that was filled in. Where it has no lists those that were
    /// there stay, for [`Paths::forget`] when nothing looks at them any more.
    pub(super) fn set(&mut self, group: Option<u64>, policy: Option<&RuntimePolicy>) -> Result<(), SensorError> {
        let Some(lists) = policy.and_then(|policy| self.filled.get(&key(policy))) else { return Ok(()) };
        self.lists.insert(group.unwrap_or(OTHERS), *lists, 0).map_err(failed)
    }

    /// Takes the lists of a group away where the policy has none.
    pub(super) fn clear(&mut self, group: Option<u64>, policy: Option<&RuntimePolicy>) {
        if !policy.is_some_and(is_listed) {
            self.forget(group.unwrap_or(OTHERS));
        }
    }

    pub(super) fn forget(&mut self, group: u64) {
        // One that had none has none.
        let _ = self.lists.remove(&group);
    }

    /// The groups of which something is kept.
    pub(super) fn groups(&self) -> impl Iterator<Item = u64> {
        self.lists.keys().filter_map(Result::ok).filter(|group| *group != OTHERS)
    }
}

fn is_listed(policy: &RuntimePolicy) -> bool {
    policy.mode != RuntimeMode::Observe && !(policy.programs.is_empty() && policy.files.is_empty())
}

fn key(policy: &RuntimePolicy) -> String {
    format!("{} {:?} {:?}", policy.id, policy.programs, policy.files)
}

/// What of an entry needs no automaton.
fn masks(policy: &RuntimePolicy) -> PathLists {
    let bits = |which: &mut dyn Iterator<Item = bool>| {
        (0..u32::BITS).zip(which).filter(|(_, is_meant)| *is_meant).fold(0, |all, (rule, _)| all | 1 << rule)
    };
    let any_program = bits(&mut policy.programs.iter().map(|rule| rule.paths.is_empty()));
    let any_parent = bits(&mut policy.programs.iter().map(|rule| rule.parents.is_empty()));
    let read = bits(&mut policy.files.iter().map(|rule| rule.access == FileAccess::Any));
    [0, 0, 0, 0, any_program, any_parent, read, 0]
}

fn bytes(row: &Row) -> [u8; STATE] {
    let mut bytes = [0; STATE];
    for (slot, next) in bytes.chunks_exact_mut(2).zip(row.next) {
        slot.copy_from_slice(&next.to_ne_bytes());
    }
    if let Some(slot) = bytes.get_mut(512..516) {
        slot.copy_from_slice(&row.rules.to_ne_bytes());
    }
    bytes
}
