//! In which container a process is, and whose it is.

use std::sync::Arc;
use std::time::Duration;

use seawall_model::{Container, ProcessKey};

use super::{GROUPS, State, read_proc};
use crate::identity::{ContainerId, Lookup};
use crate::processes::Placed;
use crate::record::{Part, Record, RecordKind};

impl State {
    /// Finds the container of a process where its control group is another than before, and the names of its user.
    pub(super) fn place(&mut self, key: ProcessKey, record: &Record<'_>) {
        let head = &record.head;
        let is_elsewhere = |group: u64| group != head.cgroup || head.cgroup == 0;
        if self.processes.placed(key).is_some_and(|placed| is_elsewhere(placed.group)) {
            // Where it cannot be told now the next record asks again.
            if let Some(container) = self.container(record) {
                self.processes.enter(key, head.cgroup, container);
            }
        }
        let Some(Placed { process, nameless, .. }) = self.processes.placed(key) else { return };
        // With a new program a process may have taken another root, as when a container is put together. Names that cannot be
        // asked for any more, because the process has ended, stay what they were.
        // Many containers have no list, or run as a user that is not in it: what was looked for in vain is not looked for again.
        let ids = (process.uid, process.gid);
        let lacks = process.user.is_none() || process.group_name.is_none();
        if head.kind == RecordKind::Exec || (lacks && *nameless != Some(ids)) {
            let container = process.container.as_ref().map_or("", |c| c.id.as_str());
            if let Some((user, group)) = self.users.names(container, process.pid, ids.0, ids.1) {
                *nameless = (user.is_none() || group.is_none()).then_some(ids);
                process.user = user.or(process.user.take());
                process.group_name = group.or(process.group_name.take());
            }
        }
        if process.login_user.is_none() && process.login_uid != u32::MAX {
            process.login_user = self.users.names("", 1, process.login_uid, u32::MAX).and_then(|(user, _)| user);
        }
    }

    /// The containers that a record's control group lies in, outermost first; none where its name cannot be had any more.
    pub(super) fn path_of(record: &Record<'_>) -> Option<Vec<ContainerId>> {
        Some(match record.part(Part::Cgroup) {
            Some(names) => {
                let names: Vec<_> = names.split(|b| *b == 0).map(String::from_utf8_lossy).collect();
                ContainerId::of_cgroup(names.iter().map(|n| &**n).filter(|n| !n.is_empty()))
            }
            None => {
                let text = read_proc(record.head.pid, "cgroup", 64 << 10);
                if text.is_empty() {
                    return None;
                }
                ContainerId::of_cgroup_file(&String::from_utf8_lossy(&text))
            }
        })
    }

    /// The container of a record's control group; the outer none where the group's name cannot be had any more.
    pub(super) fn container(&mut self, record: &Record<'_>) -> Option<Option<Arc<Container>>> {
        let group = record.head.cgroup;
        if let Some(known) = self.groups.get(&group) {
            return Some(known.clone());
        }
        let path = Self::path_of(record)?;
        let container = match path.first() {
            None => None,
            Some(id) => Some(match self.directory.identify(&path, Duration::ZERO) {
                Lookup::Known(container) => container,
                _ => {
                    self.statistics.unnamed_containers += 1;
                    self.held.add_unnamed(group, path.clone());
                    Arc::new(Container { id: id.id.clone(), engine: id.engine, ..Container::default() })
                }
            }),
        };
        if self.groups.len() >= GROUPS {
            self.groups.clear();
        }
        match &container {
            Some(container) => self.new.push((group, Arc::clone(container))),
            None if group != 0 => self.hosts.push(group),
            None => {}
        }
        self.groups.insert(group, container.clone());
        Some(container)
    }
}
