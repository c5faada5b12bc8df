//! From the state to lines that fit.

mod detail;

use seawall_model::Priority;

use crate::data::{Data, Raised};
use crate::text::clean;
use crate::tree::{Row, RowKey, name};
use crate::view::{Focus, View, position};

/// How text stands out. Nothing is said by it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as they look")]
pub enum Style {
    Plain,
    Dim,
    Bold,
    Red,
    Yellow,
    Reverse,
}

/// Text in one style, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// How it looks.
    pub style: Style,
    /// What it says.
    pub text: String,
}

/// One line of the terminal; it may be longer than the terminal is wide.
pub type Line = Vec<Span>;

/// Rows of a snapshot.
const MOST_ROWS: usize = 500;
/// Alerts of a snapshot.
const MOST_ALERTS: usize = 50;
/// Deeper trees are not indented further.
const DEEPEST: usize = 16;

pub(crate) fn span(style: Style, text: impl AsRef<str>) -> Span {
    Span { style, text: clean(text.as_ref()) }
}

pub(crate) fn of(priority: Priority) -> Style {
    match priority {
        Priority::Emergency | Priority::Alert | Priority::Critical => Style::Red,
        Priority::Error | Priority::Warning => Style::Yellow,
        _ => Style::Plain,
    }
}

impl View {
    /// The whole view in `height` lines.
    pub fn lines(&mut self, width: usize, height: usize) -> Vec<Line> {
        let mut lines = vec![self.head()];
        let help = height >= 4;
        let body = height.saturating_sub(1 + usize::from(help));
        if self.detail {
            lines.extend(self.detail_lines(width, body));
        } else {
            // On a low terminal only what has the keys is shown.
            let wanted = self.alerts().len().max(1) + 1;
            let alerts = if body >= 8 { wanted.min(body * 2 / 5) } else { 0 };
            let (tree, alerts) = match self.focus {
                Focus::Alerts if alerts == 0 => (0, body),
                _ => (body - alerts, alerts),
            };
            self.page = if self.focus == Focus::Tree { tree } else { alerts.saturating_sub(1) };
            if tree > 0 {
                lines.extend(self.tree(tree));
            }
            if alerts > 0 {
                lines.extend(self.alert_lines(alerts));
            }
        }
        lines.resize(height.saturating_sub(usize::from(help)).max(1), Vec::new());
        if help {
            lines.push(self.foot());
        }
        lines.truncate(height);
        lines
    }

    /// The same as text for a file or a pipe: everything that runs in containers, and the newest alerts.
    pub fn snapshot(&self) -> String {
        let mut lines = vec![self.head()];
        let rows = self.rows();
        lines.extend(rows.iter().take(MOST_ROWS).map(|row| self.row(row, false)));
        if let Some(more) = rows.len().checked_sub(MOST_ROWS).filter(|more| *more > 0) {
            lines.push(vec![span(Style::Dim, format!("  and {more} more"))]);
        }
        let alerts = self.alerts();
        lines.extend(alerts.iter().take(MOST_ALERTS).map(|raised| alert_line(raised, false)));
        if let Some(more) = alerts.len().checked_sub(MOST_ALERTS).filter(|more| *more > 0) {
            lines.push(vec![span(Style::Dim, format!("  and {more} older kinds of alerts"))]);
        }
        let mut out = String::new();
        for line in lines {
            let text: String = line.into_iter().map(|span| span.text).collect();
            out.push_str(text.trim_end());
            out.push('\n');
        }
        out
    }

    /// What matters most comes first: a narrow terminal cuts the rest.
    fn head(&self) -> Line {
        let data = self.data();
        let mut line = Vec::new();
        if self.is_held() {
            line.push(span(Style::Reverse, "PAUSED"));
            line.push(span(Style::Plain, "  "));
        }
        if data.ended {
            line.push(span(Style::Reverse, "ENDED"));
            line.push(span(Style::Plain, "  "));
        }
        if data.now > 0 {
            let second = data.now / 1_000_000_000 % 86_400;
            let clock = format!("{:02}:{:02}:{:02}  ", second / 3600, second / 60 % 60, second % 60);
            line.push(span(Style::Dim, clock));
        }
        line.push(span(Style::Bold, format!("alerts {}", data.raised)));
        line.push(span(if data.lost > 0 { Style::Red } else { Style::Plain }, format!("  lost {}", data.lost)));
        line.push(span(Style::Plain, format!("  events {} ({}/s)", data.events, data.rate.value())));
        let containers = data.groups.keys().filter(|id| !id.is_empty()).count();
        let running = data.processes.values().filter(|entry| entry.ended.is_none()).count();
        line.push(span(Style::Plain, format!("  containers {containers}  processes {running}")));
        if data.hidden > 0 {
            line.push(span(Style::Red, format!("  no room for {}", data.hidden)));
        }
        line.push(span(Style::Dim, format!("  {}", self.title)));
        line
    }

    fn foot(&self) -> Line {
        if self.typing {
            return vec![
                span(Style::Bold, format!("/{}_", self.filter)),
                span(Style::Dim, "  enter keeps, esc clears"),
            ];
        }
        let mut line = Vec::new();
        if !self.filter.is_empty() {
            line.push(span(Style::Bold, format!("/{}", self.filter)));
            line.push(span(Style::Dim, "  esc clears  "));
        }
        let enter = match (self.focus, self.detail) {
            (_, true) => "esc back",
            (Focus::Tree, _) => "enter folds",
            (Focus::Alerts, _) => "enter opens",
        };
        let other = if self.focus == Focus::Tree { "alerts" } else { "tree" };
        let hold = if self.is_held() { "p goes on" } else { "p pauses" };
        line.push(span(Style::Dim, format!("q quits  j/k moves  {enter}  tab {other}  / finds  {hold}")));
        line
    }

    fn tree(&mut self, height: usize) -> Vec<Line> {
        let rows = self.rows();
        let at = position(&rows, self.selected.as_ref());
        self.top = scrolled(self.top, at, height, rows.len());
        if rows.is_empty() {
            let text = if self.filter.is_empty() { "  nothing has happened yet" } else { "  nothing is like that" };
            let mut lines = vec![vec![span(Style::Dim, text)]];
            lines.resize(height, Vec::new());
            return lines;
        }
        let mark = self.focus == Focus::Tree;
        let shown = rows.iter().enumerate().skip(self.top).take(height);
        let mut lines: Vec<Line> = shown.map(|(n, row)| self.row(row, mark && n == at)).collect();
        lines.resize(height, Vec::new());
        lines
    }

    fn row(&self, row: &Row, marked: bool) -> Line {
        let data = self.data();
        let sign = match (row.branch, row.folded) {
            (false, _) => ' ',
            (true, true) => '+',
            (true, false) => '-',
        };
        let indent = "  ".repeat(row.depth.min(DEEPEST));
        let mut line = vec![span(Style::Plain, format!("{}{indent}{sign} ", if marked { '>' } else { ' ' }))];
        match &row.key {
            RowKey::Group(id) => line.extend(group_line(data, id, row.running)),
            RowKey::Process(key) => {
                let Some(entry) = data.processes.get(key) else { return line };
                let style = if entry.ended.is_some() { Style::Dim } else { Style::Plain };
                line.push(span(Style::Dim, format!("{} ", entry.pid)));
                let command = if entry.command.is_empty() { "?" } else { &entry.command };
                line.push(span(style, command));
                line.push(span(Style::Dim, format!("  {}", entry.user)));
                if entry.alerts > 0 {
                    line.push(span(Style::Yellow, format!("  alerts {}", entry.alerts)));
                }
                if entry.ended.is_some() {
                    line.push(span(Style::Dim, "  ended"));
                }
            }
        }
        if marked {
            line.iter_mut().for_each(|span| span.style = Style::Reverse);
        }
        line
    }

    fn alert_lines(&self, height: usize) -> Vec<Line> {
        let alerts = self.alerts();
        let focus = self.focus == Focus::Alerts;
        let at = self.alert.min(alerts.len().saturating_sub(1));
        let rest = height.saturating_sub(1);
        let top = if focus { (at + 1).saturating_sub(rest) } else { 0 };
        let title = format!("-- alerts by rule and container, newest first: {}", alerts.len());
        let mut lines = vec![vec![span(Style::Bold, title)]];
        let shown = alerts.iter().enumerate().skip(top).take(rest);
        lines.extend(shown.map(|(n, raised)| alert_line(raised, focus && n == at)));
        lines.resize(height, Vec::new());
        lines
    }
}

fn group_line(data: &Data, id: &str, running: usize) -> Line {
    let Some(group) = data.groups.get(id) else { return Vec::new() };
    let mut line = vec![span(Style::Bold, name(group))];
    if let Some(container) = &group.container {
        if let Some(image) = &container.image {
            line.push(span(Style::Plain, format!("  {image}")));
        }
        if let Some(pod) = &container.pod {
            line.push(span(Style::Plain, format!("  {}/{}", pod.namespace, pod.name)));
        }
        if container.name.is_some() {
            line.push(span(Style::Dim, format!("  {}", container.short_id())));
        }
    }
    line.push(span(Style::Plain, format!("  processes {running}  {}/s", group.rate.value())));
    if let Some(worst) = group.worst {
        line.push(span(of(worst), format!("  alerts {}, worst {worst}", group.alerts)));
    }
    line
}

fn alert_line(raised: &Raised, marked: bool) -> Line {
    let alert = &raised.alert;
    let clock = alert.time.split_once('T').map_or(alert.time.as_str(), |(_, clock)| clock);
    let clock = clock.get(..8).unwrap_or(clock);
    let container = alert.seawall.container.as_ref();
    let place = container.map_or("host", |c| c.name.as_deref().unwrap_or_else(|| c.short_id()));
    let times = if raised.count > 1 { format!(" ({} times)", raised.count) } else { String::new() };
    let mut line = vec![
        span(Style::Plain, if marked { "> " } else { "  " }),
        span(Style::Dim, format!("{clock} ")),
        span(of(alert.priority), format!("{:<13} ", alert.priority)),
        span(Style::Bold, format!("{place}  ")),
        span(Style::Plain, format!("{}{times}: ", alert.rule)),
        span(Style::Plain, &alert.output),
    ];
    if marked {
        line.iter_mut().for_each(|span| span.style = Style::Reverse);
    }
    line
}

/// Where a list of `count` rows begins so that the row `at` is in sight.
fn scrolled(top: usize, at: usize, height: usize, count: usize) -> usize {
    let top = top.min(at).min(count.saturating_sub(height));
    if at >= top + height { at + 1 - height } else { top }
}
