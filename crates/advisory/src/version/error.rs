//! Why a version, a constraint or a scheme's name could not be used.

use super::Scheme;

/// Why two versions could not be compared, or a range not be decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The ecosystem's tools could not order this text: the answer is unknown, not "no".
    #[error("cannot read {version:?} as a version of scheme {scheme}")]
    Unparsable {
        /// The scheme it was read by.
        scheme: Scheme,
        /// The text.
        version: String,
    },
    /// The constraint is not written in the scheme's range language.
    #[error("cannot read {constraint:?} as a range of scheme {scheme}")]
    Constraint {
        /// The scheme it was read by.
        scheme: Scheme,
        /// The text.
        constraint: String,
    },
    /// The text is longer than any real one.
    #[error("a version or range of scheme {scheme} has {length} bytes, more than {limit}")]
    TooLong {
        /// The scheme it was read by.
        scheme: Scheme,
        /// Bytes of the text.
        length: usize,
        /// Bytes that are read at most.
        limit: usize,
    },
    /// No scheme has this name.
    #[error("no version scheme is called {name:?}")]
    UnknownScheme {
        /// The name, at most 64 characters of it.
        name: String,
    },
}
