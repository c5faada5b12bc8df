//! The compiled eBPF objects.

/// An object of `ebpf/`. A name rather than its bytes: those may lie in the program several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    ExecKill,
    Lsm,
    Mapping,
    Script,
    Paths,
    Network,
    Names,
    Calls,
    Devices,
}

macro_rules! bytes {
    ($name:literal) => {{
        static BYTES: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/", $name, ".bpf.o"));
        BYTES
    }};
}

impl Object {
    /// What clang made of it; empty where clang was missing.
    pub(crate) fn bytes(self) -> &'static [u8] {
        match self {
            Self::ExecKill => bytes!("enforce"),
            Self::Lsm => bytes!("lsm"),
            Self::Mapping => bytes!("mapping"),
            Self::Script => bytes!("script"),
            Self::Paths => bytes!("paths"),
            Self::Network => bytes!("network"),
            Self::Names => bytes!("names"),
            Self::Calls => bytes!("calls"),
            Self::Devices => bytes!("devices"),
        }
    }
}
