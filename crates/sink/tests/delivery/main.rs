//! Sinks as a whole: what goes in comes out at the other end, or is counted.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

mod files;
mod fold;
mod formats;
mod http;
mod metrics;
mod ocsf;
mod queues;
mod rsyslog;
mod spool;
mod support;
mod syslog;
