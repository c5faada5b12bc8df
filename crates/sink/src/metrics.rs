//! Counters and gauges in Prometheus' text format.

mod server;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

pub use server::{HealthCheck, MetricsServer};

/// A family has at most so many series: names of containers come from outside. What is beyond shares one series whose
/// labels all say `other`.
const MAX_SERIES: usize = 2_000;

/// A number that only grows.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }
}

type Labels = Vec<(String, String)>;
/// By name and labels: the help, and the number.
type Family<T> = BTreeMap<(&'static str, Labels), (&'static str, T)>;
type Collector = Box<dyn Fn(&mut Samples) + Send + Sync>;

/// Every number that is told.
///
/// ```
/// let metrics = seawall_sink::Metrics::default();
/// metrics.counter("seawall_events_total", "Events seen.", &[("kind", "exec")]).add(2);
/// assert!(metrics.render().contains("seawall_events_total{kind=\"exec\"} 2\n"));
/// ```
#[derive(Default)]
pub struct Metrics {
    counters: Mutex<Family<Counter>>,
    gauges: Mutex<Family<Gauge>>,
    collectors: Mutex<Vec<Collector>>,
}

impl Metrics {
    /// The counter of this name and these labels, made where it is not there. Names end in `_total`.
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Counter {
        series(&self.counters, name, help, labels)
    }

    /// The gauge of this name and these labels, made where it is not there.
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Gauge {
        series(&self.gauges, name, help, labels)
    }

    /// Asks for numbers that are kept elsewhere, each time they are told.
    pub fn collector(&self, collect: impl Fn(&mut Samples) + Send + Sync + 'static) {
        self.collectors.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(collect));
    }

    /// All of them in the text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut samples = Samples::default();
        for ((name, labels), (help, counter)) in &*self.counters.lock().unwrap_or_else(PoisonError::into_inner) {
            samples.add(name, help, Kind::Counter, labels.clone(), i128::from(counter.get()));
        }
        for ((name, labels), (help, gauge)) in &*self.gauges.lock().unwrap_or_else(PoisonError::into_inner) {
            samples.add(name, help, Kind::Gauge, labels.clone(), i128::from(gauge.0.load(Relaxed)));
        }
        for collect in &*self.collectors.lock().unwrap_or_else(PoisonError::into_inner) {
            collect(&mut samples);
        }
        samples.render()
    }
}

fn owned(labels: &[(&str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn other(labels: &Labels) -> Labels {
    labels.iter().map(|(name, _)| (name.clone(), "other".to_owned())).collect()
}

fn series<T: Clone + Default>(
    all: &Mutex<Family<T>>,
    name: &'static str,
    help: &'static str,
    labels: &[(&str, &str)],
) -> T {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let mut key = (name, owned(labels));
    if !all.contains_key(&key) {
        let known = all.range((name, Labels::new())..).take_while(|((n, _), _)| *n == name).count();
        if known >= MAX_SERIES {
            key.1 = other(&key.1);
        }
    }
    all.entry(key).or_insert_with(|| (help, T::default())).1.clone()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
}

/// Numbers as they are at one moment.
#[derive(Default)]
pub struct Samples {
    families: BTreeMap<String, (Kind, String, BTreeMap<Labels, i128>)>,
}

impl Samples {
    /// A number that only grows. Given twice with the same labels, both are added.
    pub fn counter(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: u64) {
        self.add(name, help, Kind::Counter, owned(labels), i128::from(value));
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: i64) {
        self.add(name, help, Kind::Gauge, owned(labels), i128::from(value));
    }

    fn add(&mut self, name: &str, help: &str, kind: Kind, mut labels: Labels, value: i128) {
        let new = || (kind, help.to_owned(), BTreeMap::new());
        let (_, _, series) = self.families.entry(name_of(name, true)).or_insert_with(new);
        if series.len() >= MAX_SERIES && !series.contains_key(&labels) {
            labels = other(&labels);
        }
        let sum = series.entry(labels).or_default();
        *sum = sum.saturating_add(value);
    }

    fn render(&self) -> String {
        let mut out = String::new();
        for (name, (kind, help, series)) in &self.families {
            let kind = if *kind == Kind::Counter { "counter" } else { "gauge" };
            let help = help.replace('\\', "\\\\").replace('\n', "\\n");
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in series {
                out.push_str(name);
                for (index, (label, value)) in labels.iter().enumerate() {
                    let before = if index == 0 { '{' } else { ',' };
                    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                    let _ = write!(out, "{before}{}=\"{value}\"", name_of(label, false));
                }
                let end = if labels.is_empty() { "" } else { "}" };
                let _ = writeln!(out, "{end} {value}");
            }
        }
        out
    }
}

/// Names are letters, digits and `_`, those of families also `:`, and no digit is first.
fn name_of(name: &str, is_family: bool) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (is_family && c == ':');
    let plain: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    if plain.starts_with(|c: char| c.is_ascii_digit()) || plain.is_empty() { format!("_{plain}") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_bounded() {
        let metrics = Metrics::default();
        metrics.counter("a_total", "A\nb.", &[("x", "q\"\\\n")]).add(1);
        for number in 0..MAX_SERIES + 50 {
            metrics.counter("b_total", "B.", &[("container", &number.to_string())]).add(1);
        }
        metrics.gauge("c", "C.", &[]).set(-3);
        let text = metrics.render();
        assert!(
            text.contains("# HELP a_total A\\nb.\n# TYPE a_total counter\na_total{x=\"q\\\"\\\\\\n\"} 1\n"),
            "{text}"
        );
        assert!(text.contains("b_total{container=\"other\"} 50\n"), "{}", text.len());
        assert!(text.contains("# TYPE c gauge\nc -3\n"));
    }
}
