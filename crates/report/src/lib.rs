//! Formats: a Report becomes bytes.
