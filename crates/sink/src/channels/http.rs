//! A receiver over HTTP: one thread takes alerts in and puts them on disk, another sends them in batches, so that a
//! receiver that is slow or away keeps nothing from being kept.

mod backlog;
mod poster;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_model::Alert;

use crate::channel::{Backoff, Channel, Delivery};
use crate::counters::{Counters, DropReason};
use crate::spool::Spool;
use crate::{Body, SinkError, SinkSettings, SinkSpec, SpoolPlace};
use backlog::{Added, Backlog, entry};
use poster::Poster;

/// A request's body is about this large at most.
const MAX_BODY: usize = 4 << 20;
/// What may wait in memory while a disk queue takes nothing.
const MEMORY: usize = 1 << 20;

/// The end that takes alerts in.
pub(super) struct HttpChannel {
    spec: SinkSpec,
    counters: Arc<Counters>,
    backlog: Arc<Backlog>,
}

impl HttpChannel {
    pub(super) fn open(
        spec: &SinkSpec,
        url: &str,
        settings: &SinkSettings,
        counters: Arc<Counters>,
    ) -> Result<Self, SinkError> {
        let poster = Poster::new(spec, url, Arc::clone(&counters))?;
        let spool = match (&spec.options.spool, &settings.state) {
            (SpoolPlace::Folder(folder), _) => Some(open(folder, spec)?),
            (SpoolPlace::Default, Some(state)) => Some(open(&place(state, spec, url), spec)?),
            (SpoolPlace::None, _) | (SpoolPlace::Default, None) => None,
        };
        let limit = if spool.is_some() { MEMORY } else { spec.options.queue };
        let backlog = Arc::new(Backlog::new(spool, limit, Arc::clone(&counters)));
        let sender =
            Sender { spec: spec.clone(), counters: Arc::clone(&counters), backlog: Arc::clone(&backlog), poster };
        let thread = std::thread::Builder::new().name("sink-http".to_owned()).spawn(move || sender.run());
        drop(thread.map_err(SinkError::Thread)?);
        Ok(Self { spec: spec.clone(), counters, backlog })
    }
}

/// A folder for this format and address: what waits there is never sent elsewhere.
fn place(state: &Path, spec: &SinkSpec, url: &str) -> PathBuf {
    let digest = seawall_io::sha256(format!("{}\0{url}", spec.format.id()).as_bytes()).to_string();
    let short: String = digest.trim_start_matches("sha256:").chars().take(16).collect();
    state.join("spool").join(format!("{}-{short}", spec.format.id()))
}

fn open(folder: &Path, spec: &SinkSpec) -> Result<Spool, SinkError> {
    Spool::open(folder, spec.options.spool_max)
        .map_err(|error| SinkError::Spool { path: folder.to_owned(), reason: error.to_string() })
}

impl Channel for HttpChannel {
    fn deliver(&mut self, alerts: &[Arc<Alert>]) -> Delivery {
        for (done, alert) in alerts.iter().enumerate() {
            let mut record = Vec::new();
            // No format that goes over HTTP cuts anything.
            self.spec.format.record(alert, &self.spec.options.record, &mut record);
            match self.backlog.add(&entry(&alert.time, &record)) {
                Added::Yes => {}
                Added::TooLarge => self.counters.dropped(DropReason::TooLarge, 1, Some(&alert.time)),
                Added::NoRoom => {
                    if done == 0 {
                        self.backlog.wait(Duration::from_millis(500));
                    }
                    return Delivery::all(done);
                }
            }
        }
        Delivery::all(alerts.len())
    }

    fn finish(&mut self, until: Instant) {
        self.backlog.close(until);
    }
}

/// The end that sends.
struct Sender {
    spec: SinkSpec,
    counters: Arc<Counters>,
    backlog: Arc<Backlog>,
    poster: Poster,
}

impl Sender {
    fn run(self) {
        let (options, mut backoff) = (&self.spec.options, Backoff::default());
        let is_single = options.body == Body::Single && self.spec.format.envelope().is_none();
        let batch = if is_single { 1 } else { options.batch };
        while let Some(entries) = self.backlog.next(batch, MAX_BODY, options.wait) {
            let posted = self.poster.post(&entries);
            if let Some(done) = entries.get(..posted.done).filter(|done| !done.is_empty()) {
                self.backlog.done(done);
                backoff = Backoff::default();
            }
            if let Some(trouble) = posted.trouble {
                self.counters.failed(trouble.error);
                if self.backlog.pause(backoff.next(trouble.wait)) {
                    break;
                }
            }
        }
        self.backlog.sender_is_gone();
    }
}
