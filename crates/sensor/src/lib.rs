//! The kernel's events: loads the eBPF programs, reads what they say, and keeps who is who.
//!
//! This crate never drops an event without counting it, never enforces what nobody asked for, and never claims a tier that
//! was not tried.
//!
//! ```
//! use seawall_sensor::ContainerId;
//! let names = ["docker-4ee7e5a1d3f24b0c9a6d2f8b7c1e0d9f4ee7e5a1d3f24b0c9a6d2f8b7c1e0d9f.scope", "system.slice"];
//! let found = ContainerId::of_cgroup(names);
//! assert_eq!(found[0].short(), "4ee7e5a1d3f2");
//! ```

mod batch;
mod calls;
mod clock;
mod decode;
mod enforce;
mod error;
mod filter;
mod flow;
mod guard;
mod identity;
mod kernel;
mod node;
mod numbers;
mod own;
mod paths;
mod probe;
mod proc;
mod processes;
mod programs;
mod record;
mod recording;
mod respond;
mod ring;
mod sensor;
mod socket;
mod users;

pub use calls::{Call, supplied_kinds};
pub use enforce::{Addresses, Denial, Enforcer, pin_folder};
pub use error::SensorError;
pub use filter::{Filter, FilterSummary};
pub use flow::{ClientHello, DnsAnswer, DnsMessage, NameSettings, Names, read_client_hello, read_dns_message};
pub use guard::Guard;
pub use identity::{
    ContainerId, Directory, DirectorySettings, EngineSocket, EngineState, EngineStatus, IdentityStatistics, Lookup,
    read_containerd_database, read_engine_answer, read_engine_event, read_runtime_spec,
};
pub use kernel::{Hook, HookState, Kernel, KernelOptions};
pub use node::{Node, Quarantined, quarantine};
pub use own::OwnFiles;
pub use probe::{Probe, hostname, probe};
pub use recording::{Recorder, RecordingError, replay};
pub use respond::resume;
pub use sensor::{Loss, Sensor, SensorOptions, SensorStatistics};
