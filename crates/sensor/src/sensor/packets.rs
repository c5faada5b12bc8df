//! Records of packets, connections and io_uring: whose they are, although something else may run when they are made.

use seawall_model::Observation;

use super::State;
use crate::flow;
use crate::record::{Head, Record};

/// A process that ended is still known for so long where connections are told: the kernel closes them only after that.
const LINGER: u64 = 2_000_000_000;
/// Processes that are known for longer because of this.
const LINGERING: usize = 8192;

impl State {
    /// What was seen of the network or of io_uring. Whose it is can be one that ended before.
    pub(super) fn packet(&mut self, record: &Record<'_>, tell: &mut dyn FnMut(Observation<'_>)) {
        let head = &record.head;
        if head.pid == 0 {
            // A connection that was there before the guard, or whose owner was pushed out of the kernel's table by others.
            self.statistics.unknown_processes += 1;
            return;
        }
        let known = if head.owner { self.processes.of(head) } else { self.processes.seen(head) };
        let key = known.unwrap_or_else(|| {
            self.statistics.unknown_processes += 1;
            let key = self.processes.add(record, self.offset);
            self.read_command(key, head.pid);
            key
        });
        if !head.owner || known.is_none() {
            self.place(key, record);
        }
        let cwd = self.processes.get(key).map(|p| &*p.cwd).unwrap_or_default();
        match flow::event(record, key, cwd, self.offset, self.statistics.events + 1) {
            Some(event) => self.tell(&event, tell),
            None => self.statistics.unreadable += 1,
        }
        if known.is_none() && head.owner {
            // It is gone already, and nothing else would end it.
            self.processes.end(head, self.offset);
        }
    }

    /// Forgets the processes that ended long enough before `now`.
    pub(super) fn forget(&mut self, now: u64) {
        let Some(ending) = &mut self.ending else { return };
        let due = |head: &Head, left: usize| head.time + LINGER <= now || left > LINGERING;
        while let Some(head) = ending.front().filter(|head| due(head, ending.len())).copied() {
            ending.pop_front();
            self.processes.end(&head, self.offset);
        }
    }
}
