//! A reference becomes readable layers.
