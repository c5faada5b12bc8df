/// What a scan is doing, for whoever wants to show it.
pub trait Progress: Sync {
    /// Something moved on. Called from several threads, often.
    fn report(&self, stage: Stage);
}

/// Where a scan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The target is being opened or fetched.
    Opening,
    /// Layers are being read.
    Layers {
        /// Layers read or taken from the cache.
        done: usize,
        /// Layers of the image.
        total: usize,
    },
    /// Files of a folder are being read.
    Files {
        /// Files so far.
        done: u64,
    },
    /// Packages are being matched.
    Matching,
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _: Stage) {}
}
