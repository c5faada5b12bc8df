//! The state: what was seen, and where its user is in it.

use std::collections::HashSet;
use std::sync::Arc;

use seawall_model::{Alert, Observation, Process};

use crate::Key;
use crate::data::{Data, Raised};
use crate::tree::{Row, RowKey, rows};

/// Longest text that is looked for.
const LONGEST_FILTER: usize = 100;

/// Where keys go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Focus {
    Tree,
    Alerts,
}

/// A live view.
#[derive(Debug)]
pub struct View {
    pub(crate) title: String,
    data: Data,
    /// What is shown while the view is held.
    held: Option<Box<Data>>,
    pub(crate) folded: HashSet<RowKey>,
    pub(crate) filter: String,
    pub(crate) typing: bool,
    pub(crate) focus: Focus,
    pub(crate) selected: Option<RowKey>,
    pub(crate) top: usize,
    pub(crate) alert: usize,
    pub(crate) detail: bool,
    /// Rows that a page has, as they were drawn last.
    pub(crate) page: usize,
}

impl View {
    /// An empty view; the title says what is watched.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            data: Data::default(),
            held: None,
            // What runs on the host is rarely what one looks for.
            folded: HashSet::from([RowKey::Group(Arc::from(""))]),
            filter: String::new(),
            typing: false,
            focus: Focus::Tree,
            selected: None,
            top: 0,
            alert: 0,
            detail: false,
            page: 10,
        }
    }

    /// Something happened.
    pub fn see(&mut self, observation: Observation<'_>) {
        self.data.see(observation);
    }

    /// A process ran before the view began.
    pub fn known(&mut self, process: &Process) {
        self.data.known(process);
    }

    /// A rule spoke.
    pub fn raise(&mut self, alert: Alert) {
        let first = self.held.is_none() && self.focus == Focus::Alerts;
        let before = self.data.alerts.len();
        self.data.alert(alert);
        if first && self.data.alerts.len() > before {
            // What is looked at stays under the mark.
            self.alert += 1;
        }
    }

    /// Time, nanoseconds since 1970, and how many events were lost so far.
    pub fn tick(&mut self, now: u64, lost: u64) {
        self.data.tick(now);
        self.data.lost = lost;
    }

    /// There will be no more events.
    pub fn end(&mut self) {
        self.data.ended = true;
    }

    /// What is shown.
    pub(crate) fn data(&self) -> &Data {
        self.held.as_deref().unwrap_or(&self.data)
    }

    pub(crate) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        rows(self.data(), &self.folded, &self.filter)
    }

    /// The alerts that are looked for, newest first.
    pub(crate) fn alerts(&self) -> Vec<&Raised> {
        let filter = self.filter.to_lowercase();
        let found = |raised: &&Raised| {
            let container = raised.alert.seawall.container.as_ref();
            let name = container.and_then(|c| c.name.as_deref()).unwrap_or_default();
            [raised.alert.rule.as_str(), raised.alert.output.as_str(), name]
                .iter()
                .any(|text| text.to_lowercase().contains(&filter))
        };
        self.data().alerts.iter().filter(|raised| filter.is_empty() || found(raised)).collect()
    }

    /// A key was pressed; whether that ends the view.
    pub fn press(&mut self, key: Key) -> bool {
        if key == Key::Interrupt {
            return true;
        }
        if self.typing {
            self.type_filter(key);
            return false;
        }
        match key {
            Key::Char('q') => return true,
            Key::Escape if self.detail => self.detail = false,
            Key::Escape => self.filter.clear(),
            Key::Char('/') => {
                self.typing = true;
                self.detail = false;
            }
            Key::Char('p') => {
                self.held = if self.held.is_some() { None } else { Some(Box::new(self.data.clone())) };
            }
            Key::Tab => {
                self.focus = if self.focus == Focus::Tree { Focus::Alerts } else { Focus::Tree };
                self.detail = false;
                self.alert = 0;
            }
            Key::Enter | Key::Char(' ') if self.focus == Focus::Alerts => {
                self.detail = !self.detail && !self.alerts().is_empty();
            }
            Key::Enter | Key::Char(' ') => self.fold(),
            Key::Up | Key::Char('k') => self.step(-1),
            Key::Down | Key::Char('j') => self.step(1),
            Key::PageUp => self.step(-self.paged()),
            Key::PageDown => self.step(self.paged()),
            Key::Home | Key::Char('g') => self.step(isize::MIN),
            Key::End | Key::Char('G') => self.step(isize::MAX),
            _ => {}
        }
        false
    }

    fn paged(&self) -> isize {
        isize::try_from(self.page.max(1)).unwrap_or(1)
    }

    fn type_filter(&mut self, key: Key) {
        match key {
            Key::Enter => self.typing = false,
            Key::Escape => {
                self.typing = false;
                self.filter.clear();
            }
            Key::Backspace => {
                self.filter.pop();
            }
            Key::Char(c) if self.filter.chars().count() < LONGEST_FILTER => self.filter.push(c),
            _ => {}
        }
        self.alert = 0;
    }

    fn step(&mut self, by: isize) {
        let moved = |at: usize, count: usize| at.saturating_add_signed(by).min(count.saturating_sub(1));
        if self.focus == Focus::Alerts {
            self.alert = moved(self.alert, self.alerts().len());
            return;
        }
        let rows = self.rows();
        let at = position(&rows, self.selected.as_ref());
        self.selected = rows.get(moved(at, rows.len())).map(|row| row.key.clone());
    }

    fn fold(&mut self) {
        let rows = self.rows();
        let Some(row) = rows.get(position(&rows, self.selected.as_ref())).filter(|row| row.branch) else { return };
        self.selected = Some(row.key.clone());
        if !self.folded.remove(&row.key) {
            self.folded.insert(row.key.clone());
        }
    }
}

/// Where the selected row is now; the first where it is gone.
pub(crate) fn position(rows: &[Row], selected: Option<&RowKey>) -> usize {
    selected.and_then(|key| rows.iter().position(|row| row.key == *key)).unwrap_or(0)
}
