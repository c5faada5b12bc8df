//! `seawall guard`.

mod outputs;
mod replay;
mod watch;

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use seawall_model::EventKind;
use seawall_rules::{Options, RuleSet, Supply};
use seawall_sensor::{HookState, Recorder, probe, supplied_kinds};

use super::rules::load;
use crate::Exit;
use crate::cli::GuardArgs;
use crate::printer::Printer;

pub(crate) fn run(arguments: &GuardArgs, printer: &Printer) -> Result<Exit> {
    if arguments.probe {
        return told_probe();
    }
    if let Some(recording) = &arguments.replay {
        return replay::run(arguments, recording, printer);
    }
    watch::run(arguments, printer)
}

/// `--probe`: each hook, tried here and now.
fn told_probe() -> Result<Exit> {
    let probe = probe();
    let mut text = format!("tier: {}\n", probe.tier);
    for (name, purpose, state) in &probe.hooks {
        match state {
            HookState::Attached => text.push_str(&format!("  {name:<24} works    {purpose}\n")),
            HookState::Refused(reason) => {
                let reason = reason.lines().next().unwrap_or_default();
                text.push_str(&format!("  {name:<24} refused  {purpose}: {reason}\n"));
            }
        }
    }
    super::outputs::stdout(text.as_bytes())?;
    Ok(if probe.observes { Exit::Allow } else { Exit::Error })
}

/// The rules of `--rules`, or those that ship.
fn rules(arguments: &GuardArgs, printer: &Printer) -> Result<RuleSet> {
    let kinds = supplied_kinds().into_iter().collect();
    let options = Options { supply: Supply { kinds: Some(kinds), ..Supply::default() }, ..Options::default() };
    let rules = load(&arguments.rules, &options)?;
    for warning in rules.warnings() {
        printer.detail(&warning.to_string());
    }
    for lacking in rules.unsupplied().iter().filter(|u| !u.events.is_empty() || !u.condition_fields.is_empty()) {
        let names: Vec<_> = lacking.events.iter().chain(&lacking.condition_fields).map(String::as_str).collect();
        printer.warning(&format!(
            "rule `{}` asks for what this machine does not supply: {}",
            lacking.rule,
            names.join(", ")
        ));
    }
    Ok(rules)
}

/// Set by the signals that end the guard.
fn stop_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second signal ends the process at once.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop)).context("signals")?;
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("signals")?;
    }
    Ok(stop)
}

/// Opens the recording of `--record`.
fn recorder(path: Option<&Path>) -> Result<Option<Recorder<BufWriter<File>>>> {
    let Some(path) = path else { return Ok(None) };
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Some(Recorder::new(BufWriter::new(file)).with_context(|| format!("cannot write {}", path.display()))?))
}

/// The kinds of events that are asked for: those of the rules, or every one where they are recorded.
fn kinds(rules: &RuleSet, everything: bool) -> std::collections::BTreeSet<EventKind> {
    if everything { supplied_kinds().into_iter().collect() } else { rules.needs().kinds }
}

fn is_due(end: Option<Instant>, stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed) || end.is_some_and(|end| Instant::now() >= end)
}
