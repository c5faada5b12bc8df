//! The words that a field is compared with, by number: its value is looked up once, whatever the number of tests.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// How a value is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lookup {
    /// The word that it is.
    Whole,
    /// The longest word that it begins with.
    Begins,
    /// The longest word that it ends with.
    Ends,
}

/// The words that one field is compared with in one way.
pub(crate) struct Dictionary {
    pub(crate) field: u32,
    pub(crate) single: bool,
    lookup: Lookup,
    words: HashMap<Box<[u8]>, u32, BuildHasherDefault<WordHasher>>,
    /// By the last byte of words, which lengths those that end so have, modulo 64: most values are no word by that alone.
    lengths: Box<[u64; 256]>,
    trie: Trie,
}

impl Dictionary {
    pub(super) fn new(field: u32, single: bool, lookup: Lookup) -> Self {
        Self { field, single, lookup, words: HashMap::default(), lengths: Box::new([0; 256]), trie: Trie::default() }
    }

    /// How many words it has; their numbers begin with zero.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn lookup(&self) -> Lookup {
        self.lookup
    }

    /// Takes in a word.
    pub(super) fn add(&mut self, word: &[u8]) {
        let next = self.words.len() as u32;
        self.words.entry(word.into()).or_insert(next);
        self.lengths[last(word)] |= length(word);
    }

    /// The number of a word.
    pub(super) fn number(&self, word: &[u8]) -> Option<u32> {
        self.words.get(word).copied()
    }

    /// No word is added any more.
    pub(super) fn finish(&mut self) {
        if self.lookup != Lookup::Whole {
            let ends = self.lookup == Lookup::Ends;
            let turned = |word: &[u8]| if ends { word.iter().rev().copied().collect() } else { word.to_vec() };
            let mut words: Vec<(Vec<u8>, u32)> = self.words.iter().map(|(word, n)| (turned(word), *n)).collect();
            words.sort_unstable();
            self.trie = Trie::new(&words, ends);
        }
    }

    /// The numbers that a value has where one of these words is, begins or ends it: theirs, and those of longer words.
    pub(super) fn standing_for(&self, words: &[u32]) -> Vec<u32> {
        match self.lookup {
            Lookup::Whole => words.to_vec(),
            _ => self.trie.longer(words),
        }
    }

    /// The number of the word that a value is, or is found by.
    pub(crate) fn find(&self, value: &[u8]) -> Option<u32> {
        match self.lookup {
            Lookup::Whole if self.lengths[last(value)] & length(value) == 0 => None,
            Lookup::Whole => self.words.get(value).copied(),
            Lookup::Begins => self.trie.find(value, <[u8]>::strip_prefix, <[u8]>::split_first),
            Lookup::Ends => self.trie.find(value, <[u8]>::strip_suffix, <[u8]>::split_last),
        }
    }
}

/// The last byte of a value.
fn last(value: &[u8]) -> usize {
    usize::from(value.last().copied().unwrap_or(0))
}

/// The bit of a value's length.
fn length(value: &[u8]) -> u64 {
    1 << (value.len() % 64)
}

/// No word.
const NONE: u32 = u32::MAX;

/// Words by their letters.
#[derive(Default)]
struct Trie {
    nodes: Vec<TrieNode>,
    /// What the words of each node have in common, in the order of the text.
    common: Vec<u8>,
    /// The first letters of each node's children, and the children.
    letters: Vec<u8>,
    children: Vec<u32>,
    /// The children of nodes that have many, by letter; the number of a node that none is.
    tables: Vec<[u32; 256]>,
    /// The longest other word that begins each word.
    shorter: Vec<u32>,
}

struct TrieNode {
    /// The longest word before what the words below have in common.
    before: u32,
    common: u32,
    length: u32,
    /// The word that ends behind it, or the one before.
    word: u32,
    from: u32,
    count: u32,
    /// Its table, where it has many children.
    table: u32,
}

/// More children than these are looked up in a table.
const MANY: usize = 4;
/// Tables of one trie, a KiB each.
const MOST_TABLES: usize = 64;

impl Trie {
    /// Of sorted words without doubles; `ends`: they are turned round.
    fn new(words: &[(Vec<u8>, u32)], ends: bool) -> Self {
        let mut trie = Self { shorter: vec![NONE; words.len()], ..Self::default() };
        // Nodes are made level by level, so that the children of one lie side by side.
        let mut level: Vec<(std::ops::Range<usize>, u32, usize)> = vec![(0..words.len(), NONE, 0)];
        while !level.is_empty() {
            let mut next = Vec::new();
            let below = (trie.nodes.len() + level.len()) as u32;
            for (mut rest, before, depth) in level {
                let letters =
                    |at: usize| words.get(at).map_or(&[][..], |(letters, _)| letters.get(depth..).unwrap_or(&[]));
                // They are sorted: what the first and the last have in common, all have.
                let (first, last) = (letters(rest.start), letters(rest.end.saturating_sub(1)));
                let length = first.iter().zip(last).take_while(|(a, b)| a == b).count();
                let common = trie.common.len() as u32;
                let shared = first.iter().take(length);
                if ends {
                    trie.common.extend(shared.rev())
                } else {
                    trie.common.extend(shared)
                }
                let mut word = before;
                if let Some((_, number)) = words.get(rest.start).filter(|_| !rest.is_empty() && first.len() == length) {
                    if let Some(slot) = trie.shorter.get_mut(*number as usize) {
                        *slot = before;
                    }
                    word = *number;
                    rest.start += 1;
                }
                let from = trie.letters.len() as u32;
                while !rest.is_empty() {
                    let letter = |at: usize| letters(at).get(length).copied();
                    let first = letter(rest.start);
                    let end = rest.clone().find(|at| letter(*at) != first).unwrap_or(rest.end);
                    trie.letters.push(first.unwrap_or_default());
                    trie.children.push(below + next.len() as u32);
                    next.push((rest.start..end, word, depth + length + 1));
                    rest.start = end;
                }
                let table = trie.table(from as usize);
                let count = trie.letters.len() as u32 - from;
                trie.nodes.push(TrieNode { before, common, length: length as u32, word, from, count, table });
            }
            level = next;
        }
        trie
    }

    /// The longest word that a value begins with, as `strip` and `split` take its letters.
    fn find<'v>(
        &self,
        value: &'v [u8],
        strip: impl Fn(&'v [u8], &[u8]) -> Option<&'v [u8]>,
        split: impl Fn(&'v [u8]) -> Option<(&'v u8, &'v [u8])>,
    ) -> Option<u32> {
        let (mut node, mut rest) = (self.nodes.first()?, value);
        let word = loop {
            let common = node.common as usize..(node.common + node.length) as usize;
            match strip(rest, self.common.get(common).unwrap_or_default()) {
                Some(behind) => rest = behind,
                None => break node.before,
            }
            let from = node.from as usize;
            let letters = self.letters.get(from..from + node.count as usize).unwrap_or_default();
            let Some((letter, behind)) = split(rest).filter(|_| !letters.is_empty()) else { break node.word };
            let child = match self.tables.get(node.table as usize) {
                Some(table) => Some(&table[usize::from(*letter)]),
                None => letters.iter().position(|l| l == letter).and_then(|at| self.children.get(from + at)),
            };
            match child.and_then(|child| self.nodes.get(*child as usize)) {
                Some(child) => (node, rest) = (child, behind),
                None => break node.word,
            }
        };
        (word != NONE).then_some(word)
    }

    /// Makes a table of the children from this number on, where they are many; its number.
    fn table(&mut self, from: usize) -> u32 {
        let (letters, children) = (self.letters.get(from..), self.children.get(from..));
        let (letters, children) = (letters.unwrap_or_default(), children.unwrap_or_default());
        if letters.len() <= MANY || self.tables.len() >= MOST_TABLES {
            return NONE;
        }
        let mut table = [NONE; 256];
        letters.iter().zip(children).for_each(|(letter, child)| table[usize::from(*letter)] = *child);
        self.tables.push(table);
        self.tables.len() as u32 - 1
    }

    /// These words and those that they begin.
    fn longer(&self, words: &[u32]) -> Vec<u32> {
        // A word that is not decided yet takes the answer of the next shorter one.
        let mut answers: Vec<Option<bool>> = vec![None; self.shorter.len()];
        for word in words {
            answers.iter_mut().skip(*word as usize).take(1).for_each(|answer| *answer = Some(true));
        }
        for word in 0..self.shorter.len() as u32 {
            let (mut line, mut next) = (Vec::new(), word);
            let answer = loop {
                match answers.get(next as usize) {
                    Some(Some(answer)) => break *answer,
                    Some(None) => line.push(next),
                    None => break false,
                }
                next = self.shorter.get(next as usize).copied().unwrap_or(NONE);
            };
            for word in line {
                answers.iter_mut().skip(word as usize).take(1).for_each(|slot| *slot = Some(answer));
            }
        }
        let holds = answers.iter().enumerate().filter(|(_, answer)| **answer == Some(true));
        holds.map(|(word, _)| word as u32).collect()
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

#[cfg(test)]
mod tests {
    use super::{Dictionary, Lookup};

    #[test]
    fn the_longest_word_is_found() {
        let mut begins = Dictionary::new(0, true, Lookup::Begins);
        let [etc, ssh, root] = ["/etc/", "/etc/ssh", "/root"].map(str::as_bytes).map(|word| {
            begins.add(word);
            begins.number(word).expect("added")
        });
        begins.finish();
        for (value, found) in [
            ("/etc/ssh/x", Some(ssh)),
            ("/etc/ss", Some(etc)),
            ("/etc/", Some(etc)),
            ("/etc", None),
            ("/root", Some(root)),
            ("/", None),
            ("", None),
        ] {
            assert_eq!(begins.find(value.as_bytes()), found, "{value}");
        }
        // Every word, what it lacks of its last letter, and what it has beyond it, as a plain search finds them.
        for lookup in [Lookup::Begins, Lookup::Ends] {
            let words = ["a", "abc", "abcd", "abd", "b", "bcde", "bcdf", "c", "d", "e", "f", "xabc", "xxabc"];
            let mut many = Dictionary::new(0, true, lookup);
            words.iter().for_each(|word| many.add(word.as_bytes()));
            many.finish();
            let fits = |value: &str, word: &str| match lookup {
                Lookup::Ends => value.ends_with(word),
                _ => value.starts_with(word),
            };
            for word in words {
                for value in [word.to_owned(), format!("{word}z"), format!("z{word}"), word[1..].to_owned()] {
                    let longest = words.iter().filter(|w| fits(&value, w)).max_by_key(|w| w.len());
                    let expected = longest.and_then(|w| many.number(w.as_bytes()));
                    assert_eq!(many.find(value.as_bytes()), expected, "{value} {lookup:?}");
                }
            }
        }
        assert_eq!(begins.standing_for(&[etc]), [etc, ssh]);
        assert_eq!(begins.standing_for(&[ssh, root]), [ssh, root]);
        let mut ends = Dictionary::new(0, true, Lookup::Ends);
        let [all, history] = ["", "_history"].map(str::as_bytes).map(|word| {
            ends.add(word);
            ends.number(word).expect("added")
        });
        ends.finish();
        assert_eq!(ends.find(b"/root/.bash_history"), Some(history));
        assert_eq!(ends.find(b""), Some(all));
        assert_eq!(ends.standing_for(&[all]), [all, history]);
        assert_eq!(Dictionary::new(0, true, Lookup::Ends).find(b"x"), None);
    }
}
