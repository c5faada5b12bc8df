//! Cutting one container's network, and giving it back: through the pinned maps, with an agent and without.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_model::Container;

use crate::enforce::Enforcer;
use crate::{Sensor, SensorError, SensorOptions};

/// How long a container is looked for.
const PATIENCE: Duration = Duration::from_millis(800);

/// What became of it.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// The container.
    pub container: Container,
    /// It shares the host's network: connections that it had before the guard's programs came are not cut.
    pub in_host_network: bool,
    /// It was so before.
    pub changed: bool,
}

/// Cuts the network of the container that has this name or whose identifier begins so; `cut: false` gives it back.
///
/// # Errors
/// There is no such container, or more than one; the kernel cannot do it.
pub fn quarantine(options: SensorOptions, pins: &Path, wanted: &str, cut: bool) -> Result<Quarantined, SensorError> {
    let mut sensor = Sensor::start(options)?;
    // A container whose name the engine tells late is waited for.
    let (mut groups, _) = sensor.take_groups();
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end && !groups.iter().any(|(_, container)| is_meant(container, wanted)) {
        sensor.poll(Duration::from_millis(20), &mut |_| {})?;
        groups.extend(sensor.take_groups().0);
    }
    let mut found: BTreeMap<&str, Vec<&(u64, Arc<Container>)>> = BTreeMap::new();
    for place in groups.iter().filter(|(_, container)| is_meant(container, wanted)) {
        found.entry(&place.1.id).or_default().push(place);
    }
    let (Some((_, places)), None) = (found.pop_first(), found.pop_first()) else {
        let all = groups.iter().filter(|(_, container)| is_meant(container, wanted));
        let names = all.map(|(_, c)| c.name.as_deref().unwrap_or(c.short_id()).to_owned()).collect::<BTreeSet<_>>();
        return Err(SensorError::WhichContainer {
            wanted: wanted.to_owned(),
            found: names.into_iter().collect::<Vec<_>>().join(", "),
        });
    };
    let mut enforcer = Enforcer::for_quarantine(pins)?;
    let host = host_network();
    let (mut in_host_network, mut changed) = (false, false);
    let mut container = Container::default();
    for (group, of) in places {
        container = Container::clone(of);
        let mut nets = sensor.networks(*group);
        in_host_network |= host.is_some_and(|host| nets.remove(&host));
        if cut {
            enforcer.cut(*group, &nets)?;
            changed = true;
        } else {
            changed |= enforcer.release(*group);
        }
    }
    Ok(Quarantined { container, in_host_network, changed })
}

fn is_meant(container: &Container, wanted: &str) -> bool {
    const SHORTEST: usize = 4;
    container.name.as_deref() == Some(wanted) || (wanted.len() >= SHORTEST && container.id.starts_with(wanted))
}

/// The network namespace of the machine's first process.
pub(crate) fn host_network() -> Option<u32> {
    let meta = std::fs::metadata("/proc/1/ns/net").ok()?;
    u32::try_from(meta.ino()).ok()
}
