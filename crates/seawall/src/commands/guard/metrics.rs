//! `--metrics`: what the guard counts, for Prometheus.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use seawall_sensor::{Node, SensorStatistics};
use seawall_sink::{ChannelReport, Metrics, MetricsServer, Samples};

use super::outputs::Outputs;

/// What was counted when it was looked at last.
#[derive(Default)]
struct Counts {
    sensor: SensorStatistics,
    raised: BTreeMap<String, u64>,
    channels: Vec<ChannelReport>,
    tier: &'static str,
}

/// How old counts may be: they are copied, which is not worth doing for every step.
const OLDEST: Duration = Duration::from_secs(1);

/// The address where counts are served.
pub(super) struct Served {
    counts: Arc<Mutex<Counts>>,
    updated: Option<Instant>,
    _server: MetricsServer,
}

impl Served {
    /// Serves `/metrics`, `/healthz` and `/readyz` at an address.
    pub(super) fn start(address: &str, tier: &'static str) -> Result<Self> {
        let counts = Arc::new(Mutex::new(Counts { tier, ..Counts::default() }));
        let metrics = Arc::new(Metrics::default());
        let of = Arc::clone(&counts);
        metrics.collector(move |into| collect(&of.lock().unwrap_or_else(PoisonError::into_inner), into));
        let healthy = || Box::new(|| Ok(()));
        let server = MetricsServer::start(address, metrics, healthy(), healthy())
            .with_context(|| format!("cannot serve metrics at {address}"))?;
        Ok(Self { counts, updated: None, _server: server })
    }

    /// Looks at the counts, where it is time to.
    pub(super) fn update(&mut self, node: &Node, outputs: &Outputs) {
        if self.updated.is_some_and(|updated| updated.elapsed() < OLDEST) {
            return;
        }
        self.updated = Some(Instant::now());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.channels = outputs.reports();
        counts.sensor = node.sensor().statistics();
        counts.raised = node.guard().raised().into_iter().map(|(rule, n)| (rule.to_owned(), n)).collect();
    }
}

fn collect(counts: &Counts, into: &mut Samples) {
    let sensor = &counts.sensor;
    into.gauge("seawall_guard_info", "The tier of this node.", &[("tier", counts.tier)], 1);
    into.counter("seawall_events_total", "Events that were judged.", &[], sensor.events);
    for (class, lost) in [
        ("process", &sensor.lost_life),
        ("other", &sensor.lost_events),
        ("unfair", &sensor.lost_unfair),
        ("network", &sensor.lost_packets),
    ] {
        for (cpu, count) in lost.iter().enumerate() {
            let labels = [("class", class), ("cpu", &cpu.to_string())];
            into.counter("seawall_events_lost_total", "Events that found no room.", &labels, *count);
        }
    }
    into.counter(
        "seawall_unnamed_containers_total",
        "Containers whose names did not come.",
        &[],
        sensor.unnamed_containers,
    );
    let processes = i64::try_from(sensor.processes).unwrap_or(i64::MAX);
    into.gauge("seawall_processes", "Processes that are known.", &[], processes);
    for channel in &counts.channels {
        channel.collect(into);
    }
    for (rule, count) in &counts.raised {
        into.counter("seawall_alerts_total", "Alerts by rule, before folding.", &[("rule", rule)], *count);
    }
}
