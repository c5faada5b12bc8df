//! Catalogers: layers become an [`Inventory`](seawall_model::Inventory), in one pass over each layer.
//!
//! A cataloger is one file in `catalogers/` and one line in `catalogers.rs` (docs/how-to/add-a-cataloger.md).
//! This crate never judges severity, never uses the network, and never fails a scan because one file is broken:
//! what could not be read is an unknown in the inventory.
#![forbid(unsafe_code)]

mod archive;
mod assemble;
mod catalogers;
mod cost;
mod elf;
mod file_chunks;
mod markers;
mod pass;
mod paths;
mod program_digests;
mod sbom;
mod text;
mod unit;
mod units;

pub use assemble::{Sha1Table, Sha1TableError, apply_sha1_table, assemble};
pub use catalogers::CATALOGERS;
pub use pass::{Deferred, LayerScan, Pass};
pub use paths::Paths;
pub use program_digests::PROGRAM_DIGESTS;
pub use sbom::{MAX_SBOM_BYTES, SbomError, read_sbom};
pub use unit::{Cataloger, File, Files, MAX_OBSERVATIONS, Need, Observation, Observer, Scanner, Want};
pub use units::Units;
