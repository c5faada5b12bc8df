//! Shell patterns as `fnmatch(3)` has them without flags: `*` and `?` also match slashes, and leading dots.

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Glob {
    parts: Vec<Part>,
    any_case: bool,
    /// The texts between what stands for others.
    pieces: Vec<Vec<u8>>,
    /// It is made of texts and stars alone.
    plain: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Byte(u8),
    One,
    Any,
    Set { negated: bool, ranges: Vec<(u8, u8)> },
}

impl Glob {
    pub(crate) fn new(pattern: &[u8], any_case: bool) -> Self {
        let mut parts = Vec::new();
        let mut rest = pattern;
        while let [first, tail @ ..] = rest {
            rest = tail;
            parts.push(match first {
                b'*' if parts.last() == Some(&Part::Any) => continue,
                b'*' => Part::Any,
                b'?' => Part::One,
                b'\\' => match tail {
                    [escaped, tail @ ..] => {
                        rest = tail;
                        Part::Byte(*escaped)
                    }
                    [] => Part::Byte(b'\\'),
                },
                b'[' => match set(tail) {
                    Some((part, tail)) => {
                        rest = tail;
                        part
                    }
                    None => Part::Byte(b'['),
                },
                byte => Part::Byte(*byte),
            });
        }
        let mut glob = Self { parts, any_case, pieces: Vec::new(), plain: false };
        glob.plain = glob.parts.iter().all(|part| matches!(part, Part::Byte(_) | Part::Any));
        glob.pieces = glob.split();
        glob
    }

    /// Whether the pattern has anything but plain bytes.
    pub(crate) fn is_pattern(text: &[u8]) -> bool {
        text.iter().any(|b| matches!(b, b'*' | b'?' | b'['))
    }

    /// The plain texts between what stands for others; the first and the last are empty where it begins or ends with such.
    pub(crate) fn pieces(&self) -> &[Vec<u8>] {
        &self.pieces
    }

    fn split(&self) -> Vec<Vec<u8>> {
        let mut pieces = vec![Vec::new()];
        for part in &self.parts {
            match (part, pieces.last_mut()) {
                (Part::Byte(byte), Some(last)) => last.push(*byte),
                _ => pieces.push(Vec::new()),
            }
        }
        pieces
    }

    fn fits(&self, part: &Part, byte: u8) -> bool {
        let same = |a: u8, b: u8| if self.any_case { a.eq_ignore_ascii_case(&b) } else { a == b };
        match part {
            Part::Byte(wanted) => same(*wanted, byte),
            Part::One => true,
            Part::Any => false,
            Part::Set { negated, ranges } => {
                let within = |byte: u8| ranges.iter().any(|(low, high)| (*low..=*high).contains(&byte));
                let cases = self.any_case && (within(byte.to_ascii_lowercase()) || within(byte.to_ascii_uppercase()));
                (within(byte) || cases) != *negated
            }
        }
    }

    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        // Whatever fits has the pieces; of texts and stars alone nothing more is asked.
        (self.any_case || has_pieces(text, &self.pieces)) && (self.plain && !self.any_case || self.steps(text))
    }

    /// Steps back to the last star only, so that no pattern takes longer than its length times the text's.
    fn steps(&self, text: &[u8]) -> bool {
        let (mut part, mut at) = (0, 0);
        let mut back: Option<(usize, usize)> = None;
        loop {
            match (self.parts.get(part), text.get(at)) {
                (None, None) => return true,
                (Some(Part::Any), _) => {
                    back = Some((part + 1, at));
                    part += 1;
                    continue;
                }
                (Some(wanted), Some(byte)) if self.fits(wanted, *byte) => {
                    (part, at) = (part + 1, at + 1);
                    continue;
                }
                _ => {}
            }
            match back {
                Some((after, from)) if from < text.len() => {
                    back = Some((after, from + 1));
                    (part, at) = (after, from + 1);
                }
                _ => return false,
            }
        }
    }
}

/// Patterns one of which is to match.
pub(crate) struct Globs {
    all: Vec<Glob>,
    telling: Telling,
}

/// The longest piece of each pattern: a text without any of them fits none.
enum Telling {
    Any(AhoCorasick),
    /// Of the one pattern, which neither begins nor ends with a text.
    One(Box<Finder<'static>>),
    /// A pattern has none, or they are few.
    None,
}

/// Fewer patterns are tried one by one.
const FEW: usize = 3;

impl Globs {
    pub(crate) fn new<'p>(patterns: impl Iterator<Item = &'p [u8]>, any_case: bool) -> Self {
        let all: Vec<Glob> = patterns.map(|pattern| Glob::new(pattern, any_case)).collect();
        let longest = |glob: &'_ Glob| glob.pieces.iter().max_by_key(|piece| piece.len()).cloned();
        let pieces: Option<Vec<Vec<u8>>> = all.iter().map(|g| longest(g).filter(|piece| piece.len() > 1)).collect();
        let telling = match (pieces.as_deref(), all.as_slice()) {
            (Some([piece]), [glob]) if !any_case && is_open(&glob.pieces) => {
                Telling::One(Box::new(Finder::new(piece).into_owned()))
            }
            (Some(pieces), _) if pieces.len() >= FEW => {
                let built = AhoCorasick::builder().ascii_case_insensitive(any_case).build(pieces);
                built.map_or(Telling::None, Telling::Any)
            }
            _ => Telling::None,
        };
        Self { all, telling }
    }

    /// Whether one of them matches.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let may = match &self.telling {
            Telling::Any(automaton) => automaton.is_match(text),
            Telling::One(finder) => finder.find(text).is_some(),
            Telling::None => true,
        };
        may && self.all.iter().any(|g| g.matches(text))
    }
}

/// Whether a pattern begins and ends with what stands for others.
fn is_open(pieces: &[Vec<u8>]) -> bool {
    [pieces.first(), pieces.last()].into_iter().flatten().all(Vec::is_empty)
}

/// Whether a text begins with the first piece, ends with the last, and has the others between them in this order. That each is
/// taken where it comes first leaves most for the next.
fn has_pieces(text: &[u8], pieces: &[Vec<u8>]) -> bool {
    let [first, between @ .., last] = pieces else { return pieces.first().is_some_and(|only| **only == *text) };
    // What is after the last star tells more than what is before the first: many paths begin alike.
    let Some(rest) = text.strip_suffix(&last[..]).and_then(|rest| rest.strip_prefix(&first[..])) else { return false };
    let found = between.iter().try_fold(rest, |rest, piece| {
        let at = memchr::memmem::find(rest, piece)?;
        rest.get(at + piece.len()..)
    });
    found.is_some()
}

/// What stands between brackets, and what follows them.
fn set(inner: &[u8]) -> Option<(Part, &[u8])> {
    let (negated, mut rest) = match inner {
        [b'!' | b'^', tail @ ..] => (true, tail),
        all => (false, all),
    };
    let mut ranges = Vec::new();
    loop {
        let [first, tail @ ..] = rest else { return None };
        if *first == b']' && !ranges.is_empty() {
            return Some((Part::Set { negated, ranges }, tail));
        }
        let (low, tail) = match (first, tail) {
            (b'\\', [escaped, tail @ ..]) => (*escaped, tail),
            _ => (*first, tail),
        };
        rest = match tail {
            [b'-', high, tail @ ..] if *high != b']' => {
                ranges.push((low, *high));
                tail
            }
            _ => {
                ranges.push((low, low));
                tail
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::{Glob, Globs};

    #[test]
    fn patterns_match_as_fnmatch_does() {
        for (pattern, text, matches) in [
            ("/home/*/.ssh/*", "/home/a/b/.ssh/id", true),
            ("*../*../*", "/etc/../etc/../x", true),
            ("*../*../*", "/etc/../etc/x", false),
            ("/proc/*/environ", "/proc/1/environ", true),
            ("/proc*", "/proc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]x", "]x", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "", true),
            ("*", "", true),
            ("**a", "ba", true),
            ("ab*bc", "abc", false),
            ("ab*bc", "abbc", true),
            ("a*b*c*d", "axbxcxd", true),
            ("a*b*c*d", "axcxbxd", false),
            ("*ab*ab*", "xabab", true),
            ("*ab*ab*", "xaab", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("*/dev/[sv]d[a-z]", "/dev/sda", true),
            ("*/dev/[sv]d[a-z]", "/dev/xda", false),
            ("a??b*", "a1/b", true),
            ("a??b*", "ab", false),
        ] {
            let glob = Glob::new(pattern.as_bytes(), false);
            assert_eq!(
                (glob.matches(text.as_bytes()), glob.steps(text.as_bytes())),
                (matches, matches),
                "{pattern} {text}"
            );
        }
        assert!(Glob::new(b"/ETC/*", true).matches(b"/etc/x"));
        for any_case in [false, true] {
            let all = ["*/dev/[sv]d?", "/proc/*/mem", "*.pem"].map(str::as_bytes);
            let globs = Globs::new(all.into_iter(), any_case);
            for (text, matches) in
                [("/dev/sda", true), ("/proc/1/mem", true), ("/x.pem", true), ("/x.PEM", any_case), ("/", false)]
            {
                assert_eq!(globs.matches(text.as_bytes()), matches, "{text}");
            }
        }
        let open = Globs::new([&b"*../*../*"[..]].into_iter(), false);
        assert!(open.matches(b"/etc/../etc/../x") && !open.matches(b"/etc/../x") && !open.matches(b"/x"));
        let long = "a".repeat(100_000);
        assert!(!Glob::new(b"*a*a*a*a*b", false).matches(long.as_bytes()));
    }
}
