use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::{Arc, RwLock};

use seawall_model::{Alert, AlertContext, EventKind, FieldValue, Observation, Priority};

use crate::compile::{Atoms, Guards, Node, Predicates, Program, program};
use crate::evaluate::{Addresses, Scratch, run};
use crate::formula::Formula;
use crate::loader::Counts;
use crate::output::Template;
use crate::problem::Problem;
use crate::spec::Predicate;
use crate::syntax::Expression;
use crate::time::rfc3339;
use crate::view::View;

/// A rule, as it is after all files are read.
pub struct Rule {
    /// Its name, unique.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How bad it is.
    pub priority: Priority,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Where its events come from: `syscall`.
    pub source: String,
    /// It is looked at.
    pub enabled: bool,
    /// Its condition, macros by name ([`RuleSet::macros`]).
    pub condition: Expression,
    /// The condition's text, lists expanded.
    pub condition_text: String,
    /// The kinds of events that it can match.
    pub kinds: BTreeSet<EventKind>,
    /// Fields of its condition and its output.
    pub fields: BTreeSet<String>,
    pub(crate) template: Template,
}

/// What is to be supplied so that the rules can answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The kinds of events.
    pub kinds: BTreeSet<EventKind>,
    /// Fields of conditions and outputs of enabled rules, without their arguments.
    pub fields: BTreeSet<String>,
    /// The environment of processes.
    pub environment: bool,
    /// The bytes that are sent and received.
    pub buffer: bool,
    /// The names whose addresses are asked for.
    pub domains: BTreeSet<String>,
}

/// What a rule asks for and this machine does not supply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupplied {
    /// The rule.
    pub rule: String,
    /// Fields of its condition: a check of one of them is false.
    pub condition_fields: BTreeSet<String>,
    /// Fields of its output: they read `<NA>`.
    pub output_fields: BTreeSet<String>,
    /// Events that do not come.
    pub events: BTreeSet<String>,
}

/// Rules that are ready to judge.
pub struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) macros: BTreeMap<String, Expression>,
    pub(crate) warnings: Vec<Problem>,
    pub(crate) unsupplied: Vec<Unsupplied>,
    pub(crate) counts: Counts,
    pub(crate) all_match: bool,
    atoms: Atoms,
    /// What the atoms were made from, by the same numbers.
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) programs: Vec<Program>,
    addresses: Addresses,
}

impl RuleSet {
    pub(crate) fn compile(
        rules: Vec<Rule>,
        macros: BTreeMap<String, Expression>,
        formulas: &[(u32, Rc<Formula>)],
    ) -> Self {
        let mut predicates = Predicates::default();
        let mut programs: Vec<Program> =
            EventKind::ALL.iter().map(|kind| program(*kind, formulas, &mut predicates)).collect();
        let used: BTreeSet<u32> = programs
            .iter()
            .flat_map(|program| &program.nodes)
            .filter_map(|node| match node {
                Node::Test(number) => Some(*number),
                _ => None,
            })
            .collect();
        let atoms = Atoms::new(&predicates.all, &used);
        for program in &mut programs {
            program.guards = Guards::new(program, &atoms, &predicates.all);
        }
        let addresses = RwLock::new(Arc::new(vec![Vec::new(); atoms.domains.len()]));
        Self {
            rules,
            macros,
            warnings: Vec::new(),
            unsupplied: Vec::new(),
            counts: Counts::default(),
            all_match: false,
            atoms,
            predicates: predicates.all.iter().map(|p| Predicate::clone(p)).collect(),
            programs,
            addresses,
        }
    }

    /// The kinds that a rule can match, by its number.
    pub(crate) fn kinds_of(&self, rule: usize) -> BTreeSet<EventKind> {
        let matches = |program: &Program| program.rules.iter().any(|(number, _)| *number as usize == rule);
        EventKind::ALL
            .iter()
            .zip(&self.programs)
            .filter(|(_, program)| matches(program))
            .map(|(kind, _)| *kind)
            .collect()
    }

    /// Every rule, in the order of their definitions.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The conditions of macros, by name.
    pub fn macros(&self) -> &BTreeMap<String, Expression> {
        &self.macros
    }

    /// What is odd about the files.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// How much the files define.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// What each enabled rule asks for and this machine does not supply; a rule that lacks nothing is not in it.
    pub fn unsupplied(&self) -> &[Unsupplied] {
        &self.unsupplied
    }

    /// What is to be supplied so that the enabled rules can answer.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs { domains: self.atoms.domains.iter().cloned().collect(), ..Needs::default() };
        for rule in self.rules.iter().filter(|rule| rule.enabled) {
            needs.kinds.extend(&rule.kinds);
            needs.fields.extend(rule.fields.iter().map(|f| f.split('[').next().unwrap_or(f).to_owned()));
        }
        let uses = |names: &[&str]| names.iter().any(|name| needs.fields.contains(*name));
        needs.environment = uses(&["proc.env", "proc.aenv", "evt.arg.env", "evt.args", "evt.info"]);
        needs.buffer = uses(&["evt.buffer", "evt.buflen", "evt.arg.data"]);
        needs
    }

    /// Says which addresses the names of [`Needs::domains`] have now; names that are not said have none.
    pub fn set_addresses(&self, addresses: &BTreeMap<String, Vec<IpAddr>>) {
        let of = |name: &String| addresses.get(name).map(|all| all.iter().map(|a| a.to_canonical()).collect());
        let table: Vec<Vec<IpAddr>> = self.atoms.domains.iter().map(|name| of(name).unwrap_or_default()).collect();
        let mut slot = self.addresses.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        *slot = Arc::new(table);
    }

    fn addresses(&self) -> Arc<Vec<Vec<IpAddr>>> {
        Arc::clone(&self.addresses.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The numbers of the rules that an observation matches, in the order of their definitions: the first one only,
    /// unless the rules were loaded with `all_match`.
    pub fn evaluate<'s>(&self, observation: Observation<'_>, scratch: &'s mut Scratch) -> &'s [usize] {
        let kind = observation.event.kind as usize;
        match self.programs.get(kind) {
            Some(program) => run((&self.atoms, program), &self.addresses, observation, scratch, self.all_match),
            None => scratch.matched.clear(),
        }
        &scratch.matched
    }

    /// The alert of a rule, by its number, for an observation that it matched. What the sensor knows better (tier,
    /// action) is left at its default.
    pub fn render(&self, rule: usize, observation: Observation<'_>, hostname: &str) -> Option<Alert> {
        let rule = self.rules.get(rule)?;
        let event = observation.event;
        let view = View::new(observation);
        let table = self.addresses();
        let name_of = |address: IpAddr| {
            let at = table.iter().position(|all| all.contains(&address))?;
            self.atoms.domains.get(at).cloned()
        };
        let (output, fields) = rule.template.render(&view, &name_of);
        let mut output_fields: BTreeMap<String, FieldValue> = fields.into_iter().collect();
        output_fields.insert("evt.time".to_owned(), FieldValue::Unsigned(event.time));
        let file = event.file();
        Some(Alert {
            time: rfc3339(event.time).to_string(),
            rule: rule.name.clone(),
            priority: rule.priority,
            source: rule.source.clone(),
            hostname: hostname.to_owned(),
            tags: rule.tags.clone(),
            output,
            output_fields,
            seawall: AlertContext {
                container: observation.process.container.as_deref().cloned(),
                lexical_path: file.map(|f| f.name.to_text()),
                resolved_path: file.map(|f| &f.resolved).filter(|r| !r.is_empty()).map(|r| r.to_text()),
                count: 1,
                ..AlertContext::default()
            },
        })
    }
}

/// The line that Falco writes: `HH:MM:SS.nnnnnnnnn: Priority sentence`.
pub fn text_line(alert: &Alert) -> String {
    let clock = alert.time.split_once('T').map_or(alert.time.as_str(), |(_, clock)| clock).trim_end_matches('Z');
    format!("{clock}: {} {}", alert.priority, alert.output)
}
