//! Runs a program over one observation.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use seawall_model::Observation;

use crate::compile::{Ask, Atom, Atoms, Guard, Node, Program};
use crate::matcher::{compare, number};
use crate::subject::{Made, Subject};
use crate::syntax::Operator;
use crate::value::Value;
use crate::view::View;

/// What is needed while one event after another is judged; keep one for each thread.
#[derive(Default)]
pub struct Scratch {
    /// The event that is judged, by a number that is above those of all before it. What is known bears the number of the
    /// event that it is known of, so that nothing has to be cleared between two.
    event: u32,
    /// What is known of each node: twice the event's number, and one more where it holds.
    memo: Vec<u32>,
    /// The number of a field's value in each dictionary, behind the event's.
    words: Vec<(u32, u32)>,
    /// The numbers of several values.
    several: Vec<Vec<u32>>,
    /// The event whose text of a field is in its buffer.
    made: Vec<u32>,
    buffers: Vec<Vec<u8>>,
    /// Rules that can still match.
    left: Vec<u64>,
    /// Rules that a guard lets pass.
    passing: Vec<u64>,
    pub(crate) matched: Vec<usize>,
}

/// The addresses of names, by the names' numbers.
pub(crate) type Addresses = RwLock<Arc<Vec<Vec<IpAddr>>>>;

/// Not there, or no word that any rule knows.
const NO_WORD: u32 = u32::MAX;

impl Scratch {
    /// Makes ready for the next event.
    fn begin(&mut self, atoms: &Atoms, program: &Program) {
        if self.event >= u32::MAX / 2 {
            let Self { memo, words, made, .. } = &mut *self;
            memo.clear();
            words.clear();
            made.clear();
            self.event = 0;
        }
        self.event += 1;
        if self.memo.len() < program.nodes.len() {
            self.memo.resize(program.nodes.len(), 0);
        }
        // One set of rules after another may be judged with it.
        if self.words.len() != atoms.dictionaries.len() || self.made.len() != atoms.fields.len() {
            self.words.resize(atoms.dictionaries.len(), (0, NO_WORD));
            self.several.resize_with(atoms.dictionaries.len(), Vec::new);
            self.made.resize(atoms.fields.len(), 0);
            self.buffers.resize_with(atoms.fields.len(), Vec::new);
        }
    }
}

struct Run<'r, 'a> {
    atoms: &'r Atoms,
    program: &'r Program,
    addresses: &'r Addresses,
    view: &'r View<'a>,
    scratch: &'r mut Scratch,
}

/// Writes the rules that match into the scratch, in the order of their definitions; only the first unless `all`.
pub(crate) fn run(
    (atoms, program): (&Atoms, &Program),
    addresses: &Addresses,
    observation: Observation<'_>,
    scratch: &mut Scratch,
    all: bool,
) {
    scratch.matched.clear();
    if program.rules.is_empty() {
        return;
    }
    scratch.begin(atoms, program);
    let view = View::new(observation);
    let mut run = Run { atoms, program, addresses, view: &view, scratch };
    let guards = &program.guards;
    let mut left = std::mem::take(&mut run.scratch.left);
    left.clear();
    left.extend_from_slice(&guards.all);
    for guard in &guards.guards {
        if run.pass(guard, &mut left) {
            break;
        }
    }
    'words: for (index, word) in left.iter().enumerate() {
        let mut word = *word;
        while word != 0 {
            let at = index * 64 + word.trailing_zeros() as usize;
            word &= word - 1;
            let (Some((rule, _)), Some(rest)) = (program.rules.get(at), guards.rest.get(at)) else { continue };
            if rest.iter().all(|node| run.node(*node)) {
                run.scratch.matched.push(*rule as usize);
                if !all {
                    break 'words;
                }
            }
        }
    }
    run.scratch.left = left;
}

impl<'r> Run<'r, '_> {
    /// Leaves the rules that can still match; true where none can.
    fn pass(&mut self, guard: &'r Guard, left: &mut [u64]) -> bool {
        if let ([left], [others]) = (&mut *left, &*guard.others) {
            // The same as below, where one word holds all rules.
            let mut passing = *others;
            for ask in &guard.asks {
                if *left & !passing == 0 {
                    break;
                }
                passing |= self.ask(ask).first().copied().unwrap_or(0);
            }
            *left &= passing;
            return *left == 0;
        }
        let mut passing = std::mem::take(&mut self.scratch.passing);
        passing.clear();
        passing.extend_from_slice(&guard.others);
        for ask in &guard.asks {
            if left.iter().zip(&passing).all(|(left, passing)| left & !passing == 0) {
                break;
            }
            passing.iter_mut().zip(self.ask(ask)).for_each(|(passing, row)| *passing |= row);
        }
        left.iter_mut().zip(&passing).for_each(|(left, passing)| *left &= passing);
        self.scratch.passing = passing;
        left.iter().all(|word| *word == 0)
    }

    /// The rules that an answer lets pass.
    fn ask(&mut self, ask: &'r Ask) -> &'r [u64] {
        match ask {
            Ask::Part { node, holds, fails } => {
                if self.node(*node) {
                    holds
                } else {
                    fails
                }
            }
            Ask::Word { dictionary, row_of, rows, width } => {
                let number = self.number(*dictionary) as usize;
                let row = row_of.get(number).or(row_of.last()).map(|row| *row as usize * width);
                row.and_then(|from| rows.get(from..from + width)).unwrap_or_default()
            }
        }
    }

    fn node(&mut self, id: u32) -> bool {
        let index = id as usize;
        let program = self.program;
        let Some(node) = program.nodes.get(index) else { return false };
        // The word is remembered: to remember what follows from it costs more than to see it again.
        if let Node::Test(atom) = node
            && let Some(Atom::Word { dictionary, single: true, members }) = self.atoms.atoms.get(*atom as usize)
        {
            return members.has(self.number(*dictionary));
        }
        let known = self.scratch.event * 2;
        match self.scratch.memo.get(index) {
            Some(answer) if *answer == known => return false,
            Some(answer) if *answer == known + 1 => return true,
            _ => {}
        }
        let children =
            |from: u32, count: u32| program.children.get(from as usize..(from + count) as usize).unwrap_or_default();
        let holds = match node {
            Node::Test(atom) => self.atom(*atom),
            Node::Not(inner) => !self.node(*inner),
            Node::And(from, count) => children(*from, *count).iter().all(|child| self.node(*child)),
            Node::Or(from, count) => children(*from, *count).iter().any(|child| self.node(*child)),
            Node::True => true,
        };
        if let Some(slot) = self.scratch.memo.get_mut(index) {
            *slot = known + u32::from(holds);
        }
        holds
    }

    fn atom(&mut self, id: u32) -> bool {
        let atoms = self.atoms;
        match atoms.atoms.get(id as usize) {
            Some(Atom::Word { dictionary, members, .. }) => self.word(*dictionary, |number| members.has(number)),
            Some(Atom::One { field, test }) => self.value(*field).is_some_and(|value| test.holds(value)),
            Some(Atom::Any { field, test }) => {
                let Some(reference) = atoms.fields.get(*field as usize) else { return false };
                let Some(buffer) = self.scratch.buffers.get_mut(*field as usize) else { return false };
                reference.any(self.view, buffer, |value| test.holds(value))
            }
            Some(Atom::Domain { field, names, addresses }) => {
                let Some(Value::Address(address)) = self.value(*field) else { return false };
                if addresses.contains(&address) {
                    return true;
                }
                let known = self.addresses.read().unwrap_or_else(PoisonError::into_inner);
                names.iter().any(|name| known.get(*name as usize).is_some_and(|all| all.contains(&address)))
            }
            Some(Atom::Made { subject, test }) => subject.make(self.view).is_some_and(|made| match &made {
                Made::List(_) => matches!(test, crate::matcher::Test::Exists),
                one => one.value().is_some_and(|value| test.holds(value)),
            }),
            Some(Atom::Elements { subject, words, every }) => match subject.make(self.view) {
                Some(Made::List(items)) if *every => items.iter().all(|i| words.contains(i.as_slice())),
                Some(Made::List(items)) => items.iter().any(|i| words.contains(i.as_slice())),
                _ => false,
            },
            Some(Atom::Against { left, operator, right }) => self.against(left, *operator, right),
            Some(Atom::Unused) | None => false,
        }
    }

    /// A field's value; text that was made before is not made again.
    fn value(&mut self, field: u32) -> Option<Value<'_>> {
        let reference = self.atoms.fields.get(field as usize)?;
        let Scratch { event, made, buffers, .. } = &mut *self.scratch;
        let (made, buffer) = (made.get_mut(field as usize)?, buffers.get_mut(field as usize)?);
        if made != event {
            buffer.clear();
            // Given back as it is: taking a value apart and putting it together again costs more than reading it.
            let value = reference.read(self.view, buffer);
            if !matches!(value, Some(Value::Made)) {
                return value;
            }
            *made = *event;
        }
        Some(Value::Text(buffer))
    }

    /// The number of the word that a field with one value is.
    fn number(&mut self, dictionary: u32) -> u32 {
        let index = dictionary as usize;
        match self.scratch.words.get(index) {
            Some((event, number)) if *event == self.scratch.event => return *number,
            _ => {}
        }
        let Some(known) = self.atoms.dictionaries.get(index) else { return NO_WORD };
        let found = match self.value(known.field) {
            Some(Value::Text(text)) => known.find(text),
            _ => None,
        };
        let number = found.unwrap_or(NO_WORD);
        if let Some(slot) = self.scratch.words.get_mut(index) {
            *slot = (self.scratch.event, number);
        }
        number
    }

    fn word(&mut self, dictionary: u32, is_member: impl Fn(u32) -> bool) -> bool {
        let index = dictionary as usize;
        let Some(known) = self.atoms.dictionaries.get(index) else { return false };
        if known.single {
            return is_member(self.number(dictionary));
        }
        let event = self.scratch.event;
        if self.scratch.words.get(index).is_none_or(|(known, _)| *known != event) {
            let Some(reference) = self.atoms.fields.get(known.field as usize) else { return false };
            let Scratch { words, several, buffers, .. } = self.scratch;
            let (Some(list), Some(buffer)) = (several.get_mut(index), buffers.get_mut(known.field as usize)) else {
                return false;
            };
            list.clear();
            reference.any(self.view, buffer, |value| {
                if let Value::Text(text) = value {
                    list.extend(known.find(text));
                }
                false
            });
            if let Some(slot) = words.get_mut(index) {
                *slot = (event, 0);
            }
        }
        self.scratch.several.get(index).is_some_and(|list| list.iter().any(|number| is_member(*number)))
    }

    fn against(&self, left: &Subject, operator: Operator, right: &Subject) -> bool {
        let (Some(left), Some(right)) = (left.make(self.view), right.make(self.view)) else { return false };
        match (&left, &right) {
            (Made::Text(text), Made::List(items)) => items.contains(text),
            (Made::Text(a), Made::Text(b)) => match operator {
                Operator::NotEqual => a != b,
                Operator::Contains => memchr::memmem::find(a, b).is_some(),
                Operator::ContainsAnyCase => {
                    memchr::memmem::find(&a.to_ascii_lowercase(), &b.to_ascii_lowercase()).is_some()
                }
                Operator::StartsWith => a.starts_with(b),
                Operator::EndsWith => a.ends_with(b),
                _ => a == b,
            },
            _ => match (left.value(), right.value()) {
                (Some(a), Some(b)) => match (number(a), number(b)) {
                    (Some(a), Some(b)) => compare(operator, a, b),
                    _ if operator == Operator::NotEqual => a != b,
                    _ => a == b,
                },
                _ => false,
            },
        }
    }
}
