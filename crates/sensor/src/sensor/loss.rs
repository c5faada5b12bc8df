//! Whose events were lost.

use std::collections::HashMap;
use std::sync::Arc;

use seawall_model::{Container, EventKind};

use super::Sensor;
use crate::calls;

/// Losses that are remembered; the kernel keeps no more.
const REMEMBERED: usize = 8192;

/// Events of one kind that one control group lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// The control group.
    pub group: u64,
    /// The container; none for the host and for one that is not known any more.
    pub container: Option<Arc<Container>>,
    /// Whether the group is the host's.
    pub host: bool,
    /// The kind of event; none for the life and death of processes.
    pub kind: Option<EventKind>,
    /// How many.
    pub count: u64,
}

/// What was told before.
#[derive(Default)]
pub(super) struct Told(HashMap<(u64, Option<u16>), u64>);

impl Sensor {
    /// What was lost since it was asked last, by control group and kind, most first.
    pub fn losses(&mut self) -> Vec<Loss> {
        let told = &mut self.told.0;
        if told.len() > REMEMBERED {
            told.clear();
        }
        let mut losses = Vec::new();
        for (group, number, count) in self.kernel.losses() {
            // The kernel forgets a group that lost nothing for long, and begins to count it again.
            let before = told.insert((group, number), count).filter(|before| *before <= count).unwrap_or(0);
            if count > before {
                let known = self.state.groups.get(&group);
                let kind = number.and_then(calls::by_number).map(|spec| spec.kind);
                let container = known.cloned().flatten();
                losses.push(Loss { group, container, host: known == Some(&None), kind, count: count - before });
            }
        }
        losses.sort_by_key(|loss| std::cmp::Reverse(loss.count));
        losses
    }
}
