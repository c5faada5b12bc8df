//! `responses` of a `runtime` entry: what is done where a rule of the guard speaks (docs/reference/policy.md).

use std::time::Duration;

use seawall_model::Priority;

use crate::glob;
use crate::reader::Reader;
use crate::yaml::Node;

/// Responses of one entry.
const MAX_RESPONSES: usize = 100;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RuntimeResponse {
    /// The process that the alert is about ends.
    KillProcess,
    /// The container stands still until it is resumed.
    PauseContainer,
    /// The container is asked to end, and ends.
    StopContainer,
    /// The container ends at once.
    KillContainer,
    /// The container's network is cut until it is given back.
    CutNetwork,
    /// What can be known of the container is kept in files.
    Collect,
}

impl RuntimeResponse {
    /// Each, as a policy names it.
    pub const NAMES: &[(&str, Self)] = &[
        ("kill-process", Self::KillProcess),
        ("pause-container", Self::PauseContainer),
        ("stop-container", Self::StopContainer),
        ("kill-container", Self::KillContainer),
        ("cut-network", Self::CutNetwork),
        ("collect", Self::Collect),
    ];

    /// As a policy names it.
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, response)| *response == self).map_or("", |(name, _)| name)
    }
}

/// Which alerts are answered, and how.
#[derive(Debug, Clone)]
pub struct ResponsePolicy {
    /// What is done, in this order.
    pub actions: Vec<RuntimeResponse>,
    /// How many alerts are answered within [`ResponsePolicy::per`].
    pub most: u32,
    /// The time that [`ResponsePolicy::most`] is about.
    pub per: Duration,
    rules: Vec<String>,
    priority: Option<Priority>,
}

impl ResponsePolicy {
    /// Whether alerts of a rule are answered: its name fits a pattern, and it is at least as bad, as far as these are given.
    pub fn answers(&self, rule: &str, priority: Priority) -> bool {
        (self.rules.is_empty() || self.rules.iter().any(|pattern| glob::matches(pattern, rule)))
            && self.priority.is_none_or(|least| priority <= least)
    }
}

pub(super) fn section(reader: &mut Reader<'_>, node: &Node) -> Vec<ResponsePolicy> {
    reader.list(node, MAX_RESPONSES).into_iter().filter_map(|node| response(reader, node)).collect()
}

fn response(reader: &mut Reader<'_>, node: &Node) -> Option<ResponsePolicy> {
    let fields = reader.fields(node, "a response", &["rules", "priority", "do", "atMost"]);
    let rules = fields.get("rules").map(|node| reader.texts(node)).unwrap_or_default();
    let mut priority = None;
    if let Some(node) = fields.get("priority") {
        let text = reader.text(node)?;
        priority = Priority::from_name(text);
        if priority.is_none() {
            let message = format!("`{}` is no priority", text.escape_debug());
            let known = "write one of: EMERGENCY, ALERT, CRITICAL, ERROR, WARNING, NOTICE, INFORMATIONAL, DEBUG";
            reader.fail_at(node, message, Some(known));
        }
    }
    if fields.get("rules").is_none() && fields.get("priority").is_none() {
        reader.fail_at(node, "a response needs `rules` or `priority`", None);
    }
    let actions_node = fields.require(reader, "do")?;
    let actions: Vec<_> =
        reader.list(actions_node, 10).into_iter().filter_map(|n| reader.choice(n, RuntimeResponse::NAMES)).collect();
    if actions.is_empty() {
        reader.fail_at(actions_node, "a response does nothing", None);
    }
    let (mut most, mut per) = (3, Duration::from_secs(60));
    if let Some(node) = fields.get("atMost") {
        let text = reader.text(node)?;
        match limit(text) {
            Some((count, time)) => (most, per) = (count, time),
            None => {
                let message = format!("`{}` is no limit", text.escape_debug());
                reader.fail_at(node, message, Some("write it as 3/min or 10/hour, from 1 to 1000"));
            }
        }
    }
    Some(ResponsePolicy { actions, most, per, rules, priority })
}

/// `3/min`.
fn limit(text: &str) -> Option<(u32, Duration)> {
    let (count, unit) = text.split_once('/')?;
    let count = count.parse().ok().filter(|count| (1..=1000).contains(count))?;
    let seconds = match unit {
        "min" => 60,
        "hour" => 3600,
        _ => return None,
    };
    Some((count, Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bundle;

    const TEXT: &str = "
apiVersion: seawall/v1
name: run
runtime:
  - id: answer
    mode: enforce
    responses:
      - { rules: ['Miner*', Reverse shell], do: [collect, kill-process], atMost: 10/hour }
      - { priority: critical, do: [pause-container] }
";

    #[test]
    fn alerts_are_answered_by_name_and_by_priority() {
        let bundle = Bundle::load("p.yaml", TEXT).expect("loads");
        let entry = bundle.runtime().next().expect("an entry");
        assert!(entry.deny.is_empty());
        let [named, bad] = &entry.responses[..] else { panic!("{:?}", entry.responses) };
        assert!(named.answers("Miner run", Priority::Debug) && !named.answers("A miner", Priority::Emergency));
        assert_eq!(named.actions, [RuntimeResponse::Collect, RuntimeResponse::KillProcess]);
        assert_eq!((named.most, named.per), (10, Duration::from_secs(3600)));
        assert!(bad.answers("x", Priority::Alert) && !bad.answers("x", Priority::Error));
        assert_eq!((bad.most, bad.per), (3, Duration::from_secs(60)));
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place() {
        for (from, to, expected) in [
            ("kill-process", "kill-proces", "p.yaml:8:59"),
            ("10/hour", "10/day", "p.yaml:8:82"),
            ("priority: critical", "priority: bad", "p.yaml:9:21"),
            ("priority: critical, ", "", "p.yaml:9:9"),
            ("do: [pause-container]", "atMost: 1/min", "p.yaml:9:9"),
            ("    responses:", "    respond:", "p.yaml:7:5"),
        ] {
            let error = Bundle::load("p.yaml", &TEXT.replacen(from, to, 1)).expect_err("refused").to_string();
            assert!(error.contains(expected), "{from}: {error}");
        }
    }
}
