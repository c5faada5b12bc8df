//! The advisory database: sources, version schemes, VEX and the compact read-only store.
//!
//! Feeds in their publishers' own formats become one file ([`build_from_folder`]) that a scan reads through `mmap`
//! ([`Database`]). This crate never sees an inventory or a target.

mod build;
mod cvss;
mod feed;
mod folder;
mod sources;
mod store;
mod streams;
mod update;
mod version;
mod vex;

pub use build::Builder;
pub use cvss::cvss;
pub use feed::{FeedError, FeedLimits, Visit, documents};
pub use folder::{FolderError, FolderReport, build_from_folder};
pub use sources::{SOURCES, Sink, Source, SourceError, read_document, source_of};
pub use store::{
    AdvisoryIndex, AffectedRow, Affecting, Counts, Database, DatabaseInfo, FeedInfo, RangeRow, Relation, Rows,
    StoreError, install,
};
pub use streams::{debian_release, osv_stream, package_name, redhat_stream, slug, ubuntu_release, ubuntu_series};
pub use update::{
    Changes, FileOutcome, Outcome as UpdateOutcome, Publisher, RemoteFile, UpdateContext, UpdateError, UpdateReport,
    UpdateSettings, Way, publishers, update,
};
pub use version::{
    MAX_CONSTRAINT_LENGTH, MAX_VERSION_LENGTH, Scheme, Version, VersionError, compare, in_range, matches_constraint,
};
pub use vex::{VexDocument, VexError, VexFormat, read_vex};
