use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::rc::Rc;

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

/// The words that a field is compared with, by number: its value is looked up once, whatever the number of sets.
pub(crate) struct Dictionary {
    pub(crate) field: u32,
    pub(crate) single: bool,
    pub(crate) words: HashMap<Box<[u8]>, u32, BuildHasherDefault<WordHasher>>,
}

impl Dictionary {
    /// How many words it has; their numbers begin with zero.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }
}

/// A test made ready.
pub(crate) enum Atom {
    /// The value's number in a dictionary is one of these.
    Word { dictionary: u32, members: Members },
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

/// A hash that is quick for short words. What is looked up may be anybody's, but the words are the rules' own, so that
/// nobody can fill a bucket.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
        let wide = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        let half = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
        let length = bytes.len();
        let mut mix = |word: u64| self.0 = (self.0.rotate_left(23) ^ word).wrapping_mul(SEED);
        // What is left at the end is read together with bytes that were read before: no loop over single bytes.
        let last = if let Some(end) = length.checked_sub(8) {
            for at in (0..end).step_by(8) {
                mix(wide(at).unwrap_or(0));
            }
            wide(end)
        } else if let Some(end) = length.checked_sub(4) {
            half(0).zip(half(end)).map(|(first, last)| u64::from(first) << 32 | u64::from(last))
        } else {
            let byte = |at: usize| bytes.get(at).map_or(0, |b| u64::from(*b));
            Some(byte(0) << 16 | byte(length / 2) << 8 | byte(length.saturating_sub(1)))
        };
        mix(last.unwrap_or(0) ^ (length as u64) << 56);
    }

    fn write_usize(&mut self, _: usize) {
        // The length is part of the last word.
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

impl Atoms {
    /// Makes the predicates ready that a program uses.
    pub(crate) fn new(predicates: &[Rc<Predicate>], used: &BTreeSet<u32>) -> Self {
        let mut atoms = Self::default();
        let mut fields: HashMap<FieldRef, u32> = HashMap::new();
        let mut dictionaries: HashMap<u32, u32> = HashMap::new();
        for (number, predicate) in predicates.iter().enumerate() {
            let atom = match used.contains(&(number as u32)) {
                true => atoms.atom(predicate, &mut fields, &mut dictionaries),
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

    fn atom(
        &mut self,
        predicate: &Predicate,
        fields: &mut HashMap<FieldRef, u32>,
        dictionaries: &mut HashMap<u32, u32>,
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
            (Spec::Words(words), Subject::Field(field)) => {
                let single = field.is_single();
                let field = self.field(field, fields);
                let dictionary = *dictionaries.entry(field).or_insert_with(|| {
                    self.dictionaries.push(Dictionary { field, single, words: HashMap::default() });
                    (self.dictionaries.len() - 1) as u32
                });
                let Some(known) = self.dictionaries.get_mut(dictionary as usize) else { return Atom::Unused };
                let numbers: Vec<u32> = words
                    .iter()
                    .map(|word| {
                        let next = known.words.len() as u32;
                        *known.words.entry(word.clone()).or_insert(next)
                    })
                    .collect();
                Atom::Word { dictionary, members: Members::new(&numbers) }
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
