//! Which container a process belongs to: from its control group to the names that people gave.

#[cfg(test)]
mod cases;
mod cgroup;
mod directory;
mod docker;
mod labels;
mod reference;
mod spec;

use seawall_model::{Container, ContainerEngine};

pub(crate) use docker::{below, checked as checked_id};

pub use cgroup::ContainerId;
pub use directory::{
    Directory, DirectorySettings, EngineSocket, EngineState, EngineStatus, IdentityStatistics, Lookup,
};

/// Reads an engine's description of a container, the answer to `GET /containers/ID/json`.
///
/// # Errors
/// What is wrong with the document.
pub fn read_engine_answer(bytes: &[u8], engine: ContainerEngine) -> Result<Container, String> {
    docker::read_document(bytes, engine).map(|document| document.container)
}

/// Reads a line of an engine's stream of events: the container that it tells of, none where it tells nothing new.
///
/// # Errors
/// What is wrong with the line.
pub fn read_engine_event(line: &[u8], engine: ContainerEngine) -> Result<Option<Container>, String> {
    Ok(docker::read_event(line, engine)?.map(|event| event.container))
}

/// Reads the specification that an engine wrote for its runtime, `config.json`, of the container with this identifier.
///
/// # Errors
/// What is wrong with the document.
pub fn read_runtime_spec(bytes: &[u8], id: &str) -> Result<Container, String> {
    spec::read_spec(bytes, id).map(|document| document.container)
}

/// Reads what containerd's database, `meta.db`, tells of a container: its image and its labels.
///
/// # Errors
/// The system's, and where the database is damaged.
pub fn read_containerd_database(
    file: &std::path::Path,
    namespace: &str,
    id: &str,
) -> std::io::Result<Option<Container>> {
    spec::read_database(file, namespace, id)
}
