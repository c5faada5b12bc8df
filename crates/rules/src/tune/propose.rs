//! From sightings to tuples, as narrow as they can be.

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::Priority;

use super::{Place, Proposal, Shape, Sighting, TuneSettings, Tuning, Tuple};

/// Files, and then folders, of one process that are named one by one; more become what they have in common.
const FEW: usize = 3;
/// Parts that a folder must have at least: `/var/` alone would hide too much.
const SHALLOWEST: usize = 2;

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
            match narrow(&files) {
                Ok(found) => {
                    for (shape, file, count) in found {
                        if count >= settings.least {
                            tuples.push(tuple(shape, &file, count));
                        } else {
                            *left.entry("too few to be noise (`--least`)").or_default() += count;
                        }
                    }
                }
                Err(reason) => *left.entry(reason).or_default() += files.values().sum::<u64>(),
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

fn narrow(files: &Files) -> Result<Vec<(Shape, String, u64)>, &'static str> {
    if files.contains_key(&None) {
        return Ok(vec![(Shape::Process, String::new(), files.values().sum())]);
    }
    let named = || files.iter().filter_map(|(file, count)| Some((file.as_deref()?, *count)));
    if files.len() <= FEW {
        return Ok(named().map(|(file, count)| (Shape::File, file.to_owned(), count)).collect());
    }
    let mut folders: BTreeSet<&str> = named().map(|(file, _)| folder(file)).collect();
    if folders.len() > FEW {
        let mut all = folders.iter().copied();
        let first = all.next().unwrap_or_default();
        folders = BTreeSet::from([all.fold(first, common)]);
    }
    if folders.iter().any(|folder| folder.split('/').filter(|part| !part.is_empty()).count() < SHALLOWEST) {
        return Err("its files have no folder in common that is deep enough");
    }
    let inner: Vec<&str> = folders.iter().copied().collect();
    folders.retain(|folder| !inner.iter().any(|outer| outer != folder && folder.starts_with(outer)));
    let count = |of: &str| named().filter(|(file, _)| file.starts_with(of)).map(|(_, count)| count).sum();
    Ok(folders.into_iter().map(|of| (Shape::Folder, of.to_owned(), count(of))).collect())
}

/// The path up to its last slash.
fn folder(file: &str) -> &str {
    file.rfind('/').and_then(|at| file.get(..=at)).unwrap_or_default()
}

/// The folder that two folders lie in.
fn common<'f>(a: &'f str, b: &str) -> &'f str {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let end = a.bytes().take(same).enumerate().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at + 1).last();
    a.get(..end.unwrap_or(0)).unwrap_or_default()
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

    fn shapes(files: &[&str]) -> Result<Vec<(Shape, String, u64)>, &'static str> {
        narrow(&files.iter().map(|f| (Some((*f).to_owned()), 1)).collect())
    }

    #[test]
    fn files_are_named_and_many_become_their_folder() {
        assert_eq!(shapes(&["/etc/shadow"]), Ok(vec![(Shape::File, "/etc/shadow".to_owned(), 1)]));
        let many = ["/var/log/a/1", "/var/log/a/2", "/var/log/a/3", "/var/log/b/1"];
        assert_eq!(
            shapes(&many),
            Ok(vec![(Shape::Folder, "/var/log/a/".to_owned(), 3), (Shape::Folder, "/var/log/b/".to_owned(), 1)])
        );
        let deep = ["/var/log/a/1", "/var/log/ab/2", "/var/log/c/3", "/var/log/d/1"];
        assert_eq!(shapes(&deep), Ok(vec![(Shape::Folder, "/var/log/".to_owned(), 4)]));
        assert!(shapes(&["/a/1", "/b/1", "/c/1", "/d/1"]).is_err());
        assert!(shapes(&["/etc/a", "/etc/b", "/etc/c", "/etc/d"]).is_err());
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
