//! A reference becomes readable layers: archives, layouts, folders, engines and registries.
//!
//! This crate never looks inside packages, and never trusts a digest that it has not recomputed.
#![forbid(unsafe_code)]

mod archive;
mod certificates;
mod config;
mod credentials;
mod docker_archive;
mod engine;
mod error;
mod image;
mod image_reference;
mod manifest;
mod oci;
mod reference;
mod registry;
mod tree;

pub use certificates::CertificateStore;
pub use credentials::{CredentialError, CredentialStore};
pub use docker_archive::open_docker_archive;
pub use engine::{EngineOptions, open_docker, open_podman};
pub use error::TargetError;
pub use image::{Blobs, Image, ImageLayer};
pub use image_reference::{DEFAULT_REGISTRY, ImageReference, ImageReferenceError};
pub use oci::{open_oci_archive, open_oci_layout};
pub use reference::{TargetRef, detect};
pub use registry::{Mirror, MirrorError, RegistryOptions, open_registry};
pub use tree::{Tree, TreeEntry, TreeProblem};
