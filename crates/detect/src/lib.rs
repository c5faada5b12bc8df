//! Detectors: an Inventory and the advisories become Findings.
