use rustix::process::Signal;
use seawall_decide::RuntimeResponse;
use seawall_model::Action;

use super::{Order, Response, Tools, process};

/// The process that the alert is about ends.
pub(super) struct KillProcess;

impl Response for KillProcess {
    fn name(&self) -> RuntimeResponse {
        RuntimeResponse::KillProcess
    }

    fn action(&self) -> Action {
        Action::Killed
    }

    fn run(&self, order: &Order, _: &Tools) -> Result<String, String> {
        let member = order.process.as_ref().ok_or_else(|| format!("process {} has ended by itself", order.pid))?;
        process::signal(member.process.pid, member.started, Signal::KILL)?;
        Ok(format!("process {} ({}) was killed", member.process.pid, member.process.command_line))
    }
}
