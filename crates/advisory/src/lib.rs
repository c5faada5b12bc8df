//! The advisory database: sources, version schemes and the compact read-only store.
