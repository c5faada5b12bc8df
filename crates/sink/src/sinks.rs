use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use seawall_model::{Alert, Priority};

use crate::channel::{Handle, run};
use crate::counters::{ChannelReport, Counters, DropReason};
use crate::notice::{self, Told};
use crate::queue::{self, Queue};
use crate::{Samples, SinkSpec, SinkTarget};

/// What threads get to end after the time to drain is over.
const GRACE: Duration = Duration::from_millis(700);

/// What sinks need besides their specifications.
#[derive(Debug, Clone, Default)]
pub struct SinkSettings {
    /// Where disk queues are made; without it they are in memory unless a specification names a folder.
    pub state: Option<PathBuf>,
    /// The node, as alerts about the channels themselves name it.
    pub hostname: String,
    /// The tier, as alerts about the channels themselves name it.
    pub tier: String,
}

/// Why sinks cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// A file cannot be written.
    #[error("{}: cannot be written: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A folder for a disk queue cannot be used.
    #[error("{}: cannot be used as a disk queue: {reason}", path.display())]
    Spool {
        /// The folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// An HTTP client cannot be made.
    #[error("{target}: {reason}")]
    Http {
        /// The target, without secrets.
        target: String,
        /// Why.
        reason: String,
    },
    /// Two sinks would write to one place.
    #[error("{target}: two sinks write there")]
    Twice {
        /// The target.
        target: String,
    },
    /// A thread cannot be started.
    #[error("no thread for a sink: {0}")]
    Thread(std::io::Error),
}

/// Every channel, each with a queue and a thread of its own: a slow one holds up neither the others nor the sender.
pub struct Sinks {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    channels: Vec<(Priority, Handle)>,
    settings: SinkSettings,
    /// Held while losses are told.
    telling: Mutex<()>,
}

impl Sinks {
    /// Opens every sink.
    ///
    /// # Errors
    /// Where a file, folder or setting cannot be used. A receiver on the network need not be there yet.
    pub fn open(specs: &[SinkSpec], settings: SinkSettings) -> Result<Self, SinkError> {
        let (mut channels, mut workers) = (Vec::new(), Vec::new());
        for (index, spec) in specs.iter().enumerate() {
            let is_local = matches!(spec.target, SinkTarget::File(_) | SinkTarget::Stdout);
            if is_local && specs.iter().take(index).any(|other| other.target == spec.target) {
                return Err(SinkError::Twice { target: spec.target.to_string() });
            }
            let counters = Arc::new(Counters::default());
            workers.push(crate::channels::open(spec, &settings, &counters)?);
            let handle = Handle {
                name: spec.to_string(),
                queue: Queue::new(spec.options.queue),
                counters,
                reopen: false.into(),
                told: Told::default(),
            };
            channels.push((spec.options.priority, handle));
        }
        let shared = Arc::new(Shared { channels, settings, telling: Mutex::default() });
        let mut threads = Vec::new();
        for (index, mut channel) in workers.into_iter().enumerate() {
            let shared = Arc::clone(&shared);
            let body = move || {
                if let Some((_, handle)) = shared.channels.get(index) {
                    run(handle, channel.as_mut(), &|| shared.tell_losses(false));
                }
            };
            let thread = std::thread::Builder::new().name(format!("sink-{index}")).spawn(body);
            threads.push(thread.map_err(SinkError::Thread)?);
        }
        Ok(Self { shared, threads })
    }

    /// Gives an alert to every channel that wants its priority. Never waits: a channel whose queue is full counts it as
    /// dropped.
    pub fn send(&self, alert: &Alert) {
        self.shared.send(alert);
        self.shared.tell_losses(false);
    }

    /// Opens files again (what a daemon does on SIGHUP). A file that was moved away is noticed without it.
    pub fn reopen(&self) {
        for (_, handle) in &self.shared.channels {
            handle.reopen.store(true, Relaxed);
        }
    }

    /// What each channel has done so far, in the order of the specifications.
    pub fn reports(&self) -> Vec<ChannelReport> {
        self.shared.channels.iter().map(|(_, handle)| handle.report()).collect()
    }

    /// The same as numbers for [`Metrics`](crate::Metrics::collector).
    pub fn collect(&self, into: &mut Samples) {
        for report in self.reports() {
            report.collect(into);
        }
    }

    /// Whether every channel is closed for good, so that nobody listens any more (`seawall guard -o jsonl=- | head`).
    pub fn is_closed(&self) -> bool {
        !self.shared.channels.is_empty() && self.shared.channels.iter().all(|(_, handle)| handle.counters.is_closed())
    }

    /// Takes nothing more, and gives the channels so long to deliver what they have. What is on disk stays there for the
    /// next start; what is in memory after that is dropped and counted.
    pub fn drain(mut self, limit: Duration) -> Vec<ChannelReport> {
        self.shared.tell_losses(true);
        self.close(limit);
        self.reports()
    }

    fn close(&mut self, limit: Duration) {
        let until = Instant::now() + limit;
        for (_, handle) in &self.shared.channels {
            handle.queue.close(until);
        }
        self.wait(until + GRACE);
        for (_, handle) in &self.shared.channels {
            let (count, newest) = handle.queue.abandon();
            handle.counters.dropped(DropReason::Shutdown, count as u64, newest.as_deref());
        }
        // A thread that hangs in a system call is left behind.
        self.wait(Instant::now() + GRACE);
        self.threads.clear();
    }

    fn wait(&self, until: Instant) {
        while self.threads.iter().any(|t| !t.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Sinks {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.close(Duration::ZERO);
        }
    }
}

impl Handle {
    fn report(&self) -> ChannelReport {
        self.counters.report(&self.name, self.queue.len())
    }
}

impl Shared {
    fn send(&self, alert: &Alert) {
        let size = queue::size(alert);
        let alert = Arc::new(alert.clone());
        for (least, handle) in &self.channels {
            if alert.priority <= *least && !handle.queue.push(&alert, size) {
                handle.counters.dropped(DropReason::QueueFull, 1, Some(&alert.time));
            }
        }
    }

    /// Tells every channel what any of them lost.
    fn tell_losses(&self, at_once: bool) {
        // At the end, whoever began to tell must be done before queues are closed; else nobody waits for another.
        let telling = if at_once {
            Some(self.telling.lock().unwrap_or_else(PoisonError::into_inner))
        } else {
            self.telling.try_lock().ok()
        };
        if telling.is_none() {
            return;
        }
        for (_, handle) in &self.channels {
            let total = handle.counters.lost();
            // Closed for good is not told again and again.
            if total == 0 || handle.counters.is_closed() {
                continue;
            }
            let Some(time) = handle.counters.last_dropped() else { continue };
            let newly = handle.told.due(total, at_once);
            if newly > 0 {
                self.send(&notice::alert(&handle.report(), newly, &time, &self.settings));
            }
        }
    }
}
