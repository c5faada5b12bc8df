//! Maven versions: `org.apache.maven.artifact.versioning.ComparableVersion` of Maven 4.
//!
//! Maven 3.9 differs from it only where a release qualifier carries a number or stands in the middle (`1-final-1`).
//!
//! Maven reads a version into nested lists: a hyphen and every change between letters and digits opens a new list inside
//! the current one. A nested list is always the last item of its parent, so the whole is kept flat here, with
//! [`Item::List`] where a list opens; comparing flat gives Maven's answer without recursion.
//!
//! Every text is a version to Maven; empty text is refused by the caller. Maven's own order is not transitive for some
//! made-up mixtures of qualifiers and empty parts; it is followed exactly all the same.

use std::cmp::Ordering;

use super::text::{cmp_digits, digits, strip_zeros};

/// One item of the flat list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Number(Box<[u8]>),
    Word(Qualifier),
    /// A qualifier joined with a number: `rc1`, `rc-1`.
    Joined(Qualifier, Box<[u8]>),
    List,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Qualifier(Box<str>);

/// The place of the release itself among the qualifiers.
const RELEASE: u8 = 5;

impl Qualifier {
    fn new(text: &str, before_digit: bool) -> Self {
        let name = match text {
            "a" if before_digit => "alpha",
            "b" if before_digit => "beta",
            "m" if before_digit => "milestone",
            "cr" => "rc",
            other => other,
        };
        Qualifier(name.into())
    }

    fn rank(&self) -> u8 {
        match &*self.0 {
            "alpha" => 0,
            "beta" => 1,
            "milestone" => 2,
            "rc" => 3,
            "snapshot" => 4,
            "" | "ga" | "final" | "release" => RELEASE,
            "sp" => 6,
            _ => 7,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        let (a, b) = (self.rank(), other.rank());
        a.cmp(&b).then_with(|| if a == 7 { self.0.cmp(&other.0) } else { Ordering::Equal })
    }

    fn order_against_nothing(&self) -> Ordering {
        self.rank().cmp(&RELEASE)
    }
}

impl Item {
    fn is_null(&self) -> bool {
        match self {
            Item::Number(number) => strip_zeros(number).is_empty(),
            Item::Word(word) => word.0.is_empty(),
            Item::Joined(..) | Item::List => false,
        }
    }

    fn order_against_nothing(&self) -> Ordering {
        match self {
            Item::Number(number) if strip_zeros(number).is_empty() => Ordering::Equal,
            Item::Number(_) => Ordering::Greater,
            Item::Word(word) | Item::Joined(word, _) => word.order_against_nothing(),
            Item::List => Ordering::Equal,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        use Item::{Joined, List, Number, Word};
        match (self, other) {
            (Number(a), Number(b)) => cmp_digits(a, b),
            (Number(_), _) => Ordering::Greater,
            (_, Number(_)) => Ordering::Less,
            (List, List) => Ordering::Equal,
            (List, _) => Ordering::Greater,
            (_, List) => Ordering::Less,
            (Word(a), Word(b)) => a.order(b),
            (Word(a), Joined(b, _)) => a.order(b).then(Ordering::Less),
            (Joined(a, _), Word(b)) => a.order(b).then(Ordering::Greater),
            (Joined(a, left), Joined(b, right)) => a.order(b).then_with(|| cmp_digits(left, right)),
        }
    }
}

/// One version, read.
#[derive(Debug, Clone)]
pub(super) struct Maven(Vec<Item>);

impl Maven {
    /// The order of ComparableVersion.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.0.iter(), other.0.iter());
        loop {
            let order = match (left.next(), right.next()) {
                (None, None) => return Ordering::Equal,
                (Some(one), Some(two)) => one.order(two),
                (Some(one), None) => one.order_against_nothing(),
                (None, Some(two)) => two.order_against_nothing().reverse(),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
    }
}

/// The lists while they are being filled, outermost first.
struct Lists(Vec<Vec<Item>>);

impl Lists {
    fn add(&mut self, item: Item) {
        if let Some(list) = self.0.last_mut() {
            list.push(item);
        }
    }

    fn open(&mut self) {
        self.0.push(Vec::new());
    }

    fn open_unless_empty(&mut self) {
        if self.0.last().is_some_and(|list| !list.is_empty()) {
            self.open();
        }
    }

    /// Drops null items at the end of each list and before a qualifier, innermost list first, and joins the lists.
    fn flatten(self) -> Vec<Item> {
        // Built from the end, so that nothing is ever removed from the middle.
        let mut reversed: Vec<Item> = Vec::new();
        for list in self.0.into_iter().rev() {
            if !reversed.is_empty() {
                reversed.push(Item::List);
            }
            let mut nested = !reversed.is_empty();
            for item in list.into_iter().rev() {
                let dropped = item.is_null()
                    && match reversed.last() {
                        None => true,
                        Some(Item::List) if nested => {
                            let first = reversed.len().checked_sub(2).and_then(|at| reversed.get(at));
                            matches!(first, Some(Item::Word(_) | Item::Joined(..)))
                        }
                        Some(next) => matches!(next, Item::Word(_)),
                    };
                if !dropped {
                    reversed.push(item);
                    nested = false;
                }
            }
        }
        // The outermost list has no opener.
        reversed.reverse();
        reversed
    }
}

fn item(text: &str, joined: bool, digit: bool) -> Item {
    if joined {
        let text = text.replace('-', "");
        let at = text.bytes().position(|byte| byte.is_ascii_digit()).unwrap_or(0);
        let (word, number) = text.split_at_checked(at).unwrap_or((&text, ""));
        return Item::Joined(Qualifier::new(word, true), digits(number.as_bytes()).0.into());
    }
    if digit {
        return Item::Number(strip_zeros(text.as_bytes()).into());
    }
    Item::Word(Qualifier::new(text, false))
}

/// Reads a version; every text is one.
pub(super) fn parse(text: &str) -> Maven {
    let text = text.to_lowercase();
    let mut lists = Lists(vec![Vec::new()]);
    let (mut digit, mut joined, mut start) = (false, false, 0_usize);
    let mut chars = text.char_indices().peekable();
    let part = |start: usize, end: usize| text.get(start..end).unwrap_or_default();
    while let Some((at, c)) = chars.next() {
        match c {
            '.' => {
                let found = if at == start { item("0", false, true) } else { item(part(start, at), joined, digit) };
                lists.add(found);
                joined = false;
                start = at + 1;
            }
            '-' => {
                if at == start {
                    lists.add(item("0", false, true));
                } else {
                    if !digit && chars.peek().is_some_and(|(_, next)| next.is_ascii_digit()) {
                        joined = true;
                        continue;
                    }
                    lists.add(item(part(start, at), joined, digit));
                }
                start = at + 1;
                lists.open_unless_empty();
                joined = false;
            }
            '0'..='9' => {
                if !digit && at > start {
                    joined = true;
                    lists.open_unless_empty();
                }
                digit = true;
            }
            _ => {
                if digit && at > start {
                    lists.add(item(part(start, at), joined, true));
                    start = at;
                    lists.open();
                    joined = false;
                }
                digit = false;
            }
        }
    }
    if text.len() > start {
        if !digit {
            lists.open_unless_empty();
        }
        lists.add(item(part(start, text.len()), joined, digit));
    }
    Maven(lists.flatten())
}
