use std::io::{ErrorKind, Write};
use std::sync::Arc;

use seawall_model::Alert;

use crate::SinkSpec;
use crate::channel::{Channel, Delivery};
use crate::counters::{Counters, DropReason};
use crate::record::document;

/// Standard output. Where its reader went away, the channel is closed for good.
pub(super) struct Stdout {
    spec: SinkSpec,
    counters: Arc<Counters>,
}

impl Stdout {
    pub(super) fn new(spec: &SinkSpec, counters: Arc<Counters>) -> Self {
        Self { spec: spec.clone(), counters }
    }

    fn write(&self, alerts: &[Arc<Alert>]) -> std::io::Result<()> {
        let mut buffer = Vec::new();
        for alert in alerts {
            document(self.spec.format, &self.spec.options.record, alert, &self.counters, &mut buffer);
            buffer.push(b'\n');
        }
        let mut out = std::io::stdout().lock();
        out.write_all(&buffer)?;
        out.flush()
    }
}

impl Channel for Stdout {
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Delivery {
        let newest = alerts.last().map(|a| a.time.as_str());
        let count = alerts.len() as u64;
        if self.counters.is_closed() {
            self.counters.dropped(DropReason::Closed, count, newest);
            return Delivery::all(alerts.len());
        }
        // One alert at a time would be slow, and how much of a batch arrived cannot be told: what fails is counted whole.
        match self.write(alerts) {
            Ok(()) => self.counters.delivered(alerts.len()),
            Err(error) => {
                if error.kind() == ErrorKind::BrokenPipe {
                    self.counters.close();
                }
                self.counters.explain(format!("standard output: {error}"));
                self.counters.dropped(DropReason::Closed, count, newest);
            }
        }
        Delivery::all(alerts.len())
    }
}
