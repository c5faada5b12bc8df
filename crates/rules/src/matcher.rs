//! Tests made ready for values.

use std::collections::HashSet;
use std::net::IpAddr;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;

use crate::glob::{Glob, Globs};
use crate::spec::{Net, Spec, Words};
use crate::syntax::Operator;
use crate::value::Value;

/// A test of one value.
pub(crate) enum Test {
    Exists,
    Words(HashSet<Box<[u8]>>),
    Prefix(Prefixes),
    Suffix(Vec<Box<[u8]>>),
    Contains(Box<Finder<'static>>),
    ContainsAny(AhoCorasick),
    Glob(Globs),
    Regex(regex::bytes::Regex),
    Paths(Vec<Vec<PathPart>>),
    Numbers(Vec<i128>),
    Compare(Operator, i128),
    Boolean(bool),
    Addresses(Vec<IpAddr>),
    Networks(Vec<Net>),
    Not(Box<Test>),
    AllOf(Vec<Test>),
    ExactlyOne(Vec<Test>),
    /// It needs more than the value, and is tested elsewhere.
    Never,
}

/// Prefixes none of which begins another, sorted: only the one just before a text can be its prefix.
pub(crate) struct Prefixes(Vec<Box<[u8]>>);

pub(crate) enum PathPart {
    Plain(Box<[u8]>),
    Pattern(Glob),
}

/// A regular expression that must match the whole text, as RE2 reads it.
pub(crate) fn regex(pattern: &str) -> Result<regex::bytes::Regex, regex::Error> {
    regex::bytes::RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(1 << 20).dfa_size_limit(1 << 20).build()
}

impl Test {
    pub(crate) fn new(spec: &Spec) -> Self {
        let list = |words: &Words| words.iter().cloned().collect::<Vec<_>>();
        match spec {
            Spec::Exists => Self::Exists,
            Spec::Words(words) => Self::Words(words.iter().cloned().collect()),
            Spec::Prefix(words) => Self::Prefix(Prefixes::new(words)),
            Spec::Suffix(words) => Self::Suffix(list(words)),
            Spec::Contains(words) => match words.first() {
                Some(only) if words.len() == 1 => Self::Contains(Box::new(Finder::new(only).into_owned())),
                _ => Self::automaton(words, false),
            },
            Spec::ContainsAnyCase(words) => Self::automaton(words, true),
            Spec::Glob { patterns, any_case } => Self::Glob(Globs::new(patterns.iter().map(|p| &p[..]), *any_case)),
            Spec::Regex(pattern) => regex(pattern).map_or(Self::Never, Self::Regex),
            Spec::Paths(words) => Self::Paths(words.iter().map(|w| path(w)).collect()),
            Spec::Numbers(numbers) => Self::Numbers(numbers.iter().copied().collect()),
            Spec::Compare(operator, bound) => Self::Compare(*operator, *bound),
            Spec::Boolean(wanted) => Self::Boolean(*wanted),
            Spec::Addresses(addresses) => Self::Addresses(addresses.iter().copied().collect()),
            Spec::Networks(nets) => Self::Networks(nets.iter().copied().collect()),
            Spec::Not(inner) => Self::Not(Box::new(Self::new(inner))),
            Spec::AllOf(all) => Self::AllOf(all.iter().map(Self::new).collect()),
            Spec::ExactlyOne(all) => Self::ExactlyOne(all.iter().map(Self::new).collect()),
            Spec::Domains(_) | Spec::Against(..) | Spec::EveryElement(_) | Spec::AnyElement(_) => Self::Never,
        }
    }

    fn automaton(words: &Words, any_case: bool) -> Self {
        let built = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(any_case)
            .build(words.iter().map(|w| &w[..]));
        built.map_or(Self::Never, Self::ContainsAny)
    }

    /// Whether it holds of a value; a value of another type never does.
    pub(crate) fn holds(&self, value: Value<'_>) -> bool {
        match (self, value) {
            (Self::Exists, _) => true,
            (Self::Words(words), Value::Text(text)) => words.contains(text),
            (Self::Prefix(prefixes), Value::Text(text)) => prefixes.matches(text),
            (Self::Suffix(words), Value::Text(text)) => words.iter().any(|w| text.ends_with(w)),
            (Self::Contains(finder), Value::Text(text)) => finder.find(text).is_some(),
            (Self::ContainsAny(automaton), Value::Text(text)) => automaton.is_match(text),
            (Self::Glob(globs), Value::Text(text)) => globs.matches(text),
            (Self::Regex(regex), Value::Text(text)) => regex.is_match(text),
            (Self::Paths(paths), Value::Text(text)) => paths.iter().any(|p| is_below(text, p)),
            (Self::Numbers(numbers), value) => number(value).is_some_and(|n| match numbers.as_slice() {
                [one] => *one == n,
                many => many.binary_search(&n).is_ok(),
            }),
            (Self::Compare(operator, bound), value) => number(value).is_some_and(|n| compare(*operator, n, *bound)),
            (Self::Boolean(wanted), Value::Boolean(value)) => *wanted == value,
            (Self::Addresses(addresses), Value::Address(address)) => addresses.contains(&address),
            (Self::Networks(nets), Value::Address(address)) => nets.iter().any(|net| net.contains(address)),
            (Self::Not(inner), value) => !inner.holds(value),
            (Self::AllOf(all), value) => all.iter().all(|test| test.holds(value)),
            (Self::ExactlyOne(all), value) => all.iter().filter(|test| test.holds(value)).take(2).count() == 1,
            _ => false,
        }
    }
}

/// A value as a number.
pub(crate) fn number(value: Value<'_>) -> Option<i128> {
    match value {
        Value::Signed(n) => Some(n.into()),
        Value::Unsigned(n) => Some(n.into()),
        _ => None,
    }
}

pub(crate) fn compare(operator: Operator, left: i128, right: i128) -> bool {
    match operator {
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        Operator::NotEqual => left != right,
        _ => left == right,
    }
}

impl Prefixes {
    fn new(words: &Words) -> Self {
        let mut kept: Vec<Box<[u8]>> = Vec::new();
        // In order, a prefix comes right before what it begins.
        for word in words {
            if !kept.last().is_some_and(|last| word.starts_with(last)) {
                kept.push(word.clone());
            }
        }
        Self(kept)
    }

    fn matches(&self, text: &[u8]) -> bool {
        match self.0.as_slice() {
            [one] => text.starts_with(one),
            all => {
                let after = all.partition_point(|prefix| &prefix[..] <= text);
                after.checked_sub(1).and_then(|at| all.get(at)).is_some_and(|prefix| text.starts_with(prefix))
            }
        }
    }
}

fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|part| !part.is_empty())
}

fn path(path: &[u8]) -> Vec<PathPart> {
    parts(path)
        .map(|part| {
            if Glob::is_pattern(part) {
                PathPart::Pattern(Glob::new(part, false))
            } else {
                PathPart::Plain(part.into())
            }
        })
        .collect()
}

/// The path is the given one or below it.
fn is_below(text: &[u8], path: &[PathPart]) -> bool {
    let mut have = parts(text);
    path.iter().all(|part| {
        have.next().is_some_and(|name| match part {
            PathPart::Plain(plain) => name == &plain[..],
            PathPart::Pattern(glob) => glob.matches(name),
        })
    })
}
