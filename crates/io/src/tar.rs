//! Reads tar archives that someone may have made to hurt: ustar, pax, GNU long names, old and new sparse files.
//!
//! The reader lends chunks of its own buffer, so that a file's bytes are not copied on their way past the catalogers.
//! Specifications: POSIX.1-2017 `pax`, GNU tar manual "Basic Tar Format".

mod header;
mod pax;
mod reader;
mod sparse;

pub use header::{Entry, EntryKind};
pub use reader::{Reader, TarError};
