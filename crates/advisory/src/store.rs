//! The advisory database as one read-only file (docs/reference/database-format.md): mapped into memory, looked up in
//! place, never parsed whole. Every number in it is checked before it is used, so a damaged file gives an error.

pub(crate) mod affected;
pub(crate) mod bytes;
mod database;
mod error;
pub(crate) mod ids;
mod info;
mod install;
pub(crate) mod layout;
pub(crate) mod payload;
pub(crate) mod record;
mod row;
pub(crate) mod scores;
pub(crate) mod texts;

pub use affected::{Affecting, Rows};
pub use database::Database;
pub use error::StoreError;
pub(crate) use info::Info;
pub use info::{Counts, DatabaseInfo, FeedInfo};
pub use install::install;
pub(crate) use install::replace;
pub use row::{AdvisoryIndex, AffectedRow, RangeRow, Relation};
