use std::io::Read;
use std::path::{Path, PathBuf};

/// The folder of shared test material (`shared/data` beside or above the workspace, or `SEAWALL_SHARED`); where it is
/// absent this says so loudly, and the test is to return.
pub fn shared(part: &str) -> Option<PathBuf> {
    let mut candidates: Vec<PathBuf> = std::env::var_os("SEAWALL_SHARED").map(PathBuf::from).into_iter().collect();
    candidates.extend(Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|a| a.join("shared/data")));
    let found = candidates.into_iter().map(|c| c.join(part)).find(|p| p.exists());
    if found.is_none() {
        #[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
        {
            eprintln!("SKIPPED: shared data absent ({part})");
        }
    }
    found
}

/// Decompresses a zstd file of the shared material.
pub fn zstd_decode(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("readable");
    let mut out = Vec::new();
    let mut decoder = ruzstd::decoding::StreamingDecoder::new_with_max_window_size(&bytes[..], 1 << 27).expect("zstd");
    decoder.read_to_end(&mut out).expect("zstd");
    out
}
