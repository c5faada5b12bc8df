//! Where alerts go.

use std::time::Duration;

use anyhow::Result;
use seawall_model::Alert;
use seawall_sink::{SinkSettings, SinkSpec, Sinks};

use crate::printer::Printer;

/// How long the sinks may take at the end.
const DRAIN: Duration = Duration::from_secs(10);

/// Gives alerts to the sinks.
pub(super) struct Outputs {
    sinks: Sinks,
    alerts: u64,
}

impl Outputs {
    /// Opens the sinks of `-o`; without any, alerts are lines on standard output.
    pub(super) fn open(specs: &[String], hostname: &str, tier: &str) -> Result<Self> {
        let default = ["text=-".to_owned()];
        let specs = if specs.is_empty() { &default[..] } else { specs };
        let specs = specs.iter().map(|s| s.parse()).collect::<Result<Vec<SinkSpec>, _>>()?;
        let settings = SinkSettings { hostname: hostname.to_owned(), tier: tier.to_owned(), ..SinkSettings::default() };
        let sinks = Sinks::open(&specs, settings)?;
        Ok(Self { sinks, alerts: 0 })
    }

    /// Takes an alert.
    pub(super) fn raise(&mut self, alert: &Alert) {
        self.alerts += 1;
        self.sinks.send(alert);
    }

    /// Whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.sinks.is_closed()
    }

    /// Sends what is left; returns how many alerts there were.
    pub(super) fn finish(self, printer: &Printer) -> u64 {
        for report in self.sinks.drain(DRAIN) {
            let dropped = report.dropped_total();
            if dropped > 0 {
                printer.warning(&format!("{}: {dropped} alerts were not delivered", report.channel));
            }
        }
        self.alerts
    }
}
