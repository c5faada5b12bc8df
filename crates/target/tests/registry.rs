//! Images in a registry: a real one, which the test starts, and ones that do what no registry should.
#![allow(clippy::print_stderr, unreachable_pub, reason = "a skipped test must be seen; helpers are shared")]
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

#[path = "registry/hostile.rs"]
mod hostile;
#[path = "registry/pushed.rs"]
mod pushed;
#[path = "registry/real.rs"]
mod real;
#[path = "registry/server.rs"]
mod server;
#[path = "registry/tls.rs"]
mod tls;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use seawall_io::Limits;
use seawall_model::Platform;
use seawall_target::{CredentialStore, Image, RegistryOptions, TargetError, open_registry};

fn platform() -> Platform {
    Platform { os: "linux".into(), architecture: "amd64".into(), variant: None }
}

fn options() -> RegistryOptions {
    RegistryOptions { attempts: 3, backoff: Duration::from_millis(2), ..RegistryOptions::default() }
}

/// Short waits: what is tested is that they end.
fn impatient(seconds: u64) -> RegistryOptions {
    RegistryOptions { stall_timeout: Duration::from_secs(seconds), ..options() }
}

fn open(reference: &str, options: &RegistryOptions) -> Result<Image, TargetError> {
    open_registry(reference, &Limits::default(), &platform(), false, options)
}

/// A credentials file as `docker login` writes it, for one registry.
fn log_in(folder: &Path, registry: &str, user_and_password: &str) -> CredentialStore {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(user_and_password);
    let config = serde_json::json!({"auths": {registry: {"auth": auth}}});
    std::fs::write(folder.join("config.json"), config.to_string()).expect("writable");
    CredentialStore::in_folder(folder, OsStr::new(""))
}
