//! What must be so for any rule to match, in terms that a kernel can check: where it says no, every rule says no.
//!
//! Conditions are walked with three answers. A test that the assumption decides is decided; one of the path is kept; of any
//! other nothing is known, and it stands for whatever lets the event through.

mod paths;

use std::collections::{BTreeSet, HashMap};

use seawall_model::EventKind;

use crate::compile::{Node, Program};
use crate::fields::FieldRef;
use crate::matcher::{Test, compare};
use crate::ruleset::RuleSet;
use crate::spec::{Predicate, Spec};
use crate::subject::Subject;
use crate::value::Value;

pub use paths::{PathOf, PathShape, PathTest};

/// A condition with more tests of paths is taken as one that may always hold.
const MOST_TESTS: usize = 4096;

/// What is known of an event before it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumption {
    /// It happens outside containers; otherwise nothing is assumed of where it happens.
    pub host: bool,
    /// The call returned an error; otherwise it did not.
    pub failed: bool,
    /// Of `open` and `openat`: `O_ACCMODE` of the flags, where they are known.
    pub access: Option<u32>,
    /// Of the open family: the path was changed while the call ran; otherwise it was not.
    pub raced: bool,
    /// Of the open family in containers: the file is none that was written since the container started; otherwise nothing is
    /// assumed.
    pub lower: bool,
}

/// What must be so for any rule to match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Necessary {
    /// None can.
    Never,
    /// One of these tests holds.
    Paths(BTreeSet<PathTest>),
    /// Nothing that can be told.
    Always,
}

/// What is known of a field.
enum Fact {
    Missing,
    Is(Value<'static>),
    Between(i128, i128),
    /// It is false or missing.
    NotTrue,
    Unknown,
}

impl RuleSet {
    /// What must be so for any rule to match an event of this kind.
    pub fn necessary(&self, kind: EventKind, assumption: &Assumption) -> Necessary {
        let Some(program) = self.programs.get(kind as usize) else { return Necessary::Never };
        let mut walk = Walk { kind, assumption, program, predicates: &self.predicates, known: HashMap::new() };
        let all = program.rules.iter().map(|(_, root)| *root).collect::<Vec<_>>();
        walk.one_of(&all, true)
    }
}

struct Walk<'w> {
    kind: EventKind,
    assumption: &'w Assumption,
    program: &'w Program,
    predicates: &'w [Predicate],
    known: HashMap<(u32, bool), Necessary>,
}

impl Walk<'_> {
    /// What must be so for a node to have this answer.
    fn node(&mut self, id: u32, wanted: bool) -> Necessary {
        if let Some(known) = self.known.get(&(id, wanted)) {
            return known.clone();
        }
        let program = self.program;
        let children = |from: u32, count: u32| program.children.get(from as usize..(from + count) as usize);
        let necessary = match program.nodes.get(id as usize) {
            None => Necessary::Always,
            Some(Node::True) => decided(wanted),
            Some(Node::Test(number)) => match self.predicates.get(*number as usize) {
                Some(predicate) => self.test(predicate, wanted),
                None => Necessary::Always,
            },
            Some(Node::Not(inner)) => self.node(*inner, !wanted),
            Some(Node::And(from, count)) => self.join(children(*from, *count).unwrap_or_default(), true, wanted),
            Some(Node::Or(from, count)) => self.join(children(*from, *count).unwrap_or_default(), false, wanted),
        };
        self.known.insert((id, wanted), necessary.clone());
        necessary
    }

    fn join(&mut self, children: &[u32], and: bool, wanted: bool) -> Necessary {
        if and == wanted { self.all_of(children, wanted) } else { self.one_of(children, wanted) }
    }

    /// Each child must have the answer: any one of what they need is needed, and the most telling is kept.
    fn all_of(&mut self, children: &[u32], wanted: bool) -> Necessary {
        let mut best = Necessary::Always;
        for child in children {
            match (self.node(*child, wanted), &best) {
                (Necessary::Never, _) => return Necessary::Never,
                (Necessary::Paths(new), Necessary::Paths(old)) if telling(&new) > telling(old) => {
                    best = Necessary::Paths(new);
                }
                (Necessary::Paths(new), Necessary::Always) => best = Necessary::Paths(new),
                _ => {}
            }
        }
        best
    }

    /// Some child must have the answer.
    fn one_of(&mut self, children: &[u32], wanted: bool) -> Necessary {
        let mut tests = BTreeSet::new();
        for child in children {
            match self.node(*child, wanted) {
                Necessary::Never => {}
                Necessary::Always => return Necessary::Always,
                Necessary::Paths(more) => tests.extend(more),
            }
        }
        match tests.len() {
            0 => Necessary::Never,
            MOST_TESTS.. => Necessary::Always,
            _ => Necessary::Paths(tests),
        }
    }

    fn test(&self, predicate: &Predicate, wanted: bool) -> Necessary {
        let Subject::Field(field) = &predicate.subject else { return Necessary::Always };
        if let Some(answer) = answer(&predicate.spec, self.fact(field)) {
            return decided(answer == wanted);
        }
        match paths::tests(self.kind, field, &predicate.spec).filter(|_| wanted) {
            Some(tests) => Necessary::Paths(tests),
            None => Necessary::Always,
        }
    }

    /// What the assumption says of a field. It must be what the sensor makes of such an event.
    fn fact(&self, field: &FieldRef) -> Fact {
        let Assumption { host, failed, access, raced, lower } = *self.assumption;
        let opens = paths::opens(self.kind);
        let flags_known = matches!(self.kind, EventKind::Open | EventKind::Openat);
        let result = if failed { (i128::from(i64::MIN), -1) } else { (0, i128::from(i64::MAX)) };
        match field.field.name {
            "container.id" if host => Fact::Is(Value::Text(b"host")),
            "evt.rawres" => Fact::Between(result.0, result.1),
            "evt.failed" => Fact::Is(Value::Boolean(failed)),
            "evt.res" if !failed => Fact::Is(Value::Text(b"SUCCESS")),
            "fd.num" if opens && failed => Fact::Between(-1, -1),
            "fd.num" if opens => Fact::Between(0, i128::from(i64::MAX)),
            "fd.resolved" if opens && failed => Fact::Missing,
            "fd.is_upper_layer" if opens && !failed && lower => Fact::NotTrue,
            "fd.is_raced" if opens => Fact::Is(Value::Boolean(raced)),
            "evt.is_open_read" if flags_known => access.map_or(Fact::Unknown, |a| Fact::Is(Value::Boolean(a != 1))),
            "evt.is_open_write" if flags_known => {
                access.map_or(Fact::Unknown, |a| Fact::Is(Value::Boolean(matches!(a, 1 | 2))))
            }
            _ => Fact::Unknown,
        }
    }
}

fn decided(holds: bool) -> Necessary {
    if holds { Necessary::Always } else { Necessary::Never }
}

/// How much a set of tests leaves out, roughly: its shortest text decides.
fn telling(tests: &BTreeSet<PathTest>) -> usize {
    tests.iter().map(|test| test.text.len()).min().unwrap_or(0)
}

/// The answer of a test, where what is known of the field decides it.
fn answer(spec: &Spec, fact: Fact) -> Option<bool> {
    match (spec, fact) {
        (_, Fact::Unknown) => None,
        (_, Fact::Missing) => Some(false),
        (Spec::Boolean(true), Fact::NotTrue) => Some(false),
        (_, Fact::NotTrue) => None,
        (Spec::Against(..) | Spec::Domains(_) | Spec::EveryElement(_) | Spec::AnyElement(_), _) => None,
        (Spec::AllOf(_) | Spec::ExactlyOne(_), _) => None,
        (Spec::Exists, _) => Some(true),
        (Spec::Not(inner), fact) => answer(inner, fact).map(|holds| !holds),
        (spec, Fact::Is(value)) => Some(Test::new(spec).holds(value)),
        (Spec::Numbers(numbers), Fact::Between(low, high)) => match numbers.range(low..=high).next() {
            None => Some(false),
            Some(_) if low == high => Some(true),
            Some(_) => None,
        },
        (Spec::Compare(operator, bound), Fact::Between(low, high)) => {
            let ends = [low, high].map(|end| compare(*operator, end, *bound));
            (ends[0] == ends[1]).then_some(ends[0])
        }
        (_, Fact::Between(..)) => None,
    }
}
