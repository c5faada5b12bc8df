//! Formats: a [`Report`](seawall_model::Report) becomes bytes.
//!
//! Each format is one file under `formats/` and one line in [`FORMATS`]. A format shows findings in the order of the
//! report and never adds, drops or re-ranks one; what it does not list it counts. Everything in a report comes from an
//! image or a feed, so every format treats every text as hostile: no terminal escape, no markup and no character that
//! its syntax forbids gets through.
//!
//! This crate never reads the clock, the network or a file: equal reports give equal bytes.
//!
//! ```
//! use seawall_report::{FORMATS, format};
//! assert!(format("sarif").is_some());
//! assert_eq!(FORMATS.first().map(|f| f.id()), Some("table"));
//! ```
#![forbid(unsafe_code)]

mod cyclonedx;
mod diff;
mod format;
mod formats;
mod identity;
mod json;
mod licences;
mod properties;
mod spdx;
mod text;
mod time;
mod view;
mod words;
mod xml;

pub use diff::{ConfigurationChange, FindingKey, PackageChange, ReportDiff};
pub use format::{Format, RenderOptions};
pub use formats::{FORMATS, format};
