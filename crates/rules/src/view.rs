use std::cell::Cell;

use seawall_model::{Event, Observation, Process};

/// Ancestors that are remembered while one event is judged.
const REMEMBERED: usize = 8;
/// Ancestors that are looked at: a table that is wrong could go round in circles.
const MAX_ANCESTORS: usize = 64;

/// An observation while it is judged: the ancestors are looked up once.
pub struct View<'a> {
    observation: Observation<'a>,
    known: Cell<usize>,
    chain: [Cell<Option<&'a Process>>; REMEMBERED],
}

impl<'a> View<'a> {
    /// Of an observation.
    pub fn new(observation: Observation<'a>) -> Self {
        Self { observation, known: Cell::new(0), chain: Default::default() }
    }

    /// What happened.
    pub fn event(&self) -> &'a Event {
        self.observation.event
    }

    /// Who did it.
    pub fn process(&self) -> &'a Process {
        self.observation.process
    }

    /// The ancestor so many steps up; 0 is the process itself.
    pub fn ancestor(&self, generation: usize) -> Option<&'a Process> {
        let Some(index) = generation.checked_sub(1) else { return Some(self.process()) };
        if index >= MAX_ANCESTORS {
            return None;
        }
        let known = self.known.get();
        if index < known.min(REMEMBERED) {
            return self.chain.get(index)?.get();
        }
        let mut step = known.min(REMEMBERED);
        let mut process = match step.checked_sub(1) {
            Some(last) => self.chain.get(last)?.get(),
            None => Some(self.process()),
        };
        while step <= index {
            process = process.and_then(|p| self.observation.lineage.process(p.parent?));
            if let Some(cell) = self.chain.get(step) {
                cell.set(process);
                self.known.set(step + 1);
            }
            step += 1;
        }
        process
    }

    /// The ancestors, nearest first, without the process itself.
    pub fn ancestors(&self) -> impl Iterator<Item = &'a Process> {
        let mut beyond: Option<&'a Process> = None;
        (1..=MAX_ANCESTORS).map_while(move |generation| {
            let next = match beyond {
                Some(process) => process.parent.and_then(|parent| self.observation.lineage.process(parent)),
                None => self.ancestor(generation),
            };
            if generation >= REMEMBERED {
                beyond = next;
            }
            next
        })
    }
}
