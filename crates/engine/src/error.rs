use seawall_target::TargetError;

/// Why a target could not be answered for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The target could not be opened, or is not what its digests promise.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The target is no SBOM that can be read.
    #[error(transparent)]
    Sbom(#[from] seawall_inspect::SbomError),
    /// The advisory database is damaged.
    #[error(transparent)]
    Database(#[from] seawall_advisory::StoreError),
    /// A layer's stored bytes could not be read to their end.
    #[error("layer {index} ({digest}): {source}")]
    Layer {
        /// Index from the base upwards.
        index: usize,
        /// The digest that the image states.
        digest: String,
        /// What went wrong.
        source: std::io::Error,
    },
}
