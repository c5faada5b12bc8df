//! Several short texts looked for in one search.

use std::ops::Range;

use aho_corasick::{AhoCorasick, packed};

/// Texts that begin something.
pub(crate) struct Markers(Search);

enum Search {
    /// On machines with vector instructions for it.
    Vector(packed::Searcher),
    /// On others, and slower.
    Automaton(Box<AhoCorasick>),
}

impl Markers {
    /// These markers; their ids are their places. They are few and short.
    pub(crate) fn new<M: AsRef<[u8]>>(markers: &[M]) -> Self {
        Self(match packed::Config::new().builder().extend(markers).build() {
            Some(searcher) => Search::Vector(searcher),
            None => Search::Automaton(Box::new(AhoCorasick::new(markers).expect("the markers are few and short"))),
        })
    }

    /// Whether the search is a fast one.
    #[cfg(test)]
    pub(crate) fn is_vector(&self) -> bool {
        matches!(self.0, Search::Vector(_))
    }

    /// Calls with each marker's id and where it stands, for markers that begin before `starts`, from the beginning.
    /// Of markers that overlap, the first one counts.
    pub(crate) fn each(&self, bytes: &[u8], starts: usize, mut call: impl FnMut(usize, Range<usize>)) {
        match &self.0 {
            Search::Vector(searcher) => searcher
                .find_iter(bytes)
                .take_while(|m| m.start() < starts)
                .for_each(|m| call(m.pattern().as_usize(), m.start()..m.end())),
            Search::Automaton(searcher) => searcher
                .find_iter(bytes)
                .take_while(|m| m.start() < starts)
                .for_each(|m| call(m.pattern().as_usize(), m.start()..m.end())),
        }
    }
}
