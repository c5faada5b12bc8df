use std::io::Read;

use seawall_model::{Digest, ImageConfig, TargetInfo};

use crate::TargetError;

/// An image whose layers can be opened, in any order and from any thread.
pub struct Image {
    /// What it is.
    pub info: TargetInfo,
    /// How it wants to be run.
    pub config: ImageConfig,
    /// Its layers, from the base upwards.
    pub layers: Vec<ImageLayer>,
    /// Gives the blobs of the layers.
    pub blobs: Box<dyn Blobs>,
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Image").field("info", &self.info).field("layers", &self.layers).finish_non_exhaustive()
    }
}

/// Where the blobs of an image come from.
pub trait Blobs: Send + Sync {
    /// The stored bytes of a layer, by its index. Nothing about them is verified yet.
    ///
    /// # Errors
    /// Where the blob is not there or cannot be reached.
    fn open(&self, index: usize) -> Result<Box<dyn Read + Send>, TargetError>;

    /// Says that a layer will not be opened again: what is kept of it may go.
    fn release(&self, index: usize) {
        let _ = index;
    }
}

/// One layer as its image describes it: nothing of it is verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageLayer {
    /// Digest of the stored blob, where the image states one.
    pub digest: Option<Digest>,
    /// Digest of the uncompressed tar.
    pub diff_id: Digest,
    /// Media type as stated; empty where none is.
    pub media_type: String,
    /// Bytes as stored, where stated.
    pub size: Option<u64>,
    /// The instruction of the history that made it.
    pub instruction: Option<String>,
}
