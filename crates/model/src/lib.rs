//! The vocabulary of Seawall: the nouns of container security, and nothing that acts.
//!
//! [`Inventory`] is what is in a target, [`Advisory`] what is published, [`Finding`] what applies,
//! [`Verdict`] what a policy says of it, [`Report`] all of them together. At run time, [`Event`] is what a [`Process`] of a
//! [`Container`] did, and [`Alert`] what a rule says of it.
//!
//! This crate never does I/O, never reads the clock and knows no file format.
//!
//! ```
//! use seawall_model::{Ecosystem, Package};
//! let package = Package::new(Ecosystem::Npm, "@babel/core", "7.0.0");
//! assert_eq!(package.purl(), "pkg:npm/%40babel/core@7.0.0");
//! ```
#![forbid(unsafe_code)]

mod advisory;
mod alert;
mod bytes;
mod container;
mod digest;
mod ecosystem;
mod event;
mod event_kind;
mod finding;
mod image;
mod inventory;
mod package;
mod process;
mod purl;
mod report;
mod severity;
mod verdict;
mod vex;

pub use advisory::{
    Advisory, AdvisoryKind, Affected, CvssVector, EndOfLife, Epss, FixState, KnownExploited, Range, VersionRange,
};
pub use alert::{Action, Alert, AlertContext, FieldValue, Priority};
pub use bytes::ByteString;
pub use container::{Container, ContainerEngine, ContainerMount, Pod};
pub use digest::{Digest, DigestError};
pub use ecosystem::Ecosystem;
pub use event::{Argument, ArgumentValue, Descriptor, Event, File, Lineage, Observation, OverlayLayer, Socket};
pub use event_kind::EventKind;
pub use finding::{Enrichment, Finding, FindingKind, Fix, Location, PackageRef, RiskFactors, SuppressedBy};
pub use image::{ImageConfig, Layer, OperatingSystem, Platform, ProgramFile, TargetInfo, TargetKind};
pub use inventory::{Inventory, Relationship, RelationshipKind, Unknown, UnknownKind};
pub use package::{Dependency, Evidence, Package, Recognition, Scope, SourcePackage};
pub use process::{Capabilities, Executable, Namespaces, Process, ProcessKey};
pub use report::{
    DatabaseInfo, FixPlan, FixStep, FixStepKind, Hidden, NotLookedFor, Report, SCHEMA_VERSION, ToolInfo, WhyNot,
};
pub use severity::Severity;
pub use verdict::{Outcome, Reason, Verdict};
pub use vex::{VexStatement, VexStatus};
