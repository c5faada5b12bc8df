//! Documents that changed since a publisher packed its archive: a list names them, and each is fetched on its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::fetch::is_plain_name;
use super::publishers::{Changes, Publisher, RemoteFile, Way};
use super::state::{self, State};
use super::{FileOutcome, Outcome};

/// More changes than this are left for the publisher's next archive.
const MAX_DOCUMENTS: usize = 20_000;
/// Largest list of changes.
pub(super) const MAX_LIST: u64 = 64 << 20;

/// What there is to fetch, and what of it is here already.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) files: Vec<RemoteFile>,
    /// Documents that are as new as the list says.
    current: usize,
}

/// Reads the list that was fetched, and removes what the archive has caught up with.
pub(super) fn plan(folder: &Path, workshop: &Path, changes: &Changes) -> Result<Plan, String> {
    let archive = State::load(&state::note(workshop, &changes.archive, "state"));
    let packed = archive.as_ref().and_then(|archive| day(&archive.url)).ok_or("the archive has not come yet")?;
    let list = folder.join(&changes.folder).join(Changes::LIST);
    let list = seawall_io::read_bounded(&list, MAX_LIST).map_err(|error| format!("the list of changes: {error}"))?;
    let mut plan = Plan::default();
    let mut wanted = BTreeSet::new();
    for (document, changed) in String::from_utf8_lossy(&list).lines().filter_map(entry) {
        if changed.get(..10).is_none_or(|day| day < packed) || !wanted.insert(document.to_owned()) {
            continue;
        }
        let name = format!("{}/{document}", changes.folder);
        if is_current(folder, workshop, &name, changed) {
            plan.current += 1;
            continue;
        }
        if plan.files.len() >= MAX_DOCUMENTS {
            return Err(format!("more than {MAX_DOCUMENTS} documents changed since the archive of {packed}"));
        }
        let path = format!("{}/{document}", changes.path.rsplit_once('/').map_or("", |(folder, _)| folder));
        plan.files.push(RemoteFile { path, way: Way::Direct, name, limit: changes.limit });
    }
    prune(folder, workshop, changes, &wanted);
    Ok(plan)
}

/// One line for all documents.
pub(super) fn sum(publisher: &Publisher, changes: &Changes, plan: &Plan, outcomes: &[FileOutcome]) -> FileOutcome {
    let (mut bytes, mut resumed, mut updated, mut failed) = (0u64, 0u64, false, 0usize);
    let mut first = None;
    for one in outcomes {
        match &one.outcome {
            Outcome::Updated { bytes: b, resumed: r } => {
                (bytes, resumed, updated) = (bytes.saturating_add(*b), resumed.saturating_add(*r), true);
            }
            Outcome::Failed { reason, .. } => {
                failed += 1;
                first = first.or_else(|| Some(format!("{}: {reason}", one.file)));
            }
            Outcome::Unchanged | Outcome::Skipped { .. } => {}
        }
    }
    let outcome = match first {
        Some(first) => {
            let of = outcomes.len() + plan.current;
            Outcome::Failed { reason: format!("{failed} of {of} documents that changed: {first}"), kept: true }
        }
        None if updated => Outcome::Updated { bytes, resumed },
        None => Outcome::Unchanged,
    };
    FileOutcome { publisher: publisher.id.clone(), file: changes.folder.clone(), outcome }
}

/// The day in the name of an archive: `csaf_vex_2024-11-07.tar.zst`.
fn day(url: &str) -> Option<&str> {
    let name = url.rsplit('/').next()?;
    let day = name.split(['_', '.']).find(|part| part.len() == 10)?;
    day.parse::<jiff::civil::Date>().ok().map(|_| day)
}

/// `"2024/cve-2024-2398.json","2024-11-06T10:00:00+00:00"`.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (document, changed) = line.split_once(',')?;
    let (document, changed) = (document.trim().trim_matches('"'), changed.trim().trim_matches('"'));
    let plain =
        document.ends_with(".json") && document.split('/').count() == 2 && document.split('/').all(is_plain_name);
    (plain && changed.get(..10)?.parse::<jiff::civil::Date>().is_ok()).then_some((document, changed))
}

/// Whether the document was fetched after that change. Both times are in UTC; another offset is asked for again.
fn is_current(folder: &Path, workshop: &Path, name: &str, changed: &str) -> bool {
    let utc = changed.ends_with('Z') || changed.ends_with("+00:00");
    let Some(state) = State::load(&state::note(workshop, name, "state")).filter(|_| utc) else { return false };
    let whole = fs::metadata(folder.join(name)).is_ok_and(|file| file.len() == state.bytes);
    whole && state.fetched.get(..19) > changed.get(..19)
}

/// Removes documents that the list no longer names as newer than the archive. What cannot be removed is only old.
fn prune(folder: &Path, workshop: &Path, changes: &Changes, wanted: &BTreeSet<String>) {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten();
    for year in entries(&folder.join(&changes.folder)).filter(|entry| entry.path().is_dir()) {
        for file in entries(&year.path()) {
            let document = format!("{}/{}", year.file_name().to_string_lossy(), file.file_name().to_string_lossy());
            if !wanted.contains(&document) {
                let _ = fs::remove_file(file.path());
                let name = format!("{}/{document}", changes.folder);
                let _ = fs::remove_file(state::note(workshop, &name, "state"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_archives_are_understood_or_passed_over() {
        let line = "\"2024/cve-2024-2398.json\",\"2024-11-06T10:00:00+00:00\"";
        assert_eq!(entry(line), Some(("2024/cve-2024-2398.json", "2024-11-06T10:00:00+00:00")));
        for line in [
            "",
            "2024/a.json",
            "../../a.json,2024-11-06T10:00:00Z",
            "2024/../a.json,2024-11-06",
            "a.json,2024-11-06",
            "2024/a.json,soon",
            "2024/index.txt,2024-11-06",
        ] {
            assert_eq!(entry(line), None, "{line}");
        }
        assert_eq!(day("https://example.com/vex/csaf_vex_2024-11-07.tar.zst"), Some("2024-11-07"));
        assert_eq!(day("https://example.com/vex/csaf_vex_2024-13-07.tar.zst"), None);
    }
}
