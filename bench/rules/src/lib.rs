//! Compiled rules beside a straightforward walk over their trees.

pub mod generator;
pub mod recorded;
pub mod walker;
