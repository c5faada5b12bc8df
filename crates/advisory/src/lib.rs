//! The advisory database: sources, version schemes and the compact read-only store.

mod cvss;
mod feed;
mod sources;
mod streams;

pub use cvss::cvss;
pub use feed::{FeedError, FeedLimits, Visit, documents};
pub use sources::{SOURCES, Sink, Source, SourceError, read_document, source_of};
pub use streams::{debian_release, osv_stream, package_name, redhat_stream, slug, ubuntu_release, ubuntu_series};
