//! The guard: observations become alerts by rules, and what was lost becomes an alert too.

use std::collections::BTreeMap;

use seawall_model::{Action, Alert, AlertContext, FieldValue, Observation, Priority};
use seawall_rules::{RuleSet, Scratch};

use crate::{SensorStatistics, clock};

/// Judges observations.
pub struct Guard {
    rules: RuleSet,
    scratch: Scratch,
    hostname: String,
    tier: String,
    lost: u64,
    /// Alerts by rule.
    raised: BTreeMap<usize, u64>,
}

impl Guard {
    /// A guard of the node `hostname`, which can enforce by `tier`.
    pub fn new(rules: RuleSet, hostname: impl Into<String>, tier: impl Into<String>) -> Self {
        let (hostname, tier) = (hostname.into(), tier.into());
        Self { rules, scratch: Scratch::default(), hostname, tier, lost: 0, raised: BTreeMap::new() }
    }

    /// The rules.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// How many alerts each rule raised, by the rule's name.
    pub fn raised(&self) -> BTreeMap<&str, u64> {
        let rules = self.rules.rules();
        self.raised.iter().filter_map(|(rule, count)| Some((rules.get(*rule)?.name.as_str(), *count))).collect()
    }

    /// Gives the alerts of an observation to `raise`.
    pub fn judge(&mut self, observation: Observation<'_>, raise: &mut dyn FnMut(Alert)) {
        for rule in self.rules.evaluate(observation, &mut self.scratch) {
            *self.raised.entry(*rule).or_default() += 1;
            if let Some(mut alert) = self.rules.render(*rule, observation, &self.hostname) {
                alert.seawall.tier.clone_from(&self.tier);
                raise(alert);
            }
        }
    }

    /// The alert about events that were lost since it was asked last; none where there are none.
    pub fn losses(&mut self, statistics: &SensorStatistics) -> Option<Alert> {
        let by_class = [
            ("process", &statistics.lost_life),
            ("other", &statistics.lost_events),
            ("network", &statistics.lost_packets),
        ];
        let total: u64 = by_class.iter().flat_map(|(_, counts)| counts.iter()).sum();
        let new = total.checked_sub(self.lost).filter(|n| *n > 0)?;
        self.lost = total;
        let mut fields = BTreeMap::from([("lost".to_owned(), FieldValue::Unsigned(new))]);
        for (class, counts) in by_class {
            for (cpu, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                fields.insert(format!("lost.{class}.cpu{cpu}"), FieldValue::Unsigned(*count));
            }
        }
        Some(self.internal(
            "Seawall internal: events lost",
            format!("{new} events were lost because they came faster than they were read, {total} since the start"),
            fields,
        ))
    }

    /// An alert about the guard itself.
    pub fn internal(&self, rule: &str, output: String, output_fields: BTreeMap<String, FieldValue>) -> Alert {
        Alert {
            time: clock::now_text(),
            rule: rule.to_owned(),
            priority: Priority::Critical,
            source: "internal".to_owned(),
            hostname: self.hostname.clone(),
            tags: vec!["seawall".to_owned()],
            output,
            output_fields,
            seawall: AlertContext {
                tier: self.tier.clone(),
                action: Action::None,
                count: 1,
                ..AlertContext::default()
            },
        }
    }
}
