//! `seawall rules`.

mod tune;

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use seawall_io::read_bounded;
use seawall_rules::tune::TuneSettings;
use seawall_rules::{Options, RuleSet, Supply};
use seawall_sensor::{Guard, replay, supplied_kinds};

use super::outputs;
use crate::Exit;
use crate::cli::RulesCommand;
use crate::printer::Printer;

/// A rules file that is longer is refused.
const LONGEST: u64 = 16 << 20;

pub(crate) fn run(command: RulesCommand, printer: &Printer) -> Result<Exit> {
    match command {
        RulesCommand::Check { files } => check(&files, printer),
        RulesCommand::Tune { files, replay, alerts, output, least, all } => {
            let settings = TuneSettings { least, critical: all };
            tune::run(&files, &tune::Seen { replay, alerts }, output.as_ref(), &settings, printer)
        }
        RulesCommand::Test { files, replay } => test(&files, &replay, printer),
    }
}

/// Reads rules files in their order.
pub(crate) fn load(files: &[PathBuf], options: &Options) -> Result<RuleSet> {
    load_texts(&texts(files)?, options)
}

/// The texts of rules files with their names; without any files, those that ship.
fn texts(files: &[PathBuf]) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for path in files {
        let bytes = read_bounded(path, LONGEST).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))?;
        texts.push((path.display().to_string(), text));
    }
    if texts.is_empty() {
        texts.extend(seawall_rules::SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    }
    Ok(texts)
}

fn load_texts(texts: &[(String, String)], options: &Options) -> Result<RuleSet> {
    let texts: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(RuleSet::load(&texts, options)?)
}

/// Rules are told what this machine's sensor supplies.
pub(crate) fn options() -> Options {
    let kinds = supplied_kinds().into_iter().collect();
    Options { supply: Supply { kinds: Some(kinds), ..Supply::default() }, ..Options::default() }
}

fn check(files: &[PathBuf], printer: &Printer) -> Result<Exit> {
    let rules = load(files, &options())?;
    for warning in rules.warnings() {
        printer.warning(&warning.to_string());
    }
    let mut text = String::new();
    for rule in rules.rules() {
        let state = if rule.enabled { "" } else { " (off)" };
        writeln!(text, "{}{state}", rule.name)?;
        if let Some(lacking) = rules.unsupplied().iter().find(|u| u.rule == rule.name) {
            for (what, names) in [
                ("events that do not come", &lacking.events),
                ("fields that are never there", &lacking.condition_fields),
                ("fields that its sentence lacks", &lacking.output_fields),
            ] {
                if !names.is_empty() {
                    let names: Vec<_> = names.iter().map(String::as_str).collect();
                    writeln!(text, "  {what}: {}", names.join(", "))?;
                }
            }
        }
    }
    outputs::stdout(text.as_bytes())?;
    let counts = rules.counts();
    printer.note(&format!("{} rules, {} macros, {} lists", counts.rules, counts.macros, counts.lists));
    Ok(Exit::Allow)
}

fn test(files: &[PathBuf], recordings: &[PathBuf], printer: &Printer) -> Result<Exit> {
    if recordings.is_empty() {
        bail!("nothing to test on\nhint: name a recording with --replay FILE (made by `seawall guard --record FILE`)");
    }
    let mut guard = Guard::new(load(files, &options())?, seawall_sensor::hostname(), "replay");
    for path in recordings {
        let events = judge(&mut guard, path)?;
        printer.note(&format!("{}: {events} events", path.display()));
    }
    let mut text = String::new();
    for (rule, count) in guard.raised() {
        writeln!(text, "{count:>8}  {rule}")?;
    }
    outputs::stdout(text.as_bytes())?;
    Ok(Exit::Allow)
}

fn judge(guard: &mut Guard, path: &Path) -> Result<u64> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    replay(BufReader::new(file), &mut |observation| guard.judge(observation, &mut |_| {}))
        .with_context(|| path.display().to_string())
}
