use std::collections::HashMap;
use std::rc::Rc;

use seawall_model::EventKind;

use crate::fields::Known;
use crate::formula::Formula;
use crate::matcher::Test;
use crate::spec::{Predicate, Spec};
use crate::subject::Subject;

/// Every distinct predicate, by number.
#[derive(Default)]
pub(crate) struct Predicates {
    numbers: HashMap<Rc<Predicate>, u32>,
    pub(crate) all: Vec<Rc<Predicate>>,
    costs: Vec<u32>,
    /// What was joined before, for another kind of event.
    unions: HashMap<Vec<u32>, u32>,
}

impl Predicates {
    fn number(&mut self, predicate: &Rc<Predicate>) -> u32 {
        if let Some(number) = self.numbers.get(predicate) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.numbers.insert(Rc::clone(predicate), number);
        self.costs.push(predicate.cost());
        self.all.push(Rc::clone(predicate));
        number
    }

    /// One test that stands for several of the same subject and class.
    fn union(&mut self, numbers: Vec<u32>) -> u32 {
        if let [one] = numbers.as_slice() {
            return *one;
        }
        if let Some(number) = self.unions.get(&numbers) {
            return *number;
        }
        let mut all = numbers.iter().filter_map(|number| self.all.get(*number as usize));
        let Some(first) = all.next() else { return 0 };
        let mut joined = Predicate { subject: first.subject.clone(), spec: first.spec.clone() };
        all.for_each(|other| joined.spec.extend(&other.spec));
        let number = self.number(&Rc::new(joined));
        self.unions.insert(numbers, number);
        number
    }
}

/// A part of a program, by the numbers of the parts below it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    False,
    True,
    Test(u32),
    Not(u32),
    And(Box<[u32]>),
    Or(Box<[u32]>),
}

const FALSE: u32 = 0;
const TRUE: u32 = 1;

pub(super) struct Builder<'p> {
    kind: EventKind,
    predicates: &'p mut Predicates,
    numbers: HashMap<Key, u32>,
    keys: Vec<(Key, u32)>,
    /// Parts of formulas that were built before; formulas outlive the builder.
    built: HashMap<*const Formula, u32>,
}

impl<'p> Builder<'p> {
    pub(super) fn new(kind: EventKind, predicates: &'p mut Predicates) -> Self {
        let mut builder = Self { kind, predicates, numbers: HashMap::new(), keys: Vec::new(), built: HashMap::new() };
        builder.intern(Key::False);
        builder.intern(Key::True);
        builder
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn key(&self, id: u32) -> &Key {
        self.keys.get(id as usize).map_or(&Key::False, |(key, _)| key)
    }

    fn cost(&self, id: u32) -> u32 {
        self.keys.get(id as usize).map_or(0, |(_, cost)| *cost)
    }

    fn intern(&mut self, key: Key) -> u32 {
        if let Some(id) = self.numbers.get(&key) {
            return *id;
        }
        let sum = |ids: &[u32]| ids.iter().fold(1_u32, |sum, id| sum.saturating_add(self.cost(*id)));
        let cost = match &key {
            Key::False | Key::True => 0,
            Key::Test(predicate) => self.predicates.costs.get(*predicate as usize).copied().unwrap_or(1),
            Key::Not(inner) => self.cost(*inner),
            Key::And(ids) | Key::Or(ids) => sum(ids),
        };
        let id = self.keys.len() as u32;
        self.numbers.insert(key.clone(), id);
        self.keys.push((key, cost));
        id
    }

    pub(super) fn build(&mut self, formula: &Rc<Formula>) -> u32 {
        let pointer = Rc::as_ptr(formula);
        if let Some(id) = self.built.get(&pointer) {
            return *id;
        }
        let id = match &**formula {
            Formula::Constant(value) => u32::from(*value),
            Formula::Test(predicate) => self.test(predicate),
            Formula::Not(inner) => {
                let inner = self.build(inner);
                self.negate(inner)
            }
            Formula::And(all) => {
                let ids: Vec<u32> = all.iter().map(|one| self.build(one)).collect();
                self.join(&ids, true)
            }
            Formula::Or(all) => {
                let ids: Vec<u32> = all.iter().map(|one| self.build(one)).collect();
                self.join(&ids, false)
            }
        };
        self.built.insert(pointer, id);
        id
    }

    /// A test, decided where the kind of event decides it.
    fn test(&mut self, predicate: &Rc<Predicate>) -> u32 {
        match &predicate.subject {
            Subject::Field(field) => match field.known(self.kind) {
                Known::Missing => return FALSE,
                Known::Present if predicate.spec == Spec::Exists => return TRUE,
                Known::Always(value) if is_plain(&predicate.spec) => {
                    return u32::from(Test::new(&predicate.spec).holds(value));
                }
                _ if field.field.name == "evt.num" && predicate.spec == Spec::Numbers([0].into()) => return FALSE,
                _ => {}
            },
            other if other.is_missing(self.kind) => return FALSE,
            _ => {}
        }
        if let Spec::Against(_, other) = &predicate.spec
            && other.is_missing(self.kind)
        {
            return FALSE;
        }
        let number = self.predicates.number(predicate);
        self.intern(Key::Test(number))
    }

    fn negate(&mut self, id: u32) -> u32 {
        match self.key(id) {
            Key::False => TRUE,
            Key::True => FALSE,
            Key::Not(inner) => *inner,
            _ => self.intern(Key::Not(id)),
        }
    }

    /// All of them (`and`), or one of them. Negated parts are gathered: `not a and not b` is `not (a or b)`, where tests
    /// of one field can be joined into one.
    fn join(&mut self, ids: &[u32], and: bool) -> u32 {
        let (absorbing, neutral) = if and { (FALSE, TRUE) } else { (TRUE, FALSE) };
        let (mut parts, mut negated) = (Vec::new(), Vec::new());
        let mut queue: Vec<u32> = ids.iter().rev().copied().collect();
        while let Some(id) = queue.pop() {
            match self.key(id) {
                _ if id == absorbing => return absorbing,
                _ if id == neutral => {}
                Key::And(below) if and => queue.extend(below.iter().rev()),
                Key::Or(below) if !and => queue.extend(below.iter().rev()),
                Key::Not(inner) => negated.push(*inner),
                _ => parts.push(id),
            }
        }
        if !negated.is_empty() {
            let opposite =
                if negated.len() == 1 { negated.first().copied().unwrap_or(FALSE) } else { self.join(&negated, !and) };
            let id = self.negate(opposite);
            match self.key(id) {
                _ if id == absorbing => return absorbing,
                _ if id == neutral => {}
                Key::And(below) if and => parts.extend(below.iter()),
                Key::Or(below) if !and => parts.extend(below.iter()),
                _ => parts.push(id),
            }
        }
        if !and {
            parts = self.united(parts);
        }
        parts.sort_unstable_by_key(|id| (self.cost(*id), *id));
        parts.dedup();
        let contradiction = parts.iter().any(|id| matches!(self.key(*id), Key::Not(inner) if parts.contains(inner)));
        match parts.as_slice() {
            _ if contradiction => absorbing,
            [] => neutral,
            [one] => *one,
            _ if and => self.intern(Key::And(parts.into())),
            _ => self.intern(Key::Or(parts.into())),
        }
    }

    /// Tests of one field that one test can stand for are joined.
    fn united(&mut self, parts: Vec<u32>) -> Vec<u32> {
        let mut out = Vec::with_capacity(parts.len());
        let mut groups: HashMap<(Subject, u8), Vec<u32>> = HashMap::new();
        for id in parts {
            let predicate = match self.key(id) {
                Key::Test(number) => self.predicates.all.get(*number as usize).map(|p| (*number, p)),
                _ => None,
            };
            match predicate.and_then(|(number, p)| Some((number, p, p.spec.class()?))) {
                Some((number, p, class)) => groups.entry((p.subject.clone(), class)).or_default().push(number),
                None => out.push(id),
            }
        }
        // In an order of their own, so that two runs make the same program.
        let mut groups: Vec<Vec<u32>> = groups.into_values().collect();
        groups.iter_mut().for_each(|numbers| numbers.sort_unstable());
        groups.sort_unstable();
        for mut numbers in groups {
            numbers.dedup();
            let number = self.predicates.union(numbers);
            out.push(self.intern(Key::Test(number)));
        }
        out
    }
}

/// A test of the value alone.
fn is_plain(spec: &Spec) -> bool {
    match spec {
        Spec::Domains(_) | Spec::Against(..) | Spec::EveryElement(_) | Spec::AnyElement(_) => false,
        Spec::Not(inner) => is_plain(inner),
        Spec::AllOf(all) | Spec::ExactlyOne(all) => all.iter().all(is_plain),
        _ => true,
    }
}
