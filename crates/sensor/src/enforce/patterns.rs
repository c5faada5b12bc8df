//! Patterns of paths as automata that read a path from its end (ebpf/include/paths.h).

use std::collections::BTreeSet;

use seawall_decide::{PathPart, PathPattern};

use crate::filter::automaton::{Next, classes, explore};

/// The number of a table's first state: those before stand for nothing any more, and for what the kernel could not tell.
pub(super) const FIRST: u16 = 2;

/// struct path_state: where each byte leads, and the rules of the list that a path fits which begins here.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) next: [u16; 256],
    pub(super) rules: u32,
}

/// A step of a pattern that is read backwards.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// This byte.
    Byte(u8),
    /// One byte of a name.
    One,
    /// Any bytes of a name.
    Name,
    /// Any bytes.
    Any,
    /// What follows, or not the next two steps.
    Maybe,
}

/// Which pattern, and how many of its steps are behind.
type Place = (usize, usize);

/// The table of a list of rules, each with its patterns, from the state at which it begins, which is [`FIRST`]. None where it
/// would have more than `most` states, or too many different bytes.
pub(super) fn table<'p>(rules: impl Iterator<Item = &'p [PathPattern]>, most: usize) -> Option<Vec<Row>> {
    compile(rules.map(|patterns| patterns.iter().map(|pattern| pattern.parts().to_vec()).collect()), most)
}

/// As [`table`], of the folders on the way to what the patterns name.
pub(super) fn folders<'p>(rules: impl Iterator<Item = &'p [PathPattern]>, most: usize) -> Option<Vec<Row>> {
    compile(rules.map(|patterns| patterns.iter().flat_map(|pattern| above(pattern.parts())).collect()), most)
}

/// Patterns of the folders above what a pattern names.
fn above(parts: &[PathPart]) -> Vec<Vec<PathPart>> {
    let mut all = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let before = parts.get(..at).unwrap_or_default();
        let is_end = matches!(part, PathPart::Byte(b'/') | PathPart::Below | PathPart::Folders);
        all.extend((is_end && at > 0).then(|| before.to_vec()));
        if *part == PathPart::Folders {
            // What comes behind lies below as well.
            all.push([before, &[PathPart::Below]].concat());
            break;
        }
    }
    all
}

fn compile(rules: impl Iterator<Item = Vec<Vec<PathPart>>>, most: usize) -> Option<Vec<Row>> {
    let patterns: Vec<(u32, Vec<Step>)> = (0..u32::BITS)
        .zip(rules)
        .flat_map(|(rule, patterns)| patterns.into_iter().map(move |parts| (1 << rule, steps(&parts))))
        .collect();
    let used = patterns.iter().flat_map(|(_, steps)| steps).filter_map(|step| match step {
        Step::Byte(byte) => Some(*byte),
        _ => None,
    });
    let (classes, letters) = classes(used.chain([b'/']))?;
    let class = |byte: u8| classes.get(usize::from(byte)).copied().unwrap_or_default();
    let slash = class(b'/');
    let first = closed(&patterns, (0..patterns.len()).map(|number| (number, 0)));
    let found = explore(first, letters, FIRST.into(), most.checked_add(FIRST.into())?, |here, read| {
        let next = here.iter().filter_map(|(number, at)| {
            let step = patterns.get(*number)?.1.get(*at)?;
            match step {
                Step::Byte(byte) => (class(*byte) == read).then_some((*number, at + 1)),
                Step::One => (read != slash).then_some((*number, at + 1)),
                Step::Name => (read != slash).then_some((*number, *at)),
                Step::Any => Some((*number, *at)),
                Step::Maybe => None,
            }
        });
        let next = closed(&patterns, next);
        if next.is_empty() || read == class(0) { Next::Never } else { Next::To(next) }
    })?;
    let row = |(places, by_class): (Vec<Place>, [u16; 128])| {
        let next = std::array::from_fn(|byte| {
            let class = classes.get(byte).copied().unwrap_or_default();
            by_class.get(usize::from(class)).copied().unwrap_or_default()
        });
        let behind = |(number, at): &Place| {
            let (rule, steps) = patterns.get(*number)?;
            (*at == steps.len()).then_some(*rule)
        };
        Row { next, rules: places.iter().filter_map(behind).fold(0, |all, rule| all | rule) }
    };
    Some(found.into_iter().map(row).collect())
}

/// A pattern, read backwards.
fn steps(parts: &[PathPart]) -> Vec<Step> {
    let of = |part: &PathPart| match part {
        PathPart::Byte(byte) => vec![Step::Byte(*byte)],
        PathPart::One => vec![Step::One],
        PathPart::Name => vec![Step::Name],
        PathPart::Folders => vec![Step::Maybe, Step::Any, Step::Byte(b'/')],
        // A path does not end with a slash.
        PathPart::Below => vec![Step::One, Step::Any, Step::Byte(b'/')],
    };
    parts.iter().rev().flat_map(of).collect()
}

/// The places, and those that are reached from them without a byte.
fn closed(patterns: &[(u32, Vec<Step>)], places: impl Iterator<Item = Place>) -> Vec<Place> {
    let mut all = BTreeSet::new();
    let mut open: Vec<Place> = places.collect();
    while let Some((number, at)) = open.pop() {
        if !all.insert((number, at)) {
            continue;
        }
        match patterns.get(number).and_then(|(_, steps)| steps.get(at)) {
            Some(Step::Name | Step::Any) => open.push((number, at + 1)),
            Some(Step::Maybe) => open.extend([(number, at + 1), (number, at + 3)]),
            _ => {}
        }
    }
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use seawall_decide::{Bundle, PathPattern};

    use super::{FIRST, Row, folders, table};

    /// The lists of a policy's rules.
    fn rules(rules: &[&[&str]]) -> Vec<Vec<PathPattern>> {
        let list: Vec<_> = rules.iter().map(|patterns| format!("{{paths: {patterns:?}, access: any}}")).collect();
        let text = format!(
            "apiVersion: seawall/v1\nname: t\nruntime:\n  - {{id: t, mode: enforce, files: [{}]}}\n",
            list.join(", ")
        );
        let bundle = Bundle::load("t.yaml", &text).expect("loads");
        let entry = bundle.runtime().next().expect("one");
        entry.files.iter().map(|rule| rule.paths.clone()).collect()
    }

    /// What the kernel would say.
    fn run(rows: &[Row], path: &str) -> u32 {
        let row = |state: u16| state.checked_sub(FIRST).and_then(|at| rows.get(usize::from(at)));
        let end = path.bytes().rev().fold(FIRST, |state, byte| row(state).map_or(0, |r| r.next[usize::from(byte)]));
        row(end).map_or(0, |row| row.rules)
    }

    #[test]
    fn says_what_the_patterns_say() {
        let lists: &[&[&str]] = &[
            &["/usr/bin/nc", "/bin/*"],
            &["**/nc"],
            &["/usr/**"],
            &["/a/**/b", "/a/?c*"],
            &["/a/**/b/**/c"],
            &["/usr/*/n?"],
            &["/**"],
            &["**/.ssh/**", "/*/x*y*z"],
        ];
        let lists = rules(lists);
        let rows = table(lists.iter().map(Vec::as_slice), 4000).expect("it fits");
        let names = ["usr", "bin", "nc", "a", "b", "c", "xc", ".ssh", "xyz", "xyyaz", "n\u{e9}"];
        let mut paths: Vec<String> = names.iter().map(|name| format!("/{name}")).collect();
        for _ in 0..3 {
            let longer: Vec<_> = paths.iter().flat_map(|p| names.iter().map(move |n| format!("{p}/{n}"))).collect();
            paths.extend(longer);
            paths.dedup();
            paths.truncate(20_000);
        }
        for path in &paths {
            for (number, patterns) in lists.iter().enumerate() {
                let fits = patterns.iter().any(|pattern| pattern.fits(path.as_bytes()));
                assert_eq!(run(&rows, path) >> number & 1 == 1, fits, "{path} {patterns:?}");
            }
        }
    }

    #[test]
    fn folders_on_the_way_are_known() {
        for (pattern, path, expected) in [
            ("/etc/ssl/key", "/etc", true),
            ("/etc/ssl/key", "/etc/ssl", true),
            ("/etc/ssl/key", "/etc/ssl/key", false),
            ("/etc/ssl/key", "/var", false),
            ("/data/**/key", "/data", true),
            ("/data/**/key", "/data/any/thing", true),
            ("/data/**", "/data", true),
            ("/data/*/key", "/data/any", true),
            ("/data/*/key", "/data/any/thing", false),
            ("**/key", "/any/thing", true),
        ] {
            let lists = rules(&[&[pattern]]);
            let rows = folders(lists.iter().map(Vec::as_slice), 4000).expect("it fits");
            assert_eq!(run(&rows, path) == 1, expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_does_not_fit_is_not_made_less() {
        let lists = rules(&[&["**/a*b*c*d*e*f/**/g*h*i*j/**"]]);
        assert!(table(lists.iter().map(Vec::as_slice), 10).is_none());
    }
}
