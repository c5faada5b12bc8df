//! Whole commands: what they print, what they write, how they end.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

#[path = "cli/config.rs"]
mod config;
#[path = "cli/home.rs"]
mod home;
#[path = "cli/layers.rs"]
mod layers;
#[path = "cli/memory.rs"]
mod memory;
#[path = "cli/others.rs"]
mod others;
#[path = "cli/pages.rs"]
mod pages;
#[path = "cli/scan.rs"]
mod scan;
#[path = "cli/snapshots.rs"]
mod snapshots;
#[path = "cli/tune.rs"]
mod tune;
#[path = "cli/watch.rs"]
mod watch;
