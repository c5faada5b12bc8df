//! Observations of a recording, kept so that both evaluators can judge each of them as often as they like.

use std::collections::HashMap;
use std::rc::Rc;

use seawall_model::{Event, Lineage, Observation, Process, ProcessKey};

use crate::generator::Observed;

/// One event with the processes that it is judged with.
pub struct Case {
    /// What happened.
    pub event: Event,
    table: Rc<Snapshot>,
}

/// A process and its ancestors as they were; events between which nothing changed share it.
#[derive(Default)]
struct Snapshot(HashMap<ProcessKey, Rc<Process>>);

impl Lineage for Snapshot {
    fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.0.get(&key).map(|process| &**process)
    }
}

impl Case {
    /// As rules see it.
    pub fn observation(&self) -> Observation<'_> {
        Observation { event: &self.event, process: &self.table.0[&self.event.process], lineage: &*self.table }
    }
}

impl From<Observed> for Case {
    fn from(observed: Observed) -> Self {
        let table = observed.table.0.into_iter().map(|(key, process)| (key, Rc::new(process))).collect();
        Self { event: observed.event, table: Rc::new(Snapshot(table)) }
    }
}

/// Keeps observations.
#[derive(Default)]
pub struct Keeper {
    known: HashMap<ProcessKey, Rc<Process>>,
    tables: HashMap<ProcessKey, Rc<Snapshot>>,
    /// What was kept.
    pub cases: Vec<Case>,
}

impl Keeper {
    /// Keeps one.
    pub fn keep(&mut self, observation: Observation<'_>) {
        let mut line = HashMap::new();
        let mut next = Some(observation.process);
        while let Some(process) = next {
            let known = self.known.entry(process.key).or_insert_with(|| Rc::new(process.clone()));
            if **known != *process {
                *known = Rc::new(process.clone());
            }
            line.insert(process.key, Rc::clone(known));
            next = process.parent.filter(|key| !line.contains_key(key)).and_then(|k| observation.lineage.process(k));
        }
        let table = self.tables.entry(observation.process.key).or_default();
        let same = table.0.len() == line.len()
            && line.iter().all(|(key, process)| table.0.get(key).is_some_and(|had| Rc::ptr_eq(had, process)));
        if !same {
            *table = Rc::new(Snapshot(line));
        }
        self.cases.push(Case { event: observation.event.clone(), table: Rc::clone(table) });
    }
}
