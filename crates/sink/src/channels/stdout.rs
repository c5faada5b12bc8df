use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::sync::Arc;

use seawall_model::Alert;

use super::lines::Lines;
use crate::channel::{Channel, Delivery};
use crate::counters::{Counters, DropReason};
use crate::{SinkError, SinkSpec};

/// Standard output. Where its reader went away, the channel is closed for good.
pub(super) struct Stdout {
    spec: SinkSpec,
    counters: Arc<Counters>,
    /// Without the library's buffer, so that it is known what was written.
    file: File,
    is_torn: bool,
}

impl Stdout {
    pub(super) fn open(spec: &SinkSpec, counters: Arc<Counters>) -> Result<Self, SinkError> {
        let descriptor = std::io::stdout().as_fd().try_clone_to_owned();
        let descriptor = descriptor.map_err(|error| SinkError::File { path: "-".into(), error })?;
        Ok(Self { spec: spec.clone(), counters, file: descriptor.into(), is_torn: false })
    }
}

impl Channel for Stdout {
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Delivery {
        if self.counters.is_closed() {
            self.counters.dropped(DropReason::Closed, alerts.len() as u64, alerts.last().map(|a| a.time.as_str()));
            return Delivery::all(alerts.len());
        }
        let written = Lines::new(&self.spec, &self.counters, alerts, self.is_torn, u64::MAX).write(&mut self.file);
        self.is_torn = written.is_torn;
        self.counters.delivered(written.lines);
        match written.result {
            Ok(()) => Delivery::all(written.lines),
            Err(error) => {
                if error.kind() == ErrorKind::BrokenPipe {
                    self.counters.close();
                }
                Delivery::stuck(written.lines, format!("standard output: {error}"))
            }
        }
    }
}
