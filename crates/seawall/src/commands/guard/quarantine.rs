//! `seawall guard --quarantine` and `--release`.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use seawall_sensor::{DirectorySettings, KernelOptions, SensorOptions, quarantine};

use crate::Exit;
use crate::printer::Printer;

/// Room for what runs on the machine, which is read once.
const RING: u32 = 8 << 20;

pub(super) fn run(wanted: &str, cut: bool, printer: &Printer) -> Result<Exit> {
    let options = SensorOptions {
        kernel: KernelOptions { life_ring: RING, event_ring: 4096, ..KernelOptions::default() },
        kinds: BTreeSet::new(),
        directory: DirectorySettings::below("/"),
        containers_only: true,
        identity_wait: Duration::from_millis(500),
    };
    let done = quarantine(options, &super::pins(), wanted, cut)?;
    let name = done.container.name.as_deref().unwrap_or_else(|| done.container.short_id());
    if !cut {
        printer.note(&if done.changed {
            format!("{name} has its network back")
        } else {
            format!("the network of {name} was not cut")
        });
        return Ok(Exit::Allow);
    }
    printer.note(&format!("the network of {name} is cut until `seawall guard --release {name}`, or until it ends"));
    if done.in_host_network {
        printer.warning(&format!(
            "{name} shares the host's network: sockets that it opened before a guard was there are not cut"
        ));
    }
    Ok(Exit::Allow)
}
