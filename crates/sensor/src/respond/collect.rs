//! What can be known of a container is kept in a folder, with a manifest of digests.

mod bundle;

use std::fmt::Write as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use seawall_decide::RuntimeResponse;
use seawall_model::{Action, OverlayLayer};
use serde_json::json;

use super::{Member, Order, Response, Tools, process};
use crate::proc;
use bundle::Bundle;

/// Processes whose maps and open files are kept; all are named.
const DETAILED: usize = 128;
/// Open files of a process that are named.
const FILES: usize = 1_024;

/// Keeps evidence.
pub(super) struct Collect;

impl Response for Collect {
    fn name(&self) -> RuntimeResponse {
        RuntimeResponse::Collect
    }

    fn action(&self) -> Action {
        Action::None
    }

    fn run(&self, order: &Order, tools: &Tools) -> Result<String, String> {
        let mut bundle = Bundle::create(&tools.evidence, &order.container)?;
        let pretty = |value: &serde_json::Value| format!("{value:#}\n").into_bytes();
        bundle.add("alert.json", &pretty(&serde_json::to_value(&order.alert).map_err(|e| e.to_string())?))?;
        bundle.add("processes.json", &pretty(&tree(&order.members)))?;
        let mut events = Vec::new();
        for (event, command) in &order.events {
            let line = json!({ "event": event, "command": command });
            events.extend_from_slice(format!("{line}\n").as_bytes());
        }
        bundle.add("events.jsonl", &events)?;
        for member in order.members.iter().take(DETAILED) {
            of_process(&mut bundle, member)?;
        }
        if let Some(more) = order.members.len().checked_sub(DETAILED).filter(|more| *more > 0) {
            bundle.left_out(format!("maps and open files of {more} processes: no more than {DETAILED} are kept"));
        }
        files(&mut bundle, order)?;
        let (folder, count, digest) = bundle.finish(&order.alert.rule, &order.entry)?;
        Ok(format!("{count} files are kept in {}; SHA256SUMS has {digest}", folder.display()))
    }
}

/// The processes of the container; each names its parent.
fn tree(members: &[Member]) -> serde_json::Value {
    let each = members.iter().map(|Member { process: p, .. }| {
        json!({
            "pid": p.pid, "ppid": p.ppid, "virtualPid": p.virtual_pid, "name": p.name.to_text(),
            "command": p.command_line.to_text(), "exePath": p.exe_path.to_text(), "cwd": p.cwd.to_text(),
            "uid": p.uid, "euid": p.euid, "gid": p.gid, "user": p.user, "started": p.started,
            "executable": { "inode": p.executable.inode, "device": p.executable.device, "memfd": p.executable.memfd,
                "deleted": p.executable.deleted, "upperLayer": p.executable.layer == OverlayLayer::Upper },
        })
    });
    each.collect()
}

/// Whether the PID is still the process's own.
fn lives(member: &Member) -> bool {
    process::started(member.process.pid).is_some_and(|started| started / proc::TICK == member.started / proc::TICK)
}

fn of_process(bundle: &mut Bundle, member: &Member) -> Result<(), String> {
    let pid = member.process.pid;
    let texts: Vec<_> =
        ["maps", "status", "mountinfo"].iter().map(|name| (*name, proc::read(&format!("{pid}/{name}")))).collect();
    let mut open = String::new();
    let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    for entry in entries.take(FILES) {
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        // A name with a line's end in it stays on its line.
        let _ = writeln!(open, "{}\t{:?}", entry.file_name().display(), target.display().to_string());
    }
    if !lives(member) {
        bundle.left_out(format!("maps and open files of process {pid}: it has ended"));
        return Ok(());
    }
    for (name, text) in texts {
        bundle.add(&format!("processes/{pid}/{name}"), text.as_bytes())?;
    }
    bundle.add(&format!("processes/{pid}/open-files"), open.as_bytes())
}

/// The program, where the image does not contain it, and the file that the alert is about.
fn files(bundle: &mut Bundle, order: &Order) -> Result<(), String> {
    let Some(member) = &order.process else {
        bundle.left_out(format!("files of process {}: it has ended", order.pid));
        return Ok(());
    };
    let (process, pid) = (&member.process, member.process.pid);
    let executable = process.executable;
    let dropped = executable.memfd || executable.deleted || executable.layer == OverlayLayer::Upper;
    if dropped {
        match std::fs::File::open(format!("/proc/{pid}/exe")) {
            Ok(file) if lives(member) => bundle.copy("files/program", &process.exe_path.to_text(), file)?,
            _ => bundle.left_out(format!("the program {}: its process has ended", process.exe_path)),
        }
    }
    if let Some(path) = order.alert.seawall.resolved_path.as_deref().filter(|path| path.starts_with('/')) {
        match inside(pid, path) {
            Ok(file) if lives(member) => bundle.copy("files/file", path, file)?,
            Ok(_) => bundle.left_out(format!("the file {path}: its process has ended")),
            Err(reason) => bundle.left_out(format!("the file {path}: {reason}")),
        }
    }
    Ok(())
}

/// A file as the container sees it; links of the container's do not lead out of it.
fn inside(pid: u32, path: &str) -> Result<std::fs::File, String> {
    let root = std::fs::File::open(Path::new("/proc").join(pid.to_string()).join("root")).map_err(|e| e.to_string())?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let file = openat2(&root, path, flags, Mode::empty(), resolve).map_err(|errno| errno.to_string())?;
    let file = std::fs::File::from(file);
    let regular = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if regular { Ok(file) } else { Err("it is no regular file".to_owned()) }
}
