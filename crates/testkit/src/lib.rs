//! Makes images for tests and for the demo, without a container engine: OCI layouts and `docker save` archives from
//! folders, files and hand-made tar entries. Equal input gives equal bytes.
//!
//! It is a development dependency only; nothing that ships depends on it.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "it reads fixtures of this repository")]

mod dockerd;
mod image;
mod section;
mod shared;
mod tar;

pub use dockerd::Dockerd;
pub use image::{Compress, ImageBuilder, hex_sha256};
pub use section::keep_section;
pub use shared::{shared, zstd_decode};
pub use tar::TarBuilder;
