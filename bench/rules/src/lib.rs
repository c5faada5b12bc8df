//! Compiled rules beside a straightforward walk over their trees.

pub mod generator;
pub mod recorded;
pub mod walker;

/// Recordings are read as the guard reads them, without the rest of the sensor.
#[path = "../../../crates/sensor/src/recording.rs"]
pub mod recording;
