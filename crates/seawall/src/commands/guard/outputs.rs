//! Where alerts go.

use std::time::{Duration, Instant};

use anyhow::Result;
use seawall_model::Alert;
use seawall_sink::{ChannelReport, Fold, FoldSettings, SinkSettings, SinkSpec, Sinks};

use crate::printer::Printer;

/// How long the sinks may take at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// Folds alerts and gives them to the sinks.
pub(super) struct Outputs {
    sinks: Sinks,
    fold: Fold,
    began: Instant,
    alerts: u64,
}

impl Outputs {
    /// Opens the sinks of `-o`; without any, alerts are lines on standard output.
    pub(super) fn open(specs: &[String], fold: Duration, hostname: &str, tier: &str) -> Result<Self> {
        let default = ["text=-".to_owned()];
        let specs = if specs.is_empty() { &default[..] } else { specs };
        let specs = specs.iter().map(|s| s.parse()).collect::<Result<Vec<SinkSpec>, _>>()?;
        let settings = SinkSettings { hostname: hostname.to_owned(), tier: tier.to_owned(), ..SinkSettings::default() };
        let sinks = Sinks::open(&specs, settings)?;
        let fold = Fold::new(FoldSettings { window: fold, ..FoldSettings::default() });
        Ok(Self { sinks, fold, began: Instant::now(), alerts: 0 })
    }

    /// Takes an alert.
    pub(super) fn raise(&mut self, alert: Alert) {
        self.alerts += 1;
        for alert in self.fold.push(alert, self.began.elapsed()) {
            self.sinks.send(&alert);
        }
    }

    /// Sends the summaries that are due.
    pub(super) fn tick(&mut self) {
        for alert in self.fold.expire(self.began.elapsed()) {
            self.sinks.send(&alert);
        }
    }

    /// Opens files again, after somebody moved them away.
    pub(super) fn reopen(&self) {
        self.sinks.reopen();
    }

    /// What each channel has done so far.
    pub(super) fn reports(&self) -> Vec<ChannelReport> {
        self.sinks.reports()
    }

    /// Whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.sinks.is_closed()
    }

    /// Sends what is left; returns how many alerts there were.
    pub(super) fn finish(mut self, printer: &Printer) -> u64 {
        for alert in self.fold.flush() {
            self.sinks.send(&alert);
        }
        for report in self.sinks.drain(DRAIN) {
            let dropped = report.dropped_total();
            if dropped > 0 {
                printer.warning(&format!("{}: {dropped} alerts were not delivered", report.channel));
            }
        }
        self.alerts
    }
}
