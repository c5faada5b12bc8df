//! `seawall guard`.

mod metrics;
mod outputs;
mod quarantine;
mod replay;
mod watch;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use seawall_decide::Bundle;
use seawall_io::read_bounded;
use seawall_model::EventKind;
use seawall_rules::RuleSet;
use seawall_sensor::{DirectorySettings, Enforcer, HookState, Recorder, pin_folder, probe, resume, supplied_kinds};

use super::rules::{load, options};
use crate::Exit;
use crate::cli::GuardArgs;
use crate::printer::Printer;

/// A policy that is longer is refused.
const LONGEST_POLICY: u64 = 1 << 20;

pub(crate) fn run(arguments: &GuardArgs, printer: &Printer) -> Result<Exit> {
    if arguments.probe {
        return told_probe();
    }
    if arguments.remove {
        let folder = pins();
        let removed = Enforcer::remove(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        printer.note(if removed { "nothing is stopped any more" } else { "nothing was in the kernel" });
        return Ok(Exit::Allow);
    }
    if let Some(name) = &arguments.resume {
        let how = resume(&DirectorySettings::below("/"), name)
            .map_err(|reason| anyhow::anyhow!("container {name} cannot be resumed: {reason}"))?;
        printer.note(&format!("{name} was {how}"));
        return Ok(Exit::Allow);
    }
    for (wanted, cut) in [(&arguments.quarantine, true), (&arguments.release, false)] {
        if let Some(wanted) = wanted {
            return quarantine::run(wanted, cut, printer);
        }
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
                let reason = reason.split(". Verifier output").next().unwrap_or(reason);
                text.push_str(&format!("  {name:<24} refused  {purpose}: {reason}\n"));
            }
        }
    }
    super::outputs::stdout(text.as_bytes())?;
    Ok(if probe.observes { Exit::Allow } else { Exit::Error })
}

/// Where the pins of this node lie.
pub(super) fn pins() -> PathBuf {
    pin_folder(Path::new("/sys/fs/bpf"))
}

/// The policy of `--policy`; one with faults is refused, whatever it stops.
fn policy(path: Option<&Path>) -> Result<Option<Bundle>> {
    let Some(path) = path else { return Ok(None) };
    let bytes = read_bounded(path, LONGEST_POLICY).with_context(|| format!("cannot read {}", path.display()))?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(Some(Bundle::load(&path.display().to_string(), &text)?))
}

/// The rules of `--rules`, or those that ship.
pub(super) fn rules(files: &[PathBuf], printer: &Printer) -> Result<RuleSet> {
    let rules = load(files, &options())?;
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
pub(super) fn stop_signal() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second signal ends the process at once.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop)).context("signals")?;
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("signals")?;
    }
    Ok(stop)
}

/// Set by SIGHUP: files are opened again.
fn reopen_signal() -> Result<Arc<AtomicBool>> {
    let reopen = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&reopen)).context("signals")?;
    Ok(reopen)
}

/// Opens the recording of `--record`.
fn recorder(path: Option<&Path>) -> Result<Option<Recorder<BufWriter<File>>>> {
    let Some(path) = path else { return Ok(None) };
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Some(Recorder::new(BufWriter::new(file)).with_context(|| format!("cannot write {}", path.display()))?))
}

/// The kinds of events that are asked for: those of the rules, or every one where they are recorded.
pub(super) fn kinds(rules: &RuleSet, everything: bool) -> std::collections::BTreeSet<EventKind> {
    if everything { supplied_kinds().into_iter().collect() } else { rules.needs().kinds }
}

fn is_due(end: Option<Instant>, stop: &AtomicBool) -> bool {
    stop.load(Ordering::Relaxed) || end.is_some_and(|end| Instant::now() >= end)
}
