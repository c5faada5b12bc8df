//! Wires the stages: opens a target, passes over its layers on all cores, keeps what a layer gave by its digest, and
//! joins inventory, findings and verdict into one report.
//!
//! This crate contains no parser and no rule, never prints, and knows neither HTTP nor the command line.
#![forbid(unsafe_code)]

mod cache;
mod error;
mod layers;
mod open;
mod progress;
mod scan;

pub use cache::Cache;
pub use error::EngineError;
pub use layers::Inspector;
pub use open::{OpenOptions, Opened, open};
pub use progress::{Progress, Silent, Stage};
pub use scan::Judge;
pub use seawall_detect::NOT_BUILT;
