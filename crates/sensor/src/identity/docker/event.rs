use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

use seawall_io::LocalBody;
use seawall_model::{Container, ContainerEngine};
use serde::Deserialize;

use crate::identity::labels::fill_from_labels;
use crate::identity::reference::fill_image;

/// Longest event, bytes: a container's labels are in it.
const MAX_EVENT: u64 = 4 << 20;

/// What Docker and Podman add to a container's labels in an event.
const ADDED: &[&str] =
    &["containerExitCode", "execDuration", "execID", "exitCode", "image", "name", "oldName", "podId", "signal"];

/// Something that happened to a container.
#[derive(Debug)]
pub(in crate::identity) struct EngineEvent {
    pub(in crate::identity) action: EventAction,
    /// What the event itself tells: for a container that is gone before anyone could ask.
    pub(in crate::identity) container: Container,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::identity) enum EventAction {
    Created,
    Started,
    /// Another name, network or limit.
    Changed,
    Ended,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "Action")]
    action: String,
    #[serde(rename = "Actor")]
    actor: Actor,
}

#[derive(Deserialize)]
struct Actor {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Attributes")]
    attributes: Option<BTreeMap<String, String>>,
}

/// Reads an event; none where it changes nothing of a container's identity.
pub(in crate::identity) fn read_event(line: &[u8], engine: ContainerEngine) -> Result<Option<EngineEvent>, String> {
    let message: Message = serde_json::from_slice(line).map_err(|e| format!("event: {e}"))?;
    let action = match message.action.as_str() {
        "create" => EventAction::Created,
        "start" | "restart" => EventAction::Started,
        "rename" | "update" => EventAction::Changed,
        "die" | "died" | "destroy" | "remove" => EventAction::Ended,
        _ => return Ok(None),
    };
    let id = super::checked(&message.actor.id)?.to_owned();
    let mut attributes = message.actor.attributes.unwrap_or_default();
    let mut container = Container {
        id,
        engine,
        name: attributes.remove("name").filter(|name| !name.is_empty()),
        image: attributes.remove("image").filter(|image| !image.is_empty()),
        ..Container::default()
    };
    attributes.retain(|name, _| !ADDED.contains(&name.as_str()));
    container.labels = attributes;
    fill_from_labels(&mut container);
    fill_image(&mut container, &[], &[]);
    Ok(Some(EngineEvent { action, container }))
}

/// The lines of an engine's stream of events.
pub(in crate::identity) struct EventLines(BufReader<LocalBody>);

impl EventLines {
    pub(super) fn new(body: LocalBody) -> Self {
        Self(BufReader::new(body))
    }

    /// The next line that is not empty; none at the stream's end.
    pub(in crate::identity) fn next_line(&mut self) -> Result<Option<Vec<u8>>, String> {
        loop {
            let mut line = Vec::new();
            let read = self.0.by_ref().take(MAX_EVENT).read_until(b'\n', &mut line);
            match read.map_err(|e| format!("stream of events: {e}"))? {
                0 => return Ok(None),
                _ if line.last() != Some(&b'\n') && line.len() as u64 >= MAX_EVENT => {
                    return Err(format!("stream of events: a line is longer than {MAX_EVENT} bytes"));
                }
                _ if line.iter().all(u8::is_ascii_whitespace) => {}
                _ => return Ok(Some(line)),
            }
        }
    }
}
