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
}
