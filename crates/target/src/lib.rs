//! A reference becomes readable layers: archives, layouts, folders, engines and registries.
//!
//! This crate never looks inside packages, and never trusts a digest that it has not recomputed.
#![forbid(unsafe_code)]

mod archive;
mod config;
mod docker_archive;
mod error;
mod image;
mod manifest;
mod oci;
mod reference;
mod tree;

pub use docker_archive::open_docker_archive;
pub use error::TargetError;
pub use image::{Blobs, Image, ImageLayer};
pub use oci::{open_oci_archive, open_oci_layout};
pub use reference::{TargetRef, detect};
pub use tree::{Tree, TreeEntry, TreeProblem};
