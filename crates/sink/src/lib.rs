//! Sinks: alerts become bytes in a format of the field and are delivered.
//!
//! A format is one file under `formats/` and one line in [`ALERT_FORMATS`]. A channel (standard output, file, syslog,
//! HTTP) has a bounded queue and a thread of its own; what it cannot deliver is counted with its reason and told by an
//! alert, never silently dropped. [`Fold`] folds identical alerts, [`Metrics`] counts.
//!
//! This crate never judges an alert, never changes what one says and never reads the wall clock.
//!
//! ```
//! use std::time::Duration;
//! use seawall_sink::{SinkSettings, SinkSpec, Sinks};
//!
//! let folder = tempfile::tempdir().unwrap();
//! let spec: SinkSpec = format!("jsonl={}/alerts.jsonl,rotate=10MiB", folder.path().display()).parse().unwrap();
//! let sinks = Sinks::open(&[spec], SinkSettings::default()).unwrap();
//! let reports = sinks.drain(Duration::from_secs(1));
//! assert_eq!(reports[0].delivered, 0);
//! ```
#![forbid(unsafe_code)]

mod channel;
mod channels;
mod counters;
mod fold;
mod format;
mod formats;
mod metrics;
mod notice;
mod queue;
mod record;
mod sinks;
mod spec;
mod spool;
mod text;
mod time;
mod words;

pub use counters::{ChannelReport, DropReason};
pub use fold::{Fold, FoldSettings};
pub use format::{AlertFormat, RecordOptions};
pub use formats::{ALERT_FORMATS, alert_format};
pub use metrics::{Counter, Gauge, HealthCheck, Metrics, MetricsServer, Samples};
pub use sinks::{SinkError, SinkSettings, Sinks};
pub use spec::{Body, SINK_OPTIONS, SinkOption, SinkOptions, SinkSpec, SinkTarget, SpecError, SpoolPlace};
pub use spool::{AppendError, Spool};
