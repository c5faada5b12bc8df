use thiserror::Error;

/// Why events cannot be had.
#[derive(Debug, Error)]
pub enum SensorError {
    /// The binary was built without the programs.
    #[error(
        "this build has no eBPF programs\nhint: build it again where clang is installed (Debian: `apt-get install clang`), \
         or name one with SEAWALL_CLANG"
    )]
    NotBuilt,
    /// The kernel does not describe its types.
    #[error("the kernel does not describe its types (BTF): {0}\nhint: it needs CONFIG_DEBUG_INFO_BTF=y")]
    NoTypes(String),
    /// The kernel refused to take the programs.
    #[error("the kernel refused the programs: {0}\nhint: the guard needs root, or CAP_BPF and CAP_PERFMON")]
    Load(String),
    /// A policy asks for what no program here can deny.
    #[error(
        "the policy cannot be enforced on this node: entry `{entry}` denies {denial}, {reason}\nhint: `seawall guard \
         --probe` says what this node can stop; `mode: observe` only watches"
    )]
    NotEnforceable {
        /// The entry.
        entry: String,
        /// What it denies.
        denial: &'static str,
        /// Why that cannot be.
        reason: String,
    },
    /// A report that should list an image's programs cannot be used.
    #[error("cannot use an inventory: {0}")]
    Inventory(String),
    /// The patterns of an entry take more room than the kernel has for them.
    #[error(
        "the policy cannot be enforced on this node: the patterns of entry `{entry}`, with those before it, need more than \
         {most} states\nhint: use fewer `**` and `*`, or fewer paths"
    )]
    TooManyPatterns {
        /// The entry.
        entry: String,
        /// How many states there may be.
        most: usize,
    },
    /// No container is meant, or more than one.
    #[error(
        "which container is `{wanted}`? {}\nhint: give its name, or the first digits of its identifier (four or more)",
        if found.is_empty() { "none that runs has this name or identifier".to_owned() } else { format!("it could be any of {found}") }
    )]
    WhichContainer {
        /// What was asked for.
        wanted: String,
        /// What there is.
        found: String,
    },
}
