//! The agent's maps and links in the kernel, by their numbers: whoever opens one can change it.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use seawall_model::{Argument, ArgumentValue, Event};

use crate::enforce::open_pin;
use crate::proc;

/// Commands of bpf (include/uapi/linux/bpf.h).
const OBJ_GET: u64 = 7;
const MAP_GET_FD_BY_ID: u64 = 14;
const LINK_GET_FD_BY_ID: u64 = 30;

/// What is the agent's.
pub(super) struct Objects {
    maps: BTreeSet<u32>,
    links: BTreeSet<u32>,
    pins: PathBuf,
}

impl Objects {
    /// What this process has open, and what is pinned.
    pub(super) fn of_agent(pins: &Path) -> Self {
        let folder = pins.parent().unwrap_or(pins).to_owned();
        let mut objects = Self { maps: BTreeSet::new(), links: BTreeSet::new(), pins: folder };
        for entry in std::fs::read_dir("/proc/self/fd").into_iter().flatten().filter_map(Result::ok) {
            if let Some(fd) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                objects.add(fd);
            }
        }
        for entry in std::fs::read_dir(pins).into_iter().flatten().filter_map(Result::ok) {
            // What is gone again is nobody's.
            if let Ok(fd) = open_pin(&entry.path()) {
                objects.add(fd.as_raw_fd());
            }
        }
        objects
    }

    fn add(&mut self, fd: RawFd) {
        for line in proc::read(&format!("self/fdinfo/{fd}")).lines() {
            let number = |rest: &str| rest.trim().parse().ok();
            if let Some(id) = line.strip_prefix("map_id:").and_then(number) {
                self.maps.insert(id);
            }
            if let Some(id) = line.strip_prefix("link_id:").and_then(number) {
                self.links.insert(id);
            }
        }
    }

    /// What a call of bpf opened of it.
    pub(super) fn opened(&self, event: &Event) -> Option<String> {
        let Some(ArgumentValue::Flags(command)) = event.argument(Argument::Cmd) else { return None };
        let id = || match event.argument(Argument::Data) {
            // The number is the lower half.
            Some(ArgumentValue::Number(first)) => Some(*first as u32),
            _ => None,
        };
        match *command {
            MAP_GET_FD_BY_ID => {
                id().filter(|id| self.maps.contains(id)).map(|id| format!("opening map {id} of the guard"))
            }
            LINK_GET_FD_BY_ID => {
                id().filter(|id| self.links.contains(id)).map(|id| format!("opening link {id} of the guard"))
            }
            OBJ_GET => match event.argument(Argument::Name) {
                Some(ArgumentValue::Text(path)) if Path::new(OsStr::from_bytes(path)).starts_with(&self.pins) => {
                    Some(format!("opening what the guard put into the kernel, {path}"))
                }
                _ => None,
            },
            _ => None,
        }
    }
}
