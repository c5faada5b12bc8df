//! Tests of paths as text that begins, ends or contains.

use std::collections::BTreeSet;

use seawall_model::{Argument, EventKind};

use crate::fields::{FieldArgument, FieldRef};
use crate::glob::Glob;
use crate::spec::{Spec, Words};

/// Which path of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathOf {
    /// Absolute, symbolic links not followed (`fd.name`).
    Name,
    /// Where the kernel arrived (`fd.resolved`).
    Resolved,
}

/// How a path is compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathShape {
    /// It is the text.
    Is,
    /// It begins with it.
    Begins,
    /// It ends with it.
    Ends,
    /// It contains it.
    Contains,
}

/// A test of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathTest {
    /// Which path.
    pub of: PathOf,
    /// How.
    pub shape: PathShape,
    /// With what.
    pub text: Box<[u8]>,
}

impl PathTest {
    /// Whether a path passes it.
    pub fn holds(&self, path: &[u8]) -> bool {
        match self.shape {
            PathShape::Is => *path == *self.text,
            PathShape::Begins => path.starts_with(&self.text),
            PathShape::Ends => path.ends_with(&self.text),
            PathShape::Contains => memchr::memmem::find(path, &self.text).is_some(),
        }
    }
}

/// The calls whose descriptor is the file that they open, by the path that they were given.
pub(super) fn opens(kind: EventKind) -> bool {
    matches!(kind, EventKind::Open | EventKind::Openat | EventKind::Openat2 | EventKind::Creat)
}

/// What a test of a field says of a path at least; none where it says nothing of one.
pub(super) fn tests(kind: EventKind, field: &FieldRef, spec: &Spec) -> Option<BTreeSet<PathTest>> {
    if !opens(kind) {
        return None;
    }
    let (of, part) = match (field.field.name, &field.argument) {
        ("fd.name", _) | ("evt.arg.", FieldArgument::Name(Argument::Name)) => (PathOf::Name, Part::Whole),
        ("fd.resolved", _) => (PathOf::Resolved, Part::Whole),
        ("fd.filename", _) => (PathOf::Name, Part::Last),
        ("fd.directory", _) => (PathOf::Name, Part::Folder),
        _ => return None,
    };
    let mut out = BTreeSet::new();
    let mut add = |shape, text: &[u8]| {
        out.insert(PathTest { of, shape, text: text.into() });
    };
    match (part, spec) {
        (Part::Whole, Spec::Words(words)) => each(words, |w| add(PathShape::Is, w)),
        (Part::Whole, Spec::Prefix(words)) => each(words, |w| add(PathShape::Begins, w)),
        (Part::Whole, Spec::Suffix(words)) => each(words, |w| add(PathShape::Ends, w)),
        (Part::Whole | Part::Folder, Spec::Contains(words)) => each(words, |w| add(PathShape::Contains, w)),
        (Part::Whole, Spec::Glob { patterns, any_case: false }) => {
            for pattern in patterns {
                let (shape, text) = piece(pattern)?;
                add(shape, &text);
            }
        }
        (Part::Whole, Spec::Paths(words)) => {
            for word in words {
                below(word, &mut add)?;
            }
        }
        // A name is what follows the last slash; names of folders end with one, and are their own last part.
        (Part::Last, Spec::Words(words)) => each(words, |w| add(PathShape::Ends, w)),
        (Part::Folder, Spec::Words(words) | Spec::Prefix(words)) => each(words, |w| add(PathShape::Begins, w)),
        _ => return None,
    }
    Some(out)
}

#[derive(Clone, Copy)]
enum Part {
    Whole,
    Last,
    Folder,
}

fn each(words: &Words, add: impl FnMut(&[u8])) {
    words.iter().map(|w| &w[..]).for_each(add);
}

/// The longest plain piece of a pattern.
fn piece(pattern: &[u8]) -> Option<(PathShape, Vec<u8>)> {
    let glob = Glob::new(pattern, false);
    let last = glob.pieces().len().checked_sub(1)?;
    let (at, text) = glob.pieces().iter().enumerate().max_by_key(|(_, text)| text.len())?;
    if text.is_empty() {
        return None;
    }
    let shape = match (at == 0, at == last) {
        (true, true) => PathShape::Is,
        (true, false) => PathShape::Begins,
        (false, true) => PathShape::Ends,
        (false, false) => PathShape::Contains,
    };
    Some((shape, text.clone()))
}

/// A folder and what is below it, as `pmatch` means it.
fn below(path: &[u8], add: &mut impl FnMut(PathShape, &[u8])) -> Option<()> {
    let mut text = Vec::new();
    for part in path.split(|b| *b == b'/').filter(|part| !part.is_empty()) {
        text.push(b'/');
        if Glob::is_pattern(part) {
            add(PathShape::Begins, &text);
            return Some(());
        }
        text.extend_from_slice(part);
    }
    if text.is_empty() {
        return None;
    }
    add(PathShape::Is, &text);
    text.push(b'/');
    add(PathShape::Begins, &text);
    Some(())
}
