//! `--replay`: the events of a recording instead of the kernel's.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result};
use seawall_sensor::{Guard, hostname};

use super::outputs::Outputs;
use crate::Exit;
use crate::cli::GuardArgs;
use crate::printer::Printer;

pub(super) fn run(arguments: &GuardArgs, recording: &Path, printer: &Printer) -> Result<Exit> {
    let rules = super::rules(&arguments.rules, printer)?;
    let file = File::open(recording).with_context(|| format!("cannot read {}", recording.display()))?;
    let hostname = hostname();
    let mut guard = Guard::new(rules, &hostname, "replay");
    let mut outputs = Outputs::open(&arguments.output, arguments.fold(), &hostname, "replay")?;
    let events = seawall_sensor::replay(BufReader::new(file), &mut |observation| {
        guard.judge(observation, &mut |alert| outputs.raise(alert));
    });
    let alerts = outputs.finish(printer);
    let events = events.with_context(|| recording.display().to_string())?;
    printer.note(&format!("{events} events replayed, {alerts} alerts"));
    Ok(Exit::Allow)
}
