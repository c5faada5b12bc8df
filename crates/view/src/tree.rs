//! The tree's rows, from what was seen, what is folded, and what is looked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use seawall_model::ProcessKey;

use crate::data::{Data, Entry, Group};

/// A row's name, which stays its own when other rows come and go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum RowKey {
    Group(Arc<str>),
    Process(ProcessKey),
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) key: RowKey,
    pub(crate) depth: usize,
    /// Others lie below it.
    pub(crate) branch: bool,
    pub(crate) folded: bool,
    /// Of a group: how many of its processes run.
    pub(crate) running: usize,
}

/// What a container is called.
pub(crate) fn name(group: &Group) -> String {
    match &group.container {
        None => "host".to_owned(),
        Some(c) => c.name.clone().unwrap_or_else(|| c.short_id().to_owned()),
    }
}

/// The rows, containers first, the host last. Where something is looked for, what it stands under is there too, and
/// nothing is folded.
pub(crate) fn rows(data: &Data, folded: &HashSet<RowKey>, filter: &str) -> Vec<Row> {
    let filter = filter.to_lowercase();
    let matches = |text: &str| text.to_lowercase().contains(&filter);
    let mut children: HashMap<(&Arc<str>, Option<ProcessKey>), Vec<ProcessKey>> = HashMap::new();
    let mut running: HashMap<&Arc<str>, usize> = HashMap::new();
    let parents = parents(data);
    for (key, entry) in &data.processes {
        let parent = parents.get(key).copied();
        children.entry((&entry.group, parent)).or_default().push(*key);
        *running.entry(&entry.group).or_default() += usize::from(entry.ended.is_none());
    }
    for list in children.values_mut() {
        // A stack gives the last first.
        list.sort_by_key(|key| std::cmp::Reverse(data.processes.get(key).map(|e| (e.pid, *key))));
    }
    let found = (!filter.is_empty()).then(|| {
        let mut found: HashSet<ProcessKey> = HashSet::new();
        for (key, entry) in &data.processes {
            let mut next = (matches(&entry.command) || entry.pid.to_string() == filter).then_some(*key);
            while let Some(key) = next.filter(|key| found.insert(*key)) {
                next = parents.get(&key).copied();
            }
        }
        found
    });
    let mut groups: Vec<_> = data.groups.iter().collect();
    groups.sort_by_cached_key(|(id, group)| (id.is_empty(), name(group), Arc::clone(id)));
    let mut rows = Vec::new();
    let mut told = HashSet::new();
    for (id, group) in groups {
        let image = group.container.as_ref().and_then(|c| c.image.as_deref()).unwrap_or_default();
        let whole = filter.is_empty() || matches(&name(group)) || matches(image) || matches(id);
        let shown = |key: &ProcessKey| whole || found.as_ref().is_some_and(|found| found.contains(key));
        let top: Vec<_> = children.get(&(id, None)).into_iter().flatten().copied().filter(|k| shown(k)).collect();
        if !whole && top.is_empty() {
            continue;
        }
        let key = RowKey::Group(Arc::clone(id));
        let is_folded = filter.is_empty() && folded.contains(&key);
        let running = running.get(id).copied().unwrap_or(0);
        rows.push(Row { key, depth: 0, branch: !top.is_empty(), folded: is_folded, running });
        if is_folded {
            continue;
        }
        let mut stack: Vec<_> = top.into_iter().map(|key| (key, 1)).collect();
        while let Some((key, depth)) = stack.pop() {
            if !told.insert(key) {
                continue;
            }
            let below = children.get(&(id, Some(key))).into_iter().flatten().copied().filter(|k| shown(k));
            let below: Vec<_> = below.collect();
            let row = RowKey::Process(key);
            let is_folded = filter.is_empty() && folded.contains(&row);
            rows.push(Row { key: row, depth, branch: !below.is_empty(), folded: is_folded, running: 0 });
            if !is_folded {
                stack.extend(below.into_iter().map(|key| (key, depth + 1)));
            }
        }
    }
    rows
}

/// Who stands under whom: the parent of each process where it is in the same container. A recording may say that processes
/// are each other's parents, in a circle: then the one with the lowest PID stands at the top.
fn parents(data: &Data) -> HashMap<ProcessKey, ProcessKey> {
    let same_group = |entry: &Entry, key: &ProcessKey| data.processes.get(key).is_some_and(|e| e.group == entry.group);
    let own =
        data.processes.iter().filter_map(|(key, entry)| Some((*key, entry.parent.filter(|p| same_group(entry, p))?)));
    let mut parents: HashMap<ProcessKey, ProcessKey> = own.collect();
    let mut done: HashSet<ProcessKey> = HashSet::new();
    for start in data.processes.keys() {
        let (mut path, mut on_path) = (Vec::new(), HashSet::new());
        let mut next = Some(*start);
        while let Some(key) = next.filter(|key| !done.contains(key)) {
            if !on_path.insert(key) {
                // The circle is what was walked since this process was met first.
                let circle = path.iter().skip_while(|other| **other != key);
                if let Some(top) = circle.min_by_key(|key| (data.processes.get(*key).map(|e| e.pid), **key)) {
                    parents.remove(top);
                }
                break;
            }
            path.push(key);
            next = parents.get(&key).copied();
        }
        done.extend(path);
    }
    parents
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};
    use std::sync::Arc;

    use seawall_model::ProcessKey;

    use super::{RowKey, rows};
    use crate::data::{Data, Entry, Group};

    /// The depths of the processes that are shown, by their numbers. Each is shown once.
    fn depths(parents: &[(u64, Option<u64>)], filter: &str) -> BTreeMap<u64, usize> {
        let group: Arc<str> = Arc::from("");
        let mut data = Data::default();
        data.groups.insert(Arc::clone(&group), Group::default());
        for (number, parent) in parents {
            let entry = Entry {
                pid: u32::try_from(*number).unwrap(),
                parent: parent.map(ProcessKey),
                group: Arc::clone(&group),
                command: format!("command-{number}"),
                user: String::new(),
                ended: None,
                alerts: 0,
            };
            data.processes.insert(ProcessKey(*number), entry);
        }
        let mut depths = BTreeMap::new();
        for row in rows(&data, &HashSet::new(), filter) {
            if let RowKey::Process(ProcessKey(number)) = row.key {
                assert_eq!(depths.insert(number, row.depth), None, "{number} is shown twice");
            }
        }
        depths
    }

    #[test]
    fn processes_that_are_each_others_parents_are_all_shown_once() {
        let plain = [(1, None), (2, Some(1)), (3, Some(2))];
        assert_eq!(depths(&plain, ""), [(1, 1), (2, 2), (3, 3)].into());
        // Its own parent, two of each other, a circle of three with a child and a grandchild of it.
        assert_eq!(depths(&[(5, Some(5))], ""), [(5, 1)].into());
        assert_eq!(depths(&[(5, Some(6)), (6, Some(5))], ""), [(5, 1), (6, 2)].into());
        let odd = [(1, None), (9, Some(7)), (7, Some(8)), (8, Some(9)), (2, Some(9)), (3, Some(2)), (4, Some(1))];
        assert_eq!(depths(&odd, ""), [(1, 1), (4, 2), (7, 1), (9, 2), (8, 3), (2, 3), (3, 4)].into());
        // What is looked for stands under what it came from.
        assert_eq!(depths(&odd, "command-3"), [(7, 1), (9, 2), (2, 3), (3, 4)].into());
    }
}
