//! What a rule needs, as guards can ask for it: each clause must hold, and holds where one of its literals does.

use std::rc::Rc;

use super::atoms::{Atom, Atoms, Members};
use super::dictionary::Lookup;
use super::{Node, Program};
use crate::spec::{Predicate, Spec};
use crate::subject::Subject;
use crate::syntax::Operator;

/// A part that holds, or fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) node: u32,
    pub(super) holds: bool,
}

/// What must be so for a rule to match: one of these literals.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    pub(super) rule: usize,
    /// Which of the rule's parts it comes from.
    pub(super) part: usize,
    pub(super) literals: Vec<Literal>,
    /// It says all that the part says; otherwise the part may fail where it holds.
    pub(super) exact: bool,
    /// So many exact ones say all that the part says.
    pub(super) makes_whole: usize,
    /// How likely it holds.
    pub(super) chance: f64,
}

/// What guards can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Question {
    Dictionary(u32),
    Part(u32),
}

/// A clause with more literals is not asked.
const MOST_LITERALS: usize = 24;
/// Clauses of one part.
const MOST_CLAUSES: usize = 64;

/// A dictionary of more words, times the rules in 64s, is asked by single tests only: its rows would be too large.
const MOST_CELLS: usize = 1 << 20;

/// Looks at a program.
pub(super) struct Survey<'s> {
    pub(super) program: &'s Program,
    pub(super) atoms: &'s Atoms,
    pub(super) predicates: &'s [Rc<Predicate>],
}

impl<'s> Survey<'s> {
    fn node(&self, id: u32) -> Node {
        self.program.nodes.get(id as usize).copied().unwrap_or(Node::True)
    }

    pub(super) fn children(&self, from: u32, count: u32) -> &'s [u32] {
        self.program.children.get(from as usize..(from + count) as usize).unwrap_or_default()
    }

    /// The parts of a rule that all must hold.
    pub(super) fn parts(&self, root: u32) -> Vec<u32> {
        match self.node(root) {
            Node::And(from, count) => self.children(from, count).to_vec(),
            _ => vec![root],
        }
    }

    /// What one part of a rule needs.
    pub(super) fn clauses(&self, rule: usize, part: usize, node: u32) -> Vec<Clause> {
        let mut sets = Vec::new();
        let whole = self.split(node, true, &mut sets);
        let makes_whole = if whole { sets.len() } else { usize::MAX };
        let mut clauses: Vec<Clause> = Vec::new();
        let mut add = |literals: Vec<Literal>, exact, makes_whole| {
            let chance = self.any(&literals);
            clauses.push(Clause { rule, part, literals, exact, makes_whole, chance });
        };
        for (literals, exact) in sets.iter().filter(|(literals, _)| !literals.is_empty()) {
            add(literals.clone(), *exact, makes_whole);
        }
        // The part as one question; its answer is remembered for other rules.
        let literal = self.literal(node, true);
        if !matches!(sets.as_slice(), [(literals, true)] if *literals == [literal]) {
            add(vec![literal], true, 1);
        }
        clauses
    }

    /// A part without the `not`s around it.
    fn literal(&self, node: u32, holds: bool) -> Literal {
        match self.node(node) {
            Node::Not(inner) => self.literal(inner, !holds),
            _ => Literal { node, holds },
        }
    }

    /// Clauses that all must hold for a node to have an answer; false where some were left out.
    fn split(&self, node: u32, holds: bool, out: &mut Vec<(Vec<Literal>, bool)>) -> bool {
        match (self.node(node), holds) {
            (Node::Not(inner), _) => self.split(inner, !holds, out),
            (Node::And(from, count), true) | (Node::Or(from, count), false) => {
                let mut whole = true;
                for child in self.children(from, count) {
                    whole &= out.len() < MOST_CLAUSES && self.split(*child, holds, out);
                }
                whole
            }
            _ => {
                let mut literals = Vec::new();
                let exact = self.gather(node, holds, &mut literals);
                literals.dedup();
                let fits = literals.len() <= MOST_LITERALS;
                if fits {
                    out.push((literals, exact));
                }
                fits
            }
        }
    }

    /// Literals one of which holds where a node has an answer; false where more is needed for that.
    fn gather(&self, node: u32, holds: bool, out: &mut Vec<Literal>) -> bool {
        match (self.node(node), holds) {
            (Node::Not(inner), _) => self.gather(inner, !holds, out),
            (Node::Or(from, count), true) | (Node::And(from, count), false) => {
                self.children(from, count).iter().fold(true, |exact, child| self.gather(*child, holds, out) & exact)
            }
            (Node::And(from, count), true) | (Node::Or(from, count), false) => {
                // The most telling of those that can be looked up, or of all.
                let rank = |child: &&u32| {
                    let mut literals = Vec::new();
                    self.gather(**child, holds, &mut literals);
                    let cost: f64 = literals.iter().map(|l| self.cost(self.question(l.node))).sum();
                    cost / (1.01 - self.any(&literals))
                };
                let children = self.children(from, count).iter();
                let best = children.min_by(|a, b| rank(a).total_cmp(&rank(b)));
                if let Some(best) = best {
                    self.gather(*best, holds, out);
                }
                false
            }
            (Node::Test(_) | Node::True, _) => {
                out.push(Literal { node, holds });
                true
            }
        }
    }

    /// The words that a node tests a field with one value for.
    pub(super) fn word(&self, node: u32) -> Option<(u32, &'s Members)> {
        let Node::Test(atom) = self.node(node) else { return None };
        let Some(Atom::Word { dictionary, members, .. }) = self.atoms.atoms.get(atom as usize) else { return None };
        let known = self.atoms.dictionaries.get(*dictionary as usize)?;
        let fits = known.len() * self.program.rules.len().div_ceil(64) <= MOST_CELLS;
        (known.single && fits).then_some((*dictionary, members))
    }

    pub(super) fn question(&self, node: u32) -> Question {
        self.word(node).map_or(Question::Part(node), |(dictionary, _)| Question::Dictionary(dictionary))
    }

    /// About how many nanoseconds an answer takes.
    pub(super) fn cost(&self, question: Question) -> f64 {
        match question {
            Question::Dictionary(dictionary) => {
                let Some(known) = self.atoms.dictionaries.get(dictionary as usize) else { return 0.0 };
                let name = self.atoms.fields.get(known.field as usize).map_or("", |field| field.field.name);
                let field = match name {
                    _ if name.starts_with("proc.a") || name.starts_with("proc.p") => 8.0,
                    "fd.directory" | "fd.filename" => 5.0,
                    _ if name.contains("cmdline") || name.contains("args") => 4.0,
                    _ => 1.0,
                };
                field + if known.lookup() == Lookup::Whole { 10.0 } else { 12.0 }
            }
            Question::Part(node) => self.work(node),
        }
    }

    /// The same of a node, whose first parts usually decide it.
    pub(super) fn work(&self, node: u32) -> f64 {
        match self.node(node) {
            Node::True => 0.0,
            Node::Not(inner) => self.work(inner),
            Node::Test(number) => match self.question(node) {
                known @ Question::Dictionary(_) => self.cost(known),
                Question::Part(_) => {
                    self.predicates.get(number as usize).map_or(1.0, |p| 3.0 + 3.0 * f64::from(p.cost()))
                }
            },
            Node::And(from, count) => self.expected(self.children(from, count), true),
            Node::Or(from, count) => self.expected(self.children(from, count), false),
        }
    }

    /// The work of parts that are asked until one fails, or holds.
    pub(super) fn expected(&self, children: &[u32], and: bool) -> f64 {
        let (work, _) = children.iter().fold((2.0, 1.0), |(work, reached), child| {
            (work + reached * self.work(*child), reached * self.chance(*child, and))
        });
        work
    }

    /// About how often one of these holds.
    fn any(&self, literals: &[Literal]) -> f64 {
        1.0 - literals.iter().map(|l| 1.0 - self.chance(l.node, l.holds)).product::<f64>()
    }

    /// About how often a node has an answer.
    pub(super) fn chance(&self, node: u32, holds: bool) -> f64 {
        let all = |children: &[u32], holds| children.iter().map(|c| self.chance(*c, holds)).product::<f64>();
        let chance = match self.node(node) {
            Node::True => 1.0,
            Node::Not(inner) => self.chance(inner, false),
            Node::And(from, count) => all(self.children(from, count), true),
            Node::Or(from, count) => 1.0 - all(self.children(from, count), false),
            Node::Test(number) => self.predicates.get(number as usize).map_or(0.5, |p| chance(p)),
        };
        if holds { chance } else { 1.0 - chance }
    }
}

/// About how often a test holds, of what happens on an ordinary node.
fn chance(predicate: &Predicate) -> f64 {
    let name = match &predicate.subject {
        Subject::Field(field) => field.field.name,
        _ => "",
    };
    let is = |number: i128| matches!(&predicate.spec, Spec::Numbers(n) if n.contains(&number));
    match (name, &predicate.spec) {
        (_, Spec::Exists) => 0.9,
        ("evt.is_open_write", _) => 0.25,
        ("evt.is_open_read" | "fd.typechar" | "fd.type" | "container.id" | "container.type", _) => 0.8,
        ("fd.num" | "evt.rawres", Spec::Compare(Operator::GreaterOrEqual | Operator::Greater, _)) => 0.9,
        ("user.name" | "user.uid" | "user.loginuid" | "proc.tty", _) if is(0) => 0.7,
        ("proc.duration" | "proc.ppid.duration", _) => 0.5,
        (_, Spec::Words(_) | Spec::Prefix(_) | Spec::Paths(_)) => 0.08,
        (_, Spec::Suffix(_) | Spec::Contains(_) | Spec::ContainsAnyCase(_) | Spec::Regex(_) | Spec::Glob { .. }) => {
            0.05
        }
        (_, Spec::Numbers(_) | Spec::Addresses(_) | Spec::Networks(_) | Spec::Domains(_)) => 0.2,
        (_, Spec::Not(_)) => 0.9,
        _ => 0.5,
    }
}
