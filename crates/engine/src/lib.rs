//! Wires the stages: limits, cache, progress.
