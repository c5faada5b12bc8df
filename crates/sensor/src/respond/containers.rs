//! Responses to a whole container: its engine does them, or its control group where no engine answers.

use seawall_decide::RuntimeResponse;
use seawall_model::Action;

use super::engine::{Said, ask};
use super::{Order, Response, Tools, cgroup};

/// The container stands still; `seawall guard --resume` lets it go on.
pub(super) struct PauseContainer;
/// The container is asked to end, and killed where it has not after five seconds.
pub(super) struct StopContainer;
/// The container ends at once.
pub(super) struct KillContainer;

impl Response for PauseContainer {
    fn name(&self) -> RuntimeResponse {
        RuntimeResponse::PauseContainer
    }

    fn action(&self) -> Action {
        Action::Paused
    }

    fn run(&self, order: &Order, tools: &Tools) -> Result<String, String> {
        let way = || cgroup::freeze(&order.container.id, &order.members, true);
        let done = by_engine_or(order, tools, "pause", "paused", way)?;
        let name = order.container.name.as_deref().unwrap_or_else(|| order.container.short_id());
        Ok(format!("{done}; it goes on with `seawall guard --resume {name}`"))
    }
}

impl Response for StopContainer {
    fn name(&self) -> RuntimeResponse {
        RuntimeResponse::StopContainer
    }

    fn action(&self) -> Action {
        Action::Stopped
    }

    fn run(&self, order: &Order, tools: &Tools) -> Result<String, String> {
        by_engine_or(order, tools, "stop?t=5", "stopped", || cgroup::kill(&order.container.id, &order.members))
    }
}

impl Response for KillContainer {
    fn name(&self) -> RuntimeResponse {
        RuntimeResponse::KillContainer
    }

    fn action(&self) -> Action {
        Action::Killed
    }

    fn run(&self, order: &Order, tools: &Tools) -> Result<String, String> {
        by_engine_or(order, tools, "kill", "killed", || cgroup::kill(&order.container.id, &order.members))
    }
}

fn by_engine_or(
    order: &Order,
    tools: &Tools,
    what: &str,
    word: &str,
    other: impl Fn() -> Result<String, String>,
) -> Result<String, String> {
    match ask(&tools.engines, &order.container, what) {
        Said::Done(engine) => Ok(format!("{word} by {engine}")),
        Said::Nobody(reason) => other().map_err(|error| format!("{reason}; {error}")),
        // An engine that holds a lock on the container or is broken does not protect it.
        Said::Refused(reason) => {
            other().map(|done| format!("{done}, as {reason}")).map_err(|error| format!("{reason}; {error}"))
        }
    }
}
