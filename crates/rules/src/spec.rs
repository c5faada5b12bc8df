//! A check after its field and its values are known: what is tested, as data, so that equal tests can be found.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::fields::FieldRef;
use crate::subject::Subject;
use crate::syntax::Operator;

pub(crate) type Words = BTreeSet<Box<[u8]>>;

/// A test of one subject.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Predicate {
    pub(crate) subject: Subject,
    pub(crate) spec: Spec,
}

/// What is tested of a value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Spec {
    Exists,
    Words(Words),
    Prefix(Words),
    Suffix(Words),
    Contains(Words),
    /// In lower case.
    ContainsAnyCase(Words),
    Glob {
        patterns: Words,
        any_case: bool,
    },
    Regex(String),
    Paths(Words),
    Numbers(BTreeSet<i128>),
    Compare(Operator, i128),
    Boolean(bool),
    Addresses(BTreeSet<IpAddr>),
    Networks(BTreeSet<Net>),
    Domains(BTreeSet<String>),
    /// The value is there, but the test fails.
    Not(Box<Spec>),
    AllOf(Vec<Spec>),
    ExactlyOne(Vec<Spec>),
    /// Every element of a list is one of these.
    EveryElement(Words),
    /// An element of a list is one of these.
    AnyElement(Words),
    /// Compared with another subject.
    Against(Operator, Box<Subject>),
}

/// A network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Net {
    v4: bool,
    bits: u128,
    mask: u128,
}

impl Net {
    /// `address/bits`, or one address.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (v4, bits, width) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(v4) => (true, u128::from(u32::from(v4)), 32),
            IpAddr::V6(v6) => (false, u128::from(v6), 128),
        };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return None;
        }
        let host = width - prefix;
        let mask = if host == 128 { 0 } else { u128::MAX << host };
        Some(Self { v4, bits: bits & mask, mask })
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(v4) => self.v4 && u128::from(u32::from(v4)) & self.mask == self.bits,
            IpAddr::V6(v6) => !self.v4 && u128::from(v6) & self.mask == self.bits,
        }
    }
}

impl Spec {
    /// Tests of the same class and subject can be joined into one that holds where one of them does.
    pub(crate) fn class(&self) -> Option<u8> {
        Some(match self {
            Self::Words(_) => 0,
            Self::Prefix(_) => 1,
            Self::Suffix(_) => 2,
            Self::Contains(_) => 3,
            Self::ContainsAnyCase(_) => 4,
            Self::Glob { any_case: false, .. } => 5,
            Self::Glob { any_case: true, .. } => 6,
            Self::Paths(_) => 7,
            Self::Numbers(_) => 8,
            Self::Addresses(_) => 9,
            Self::Networks(_) => 10,
            Self::Domains(_) => 11,
            _ => return None,
        })
    }

    /// Takes in another of the same class.
    pub(crate) fn extend(&mut self, other: &Self) {
        match (self, other) {
            (Self::Words(a), Self::Words(b))
            | (Self::Prefix(a), Self::Prefix(b))
            | (Self::Suffix(a), Self::Suffix(b))
            | (Self::Contains(a), Self::Contains(b))
            | (Self::ContainsAnyCase(a), Self::ContainsAnyCase(b))
            | (Self::Glob { patterns: a, .. }, Self::Glob { patterns: b, .. })
            | (Self::Paths(a), Self::Paths(b)) => a.extend(b.iter().cloned()),
            (Self::Numbers(a), Self::Numbers(b)) => a.extend(b),
            (Self::Addresses(a), Self::Addresses(b)) => a.extend(b),
            (Self::Networks(a), Self::Networks(b)) => a.extend(b),
            (Self::Domains(a), Self::Domains(b)) => a.extend(b.iter().cloned()),
            _ => {}
        }
    }

    /// It cannot hold, whatever the value.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Words(w)
            | Self::Prefix(w)
            | Self::Suffix(w)
            | Self::Contains(w)
            | Self::ContainsAnyCase(w)
            | Self::Paths(w) => w.is_empty(),
            Self::Numbers(n) => n.is_empty(),
            Self::Addresses(a) => a.is_empty(),
            Self::Networks(n) => n.is_empty(),
            Self::Domains(d) => d.is_empty(),
            _ => false,
        }
    }
}

impl Predicate {
    /// Fields on both sides.
    pub(crate) fn fields(&self) -> Vec<&FieldRef> {
        let mut out = Vec::new();
        self.subject.fields(&mut out);
        if let Spec::Against(_, other) = &self.spec {
            other.fields(&mut out);
        }
        out
    }

    /// About how long it takes, in the time of the cheapest.
    pub(crate) fn cost(&self) -> u32 {
        let subject = match &self.subject {
            Subject::Field(field) => match (field.is_single(), field.field.name) {
                (false, _) => 10,
                (_, "proc.env") => 40,
                (_, name) if name.contains("cmdline") || name.contains("args") => 4,
                (_, name) if name.starts_with("proc.a") || name.starts_with("proc.p") => 3,
                (_, name) if name.starts_with("evt.arg.") || name.starts_with("thread.cap_") => 6,
                _ => 1,
            },
            _ => 100,
        };
        let test = match &self.spec {
            Spec::Exists | Spec::Boolean(_) | Spec::Numbers(_) | Spec::Compare(..) => 1,
            Spec::Words(_) => 2,
            Spec::Prefix(w) | Spec::Suffix(w) => 3 + w.len() / 4,
            Spec::Contains(_) => 10,
            Spec::ContainsAnyCase(_) => 20,
            Spec::Glob { patterns, .. } => 12 * patterns.len(),
            Spec::Paths(w) => 8 + 2 * w.len(),
            Spec::Addresses(_) => 3,
            Spec::Networks(n) => 2 + n.len(),
            Spec::Domains(_) => 15,
            Spec::Regex(_) => 60,
            _ => 30,
        };
        subject.max(1) * u32::try_from(test).unwrap_or(u32::MAX / 1000).min(10_000)
    }
}
