//! A container that was paused goes on.

use seawall_model::{Container, Process};

use super::engine::{Said, ask};
use super::{Member, cgroup, process};
use crate::identity::{ContainerId, DirectorySettings, checked_id};
use crate::proc;

/// Lets a paused container go on, by its name or identifier; how, in words.
///
/// # Errors
/// Nobody knows the container, or it cannot go on.
pub fn resume(settings: &DirectorySettings, name: &str) -> Result<String, String> {
    // An engine takes a name for an identifier.
    let container = Container { id: checked_id(name)?.to_owned(), ..Container::default() };
    match ask(&settings.engines, &container, "unpause") {
        Said::Done(engine) => Ok(format!("resumed by {engine}")),
        // It may have been frozen without its engine.
        Said::Refused(reason) | Said::Nobody(reason) => match members(name) {
            Some((id, members)) => cgroup::freeze(&id, &members, false).map_err(|error| format!("{reason}; {error}")),
            None => Err(reason),
        },
    }
}

/// The processes of the container whose identifier begins like this.
fn members(beginning: &str) -> Option<(String, Vec<Member>)> {
    if beginning.len() < 12 {
        return None;
    }
    let mut id = None;
    let mut members = Vec::new();
    for entry in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let found = ContainerId::of_cgroup_file(&proc::read(&format!("{pid}/cgroup")));
        let Some(found) = found.into_iter().find(|found| found.id.starts_with(beginning)) else { continue };
        if *id.get_or_insert_with(|| found.id.clone()) != found.id {
            return None;
        }
        let Some(started) = process::started(pid) else { continue };
        members.push(Member { process: Process { pid, ..Process::default() }, started, group: 0 });
    }
    Some((id?, members))
}
