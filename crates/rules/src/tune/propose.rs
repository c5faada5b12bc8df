//! From sightings to tuples, as narrow as they can be.

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::Priority;

use super::{Place, Proposal, Shape, Sighting, TuneSettings, Tuning, Tuple};

/// Files, and then folders, of one process that are named one by one; more become what they have in common.
const FEW: usize = 3;
/// Parts that a folder must have at least: `/var/` alone would hide too much.
const SHALLOWEST: usize = 2;

/// Tuples that are proposed for one process: longer lists nobody reviews.
const MOST: usize = 20;

/// What one process of one place did, by file.
type Files = BTreeMap<Option<String>, u64>;

/// Proposes exceptions, noisiest first.
pub fn propose(sightings: &[Sighting], settings: &TuneSettings) -> Tuning {
    let mut rules: BTreeMap<&str, Vec<&Sighting>> = BTreeMap::new();
    for sighting in sightings {
        rules.entry(&sighting.rule).or_default().push(sighting);
    }
    let mut tuning = Tuning::default();
    for (rule, sightings) in rules {
        let seen = sightings.iter().map(|s| s.count).sum();
        if !settings.critical && sightings.iter().any(|s| s.priority <= Priority::Critical) {
            tuning.left.push((rule.to_owned(), seen, "its priority is CRITICAL or worse (`--all` proposes these too)"));
            continue;
        }
        let mut left: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut groups: BTreeMap<(Place, String, String), Files> = BTreeMap::new();
        for sighting in sightings {
            match key(sighting) {
                Ok(key) => *groups.entry(key).or_default().entry(sighting.file.clone()).or_default() += sighting.count,
                Err(reason) => *left.entry(reason).or_default() += sighting.count,
            }
        }
        let mut tuples = Vec::new();
        for ((place, process, parent), files) in groups {
            let tuple = |shape, file: &str, count| Tuple {
                shape,
                place: place.clone(),
                process: process.clone(),
                parent: parent.clone(),
                file: file.to_owned(),
                count,
            };
            let (found, beyond) = narrow(&files);
            if beyond > 0 {
                *left.entry("its files are too many and all over the place").or_default() += beyond;
            }
            for (shape, file, count) in found {
                if count >= settings.least {
                    tuples.push(tuple(shape, &file, count));
                } else {
                    *left.entry("too few to be noise (`--least`)").or_default() += count;
                }
            }
        }
        tuning.left.extend(left.into_iter().map(|(reason, count)| (rule.to_owned(), count, reason)));
        // Ties stay in the order of their names.
        tuples.sort_by_key(|tuple| std::cmp::Reverse(tuple.count));
        if !tuples.is_empty() {
            tuning.proposals.push(Proposal { rule: rule.to_owned(), seen, tuples });
        }
    }
    tuning.proposals.sort_by_key(|proposal| std::cmp::Reverse(proposal.silenced()));
    tuning.left.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    tuning
}

fn key(sighting: &Sighting) -> Result<(Place, String, String), &'static str> {
    let place = sighting.place.clone().ok_or("the image is not known")?;
    let process = sighting.process.clone().filter(|p| !p.is_empty()).ok_or("the process is not known")?;
    let parent = sighting.parent.clone().filter(|p| !p.is_empty()).ok_or("the parent is not known")?;
    let texts = [Some(&process), Some(&parent), sighting.file.as_ref()];
    let odd = texts.into_iter().flatten().any(|text| !is_plain(text));
    if odd { Err("a name has characters that a rule cannot be written with") } else { Ok((place, process, parent)) }
}

/// Whether text means itself in a condition.
fn is_plain(text: &str) -> bool {
    !text.starts_with(['"', '\'']) && !text.chars().any(|c| c.is_control() || c == '\u{fffd}' || c == '\\')
}

/// Tuples for the files of one process, and how many alerts none of them is about.
fn narrow(files: &Files) -> (Vec<(Shape, String, u64)>, u64) {
    let all: u64 = files.values().sum();
    if files.contains_key(&None) {
        return (vec![(Shape::Process, String::new(), all)], 0);
    }
    let named = || files.iter().filter_map(|(file, count)| Some((file.as_deref()?, *count)));
    let mut folders = BTreeSet::new();
    if files.len() > FEW {
        let mut by_folder: BTreeMap<&str, usize> = BTreeMap::new();
        for (file, _) in named() {
            *by_folder.entry(folder(file)).or_default() += 1;
        }
        let mut every = by_folder.keys().copied();
        let first = every.next().unwrap_or_default();
        let shared = every.fold(first, common);
        if by_folder.len() <= FEW && by_folder.keys().all(|folder| is_deep(folder)) {
            folders.extend(by_folder.keys().copied());
        } else if is_deep(shared) {
            folders.insert(shared);
        } else {
            // They are all over the place: a folder counts where it has many of them.
            folders.extend(by_folder.into_iter().filter(|(f, count)| *count > FEW && is_deep(f)).map(|(f, _)| f));
        }
    }
    let outer: Vec<&str> = folders.iter().copied().collect();
    folders.retain(|folder| !outer.iter().any(|outer| outer != folder && folder.starts_with(outer)));
    let below = |file: &str| folders.iter().any(|folder| file.starts_with(folder));
    let count = |of: &str| named().filter(|(file, _)| file.starts_with(of)).map(|(_, count)| count).sum();
    let mut found: Vec<_> = folders.iter().map(|of| (Shape::Folder, (*of).to_owned(), count(of))).collect();
    found.extend(named().filter(|(f, _)| !below(f)).map(|(f, count)| (Shape::File, f.to_owned(), count)));
    found.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    found.truncate(MOST);
    let left = all.saturating_sub(found.iter().map(|(_, _, count)| count).sum());
    (found, left)
}

fn is_deep(folder: &str) -> bool {
    folder.split('/').filter(|part| !part.is_empty()).count() >= SHALLOWEST
}

/// The path up to its last slash.
fn folder(file: &str) -> &str {
    file.rfind('/').and_then(|at| file.get(..=at)).unwrap_or_default()
}

/// The folder that two folders lie in.
fn common<'f>(a: &'f str, b: &str) -> &'f str {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end = a.as_bytes().get(..same).and_then(|same| same.iter().rposition(|byte| *byte == b'/'));
    a.get(..end.map_or(0, |at| at + 1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(rule: &str, process: &str, file: Option<&str>) -> Sighting {
        Sighting {
            rule: rule.to_owned(),
            priority: Priority::Warning,
            count: 1,
            place: Some(Place::Image("team/app".to_owned())),
            process: Some(process.to_owned()),
            parent: Some("sh".to_owned()),
            file: file.map(str::to_owned),
        }
    }

    fn shapes(files: &[&str]) -> Vec<(Shape, String, u64)> {
        let (found, left) = narrow(&files.iter().map(|f| (Some((*f).to_owned()), 1)).collect());
        assert_eq!(left, 0);
        found
    }

    #[test]
    fn files_are_named_and_many_become_their_folder() {
        assert_eq!(shapes(&["/etc/shadow"]), [(Shape::File, "/etc/shadow".to_owned(), 1)]);
        let many = ["/var/log/a/1", "/var/log/a/2", "/var/log/a/3", "/var/log/b/1"];
        let folders = [(Shape::Folder, "/var/log/a/".to_owned(), 3), (Shape::Folder, "/var/log/b/".to_owned(), 1)];
        assert_eq!(shapes(&many), folders);
        let deep = ["/var/log/a/1", "/var/log/ab/2", "/var/log/c/3", "/var/log/d/1"];
        assert_eq!(shapes(&deep), [(Shape::Folder, "/var/log/".to_owned(), 4)]);
        // Folders that are too shallow are never named.
        for spread in [["/a/1", "/b/1", "/c/1", "/d/1"], ["/etc/a", "/etc/b", "/etc/c", "/etc/d"]] {
            assert!(shapes(&spread).iter().all(|(shape, _, count)| *shape == Shape::File && *count == 1));
        }
        let mixed = ["/a/b/1", "/a/b/2", "/a/b/3", "/a/b/c/4", "/a/b/4", "/x", "/etc/y", "/z/z/z"];
        let found = shapes(&mixed);
        assert_eq!(found[0], (Shape::Folder, "/a/b/".to_owned(), 5));
        assert_eq!(found.len(), 4);
        let endless: Files = (0..100).map(|n| (Some(format!("/{n}/x")), 1)).collect();
        assert_eq!((narrow(&endless).0.len(), narrow(&endless).1), (MOST, 80));
    }

    #[test]
    fn critical_rules_and_what_is_not_known_are_left() {
        let mut critical = sighting("bad", "x", None);
        critical.priority = Priority::Critical;
        let mut unknown = sighting("noisy", "x", None);
        unknown.place = None;
        let hostile = sighting("noisy", "a\nb", None);
        let all = [critical, unknown, hostile, sighting("noisy", "x", None), sighting("noisy", "x", None)];
        let tuning = propose(&all, &TuneSettings { least: 2, critical: false });
        assert_eq!(tuning.proposals.len(), 1);
        assert_eq!((tuning.proposals[0].seen, tuning.proposals[0].silenced()), (4, 2));
        assert_eq!(tuning.left.iter().map(|(_, n, _)| n).sum::<u64>(), 3);
        assert_eq!(all.iter().filter(|s| tuning.covers(s)).count(), 2);
        let tuning = propose(&all, &TuneSettings { least: 1, critical: true });
        assert!(tuning.proposals.iter().any(|p| p.rule == "bad"));
    }
}
