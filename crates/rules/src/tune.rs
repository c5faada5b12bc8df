//! Exceptions from what was seen: each is as narrow as what raised the alerts, and says how many it would silence.

mod diff;
mod propose;

use std::fmt::Write;

use seawall_model::{Alert, FieldValue, Observation, Priority};

pub use diff::appended;
pub use propose::propose;

/// One alert, as far as an exception can be made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The rule.
    pub rule: String,
    /// How bad it is.
    pub priority: Priority,
    /// How many times the alert came.
    pub count: u64,
    /// Where: the image's repository, or the host.
    pub place: Option<Place>,
    /// `proc.name`.
    pub process: Option<String>,
    /// `proc.pname`.
    pub parent: Option<String>,
    /// `fd.name`, where the event is about a file.
    pub file: Option<String>,
}

/// Where something happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In a container of an image of this repository.
    Image(String),
    /// Outside containers.
    Host,
}

impl Sighting {
    /// Of an alert and, where it is at hand, the observation behind it: a rule's sentence need not name every field.
    pub fn of(alert: &Alert, observation: Option<Observation<'_>>) -> Self {
        let told = |field: &str| match alert.output_fields.get(field) {
            Some(FieldValue::Text(text)) if text != "<NA>" => Some(text.clone()),
            _ => None,
        };
        let container = alert.seawall.container.as_ref();
        let image = container.and_then(|c| c.image_repository.clone()).or_else(|| told("container.image.repository"));
        let at_host = container.is_none() && (observation.is_some() || told("container.id").as_deref() == Some("host"));
        let place = if at_host { Some(Place::Host) } else { image.map(Place::Image) };
        let seen = observation.map(|o| (o.process.name.to_text(), o.ancestor(1).map(|p| p.name.to_text()), o));
        let (process, parent, file) = match seen {
            Some((name, parent, o)) => (Some(name), parent, o.event.file().map(|f| f.name.to_text())),
            None => (told("proc.name"), told("proc.pname"), told("fd.name")),
        };
        let (rule, priority, count) = (alert.rule.clone(), alert.priority, alert.seawall.count.max(1));
        Self { rule, priority, count, place, process, parent, file }
    }
}

/// What is proposed.
#[derive(Debug, Clone)]
pub struct TuneSettings {
    /// Tuples that raised fewer alerts than this are no noise.
    pub least: u64,
    /// Propose to silence rules of priority CRITICAL and worse, too.
    pub critical: bool,
}

/// What an exception compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Image or host, process and parent.
    Process,
    /// These, and one file.
    File,
    /// These, and files below a folder.
    Folder,
}

/// One tuple of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple {
    /// Which fields.
    pub shape: Shape,
    /// Where.
    pub place: Place,
    /// `proc.name`.
    pub process: String,
    /// `proc.pname`.
    pub parent: String,
    /// `fd.name`, or what it begins with.
    pub file: String,
    /// How many alerts it would silence.
    pub count: u64,
}

impl Tuple {
    fn covers(&self, sighting: &Sighting) -> bool {
        let file = sighting.file.as_deref();
        sighting.place.as_ref() == Some(&self.place)
            && sighting.process.as_ref() == Some(&self.process)
            && sighting.parent.as_ref() == Some(&self.parent)
            && match self.shape {
                Shape::Process => true,
                Shape::File => file == Some(&self.file),
                Shape::Folder => file.is_some_and(|file| file.starts_with(&self.file)),
            }
    }

    /// The exception that the tuple belongs to: name, fields, comparisons.
    fn exception(&self) -> (&'static str, String, &'static str) {
        let place = if self.place == Place::Host { "container.id" } else { "container.image.repository" };
        let (name, more, comparisons) = match (self.shape, &self.place) {
            (Shape::Process, Place::Image(_)) => ("tuned_image_process", "", "=, =, ="),
            (Shape::Process, Place::Host) => ("tuned_host_process", "", "=, =, ="),
            (Shape::File, Place::Image(_)) => ("tuned_image_file", ", fd.name", "=, =, =, ="),
            (Shape::File, Place::Host) => ("tuned_host_file", ", fd.name", "=, =, =, ="),
            (Shape::Folder, Place::Image(_)) => ("tuned_image_folder", ", fd.name", "=, =, =, startswith"),
            (Shape::Folder, Place::Host) => ("tuned_host_folder", ", fd.name", "=, =, =, startswith"),
        };
        (name, format!("{place}, proc.name, proc.pname{more}"), comparisons)
    }
}

/// The exceptions of one rule.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The rule.
    pub rule: String,
    /// How many alerts it raised.
    pub seen: u64,
    /// The noisiest first.
    pub tuples: Vec<Tuple>,
}

impl Proposal {
    /// How many alerts would not come any more.
    pub fn silenced(&self) -> u64 {
        self.tuples.iter().map(|tuple| tuple.count).sum()
    }
}

/// What is proposed, and what is not, with the reason.
#[derive(Debug, Clone, Default)]
pub struct Tuning {
    /// The noisiest rule first.
    pub proposals: Vec<Proposal>,
    /// Rule, alerts, why nothing is proposed for these.
    pub left: Vec<(String, u64, &'static str)>,
}

impl Tuning {
    /// Whether an alert would not come any more.
    pub fn covers(&self, sighting: &Sighting) -> bool {
        self.proposals
            .iter()
            .filter(|proposal| proposal.rule == sighting.rule)
            .any(|proposal| proposal.tuples.iter().any(|tuple| tuple.covers(sighting)))
    }

    /// Rules files' text that adds the exceptions to rules that are defined before it.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for proposal in &self.proposals {
            let (silenced, seen) = (proposal.silenced(), proposal.seen);
            let _ = writeln!(out, "# Silences {silenced} of {seen} alerts, {} stay.", seen.saturating_sub(silenced));
            let _ = writeln!(out, "- rule: {}\n  exceptions:", quoted(&proposal.rule));
            let mut names: Vec<&str> = Vec::new();
            for tuple in &proposal.tuples {
                let (name, fields, comparisons) = tuple.exception();
                if names.contains(&name) {
                    continue;
                }
                names.push(name);
                let _ = writeln!(out, "    - name: {name}\n      fields: [{fields}]\n      comps: [{comparisons}]");
                out.push_str("      values:\n");
                for tuple in proposal.tuples.iter().filter(|tuple| tuple.exception().0 == name) {
                    let place = match &tuple.place {
                        Place::Image(image) => quoted(image),
                        Place::Host => "host".to_owned(),
                    };
                    let (process, parent) = (quoted(&tuple.process), quoted(&tuple.parent));
                    let file = if tuple.shape == Shape::Process {
                        String::new()
                    } else {
                        format!(", {}", quoted(&tuple.file))
                    };
                    let _ = writeln!(out, "        - [{place}, {process}, {parent}{file}] # {} alerts", tuple.count);
                }
            }
            out.push_str("  override:\n    exceptions: append\n");
        }
        out
    }
}

/// Text between double quotes, as YAML has it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() || c == '\u{feff}' => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
