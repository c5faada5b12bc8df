use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::rc::Rc;

use super::dictionary::{Dictionary, Lookup};
use crate::fields::FieldRef;
use crate::matcher::Test;
use crate::spec::{Predicate, Spec, Words};
use crate::subject::Subject;
use crate::syntax::Operator;

/// Tests made ready, and the fields and words that they share.
#[derive(Default)]
pub(crate) struct Atoms {
    pub(crate) atoms: Vec<Atom>,
    pub(crate) fields: Vec<FieldRef>,
    pub(crate) dictionaries: Vec<Dictionary>,
    /// Names whose addresses are asked for, by number.
    pub(crate) domains: Vec<String>,
    domain_numbers: HashMap<String, u32>,
}

/// A test made ready.
pub(crate) enum Atom {
    /// The value's number in a dictionary is one of these.
    Word { dictionary: u32, single: bool, members: Members },
    /// One value of a field.
    One { field: u32, test: Test },
    /// One of a field's several values.
    Any { field: u32, test: Test },
    /// An address is one of these, or belongs to one of these names.
    Domain { field: u32, names: Vec<u32>, addresses: Vec<IpAddr> },
    /// Something that transformers make.
    Made { subject: Subject, test: Test },
    /// The elements of a list.
    Elements { subject: Subject, words: Words, every: bool },
    /// Two subjects.
    Against { left: Subject, operator: Operator, right: Subject },
    /// No rule needs it.
    Unused,
}

/// Numbers of words.
pub(crate) enum Members {
    One(u32),
    Many(Box<[u64]>),
}

impl Members {
    fn new(numbers: &[u32]) -> Self {
        if let [one] = numbers {
            return Self::One(*one);
        }
        let last = numbers.iter().copied().max().unwrap_or(0) as usize;
        let mut bits = vec![0_u64; last / 64 + 1];
        for number in numbers {
            if let Some(word) = bits.get_mut(*number as usize / 64) {
                *word |= 1 << (number % 64);
            }
        }
        Self::Many(bits.into())
    }

    pub(crate) fn has(&self, number: u32) -> bool {
        match self {
            Self::One(one) => *one == number,
            Self::Many(bits) => bits.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1),
        }
    }
}

/// Dictionaries by field.
type Dictionaries = HashMap<(u32, Lookup), u32>;

fn lookup(spec: &Spec) -> Lookup {
    match spec {
        Spec::Prefix(_) => Lookup::Begins,
        Spec::Suffix(_) => Lookup::Ends,
        _ => Lookup::Whole,
    }
}

impl Atoms {
    /// Makes the predicates ready that a program uses.
    pub(crate) fn new(predicates: &[Rc<Predicate>], used: &BTreeSet<u32>) -> Self {
        let mut atoms = Self::default();
        let mut fields: HashMap<FieldRef, u32> = HashMap::new();
        let mut dictionaries = Dictionaries::default();
        for number in used {
            if let Some(predicate) = predicates.get(*number as usize) {
                atoms.learn(predicate, &mut fields, &mut dictionaries);
            }
        }
        atoms.dictionaries.iter_mut().for_each(Dictionary::finish);
        for (number, predicate) in predicates.iter().enumerate() {
            let atom = match used.contains(&(number as u32)) {
                true => atoms.atom(predicate, &mut fields, &dictionaries),
                false => Atom::Unused,
            };
            atoms.atoms.push(atom);
        }
        atoms
    }

    fn field(&mut self, field: &FieldRef, numbers: &mut HashMap<FieldRef, u32>) -> u32 {
        *numbers.entry(field.clone()).or_insert_with(|| {
            self.fields.push(field.clone());
            (self.fields.len() - 1) as u32
        })
    }

    /// Puts the words of a predicate into the dictionary of its field.
    fn learn(&mut self, predicate: &Predicate, fields: &mut HashMap<FieldRef, u32>, all: &mut Dictionaries) {
        let (Spec::Words(words) | Spec::Prefix(words) | Spec::Suffix(words)) = &predicate.spec else { return };
        let Subject::Field(field) = &predicate.subject else { return };
        let (single, lookup) = (field.is_single(), lookup(&predicate.spec));
        let field = self.field(field, fields);
        let dictionary = *all.entry((field, lookup)).or_insert_with(|| {
            self.dictionaries.push(Dictionary::new(field, single, lookup));
            (self.dictionaries.len() - 1) as u32
        });
        if let Some(dictionary) = self.dictionaries.get_mut(dictionary as usize) {
            words.iter().for_each(|word| dictionary.add(word));
        }
    }

    fn atom(
        &mut self,
        predicate: &Predicate,
        fields: &mut HashMap<FieldRef, u32>,
        dictionaries: &Dictionaries,
    ) -> Atom {
        let subject = predicate.subject.clone();
        match (&predicate.spec, &predicate.subject) {
            (Spec::Against(operator, right), _) => {
                Atom::Against { left: subject, operator: *operator, right: (**right).clone() }
            }
            (Spec::EveryElement(words), _) => Atom::Elements { subject, words: words.clone(), every: true },
            (Spec::AnyElement(words), _) => Atom::Elements { subject, words: words.clone(), every: false },
            (Spec::Domains(names), Subject::Field(field)) => {
                let field = self.field(field, fields);
                let addresses = names.iter().filter_map(|n| n.parse().ok()).collect();
                let names = names.iter().filter(|n| n.parse::<IpAddr>().is_err()).map(|n| self.domain(n)).collect();
                Atom::Domain { field, names, addresses }
            }
            (Spec::Words(words) | Spec::Prefix(words) | Spec::Suffix(words), Subject::Field(field)) => {
                let at = (self.field(field, fields), lookup(&predicate.spec));
                let Some(dictionary) = dictionaries.get(&at).copied() else { return Atom::Unused };
                let Some(known) = self.dictionaries.get(dictionary as usize) else { return Atom::Unused };
                let numbers: Vec<u32> = words.iter().filter_map(|word| known.number(word)).collect();
                Atom::Word { dictionary, single: known.single, members: Members::new(&known.standing_for(&numbers)) }
            }
            (spec, Subject::Field(field)) => {
                let single = field.is_single();
                let (field, test) = (self.field(field, fields), Test::new(spec));
                if single { Atom::One { field, test } } else { Atom::Any { field, test } }
            }
            (spec, _) => Atom::Made { subject, test: Test::new(spec) },
        }
    }

    fn domain(&mut self, name: &str) -> u32 {
        *self.domain_numbers.entry(name.to_owned()).or_insert_with(|| {
            self.domains.push(name.to_owned());
            (self.domains.len() - 1) as u32
        })
    }
}
