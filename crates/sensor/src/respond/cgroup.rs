//! The container's control group, for where no engine answers
//! ([cgroup v2](https://docs.kernel.org/admin-guide/cgroup-v2.html), the freezer of v1).

use std::path::{Path, PathBuf};

use rustix::process::Signal;

use super::{Member, process};
use crate::proc;

/// A control group that can be frozen.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    folder: PathBuf,
    version: u8,
}

/// Lets a container stand still, or go on.
pub(super) fn freeze(id: &str, members: &[Member], still: bool) -> Result<String, String> {
    let (word, signal) = if still { ("frozen", Signal::STOP) } else { ("thawed", Signal::CONT) };
    for group in groups(id, members) {
        let (file, text) = match (group.version, still) {
            (2, true) => ("cgroup.freeze", "1"),
            (2, false) => ("cgroup.freeze", "0"),
            (_, true) => ("freezer.state", "FROZEN"),
            (_, false) => ("freezer.state", "THAWED"),
        };
        if std::fs::write(group.folder.join(file), text).is_ok() {
            return Ok(format!("{word} by its control group"));
        }
    }
    each(members, signal).map(|count| format!("{count} processes got {signal:?}"))
}

/// Ends everything in a container.
pub(super) fn kill(id: &str, members: &[Member]) -> Result<String, String> {
    for group in groups(id, members).iter().filter(|group| group.version == 2) {
        if std::fs::write(group.folder.join("cgroup.kill"), "1").is_ok() {
            return Ok("killed by its control group".to_owned());
        }
    }
    each(members, Signal::KILL).map(|count| format!("{count} processes were killed"))
}

/// A signal for every process; how many got it.
fn each(members: &[Member], signal: Signal) -> Result<usize, String> {
    let results: Vec<_> = members.iter().map(|m| process::signal(m.process.pid, m.started, signal)).collect();
    let count = results.iter().filter(|result| result.is_ok()).count();
    match results.into_iter().find_map(Result::err) {
        Some(reason) if count == 0 => Err(reason),
        _ if count == 0 => Err("none of its processes is known".to_owned()),
        _ => Ok(count),
    }
}

/// The container's groups, version 2 first.
fn groups(id: &str, members: &[Member]) -> Vec<Group> {
    let mounts = process::read_own("mountinfo");
    let mut found: Vec<Group> = Vec::new();
    for member in members.iter().take(16) {
        let text = proc::read(&format!("{}/cgroup", member.process.pid));
        for group in of_text(&mounts, &text, id) {
            if !found.contains(&group) && group.folder.is_dir() {
                found.push(group);
            }
        }
    }
    found.sort_by_key(|group| std::cmp::Reverse(group.version));
    found
}

fn of_text(mounts: &str, text: &str, id: &str) -> Vec<Group> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let version = match controllers {
            "" => 2,
            _ if controllers.split(',').any(|controller| controller == "freezer") => 1,
            _ => continue,
        };
        // Up to the part that names the container, and never a group that holds others too.
        let Some(end) = path.find(id).filter(|_| id.len() >= 12) else { continue };
        let end = path.get(end..).and_then(|rest| rest.find('/')).map_or(path.len(), |at| end + at);
        let path = path.get(..end).unwrap_or_default().trim_start_matches('/');
        if path.split('/').any(|part| part == "..") {
            continue;
        }
        found.extend(mount(mounts, version).map(|at| Group { folder: at.join(path), version }));
    }
    found
}

/// Where the hierarchy is mounted that can freeze.
fn mount(mounts: &str, version: u8) -> Option<&Path> {
    mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let (system, options) = (kind.next()?, kind.nth(1).unwrap_or_default());
        let fits = match version {
            2 => system == "cgroup2",
            _ => system == "cgroup" && options.split(',').any(|option| option == "freezer"),
        };
        let mut place = place.split(' ').skip(3);
        (fits && place.next() == Some("/")).then(|| place.next().map(Path::new)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_containers_own_group_is_found() {
        let mounts = "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                      31 24 0:27 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n";
        let id = "4ee7e5a1d3f24b0c9a6d2f8b7c1e0d9f";
        let text = format!("7:freezer:/docker/{id}\n3:cpu,cpuacct:/docker/{id}\n0::/docker/{id}/inner\n");
        let found = of_text(mounts, &text, id);
        let folders: Vec<_> = found.iter().map(|g| (g.version, g.folder.display().to_string())).collect();
        assert_eq!(
            folders,
            [(1, format!("/sys/fs/cgroup/freezer/docker/{id}")), (2, format!("/sys/fs/cgroup/unified/docker/{id}"))]
        );
        assert!(of_text(mounts, "0::/\n0::/docker/other\n", id).is_empty());
        assert!(of_text(mounts, &format!("0::/../{id}\n"), id).is_empty());
        assert!(of_text(mounts, "0::/docker\n", "docker").is_empty());
    }
}
