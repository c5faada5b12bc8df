use std::io;
use std::path::PathBuf;

/// Why a database could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no such file.
    #[error("{}: there is no database", path.display())]
    Missing {
        /// The path that was tried.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{}: not a Seawall database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is of a format that this program does not read.
    #[error(
        "{}: database format {found}, but this program reads format {supported}\nhint: {}",
        path.display(),
        if found > supported { "update seawall" } else { "build or update the database again" }
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// Ours.
        supported: u32,
    },
    /// Bytes that this program did not write, or that were changed since.
    #[error("{}: damaged database: {what}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The section, or what is wrong.
        what: &'static str,
    },
    /// A section's bytes are not those that were checksummed.
    #[error("{}: damaged database: the checksum of section {section} does not match", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// The section.
        section: &'static str,
    },
    /// More than the format can number.
    #[error("too many {what} for one database")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
    },
    /// An import would replace a database by one with older content.
    #[error("{}: content of {offered}, but the installed database has content of {installed}\nhint: force the import to go back", path.display())]
    Older {
        /// The file offered.
        path: PathBuf,
        /// Its newest date.
        offered: String,
        /// The installed database's newest date.
        installed: String,
    },
}

impl StoreError {
    /// The operating system's error, or [`StoreError::Missing`] where that is what it says.
    pub(crate) fn io(path: &std::path::Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        if source.kind() == io::ErrorKind::NotFound { Self::Missing { path } } else { Self::Io { path, source } }
    }
}
