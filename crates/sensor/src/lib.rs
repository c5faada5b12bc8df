//! The kernel's events: loads the eBPF programs, reads what they say, and keeps who is who.
//!
//! This crate never drops an event without counting it, never enforces what nobody asked for, and never claims a tier that
//! was not tried.
#![forbid(unsafe_code)]

mod batch;
mod calls;
mod clock;
mod decode;
mod error;
mod identity;
mod kernel;
mod paths;
mod processes;
mod record;
mod sensor;
mod socket;
mod users;

pub use calls::{Call, supplied_kinds};
pub use error::SensorError;
pub use identity::{ContainerId, Directory, DirectorySettings, EngineSocket, EngineState, EngineStatus, IdentityStatistics, Lookup};
pub use kernel::{Hook, HookState, Kernel, KernelOptions};
pub use sensor::{Sensor, SensorOptions, SensorStatistics};
