//! Images in a container engine on this machine: Docker, and Podman through the interface that it shares
//! ([Docker Engine API](https://docs.docker.com/reference/api/engine/)).

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use seawall_io::{Limits, LocalAddress, LocalHttp, read_to_limit};
use seawall_model::{Platform, TargetKind};
use serde::Deserialize;

use crate::archive::{Archive, spool};
use crate::image_reference::ImageReference;
use crate::{Image, TargetError, docker_archive, oci};

/// Where the engines are.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Docker's address as `DOCKER_HOST` is written: `unix:///path` or, on loopback, `tcp://host:port`. Without one, the
    /// places where it usually is.
    pub docker_host: Option<String>,
    /// Podman's address, as `CONTAINER_HOST` is written.
    pub podman_host: Option<String>,
    /// The user's folder of sockets, `XDG_RUNTIME_DIR`.
    pub runtime_folder: Option<PathBuf>,
    /// How long nothing may come.
    pub stall_timeout: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        // An engine collects a large image for a while before the first byte comes.
        let stall_timeout = Duration::from_secs(300);
        Self { docker_host: None, podman_host: None, runtime_folder: None, stall_timeout }
    }
}

impl EngineOptions {
    /// As the engines' own tools take them; `variable` gives the value of an environment variable.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let text = |name| variable(name).filter(|v| !v.is_empty()).map(|v| v.to_string_lossy().into_owned());
        Self {
            docker_host: text("DOCKER_HOST"),
            podman_host: text("CONTAINER_HOST"),
            runtime_folder: variable("XDG_RUNTIME_DIR").filter(|v| !v.is_empty()).map(PathBuf::from),
            ..Self::default()
        }
    }
}

/// What an engine says of an image.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
}

/// Opens an image of a Docker engine, by name, id or the beginning of an id. The engine's export of it is kept in an
/// unnamed temporary file while it is read.
///
/// # Errors
/// Where no engine answers, it has no such image, or its export is damaged.
pub fn open_docker(
    text: &str,
    limits: &Limits,
    platform: &Platform,
    options: &EngineOptions,
) -> Result<Image, TargetError> {
    let below = |part: &str| options.runtime_folder.as_ref().map(|folder| folder.join(part));
    let usual = [Some(PathBuf::from("/var/run/docker.sock")), below("docker.sock")];
    open(text, TargetKind::Docker, (options.docker_host.as_deref(), usual), limits, platform, options)
}

/// Opens an image of a Podman engine, as [`open_docker`] does.
///
/// # Errors
/// As [`open_docker`].
pub fn open_podman(
    text: &str,
    limits: &Limits,
    platform: &Platform,
    options: &EngineOptions,
) -> Result<Image, TargetError> {
    let below = |part: &str| options.runtime_folder.as_ref().map(|folder| folder.join(part));
    let usual = [below("podman/podman.sock"), Some(PathBuf::from("/run/podman/podman.sock"))];
    open(text, TargetKind::Podman, (options.podman_host.as_deref(), usual), limits, platform, options)
}

fn open(
    text: &str,
    kind: TargetKind,
    (host, usual): (Option<&str>, [Option<PathBuf>; 2]),
    limits: &Limits,
    platform: &Platform,
    options: &EngineOptions,
) -> Result<Image, TargetError> {
    check_name(text)?;
    let address = match host {
        Some(host) => {
            LocalAddress::read(host).map_err(|reason| TargetError::Remote { what: host.to_owned(), reason })?
        }
        None => LocalAddress::usual(usual.into_iter().flatten()),
    };
    let name = format!("{}:{text}", kind.prefix());
    let path = Path::new(&name);
    let engine = LocalHttp::new(address.clone(), options.stall_timeout);
    let get = |what: String| engine.get(&what).map_err(|error| explain(&address, kind, &error));
    let failed = |reason: String| TargetError::Remote { what: format!("{name} ({address})"), reason };
    let response = get(format!("/images/{text}/json"))?;
    if response.status == 404 {
        let reason = format!("the engine at {address} has no such image");
        return Err(TargetError::NotFound { name, reason });
    }
    let status = response.status;
    let mut body = response.body;
    let bytes = read_to_limit(&mut body, limits.document_bytes).map_err(|e| failed(e.to_string()))?;
    if status != 200 {
        return Err(failed(format!("the engine answers with status {status}{}", message(&bytes))));
    }
    let inspected: Inspected =
        serde_json::from_slice(&bytes).map_err(|e| TargetError::malformed(path, "description", e))?;
    // By its id, so that the name cannot come to mean another image in between, and only this one is in the export.
    check_id(&inspected.id).map_err(|reason| TargetError::malformed(path, "description", reason))?;
    let response = get(format!("/images/{}/get", inspected.id))?;
    if response.status != 200 {
        let status = response.status;
        let mut bytes = Vec::new();
        // Where even that fails the status alone is said.
        let _ = response.body.take(MAX_MESSAGE).read_to_end(&mut bytes);
        return Err(failed(format!("the engine answers with status {status}{}", message(&bytes))));
    }
    let file = spool(response.body, limits).map_err(|e| failed(e.to_string()))?;
    let archive = Archive::index(path, file, limits)?;
    let mut image = if archive.has("manifest.json") || !archive.has("index.json") {
        docker_archive::from_archive(archive, None, text, kind, limits)?
    } else {
        oci::from_archive(archive, None, text, platform, limits)?
    };
    image.info.kind = kind;
    image.info.tags = inspected.repo_tags.unwrap_or_default();
    Ok(image)
}

/// What can be done about an engine that does not answer.
fn explain(address: &LocalAddress, kind: TargetKind, error: &io::Error) -> TargetError {
    let podman = kind == TargetKind::Podman;
    let (name, start, variable) = if podman {
        ("Podman", "systemctl --user start podman.socket", "CONTAINER_HOST")
    } else {
        ("Docker", "systemctl start docker", "DOCKER_HOST")
    };
    let hint = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            format!("\nhint: start it ({start}), or say with {variable} where it listens")
        }
        io::ErrorKind::PermissionDenied if podman => "\nhint: run as the user whose engine it is".to_owned(),
        io::ErrorKind::PermissionDenied => "\nhint: run as root or as a member of the group docker".to_owned(),
        _ => String::new(),
    };
    TargetError::Remote { what: format!("no {name} engine answers at {address}"), reason: format!("{error}{hint}") }
}

/// Largest error message of an engine that is looked at, bytes.
const MAX_MESSAGE: u64 = 4 << 10;

/// The message in an engine's error document.
fn message(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Document {
        message: String,
    }
    let document: Option<Document> = serde_json::from_slice(bytes).ok();
    let text = document.map(|d| d.message.chars().filter(|c| !c.is_control()).take(300).collect::<String>());
    text.map(|text| format!(": {text}")).unwrap_or_default()
}

/// A name or an id: anything else does not belong into an address.
fn check_name(text: &str) -> Result<(), TargetError> {
    if check_id(text).is_ok() {
        return Ok(());
    }
    text.parse::<ImageReference>()?;
    Ok(())
}

/// `sha256:` or nothing, and up to 64 hexadecimal digits.
fn check_id(text: &str) -> Result<(), String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    if (1..=64).contains(&hex.len()) && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(());
    }
    Err(format!("`{}` is not an image id", text.chars().filter(|c| !c.is_control()).take(100).collect::<String>()))
}
