//! `seawall rules tune`.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context, Result};
use seawall_model::Alert;
use seawall_rules::Options;
use seawall_rules::tune::{Sighting, TuneSettings, Tuning, appended, propose};
use seawall_sensor::{Guard, hostname, replay};

use super::{load_texts, options, texts};
use crate::Exit;
use crate::commands::outputs;
use crate::printer::Printer;

/// Longest line of a file of alerts, bytes.
const LONGEST_LINE: u64 = 4 << 20;

/// Where alerts come from.
pub(super) struct Seen {
    pub(super) replay: Vec<PathBuf>,
    pub(super) alerts: Vec<PathBuf>,
}

/// An alert's place: recording, event, rule.
type At = (usize, u64, String);

pub(super) fn run(
    files: &[PathBuf],
    seen: &Seen,
    output: Option<&PathBuf>,
    settings: &TuneSettings,
    printer: &Printer,
) -> Result<Exit> {
    let texts = texts(files)?;
    let before = if seen.alerts.is_empty() { judged(&texts, &seen.replay)? } else { read(&seen.alerts)? };
    let sightings: Vec<Sighting> = before.iter().map(|(_, sighting)| sighting.clone()).collect();
    let mut tuning = propose(&sightings, settings);
    keep_what_loads(&mut tuning, &texts, printer)?;
    if !seen.replay.is_empty() {
        keep_what_holds(&mut tuning, &texts, &seen.replay, &before, printer)?;
    }
    tell(&tuning, &sightings, printer);
    if tuning.proposals.is_empty() {
        printer.note("there is nothing to propose");
        return Ok(Exit::Allow);
    }
    if let Some(path) = output {
        let text = format!("# Proposed by `seawall rules tune`; load it after the rules.\n{}", tuning.yaml());
        outputs::to_file(path, &mut |out| out.write_all(text.as_bytes()))?;
        printer.note(&format!("wrote {}; load it after the rules: --rules … {0}", path.display()));
        return Ok(Exit::Allow);
    }
    let own = ("exceptions.yaml".to_owned(), String::new());
    let (name, text) = if files.is_empty() { &own } else { texts.last().unwrap_or(&own) };
    let (new, diff) = appended(name, text, &tuning.yaml());
    if !files.is_empty() {
        let mut patched = texts.clone();
        if let Some(last) = patched.last_mut() {
            last.1 = new;
        }
        load_texts(&patched, &options()).context(
            "the rules do not load with the exceptions at their end\nhint: -o FILE writes a file of their own",
        )?;
    }
    outputs::stdout(diff.as_bytes())?;
    Ok(Exit::Allow)
}

/// Every rule that matches is looked at: an exception lets those speak that came after it.
fn all_match() -> Options {
    Options { all_match: true, ..options() }
}

fn judged(texts: &[(String, String)], recordings: &[PathBuf]) -> Result<Vec<(At, Sighting)>> {
    let mut guard = Guard::new(load_texts(texts, &all_match())?, hostname(), "replay");
    let mut found = Vec::new();
    for (number, path) in recordings.iter().enumerate() {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut event = 0_u64;
        replay(BufReader::new(file), &mut |observation| {
            event += 1;
            guard.judge(observation, &mut |alert| {
                found.push(((number, event, alert.rule.clone()), Sighting::of(&alert, Some(observation))));
            });
        })
        .with_context(|| path.display().to_string())?;
    }
    Ok(found)
}

fn read(files: &[PathBuf]) -> Result<Vec<(At, Sighting)>> {
    let mut found = Vec::new();
    for (number, path) in files.iter().enumerate() {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut reader = BufReader::new(file);
        for line in 1_u64.. {
            let mut bytes = Vec::new();
            let taken = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            if taken.with_context(|| format!("cannot read {}", path.display()))? == 0 {
                break;
            }
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let alert: Alert = serde_json::from_slice(&bytes).with_context(|| {
                format!("{}:{line}: not an alert\nhint: `seawall guard -o jsonl=FILE` writes them", path.display())
            })?;
            if alert.source == "syscall" {
                found.push(((number, line, alert.rule.clone()), Sighting::of(&alert, None)));
            }
        }
    }
    Ok(found)
}

/// Takes out what the rules do not load with: a name can be that of a list, or a rule be none of these files'.
fn keep_what_loads(tuning: &mut Tuning, texts: &[(String, String)], printer: &Printer) -> Result<()> {
    let with = |tuning: &Tuning| {
        let own = ("exceptions.yaml".to_owned(), tuning.yaml());
        load_texts(&[texts, &[own]].concat(), &options())
    };
    if with(tuning).is_ok() {
        return Ok(());
    }
    load_texts(texts, &options())?;
    for proposal in std::mem::take(&mut tuning.proposals) {
        let alone = Tuning { proposals: vec![proposal], left: Vec::new() };
        match with(&alone) {
            Ok(_) => tuning.proposals.extend(alone.proposals),
            Err(error) => {
                let rule = alone.proposals.first().map_or("", |proposal| proposal.rule.as_str());
                printer.warning(&format!("nothing is proposed for rule `{rule}`: {error}"));
            }
        }
    }
    Ok(())
}

/// Tries the proposal on the recordings: what it silences must be what it says, and nothing may be new.
fn keep_what_holds(
    tuning: &mut Tuning,
    texts: &[(String, String)],
    recordings: &[PathBuf],
    before: &[(At, Sighting)],
    printer: &Printer,
) -> Result<()> {
    let own = ("exceptions.yaml".to_owned(), tuning.yaml());
    let after = judged(&[texts, &[own]].concat(), recordings)?;
    let after: BTreeSet<&At> = after.iter().map(|(at, _)| at).collect();
    let earlier: BTreeSet<&At> = before.iter().map(|(at, _)| at).collect();
    let mut wrong: BTreeSet<&str> = after.difference(&earlier).map(|at| at.2.as_str()).collect();
    for (at, sighting) in before {
        if tuning.covers(sighting) == after.contains(at) {
            wrong.insert(&sighting.rule);
        }
    }
    for rule in &wrong {
        printer.warning(&format!(
            "nothing is proposed for rule `{rule}`: tried on the recording, the exceptions did not silence just these alerts"
        ));
    }
    tuning.proposals.retain(|proposal| !wrong.contains(proposal.rule.as_str()));
    Ok(())
}

fn tell(tuning: &Tuning, sightings: &[Sighting], printer: &Printer) {
    for proposal in &tuning.proposals {
        let (silenced, seen) = (proposal.silenced(), proposal.seen);
        printer.note(&format!("{silenced:>8} of {seen} alerts silenced: {}", proposal.rule));
    }
    for (rule, count, reason) in &tuning.left {
        printer.note(&format!("{count:>8} stay: {rule}: {reason}"));
    }
    let all: u64 = sightings.iter().map(|s| s.count).sum();
    let silenced: u64 = tuning.proposals.iter().map(|proposal| proposal.silenced()).sum();
    printer.note(&format!("{all} alerts, {silenced} silenced, {} stay", all.saturating_sub(silenced)));
}
