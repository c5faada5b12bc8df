//! Bounded access to hostile bytes.
