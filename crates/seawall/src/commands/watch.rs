//! `seawall watch`.

mod replay;
mod show;
mod terminal;

use std::time::Duration;

use anyhow::Result;
use seawall_model::Observation;
use seawall_sensor::{DirectorySettings, Guard, KernelOptions, Node, SensorOptions, hostname, probe};
use show::Show;

use crate::Exit;
use crate::cli::WatchArgs;
use crate::printer::Printer;

/// How long a step may wait for events: keys are looked at between steps.
const STEP: Duration = Duration::from_millis(40);
/// Room for events between the kernel and the view, bytes.
const RING: u32 = 16 << 20;

pub(crate) fn run(arguments: &WatchArgs, printer: &Printer) -> Result<Exit> {
    let rules = super::guard::rules(&arguments.rules, printer)?;
    if let Some(recording) = &arguments.replay {
        return replay::run(arguments, recording, rules);
    }
    let needs = rules.needs();
    let options = SensorOptions {
        kernel: KernelOptions {
            event_ring: RING,
            environment: needs.environment,
            data: if needs.buffer { 80 } else { 0 },
            ..KernelOptions::default()
        },
        kinds: super::guard::kinds(&rules, false),
        directory: DirectorySettings::below("/"),
        containers_only: arguments.containers_only,
        identity_wait: Duration::from_millis(500),
    };
    let (hostname, tier) = (hostname(), probe().tier);
    let guard = Guard::new(rules, &hostname, tier);
    // It looks, and stops nothing: the guard of this node does that.
    let mut node = Node::start(options, guard, None, &super::guard::pins())?;
    let mut show = Show::open(arguments, &format!("{hostname}, tier {tier}"))?;
    for process in node.sensor().running() {
        if !arguments.containers_only || process.container.is_some() {
            show.view().known(process);
        }
    }
    loop {
        let lost = lost(&node);
        if !show.step(now(), lost)? {
            break;
        }
        let view = std::cell::RefCell::new(show.view());
        let mut see = |observation: Observation<'_>| view.borrow_mut().see(observation);
        node.step(STEP, &mut see, &mut |alert| view.borrow_mut().raise(alert))?;
    }
    show.close(now(), lost(&node))?;
    Ok(Exit::Allow)
}

fn lost(node: &Node) -> u64 {
    let statistics = node.sensor().statistics();
    statistics.lost_life.iter().chain(&statistics.lost_events).chain(&statistics.lost_packets).sum()
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or(0)
}
