//! The Debian security tracker's own lists of advisories: `data/DSA/list`, `data/DLA/list`, `data/DTSA/list`
//! ([format](https://security-team.debian.org/security_tracker.html#dsa-dla-list)).

use seawall_model::{Advisory, FixState};

use super::common::{add_id, add_row, finish, fixed_row, is_named, text, title, whole_row};
use super::{Sink, Source, SourceError};
use crate::streams::debian_release;

/// Debian's lists of security advisories.
#[derive(Debug)]
pub(super) struct DebianLists;

impl Source for DebianLists {
    fn id(&self) -> &'static str {
        "debian-lists"
    }

    fn about(&self) -> &'static str {
        "Debian's security advisories (DSA, DLA, DTSA), from the security tracker's own lists."
    }

    fn docs(&self) -> &'static str {
        "https://salsa.debian.org/security-tracker-team/security-tracker"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["debian-dsa-dla-lists", "debian-lists"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let mut current: Option<Advisory> = None;
        for (number, line) in text(bytes)?.lines().enumerate() {
            let problem = |reason: &str| format!("line {}: {reason}", number.saturating_add(1));
            if line.trim().is_empty() {
                continue;
            }
            if !line.starts_with([' ', '\t']) {
                current.take().into_iter().for_each(|a| sink.advisory(finish(a)));
                match head(line) {
                    Some(advisory) => current = Some(advisory),
                    None => sink.unknown(member, problem("not the head of an advisory")),
                }
                continue;
            }
            let Some(advisory) = current.as_mut() else {
                sink.unknown(member, problem("belongs to no advisory"));
                continue;
            };
            if let Err(reason) = detail(line.trim(), advisory) {
                sink.unknown(member, problem(&reason));
            }
        }
        current.into_iter().for_each(|a| sink.advisory(finish(a)));
        Ok(())
    }
}

/// `[29 Mar 2023] DSA-5380-1 xorg-server - security update`.
fn head(line: &str) -> Option<Advisory> {
    let (date, rest) = line.strip_prefix('[')?.split_once(']')?;
    let rest = rest.trim();
    let (id, about) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if !id.starts_with('D') || !id.contains("SA-") && !id.contains("LA-") {
        return None;
    }
    let mut advisory = Advisory::new(id, DebianLists.id());
    advisory.title = title(about);
    advisory.published = day(date).unwrap_or_default();
    Some(advisory)
}

/// `29 Mar 2023` or `September 13th, 2009` as a date.
fn day(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut month, mut numbers) = (None, Vec::new());
    for word in text.split([' ', ',']).filter(|w| !w.is_empty()) {
        let digits: String = word.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            let name = word.to_ascii_lowercase();
            month = MONTHS.iter().position(|m| name.starts_with(m));
        } else {
            numbers.push(digits.parse::<u32>().ok()?);
        }
    }
    match (numbers.as_slice(), month) {
        ([day, year], Some(month)) if *day <= 31 && *year >= 1990 => {
            Some(format!("{year:04}-{:02}-{day:02}", month.saturating_add(1)))
        }
        _ => None,
    }
}

fn detail(line: &str, advisory: &mut Advisory) -> Result<(), String> {
    if let Some(ids) = line.strip_prefix('{') {
        let ids = ids.trim_end_matches('}').split_whitespace();
        ids.for_each(|id| add_id(&advisory.id, &mut advisory.related, id));
        return Ok(());
    }
    let Some((codename, rest)) = line.strip_prefix('[').and_then(|l| l.split_once(']')) else {
        // NOTE:, TODO:, NOT-FOR-US: and the like are remarks.
        let word = line.split([':', ' ']).next().unwrap_or_default();
        let remark = !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        return if remark { Ok(()) } else { Err(format!("`{}` is not understood", title(line))) };
    };
    let stream = format!("debian:{}", debian_release(codename).ok_or_else(|| format!("release `{codename}`"))?);
    let mut words = rest.trim().trim_start_matches('-').split_whitespace();
    let (Some(package), Some(version)) = (words.next(), words.next()) else {
        return Err("a package without a version".to_owned());
    };
    let row = match version {
        "<not-affected>" => whole_row(stream, package, FixState::NotAffected),
        "<unfixed>" | "<no-dsa>" => whole_row(stream, package, FixState::Affected),
        "<end-of-life>" | "<ignored>" => whole_row(stream, package, FixState::WontFix),
        "<postponed>" => whole_row(stream, package, FixState::Deferred),
        "<undetermined>" => whole_row(stream, package, FixState::UnderInvestigation),
        // The package left the archive: nothing of it is installed from there.
        "<removed>" | "<itp>" => return Ok(()),
        version if version.starts_with('<') => return Err(format!("state `{version}`")),
        version => fixed_row(stream, package, version),
    };
    add_row(&mut advisory.affected, row);
    Ok(())
}
