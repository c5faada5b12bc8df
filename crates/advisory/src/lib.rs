//! The advisory database: sources, version schemes and the compact read-only store.

mod vex;

pub use vex::{VexDocument, VexError, VexFormat, read_vex};
