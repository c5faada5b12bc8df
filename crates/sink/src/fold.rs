use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use seawall_model::Alert;

use crate::queue::size;
use crate::words;

/// How alerts are folded.
#[derive(Debug, Clone)]
pub struct FoldSettings {
    /// How long the same alert is folded; zero turns folding off.
    pub window: Duration,
    /// The output fields that tell alerts of one rule in one container apart. Those that differ each time (process
    /// identifiers, times, ports) would leave nothing to fold.
    pub fields: Vec<String>,
    /// Most alerts that are folded at a time.
    pub entries: usize,
    /// Most bytes that they take, about.
    pub bytes: usize,
}

impl Default for FoldSettings {
    fn default() -> Self {
        let fields = ["evt.type", "fd.name", "proc.exepath", "proc.name", "proc.pname", "user.uid"];
        Self {
            window: Duration::from_secs(60),
            fields: fields.map(str::to_owned).to_vec(),
            entries: 4096,
            bytes: 8 << 20,
        }
    }
}

/// Folds identical alerts: the first goes out at once, those that follow within the window are told by one summary at its
/// end, which is the last of them with their number. Nothing is lost: the counts of all that goes out add up to what came
/// in. Where there is no room, the oldest window ends early.
///
/// Time is an input: any clock that does not go back, as the time since any fixed moment.
#[derive(Debug)]
pub struct Fold {
    settings: FoldSettings,
    windows: HashMap<Key, Window>,
    /// Keys by the start of their window, oldest first.
    order: VecDeque<Key>,
    bytes: usize,
}

/// What makes alerts identical, each part with its length before it.
type Key = Vec<u8>;

#[derive(Debug)]
struct Window {
    started: Duration,
    first_time: String,
    /// The last alert that was folded, and about how many bytes it takes.
    last: Option<(Alert, usize)>,
    count: u64,
}

impl Fold {
    /// Nothing folded yet.
    pub fn new(settings: FoldSettings) -> Self {
        Self { settings, windows: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    /// Takes an alert; gives what is to be sent now: summaries that are due, oldest first, then the alert itself where it
    /// is not folded. An alert whose count is 0 is one alert.
    pub fn push(&mut self, mut alert: Alert, now: Duration) -> Vec<Alert> {
        let mut out = self.expire(now);
        alert.seawall.count = alert.seawall.count.max(1);
        if self.settings.window.is_zero() {
            out.push(alert);
            return out;
        }
        let key = self.key(&alert);
        match self.windows.get_mut(&key) {
            Some(window) => {
                let size = size(&alert);
                self.bytes = self.bytes.saturating_add(size);
                window.count = window.count.saturating_add(alert.seawall.count);
                if let Some((_, before)) = window.last.replace((alert, size)) {
                    self.bytes = self.bytes.saturating_sub(before);
                }
            }
            None => {
                self.bytes = self.bytes.saturating_add(key.len().saturating_mul(2));
                let first_time = alert.time.clone();
                self.windows.insert(key.clone(), Window { started: now, first_time, last: None, count: 0 });
                self.order.push_back(key);
                out.push(alert);
            }
        }
        while self.windows.len() > self.settings.entries || self.bytes > self.settings.bytes {
            if self.order.is_empty() {
                break;
            }
            out.extend(self.end_oldest());
        }
        out
    }

    /// The summaries whose window is over.
    pub fn expire(&mut self, now: Duration) -> Vec<Alert> {
        let mut out = Vec::new();
        while self.next_deadline().is_some_and(|deadline| deadline <= now) {
            out.extend(self.end_oldest());
        }
        out
    }

    /// Every summary, due or not: before the end.
    pub fn flush(&mut self) -> Vec<Alert> {
        let mut out = Vec::new();
        while !self.order.is_empty() {
            out.extend(self.end_oldest());
        }
        out
    }

    /// When [`Fold::expire`] will have something to do.
    pub fn next_deadline(&self) -> Option<Duration> {
        let window = self.windows.get(self.order.front()?)?;
        Some(window.started.saturating_add(self.settings.window))
    }

    /// How many windows are open.
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether no window is open.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    fn end_oldest(&mut self) -> Option<Alert> {
        let key = self.order.pop_front()?;
        let window = self.windows.remove(&key)?;
        self.bytes = self.bytes.saturating_sub(key.len().saturating_mul(2));
        let (mut alert, size) = window.last?;
        self.bytes = self.bytes.saturating_sub(size);
        alert.seawall.count = window.count;
        alert.seawall.first_time = Some(window.first_time);
        Some(alert)
    }

    fn key(&self, alert: &Alert) -> Key {
        let mut key = Key::new();
        let mut part = |text: &str| {
            key.extend_from_slice(&(text.len() as u64).to_le_bytes());
            key.extend_from_slice(text.as_bytes());
        };
        part(&alert.rule);
        part(alert.priority.name());
        part(&alert.source);
        part(&alert.hostname);
        // What was denied is never folded into what was only seen.
        part(words::action(alert.seawall.action));
        part(alert.seawall.container.as_ref().map_or("", |c| &c.id));
        for name in &self.settings.fields {
            match alert.output_fields.get(name).and_then(words::value) {
                Some(value) => part(&format!("={value}")),
                None => part(""),
            }
        }
        key
    }
}
