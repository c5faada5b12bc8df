//! Who the agent is, for the programs that keep others from tampering with it (struct agent of ebpf/include/refuse.h).

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The size of struct agent.
pub(super) const SIZE: usize = 32;

/// This process without pins.
pub(super) fn alone() -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    bytes[24..28].copy_from_slice(&std::process::id().to_ne_bytes());
    bytes
}

/// This process, and the folder of its pins. The kernel adds which program it runs.
pub(super) fn with_pins(folder: &Path) -> std::io::Result<[u8; SIZE]> {
    let meta = std::fs::metadata(folder)?;
    // The kernel keeps 12 bits of major and 20 of minor number; st_dev has them elsewhere.
    let device = rustix::fs::major(meta.dev()) << 20 | rustix::fs::minor(meta.dev());
    let mut bytes = alone();
    bytes[8..16].copy_from_slice(&meta.ino().to_ne_bytes());
    bytes[20..24].copy_from_slice(&device.to_ne_bytes());
    Ok(bytes)
}
