//! The guard of this node, until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use seawall_model::Observation;
use seawall_sensor::{
    DirectorySettings, Filter, Guard, HookState, KernelOptions, NameSettings, Names, Node, OwnFiles, Recorder,
    SensorOptions, hostname, probe,
};
use seawall_sink::{SinkSpec, SinkTarget};

use super::metrics::Served;
use super::outputs::Outputs;
use crate::Exit;
use crate::cli::GuardArgs;
use crate::printer::Printer;

/// How long a step may wait for events.
const STEP: Duration = Duration::from_millis(100);

pub(super) fn run(arguments: &GuardArgs, printer: &Printer) -> Result<Exit> {
    let rules = super::rules(&arguments.rules, printer)?;
    let needs = rules.needs();
    let mut recorder = super::recorder(arguments.record.as_deref())?;
    let record = arguments.record.as_deref();
    let own = own_files(arguments)?;
    let mut kinds = super::kinds(&rules, record.is_some());
    kinds.extend(OwnFiles::kinds());
    let options = SensorOptions {
        kernel: KernelOptions {
            event_ring: arguments.ring_bytes()?,
            environment: needs.environment || record.is_some(),
            data: if needs.buffer { 80 } else { 0 },
            // A recording is of everything, whatever rules it is made beside.
            filter: record.is_none().then(|| Arc::new(Filter::with_own(&rules, arguments.containers_only, Some(&own)))),
            failed_execs: arguments.failed_execs,
            ..KernelOptions::default()
        },
        kinds,
        directory: DirectorySettings { inventories: arguments.inventory.clone(), ..DirectorySettings::below("/") },
        containers_only: arguments.containers_only,
        identity_wait: Duration::from_millis(500),
    };
    let tier = probe().tier;
    let hostname = hostname();
    let guard = Guard::new(rules, &hostname, tier);
    let mut outputs = Outputs::open(&arguments.output, arguments.fold(), &hostname, tier)?;
    let (stop, reopen) = (super::stop_signal()?, super::reopen_signal()?);
    let mut served = arguments.metrics.as_deref().map(|address| Served::start(address, tier)).transpose()?;
    let policy = super::policy(arguments.policy.as_deref())?;
    let mut node = Node::start_with(options, guard, policy, &super::pins(), &arguments.evidence)?;
    if let Some(error) = node.guard_itself(own) {
        printer.warning(&format!("signals to the guard cannot be told: {error}"));
    }
    // What else they ask for, they ask for in vain.
    for (name, purpose, state) in node.sensor().packet_hooks() {
        if let HookState::Refused(reason) = state {
            let reason = reason.lines().next().unwrap_or_default().to_owned();
            printer.warning(&format!("the kernel refused {name} ({purpose}): {reason}"));
        }
    }
    let mut names = NameSettings::of_node();
    names.every = names.every.filter(|_| !arguments.no_resolve);
    node.set_names(Names::start(needs.domains.clone(), &names));
    let end = arguments.for_seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let enabled = node.guard().rules().rules().iter().filter(|r| r.enabled).count();
    printer.note(&format!("guarding {hostname}: {enabled} rules, tier {tier}; stop with Ctrl-C"));
    let mut write_error = None;
    while !super::is_due(end, &stop) && !outputs.is_closed() {
        let step = end.map_or(STEP, |end| STEP.min(end.saturating_duration_since(Instant::now())));
        let mut see = |observation: Observation<'_>| {
            if let (Some(recorder), None) = (&mut recorder, &write_error) {
                write_error = write(recorder, observation);
            }
        };
        node.step(step, &mut see, &mut |alert| outputs.raise(alert))?;
        outputs.tick();
        if reopen.swap(false, Ordering::Relaxed) {
            outputs.reopen();
        }
        if let Some(served) = &mut served {
            served.update(&node, &outputs);
        }
        if let (Some(error), Some(_)) = (&write_error, &recorder) {
            // A full disk ends the recording, never the guard.
            printer.warning(&format!("the recording ends here: {error}"));
            recorder = None;
        }
    }
    node.tell_losses(&mut |alert| outputs.raise(alert));
    node.finish(&mut |alert| outputs.raise(alert));
    let statistics = node.sensor().statistics();
    let alerts = outputs.finish(printer);
    if let (Some(recorder), Some(path)) = (recorder, record) {
        let events = recorder.events();
        recorder.finish().with_context(|| format!("cannot write {}", path.display()))?;
        printer.note(&format!("{events} events recorded in {}", path.display()));
    }
    printer.note(&format!("{} events, {alerts} alerts", statistics.events));
    Ok(Exit::Allow)
}

/// What this guard is told by and tells in.
fn own_files(arguments: &GuardArgs) -> Result<OwnFiles> {
    let read: Vec<_> = arguments.policy.iter().chain(&arguments.rules).cloned().collect();
    let mut written: Vec<_> = arguments.record.iter().cloned().collect();
    for spec in &arguments.output {
        if let SinkTarget::File(path) = spec.parse::<SinkSpec>()?.target {
            written.push(path);
        }
    }
    Ok(OwnFiles::of_agent(&read, &written, &super::pins()))
}

fn write(recorder: &mut Recorder<impl std::io::Write>, observation: Observation<'_>) -> Option<std::io::Error> {
    recorder.write(observation).err()
}
