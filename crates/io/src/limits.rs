use std::fmt;

use crate::MemoryCap;

/// The limits on what hostile input may make Seawall do. Each is a flag of the command line with the default given here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest uncompressed layer, bytes.
    pub layer_bytes: u64,
    /// Largest ratio of uncompressed to compressed bytes, once more than [`Limits::ratio_floor`] bytes came out.
    pub ratio: u64,
    /// Uncompressed bytes below which the ratio is not looked at.
    pub ratio_floor: u64,
    /// Most entries in one layer.
    pub entries: u64,
    /// Largest content of one file that a cataloger is given whole, bytes.
    pub file_bytes: u64,
    /// Longest path, bytes.
    pub path_bytes: usize,
    /// Largest manifest, index, configuration, lockfile of an engine or other small document, bytes.
    pub document_bytes: u64,
    /// Most layers in an image.
    pub layers: usize,
    /// Largest window that a Zstandard frame may ask for, bytes.
    pub window_bytes: u64,
    /// Memory of the whole process.
    pub memory: MemoryCap,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            layer_bytes: 64 << 30,
            ratio: 1_100,
            ratio_floor: 256 << 20,
            entries: 2_000_000,
            file_bytes: 256 << 20,
            path_bytes: 4_096,
            document_bytes: 16 << 20,
            layers: 512,
            window_bytes: 128 << 20,
            memory: MemoryCap::default(),
        }
    }
}

/// A limit was reached; carried inside [`std::io::Error`] so that it passes through any reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitExceeded {
    /// What was limited, for a person: `uncompressed size`, `compression ratio`.
    pub what: &'static str,
    /// The limit.
    pub limit: u64,
    /// The flag that raises it.
    pub flag: &'static str,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is over the limit of {} (raise it with {})", self.what, self.limit, self.flag)
    }
}

impl std::error::Error for LimitExceeded {}

impl LimitExceeded {
    /// As an I/O error of kind `FileTooLarge`.
    pub fn into_io(self) -> std::io::Error {
        std::io::Error::new(std::io::ErrorKind::FileTooLarge, self)
    }

    /// Whether an I/O error is a limit that was reached.
    pub fn of(error: &std::io::Error) -> Option<&Self> {
        error.get_ref().and_then(|e| e.downcast_ref())
    }
}
