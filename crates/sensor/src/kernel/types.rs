//! The kernel's own types, to which programs are fitted when they are loaded.

use aya::{Btf, EbpfLoader};

use crate::SensorError;

/// Loads programs with the kernel's types. These are gone afterwards, and what they took is the system's again: parsed they are
/// 15 MB in some hundred thousand pieces, which nobody needs between two loads.
pub(crate) fn with_types<T>(
    load: impl for<'a> FnOnce(EbpfLoader<'a>, &'a Btf) -> Result<T, SensorError>,
) -> Result<T, SensorError> {
    let loaded = fitted(load);
    give_back();
    loaded
}

fn fitted<T>(load: impl for<'a> FnOnce(EbpfLoader<'a>, &'a Btf) -> Result<T, SensorError>) -> Result<T, SensorError> {
    let mut loader = EbpfLoader::new();
    // Every new loader parses the types for itself: those go before others come, so that they are never there twice.
    loader.btf(None);
    let btf = Btf::from_sys_fs().map_err(|e| SensorError::NoTypes(e.to_string()))?;
    loader.btf(Some(&btf));
    load(loader, &btf)
}

/// Gives freed memory back to the system. glibc keeps it where something lives above it, and something always does.
#[allow(unsafe_code, reason = "no safe interface has this call")]
pub(crate) fn give_back() {
    // SAFETY: it takes no pointer, and the allocator locks what it looks at.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
