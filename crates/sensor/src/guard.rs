//! The guard: observations become alerts by rules, and what was lost becomes an alert too.

use std::collections::BTreeMap;

use seawall_model::{Action, Alert, AlertContext, FieldValue, Observation, Priority};
use seawall_rules::{RuleSet, Scratch};

use crate::{Loss, SensorStatistics, clock};

/// The rule of alerts about lost events.
const LOST: &str = "Seawall internal: events lost";

fn by_class(statistics: &SensorStatistics) -> [(&'static str, &[u64]); 4] {
    [
        ("process", &statistics.lost_life),
        ("other", &statistics.lost_events),
        ("unfair", &statistics.lost_unfair),
        ("network", &statistics.lost_packets),
    ]
}

fn lost(statistics: &SensorStatistics) -> u64 {
    by_class(statistics).iter().flat_map(|(_, counts)| counts.iter()).sum()
}

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

    /// Whether events were lost that no alert told of yet.
    pub fn has_losses(&self, statistics: &SensorStatistics) -> bool {
        lost(statistics) > self.lost
    }

    /// The alerts about events that were lost since it was asked last: one with the counts of each processor and class, and
    /// one for each container, with the kinds of its events.
    pub fn losses(&mut self, statistics: &SensorStatistics, losses: &[Loss]) -> Vec<Alert> {
        let total = lost(statistics);
        let Some(new) = total.checked_sub(self.lost).filter(|n| *n > 0) else { return Vec::new() };
        self.lost = total;
        let mut fields = BTreeMap::from([("lost".to_owned(), FieldValue::Unsigned(new))]);
        for (class, counts) in by_class(statistics) {
            for (cpu, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                fields.insert(format!("lost.{class}.cpu{cpu}"), FieldValue::Unsigned(*count));
            }
        }
        let output =
            format!("{new} events were lost because they came faster than they were read, {total} since the start");
        let mut alerts = vec![self.internal(LOST, output, fields)];
        let mut groups: BTreeMap<u64, Vec<&Loss>> = BTreeMap::new();
        losses.iter().for_each(|loss| groups.entry(loss.group).or_default().push(loss));
        alerts.extend(groups.values().map(|losses| self.loss(losses)));
        alerts
    }

    /// The alert about one control group.
    fn loss(&self, losses: &[&Loss]) -> Alert {
        let new: u64 = losses.iter().map(|loss| loss.count).sum();
        let container = losses.iter().find_map(|loss| loss.container.clone());
        let (id, name) = match (&container, losses.iter().any(|loss| loss.host)) {
            (Some(container), _) => (container.short_id(), container.name.as_deref().unwrap_or(container.short_id())),
            (None, true) => ("host", "host"),
            (None, false) => ("<NA>", "<NA>"),
        };
        let text = |text: &str| FieldValue::Text(text.to_owned());
        let mut fields = BTreeMap::from([
            ("lost".to_owned(), FieldValue::Unsigned(new)),
            ("container.id".to_owned(), text(id)),
            ("container.name".to_owned(), text(name)),
        ]);
        let mut kinds = Vec::new();
        for loss in losses {
            let kind = loss.kind.map_or("process", seawall_model::EventKind::name);
            fields.insert(format!("lost.{kind}"), FieldValue::Unsigned(loss.count));
            kinds.push(format!("{kind} {}", loss.count));
        }
        let output = format!("{new} events of container {name} were lost: {}", kinds.join(", "));
        let mut alert = self.internal(LOST, output, fields);
        alert.seawall.container = container.as_deref().cloned();
        alert
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
