//! The container's engine is asked to do it, so that it knows what became of its container.

use std::time::Duration;

use seawall_io::{LocalHttp, read_to_limit};
use seawall_model::{Container, ContainerEngine};

use crate::identity::{EngineSocket, checked_id};

/// How long an engine may take: it waits for a container that is asked to end.
const STALL: Duration = Duration::from_secs(15);
/// Longest answer that is looked at, bytes.
const LONGEST: u64 = 64 << 10;

/// What an engine said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It did it, or it was so already; the engine's name.
    Done(&'static str),
    /// No engine here answers for the container, and why.
    Nobody(String),
    /// Its engine refuses.
    Refused(String),
}

/// Asks the engine of a container for something: `pause`, `unpause`, `stop?t=5`, `kill`.
pub(super) fn ask(engines: &[EngineSocket], container: &Container, what: &str) -> Said {
    let fits =
        |socket: &&EngineSocket| container.engine == ContainerEngine::Unknown || container.engine == socket.engine;
    let id = match checked_id(&container.id) {
        Ok(id) => id,
        Err(reason) => return Said::Nobody(reason),
    };
    let mut reasons = Vec::new();
    for socket in engines.iter().filter(fits) {
        let name = socket.engine.name();
        let http = LocalHttp::new(socket.address.clone(), STALL);
        let answer = http.send(seawall_io::HttpMethod::Post, &format!("/containers/{id}/{what}"), "");
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                reasons.push(format!("{name}: {error}"));
                continue;
            }
        };
        let body = read_to_limit(&mut answer.body, LONGEST).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        match answer.status {
            200..=299 | 304 => return Said::Done(name),
            404 => reasons.push(format!("{name} does not know it")),
            // What it is to become, it is already.
            409 if body.contains("already paused") || body.contains("is not running") => return Said::Done(name),
            status => {
                let words: String = body.chars().filter(|c| !c.is_control()).take(200).collect();
                return Said::Refused(format!("{name}: status {status} {words}"));
            }
        }
    }
    if reasons.is_empty() {
        reasons.push(format!("nothing is known of how to ask {}", container.engine.name()));
    }
    Said::Nobody(reasons.join("; "))
}
