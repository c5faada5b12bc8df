//! Options as typed become what the rooms need.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use seawall_engine::OpenOptions;
use seawall_io::{Limits, MemoryCap};
use seawall_model::{FindingKind, Platform, TargetKind};
use seawall_target::{CertificateStore, CredentialStore, EngineOptions, Mirror, RegistryOptions};

use crate::cli::{Kind, LimitArgs, ReadArgs};

/// A number of bytes with an optional unit: `500`, `64K`, `100M`, `2G`, also `MiB` and `MB` (all powers of 1024).
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(format!("`{unit}` is not a unit (K, M, G, T)")),
    };
    let number: u64 = number.parse().map_err(|_| format!("`{text}` is not a number of bytes"))?;
    number.checked_mul(1 << shift).ok_or_else(|| format!("`{text}` is too large"))
}

/// Less than this is not enough to begin with: the program itself, and the buffers of one layer.
pub(crate) const LEAST_MEMORY: u64 = 48 << 20;

/// A number of bytes for `--max-memory`.
pub(crate) fn memory(text: &str) -> Result<u64, String> {
    match bytes(text)? {
        enough @ LEAST_MEMORY.. => Ok(enough),
        _ => Err(format!("a scan needs at least {}M", LEAST_MEMORY >> 20)),
    }
}

impl LimitArgs {
    /// The limits as they are stated, whatever the memory.
    pub(crate) fn stated(&self) -> Limits {
        let mut limits = Limits::default();
        let set = |slot: &mut u64, value: Option<u64>| *slot = value.unwrap_or(*slot);
        set(&mut limits.layer_bytes, self.max_layer_bytes);
        set(&mut limits.ratio, self.max_ratio);
        set(&mut limits.entries, self.max_entries);
        set(&mut limits.file_bytes, self.max_file_bytes);
        set(&mut limits.document_bytes, self.max_document_bytes);
        limits
    }

    /// The limits that hold, and how many layers are read at once.
    pub(crate) fn limits(&self) -> (Limits, usize) {
        let mut limits = self.stated();
        let mut parallel = std::thread::available_parallelism().map_or(2, usize::from);
        if let Some(memory) = self.max_memory {
            let spare = memory.saturating_sub(LEAST_MEMORY / 2);
            // A layer in flight takes about 4 MiB of buffers and what its largest file becomes.
            parallel = usize::try_from(spare / (64 << 20)).unwrap_or(1).clamp(1, parallel);
            let each = spare / parallel as u64;
            limits.file_bytes = limits.file_bytes.min(each / 4);
            limits.document_bytes = limits.document_bytes.min(each / 4);
            limits.window_bytes = limits.window_bytes.min(each / 4);
            limits.memory = MemoryCap::new(memory);
        }
        (limits, parallel)
    }
}

/// How targets are opened.
pub(crate) fn open_options(read: &ReadArgs, limits: &Limits) -> Result<OpenOptions> {
    let platform = match &read.platform {
        Some(text) => platform(text)?,
        None => Platform { os: "linux".to_owned(), architecture: host_architecture().to_owned(), variant: None },
    };
    let variable = |name: &str| std::env::var_os(name);
    let mirrors = read.mirror.iter().map(|m| m.parse()).collect::<Result<Vec<Mirror>, _>>()?;
    let certificates = CertificateStore::from_environment(&variable);
    let certificates = match &read.ca {
        Some(path) => certificates.with_bundle(path),
        None => certificates,
    };
    let registry = RegistryOptions {
        plain_http: read.plain_http,
        certificates,
        mirrors,
        credentials: CredentialStore::from_environment(&variable),
        ..RegistryOptions::default()
    };
    Ok(OpenOptions {
        platform,
        platform_asked: read.platform.is_some(),
        limits: limits.clone(),
        registry,
        engines: EngineOptions::from_environment(&variable),
    })
}

fn platform(text: &str) -> Result<Platform> {
    let mut parts = text.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(os), Some(architecture), variant, None) if !os.is_empty() && !architecture.is_empty() => Ok(Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        }),
        _ => bail!("`{text}` is not a platform\nhint: write OS/ARCHITECTURE[/VARIANT], such as linux/arm64"),
    }
}

/// Go's names for processors, which image indexes use.
fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

/// Registry targets are the only ones that need the network.
pub(crate) fn check_offline(read: &ReadArgs, kind: TargetKind) -> Result<()> {
    if read.offline && kind == TargetKind::Registry {
        bail!("a registry target needs the network, and --offline is set\nhint: save the image to a file first");
    }
    Ok(())
}

/// The folder that Seawall keeps things in: `SEAWALL_CACHE`, else the user's cache folder.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    from("SEAWALL_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|f| f.join("seawall")))
        .or_else(|| from("HOME").map(|f| f.join(".cache/seawall")))
}

/// Where the database is when nobody says.
pub(crate) fn default_database() -> Result<PathBuf> {
    let folder = cache_folder().context("no cache folder is known\nhint: set SEAWALL_CACHE or give --db FILE")?;
    Ok(folder.join("advisories.db"))
}

impl From<Kind> for FindingKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Vulnerability => Self::Vulnerability,
            Kind::Secret => Self::Secret,
            Kind::Malware => Self::Malware,
            Kind::Misconfiguration => Self::Misconfiguration,
            Kind::Licence => Self::Licence,
            Kind::EndOfLife => Self::EndOfLife,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, memory};

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes("500"), Ok(500));
        assert_eq!(bytes("64K"), Ok(65_536));
        assert_eq!(bytes("1MiB"), Ok(1 << 20));
        assert_eq!(bytes("2gb"), Ok(2 << 30));
        for wrong in ["", "M", "1X", "-1", "99999999999999T"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert_eq!(memory("48M"), Ok(48 << 20));
        assert!(memory("47M").is_err());
    }
}
