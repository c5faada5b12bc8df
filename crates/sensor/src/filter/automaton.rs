//! Sets of path tests as one table for the kernel, which reads a path from its end to its beginning.
//!
//! A state says how much of which text has been seen. In this order a text that the path ends with must come first, and one
//! that it begins with comes last, right before a zero byte, which no path has.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use seawall_rules::{PathShape, PathTest};

/// Bytes that are told apart (CLASSES_MOST in ebpf/include/filter.h).
const CLASSES: usize = 128;
/// States of all sets. One that would need more is not asked about: its events cross.
const MOST_STATES: usize = 16_384;

/// No rule can want the path.
pub(crate) const NEVER: u16 = 0;
/// A rule can.
pub(crate) const MATCH: u16 = 1;
/// Bytes that no text has.
const OTHER: u8 = 0;
/// Before the beginning of the path.
const END: u8 = 1;

/// Where each class of bytes leads.
pub(crate) type State = [u16; CLASSES];

/// The table of all sets.
pub(crate) struct Automaton {
    pub(crate) classes: [u8; 256],
    pub(crate) states: Vec<State>,
    letters: usize,
    starts: HashMap<BTreeSet<(PathShape, Vec<u8>)>, Option<u16>>,
}

/// Which test, and how many of its bytes have been seen.
type Place = (usize, usize);

impl Automaton {
    /// An empty table for sets of these tests; none where they have too many different bytes.
    pub(crate) fn new<'t>(tests: impl Iterator<Item = &'t PathTest>) -> Option<Self> {
        let (classes, letters) = classes(tests.flat_map(|test| test.text.iter().copied()))?;
        let mut states = vec![[NEVER; CLASSES], [MATCH; CLASSES]];
        states.reserve(1024);
        Some(Self { classes, states, letters, starts: HashMap::new() })
    }

    /// The state at which the automaton of a set begins; none where it does not fit.
    pub(crate) fn add(&mut self, tests: BTreeSet<(PathShape, Vec<u8>)>) -> Option<u16> {
        if let Some(known) = self.starts.get(&tests) {
            return *known;
        }
        let before = self.states.len();
        let start = self.build(&tests);
        if start.is_none() {
            self.states.truncate(before);
        }
        self.starts.insert(tests, start);
        start
    }

    fn build(&mut self, tests: &BTreeSet<(PathShape, Vec<u8>)>) -> Option<u16> {
        let reversed: Vec<(PathShape, Vec<u8>)> = tests
            .iter()
            .map(|(shape, text)| {
                let classes = text.iter().rev().map(|b| self.classes.get(usize::from(*b)).copied().unwrap_or(OTHER));
                (*shape, classes.collect())
            })
            .collect();
        // A text with a byte that no path has is in none.
        let possible = |(_, text): &&(PathShape, Vec<u8>)| !text.contains(&OTHER) && !text.contains(&END);
        let reversed: Vec<_> = reversed.iter().filter(possible).collect();
        if reversed.iter().any(|(_, text)| text.is_empty()) {
            return None;
        }
        let mut floating: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        let mut first = Vec::new();
        for (number, (shape, text)) in reversed.iter().enumerate() {
            match shape {
                PathShape::Begins | PathShape::Contains => {
                    floating.entry(*text.first()?).or_default().push(number);
                }
                PathShape::Is | PathShape::Ends => first.push((number, 0)),
            }
        }
        let base = self.states.len();
        let found = explore(first, self.letters, base, MOST_STATES, |here, class| {
            match step(&reversed, &floating, here, class) {
                None => Next::Match,
                Some(set) if set.is_empty() && (class == END || floating.is_empty()) => Next::Never,
                Some(set) => Next::To(set),
            }
        })?;
        self.states.extend(found.into_iter().map(|(_, row)| row));
        u16::try_from(base).ok()
    }

    /// What the kernel would say of a path.
    pub(crate) fn matches(&self, start: u16, path: &[u8]) -> bool {
        let next = |state: u16, byte: &u8| {
            let class = self.classes.get(usize::from(*byte)).copied().unwrap_or(OTHER);
            let row = self.states.get(usize::from(state));
            row.and_then(|row| row.get(usize::from(class))).copied().unwrap_or(MATCH)
        };
        path.iter().rev().chain(&[0]).fold(start, next) == MATCH
    }
}

/// Where one more byte leads.
pub(crate) enum Next<P> {
    Never,
    Match,
    To(P),
}

/// A class for each byte, and how many there are: two of the same class are told apart nowhere. None where there are too many.
pub(crate) fn classes(used: impl Iterator<Item = u8>) -> Option<([u8; 256], usize)> {
    let used: BTreeSet<u8> = used.filter(|byte| *byte != 0).collect();
    let mut classes = [OTHER; 256];
    classes[0] = END;
    for (number, byte) in used.iter().enumerate() {
        let class = u8::try_from(number + 2).ok().filter(|class| usize::from(*class) < CLASSES)?;
        if let Some(slot) = classes.get_mut(usize::from(*byte)) {
            *slot = class;
        }
    }
    Some((classes, used.len() + 2))
}

/// Every state that can be reached from the first, which has the number `base`, in the order of their numbers. None where
/// there would be more than `most`.
pub(crate) fn explore<P: Clone + Eq + Hash>(
    first: P,
    letters: usize,
    base: usize,
    most: usize,
    mut step: impl FnMut(&P, u8) -> Next<P>,
) -> Option<Vec<(P, State)>> {
    let mut numbers: HashMap<P, u16> = HashMap::from([(first.clone(), u16::try_from(base).ok()?)]);
    let mut found = vec![(first, [NEVER; CLASSES])];
    let mut next = 0;
    while let Some(here) = found.get(next).map(|(here, _)| here.clone()) {
        let mut row = [NEVER; CLASSES];
        for (class, slot) in (0..).zip(&mut row).take(letters) {
            *slot = match step(&here, class) {
                Next::Never => NEVER,
                Next::Match => MATCH,
                Next::To(set) => match numbers.get(&set) {
                    Some(known) => *known,
                    None => {
                        let number = base + found.len();
                        if number >= most {
                            return None;
                        }
                        let number = u16::try_from(number).ok()?;
                        numbers.insert(set.clone(), number);
                        found.push((set, [NEVER; CLASSES]));
                        number
                    }
                },
            };
        }
        if let Some((_, slot)) = found.get_mut(next) {
            *slot = row;
        }
        next += 1;
    }
    Some(found)
}

/// The places after one more byte; none where a test holds.
fn step(
    tests: &[&(PathShape, Vec<u8>)],
    floating: &BTreeMap<u8, Vec<usize>>,
    here: &[Place],
    class: u8,
) -> Option<Vec<Place>> {
    let mut set = BTreeSet::new();
    let begun = floating.get(&class).into_iter().flatten().map(|number| (*number, 0));
    for (number, seen) in here.iter().copied().chain(begun) {
        let Some((shape, text)) = tests.get(number) else { continue };
        match text.get(seen) {
            // The whole text was seen: the path must begin here.
            None if class == END => return None,
            Some(wanted) if *wanted == class => {
                if seen + 1 == text.len() && matches!(shape, PathShape::Ends | PathShape::Contains) {
                    return None;
                }
                set.insert((number, seen + 1));
            }
            _ => {}
        }
    }
    Some(set.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use seawall_rules::{PathOf, PathShape, PathTest};

    use super::Automaton;

    #[test]
    fn says_what_the_tests_say() {
        let words = ["/etc/shadow", "/etc/sudoers.d/", "/.ssh/", "_key", ".pub", "/a", "/a/a", "a", "/aab/"];
        let shapes = [PathShape::Is, PathShape::Begins, PathShape::Ends, PathShape::Contains];
        let mut paths: Vec<String> = vec!["/".to_owned(), "/zz".to_owned()];
        for one in words {
            for other in words {
                paths.push(format!("{one}{other}"));
                paths.push(format!("/x{one}/y{other}z"));
            }
        }
        let tests: Vec<PathTest> = words
            .iter()
            .flat_map(|w| shapes.map(|shape| PathTest { of: PathOf::Name, shape, text: w.as_bytes().into() }))
            .collect();
        let mut automaton = Automaton::new(tests.iter()).expect("few bytes");
        // Every pair of tests, so that each is seen beside each.
        for one in &tests {
            for other in &tests {
                let set = BTreeSet::from([(one.shape, one.text.to_vec()), (other.shape, other.text.to_vec())]);
                let start = automaton.add(set).expect("it fits");
                for path in &paths {
                    let expected = one.holds(path.as_bytes()) || other.holds(path.as_bytes());
                    assert_eq!(automaton.matches(start, path.as_bytes()), expected, "{one:?} {other:?} {path}");
                }
            }
        }
    }
}
