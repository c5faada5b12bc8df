use std::io;
use std::path::{Path, PathBuf};

use seawall_io::tar::TarError;
use seawall_model::Digest;

/// Why a target could not be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The system refused.
    #[error("{path}: {source}")]
    Io {
        /// What was read.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// An archive is not a readable tar.
    #[error("{path}: {source}")]
    Tar {
        /// The archive.
        path: String,
        /// What is wrong with it.
        source: TarError,
    },
    /// A document within the target is not what its format allows.
    #[error("{path}: {what}: {reason}")]
    Malformed {
        /// The target.
        path: String,
        /// Which document.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something that the target refers to is not in it.
    #[error("{path}: {what} is missing")]
    Missing {
        /// The target.
        path: String,
        /// What is missing.
        what: String,
    },
    /// A blob is not what its digest says.
    #[error("{what} has digest {actual}, but {expected} was promised")]
    DigestMismatch {
        /// Which blob: `layer 3 (blob)`, `layer 3 (diff_id)`, `manifest`.
        what: String,
        /// What the referrer states.
        expected: Digest,
        /// What was computed.
        actual: Digest,
    },
    /// The index has no image for the platform.
    #[error("no image for platform {wanted} (there are: {available})")]
    Platform {
        /// What was asked for.
        wanted: String,
        /// What there is.
        available: String,
    },
    /// There is more than one image, and none was chosen.
    #[error("{path} holds {count} images: {names}\nhint: choose one with {prefix}:{path}:NAME")]
    Ambiguous {
        /// The target.
        path: String,
        /// How many.
        count: usize,
        /// Their names.
        names: String,
        /// The target's prefix.
        prefix: &'static str,
    },
    /// The text is not the name of an image.
    #[error(transparent)]
    Reference(#[from] crate::ImageReferenceError),
    /// Nothing is known under that name.
    #[error("{name}: {reason}")]
    NotFound {
        /// What the user wrote.
        name: String,
        /// What was tried.
        reason: String,
    },
    /// A registry or an engine answered something else than was asked for.
    #[error("{what}: {reason}")]
    Remote {
        /// What was asked.
        what: String,
        /// What came back.
        reason: String,
    },
    /// More than a limit allows.
    #[error("{path}: {what} is over the limit of {limit}")]
    Limit {
        /// The target.
        path: String,
        /// What is too much.
        what: String,
        /// The limit.
        limit: u64,
    },
}

impl TargetError {
    /// An I/O error with the path that it happened at.
    pub fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.display().to_string(), source }
    }

    pub(crate) fn tar(path: &Path) -> impl FnOnce(TarError) -> Self + '_ {
        move |source| Self::Tar { path: path.display().to_string(), source }
    }

    pub(crate) fn malformed(path: &Path, what: impl Into<String>, reason: impl ToString) -> Self {
        Self::Malformed { path: path.display().to_string(), what: what.into(), reason: reason.to_string() }
    }

    pub(crate) fn missing(path: &Path, what: impl Into<String>) -> Self {
        Self::Missing { path: path.display().to_string(), what: what.into() }
    }
}

/// The path that the user wrote, with an optional image name after the last colon.
pub(crate) fn split_name(text: &str) -> (PathBuf, Option<&str>) {
    let whole = PathBuf::from(text);
    if whole.exists() {
        return (whole, None);
    }
    let colons = text.match_indices(':').map(|(at, _)| at);
    for at in colons {
        if let (Some(path), Some(name)) = (text.get(..at), text.get(at + 1..))
            && Path::new(path).exists()
        {
            return (PathBuf::from(path), Some(name));
        }
    }
    (whole, None)
}
