//! Which events need not leave the kernel, worked out from the rules (docs/decisions/0011-kernel-filters.md).
//!
//! For each call and each of a few contexts that the kernel can tell cheaply, the rules say what must be so for any of them
//! to match. Where nothing can, the kernel drops the event before it makes a record of it; where only some paths can, an
//! automaton looks at the path first. Life and death of processes always cross.

pub(crate) mod automaton;

use std::collections::{BTreeMap, BTreeSet};

use seawall_model::EventKind;
use seawall_rules::{Assumption, Necessary, PathOf, PathShape, PathTest, RuleSet};

use crate::calls;
use crate::own::OwnFiles;
use automaton::Automaton;
pub(crate) use automaton::State;

/// Rows of one call (CONTEXTS in ebpf/include/filter.h).
pub(crate) const CONTEXTS: usize = 64;
const HOST: usize = 1;
const FAILED: usize = 2;
const RACED: usize = 4;
const ACCESS: usize = 8;
const LOWER: usize = 32;
/// The access of a call whose flags are not an argument; also one that the kernel knows no name for.
const ACCESS_UNKNOWN: usize = 3;

/// What is done with an event in one context (struct row).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    Drop,
    Pass,
    /// Of bpf: only what opens an object.
    Opens,
    /// The automata of the path as it was given, and of the one that the kernel arrived at.
    Paths {
        name: u16,
        resolved: u16,
    },
}

/// What the kernel leaves out.
pub struct Filter {
    rows: BTreeMap<i64, [Row; CONTEXTS]>,
    automaton: Option<Automaton>,
}

/// How much a filter leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FilterSummary {
    /// Calls that are asked for.
    pub calls: usize,
    /// Those of which nothing crosses from outside containers.
    pub containers_only: usize,
    /// Those of which only some paths cross.
    pub by_path: usize,
    /// States of the automata.
    pub states: usize,
}

impl Filter {
    /// The filter for a set of rules; with `containers_only` whatever happens outside of containers is left out.
    pub fn new(rules: &RuleSet, containers_only: bool) -> Self {
        Self::with_own(rules, containers_only, None)
    }

    /// As [`Filter::new`]; what is about the agent's own files crosses as well.
    pub fn with_own(rules: &RuleSet, containers_only: bool, own: Option<&OwnFiles>) -> Self {
        let mut necessary: BTreeMap<i64, Vec<Necessary>> = BTreeMap::new();
        for spec in calls::FAMILIES.iter().flat_map(|family| family.iter()) {
            let of = |context: usize| match containers_only && context & HOST != 0 {
                true => Necessary::Never,
                false => {
                    let of_rules = rules.necessary(spec.kind, &assumption(spec.kind, context));
                    own.map_or(of_rules.clone(), |own| or_own(of_rules, own, spec.kind, context))
                }
            };
            necessary.insert(spec.number, (0..CONTEXTS).map(of).collect());
        }
        let tests = necessary.values().flatten().filter_map(|n| match n {
            Necessary::Paths(tests) => Some(tests),
            _ => None,
        });
        let unusual = unusual();
        let mut automaton = Automaton::new(tests.flatten().chain(&unusual));
        let mut rows = BTreeMap::new();
        for (number, all) in &necessary {
            let mut made = [Row::Pass; CONTEXTS];
            let opens = own.is_some() && *number == libc::SYS_bpf;
            for (slot, necessary) in made.iter_mut().zip(all) {
                *slot = match necessary {
                    Necessary::Never if opens => Row::Opens,
                    Necessary::Never => Row::Drop,
                    Necessary::Always => Row::Pass,
                    Necessary::Paths(tests) => {
                        automaton.as_mut().and_then(|a| by_path(a, tests, &unusual)).unwrap_or(Row::Pass)
                    }
                };
            }
            rows.insert(*number, made);
        }
        Self { rows, automaton }
    }

    /// What it leaves out of the calls of these kinds.
    pub fn summary(&self, kinds: &BTreeSet<EventKind>) -> FilterSummary {
        let mut summary = FilterSummary { states: self.states().len(), ..FilterSummary::default() };
        for spec in calls::FAMILIES.iter().flat_map(|f| f.iter()).filter(|s| kinds.contains(&s.kind)) {
            let Some(rows) = self.rows.get(&spec.number) else { continue };
            let host = rows.iter().enumerate().filter(|(context, _)| context & HOST != 0);
            summary.calls += 1;
            summary.containers_only += usize::from(host.clone().all(|(_, row)| *row == Row::Drop));
            summary.by_path += usize::from(rows.iter().any(|row| matches!(row, Row::Paths { .. })));
        }
        summary
    }

    /// Whether the kernel lets an event cross of which this is known; for tests beside the rules themselves.
    pub fn crosses(&self, kind: EventKind, assumption: &Assumption, name: &[u8], resolved: &[u8]) -> bool {
        let Some(spec) = calls::FAMILIES.iter().flat_map(|f| f.iter()).find(|s| s.kind == kind) else { return true };
        let access = assumption.access.map_or(ACCESS_UNKNOWN, |a| (a & 3) as usize);
        let context = access * ACCESS
            + usize::from(assumption.host) * HOST
            + usize::from(assumption.failed) * FAILED
            + usize::from(assumption.raced) * RACED
            + usize::from(assumption.lower) * LOWER;
        match (self.rows.get(&spec.number).and_then(|rows| rows.get(context)), &self.automaton) {
            (Some(Row::Drop), _) => false,
            (Some(Row::Paths { name: of_name, resolved: of_resolved }), Some(automaton)) => {
                let run = |start: u16, path: &[u8]| start != 0 && automaton.matches(start, path);
                run(*of_name, name) || (!assumption.failed && run(*of_resolved, resolved))
            }
            _ => true,
        }
    }

    pub(crate) fn rows(&self, number: i64) -> Option<&[Row; CONTEXTS]> {
        self.rows.get(&number)
    }

    pub(crate) fn classes(&self) -> [u8; 256] {
        self.automaton.as_ref().map_or([0; 256], |a| a.classes)
    }

    pub(crate) fn states(&self) -> &[State] {
        self.automaton.as_ref().map_or(&[], |a| &a.states)
    }
}

/// What rules want, and what is about the agent.
fn or_own(rules: Necessary, own: &OwnFiles, kind: EventKind, context: usize) -> Necessary {
    // Reading harms nobody.
    let only_reads = access_argument(kind) >= 0 && context % LOWER / ACCESS == 0;
    let tests = own.tests(kind);
    // One that is sent is told by the kernel's own word for it.
    let refused_signal = context & FAILED != 0 && OwnFiles::SIGNALS.contains(&kind);
    match rules {
        Necessary::Never if refused_signal => Necessary::Always,
        Necessary::Never if matches!(kind, EventKind::Ptrace | EventKind::ProcessVmWritev) => Necessary::Always,
        rules if tests.is_empty() || only_reads => rules,
        Necessary::Never => Necessary::Paths(tests.into_iter().collect()),
        Necessary::Paths(mut all) => {
            all.extend(tests);
            Necessary::Paths(all)
        }
        Necessary::Always => Necessary::Always,
    }
}

/// Which argument holds the flags of an open call.
pub(crate) fn access_argument(kind: EventKind) -> i8 {
    match kind {
        EventKind::Open => 1,
        EventKind::Openat => 2,
        _ => -1,
    }
}

/// Whether a path that was changed while the call ran matters, in containers and outside of them.
pub(crate) fn raced_matters(rows: &[Row; CONTEXTS]) -> [bool; 2] {
    [0, HOST].map(|host| {
        (0..CONTEXTS).filter(|c| c & RACED == 0 && c & HOST == host).any(|c| rows.get(c) != rows.get(c | RACED))
    })
}

fn assumption(kind: EventKind, context: usize) -> Assumption {
    let access = context % LOWER / ACCESS;
    let known = access_argument(kind) >= 0 && access != ACCESS_UNKNOWN;
    Assumption {
        host: context & HOST != 0,
        failed: context & FAILED != 0,
        access: u32::try_from(access).ok().filter(|_| known),
        raced: context & RACED != 0,
        lower: context & LOWER != 0,
    }
}

/// Paths that are not yet as rules see them: those must be made absolute as text first.
fn unusual() -> Vec<PathTest> {
    let test = |shape, text: &str| PathTest { of: PathOf::Name, shape, text: text.as_bytes().into() };
    vec![
        test(PathShape::Contains, "//"),
        test(PathShape::Contains, "/./"),
        test(PathShape::Contains, "/../"),
        test(PathShape::Ends, "/"),
        test(PathShape::Ends, "/."),
        test(PathShape::Ends, "/.."),
    ]
}

fn by_path(automaton: &mut Automaton, tests: &BTreeSet<PathTest>, unusual: &[PathTest]) -> Option<Row> {
    let of = |path: PathOf| {
        let some = tests.iter().filter(move |test| test.of == path);
        some.map(|test| (test.shape, test.text.to_vec())).collect::<BTreeSet<_>>()
    };
    let (mut name, resolved) = (of(PathOf::Name), of(PathOf::Resolved));
    let name = match name.is_empty() {
        true => 0,
        false => {
            name.extend(unusual.iter().map(|test| (test.shape, test.text.to_vec())));
            automaton.add(name)?
        }
    };
    let resolved = if resolved.is_empty() { 0 } else { automaton.add(resolved)? };
    Some(Row::Paths { name, resolved })
}
