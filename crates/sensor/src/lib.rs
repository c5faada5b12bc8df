//! What containers do, and which container did it.
//!
//! This crate never drops an event without counting it, and never takes the word of what it watches for who that is.
//!
//! ```
//! use seawall_sensor::ContainerId;
//! let names = ["docker-4ee7e5a1d3f24b0c9a6d2f8b7c1e0d9f4ee7e5a1d3f24b0c9a6d2f8b7c1e0d9f.scope", "system.slice"];
//! let found = ContainerId::of_cgroup(names);
//! assert_eq!(found[0].short(), "4ee7e5a1d3f2");
//! ```
#![forbid(unsafe_code)]

mod identity;

pub use identity::{
    ContainerId, Directory, DirectorySettings, EngineSocket, EngineState, EngineStatus, IdentityStatistics, Lookup,
    read_containerd_database, read_engine_answer, read_engine_event, read_runtime_spec,
};
