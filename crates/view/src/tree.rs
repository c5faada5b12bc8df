//! The tree's rows, from what was seen, what is folded, and what is looked for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use seawall_model::ProcessKey;

use crate::data::{Data, Group};

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
    for (key, entry) in &data.processes {
        let parent = entry.parent.filter(|p| data.processes.get(p).is_some_and(|e| e.group == entry.group));
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
                next = data.processes.get(&key).and_then(|e| e.parent.filter(|p| same_group(data, p, &e.group)));
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

fn same_group(data: &Data, key: &ProcessKey, group: &Arc<str>) -> bool {
    data.processes.get(key).is_some_and(|entry| entry.group == *group)
}
