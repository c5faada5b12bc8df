//! The thread that does it.

use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_decide::RuntimeResponse;
use seawall_model::{Action, Alert};

use super::{Order, Tools, record, response};
use crate::Guard;

/// Orders that wait; an alert beyond them is raised unanswered, and that is said.
const WAITING: usize = 64;
/// How long the end may wait for what is being done.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Worker {
    orders: Option<SyncSender<Order>>,
    results: Receiver<Done>,
    thread: Option<JoinHandle<()>>,
}

/// What became of an order.
pub(super) struct Done {
    order: Order,
    results: Vec<(RuntimeResponse, Result<String, String>)>,
}

impl Worker {
    pub(super) fn start(tools: Tools) -> Self {
        let (orders, waiting) = sync_channel(WAITING);
        let (told, results) = channel();
        let thread = std::thread::spawn(move || work(&waiting, &told, &tools));
        Self { orders: Some(orders), results, thread: Some(thread) }
    }

    pub(super) fn give(&self, order: Order) -> Result<(), Box<Order>> {
        let Some(orders) = &self.orders else { return Err(Box::new(order)) };
        orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(order) | TrySendError::Disconnected(order) => Box::new(order),
        })
    }

    pub(super) fn done(&self) -> Vec<Done> {
        self.results.try_iter().collect()
    }

    /// Takes no more orders, and waits for the results of those that it has.
    pub(super) fn finish(&mut self) -> Vec<Done> {
        self.orders = None;
        let end = Instant::now() + PATIENCE;
        let mut done = Vec::new();
        while let Ok(one) = self.results.recv_timeout(end.saturating_duration_since(Instant::now())) {
            done.push(one);
        }
        done
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A thread that failed has nothing more to say.
            let _ = thread.join();
        }
    }
}

fn work(orders: &Receiver<Order>, told: &Sender<Done>, tools: &Tools) {
    while let Ok(order) = orders.recv() {
        let run = |action: &RuntimeResponse| {
            let result =
                response(*action).map_or(Err("there is no such response".to_owned()), |r| r.run(&order, tools));
            (*action, result)
        };
        let results = order.actions.iter().map(run).collect();
        if told.send(Done { order, results }).is_err() {
            return;
        }
    }
}

impl Done {
    /// The records of what was done, and the alert that was answered.
    pub(super) fn raise(self, guard: &Guard, raise: &mut dyn FnMut(Alert)) {
        let Self { mut order, results } = self;
        let done = results.iter().filter(|(_, result)| result.is_ok()).filter_map(|(action, _)| response(*action));
        // The last that changes something says what the alert came to.
        let last = done.map(|response| response.action()).rfind(|action| *action != Action::None);
        if let Some(action) = last {
            order.alert.seawall.action = action;
            order.alert.output = format!("{} action={}", order.alert.output, format!("{action:?}").to_lowercase());
        }
        let Order { alert, entry, container, .. } = order;
        let records: Vec<Alert> = results
            .iter()
            .map(|(action, result)| {
                let (text, action_done) = match result {
                    Ok(text) => (text.clone(), response(*action).map_or(Action::None, |r| r.action())),
                    Err(reason) => (format!("failed: {reason}"), Action::None),
                };
                let mut record = record::alert(guard, &alert, &container, &entry, action.name(), &text);
                record.seawall.action = action_done;
                record
            })
            .collect();
        raise(alert);
        records.into_iter().for_each(raise);
    }
}
