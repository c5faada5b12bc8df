//! The compiled rules say of real events what a walk over their trees says.

use std::collections::BTreeMap;
use std::net::IpAddr;

use seawall_model::Observation;
use seawall_rules::{RuleSet, Scratch};

use crate::walker::Walker;

/// One event of so many is judged by both, and each that raises an alert: a walk takes its time.
const ONE_OF: u64 = 8;

/// A walker beside compiled rules.
pub struct Agreement {
    walker: Walker,
    scratch: Scratch,
    seen: u64,
    compared: u64,
    matches: usize,
}

impl Agreement {
    pub fn new(rules: &RuleSet, addresses: &BTreeMap<String, Vec<IpAddr>>) -> Self {
        let walker = Walker::new(rules, addresses);
        Self { walker, scratch: Scratch::default(), seen: 0, compared: 0, matches: 0 }
    }

    pub fn check(&mut self, rules: &RuleSet, observation: Observation<'_>) {
        self.seen += 1;
        let compiled = rules.evaluate(observation, &mut self.scratch);
        if compiled.is_empty() && !self.seen.is_multiple_of(ONE_OF) {
            return;
        }
        let agrees = self.walker.agrees(compiled, observation);
        assert!(agrees, "{compiled:?}: {:?}\n{:?}", observation.event, observation.process);
        self.compared += 1;
        self.matches += compiled.len();
    }

    /// How many events both judged, and how often a rule matched.
    pub fn counts(&self) -> (u64, usize) {
        (self.compared, self.matches)
    }
}
