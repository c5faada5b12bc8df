//! The advisory database: sources, version schemes and the compact read-only store.

mod build;
mod store;
mod update;
mod version;

pub use build::Builder;
pub use store::{
    AdvisoryIndex, AffectedRow, Affecting, Counts, Database, DatabaseInfo, FeedInfo, RangeRow, Relation, Rows,
    StoreError, install,
};
pub use update::{
    FileOutcome, Outcome, Publisher, RemoteFile, UpdateContext, UpdateError, UpdateReport, UpdateSettings, publishers,
    update,
};
pub use version::{
    MAX_CONSTRAINT_LENGTH, MAX_VERSION_LENGTH, Scheme, Version, VersionError, compare, in_range, matches_constraint,
};
mod vex;
pub use vex::{VexDocument, VexError, VexFormat, read_vex};
