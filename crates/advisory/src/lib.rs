//! The advisory database: sources, version schemes and the compact read-only store.

mod version;

pub use version::{
    MAX_CONSTRAINT_LENGTH, MAX_VERSION_LENGTH, Scheme, Version, VersionError, compare, in_range, matches_constraint,
};
