//! Composer constraints: composer/semver's `VersionParser::parseConstraints`.
//!
//! `|` and `||` separate alternatives, a comma or a space joins. Ranges (`^ ~ 1.* 1.0 - 2.0`) and bounds without a
//! stability let the bound's own prereleases in, by comparing with `-dev`, as Composer does.

use std::cmp::Ordering;

use crate::version::composer::{is_branch, modifier, normalize, order};
use crate::version::text::{digits, strip_v};
use crate::version::{Version, VersionError};

use super::refused;

/// One comparison with a normalised version.
struct Comparison {
    operator: &'static str,
    version: String,
}

fn comparison(operator: &'static str, version: String) -> Comparison {
    Comparison { operator, version }
}

pub(super) fn matches(constraint: &str, version: &Version) -> Result<bool, VersionError> {
    let refuse = || refused(version.scheme(), constraint);
    let candidate = normalize(version.as_str()).ok_or_else(refuse)?;
    let mut any = false;
    for group in constraint.replace("||", "|").split('|') {
        let mut all = true;
        let words = words(group);
        if words.is_empty() {
            return Err(refuse());
        }
        for word in words {
            for comparison in parse(&word).ok_or_else(refuse)? {
                all &= holds(&comparison, &candidate);
            }
        }
        any |= all;
    }
    Ok(any)
}

/// Composer's own rule: a branch equals itself and is never less or greater than anything.
fn holds(comparison: &Comparison, candidate: &str) -> bool {
    let Comparison { operator, version } = comparison;
    let (one, two) = (is_branch(candidate), is_branch(version));
    if one || two {
        return match *operator {
            "!=" => candidate != version,
            "=" => candidate == version,
            _ => false,
        };
    }
    let order = order(candidate, version);
    match *operator {
        "!=" => order.is_ne(),
        "<" => order == Ordering::Less,
        "<=" => order.is_le(),
        ">" => order == Ordering::Greater,
        ">=" => order.is_ge(),
        _ => order.is_eq(),
    }
}

/// Cuts one alternative into constraints: an operator keeps its version, a hyphen its two ends, an alias is dropped.
fn words(group: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut join, mut skip) = (false, false);
    for word in group.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|word| !word.is_empty()) {
        if std::mem::take(&mut skip) {
            continue;
        }
        match word {
            "as" => skip = true,
            "-" => {
                if let Some(last) = words.last_mut() {
                    last.push_str(" - ");
                    join = true;
                }
            }
            _ => {
                match words.last_mut() {
                    Some(last) if join => last.push_str(word),
                    _ => words.push(word.to_owned()),
                }
                join = word.bytes().all(|byte| b"<>=!~^".contains(&byte));
            }
        }
    }
    words
}

/// The numbers of a version in a range, and whether it names a stability.
struct Parts<'a> {
    numbers: Vec<&'a str>,
    stable: bool,
    /// `1.2.x-dev`: the next place is open.
    open: bool,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let text = text.split_once('+').map_or(text, |(version, _)| version);
    let mut rest = strip_v(text);
    let mut numbers = Vec::new();
    loop {
        let (number, _) = digits(rest.as_bytes());
        let (number, after) = rest.split_at_checked(number.len())?;
        if number.is_empty() {
            return None;
        }
        numbers.push(number);
        rest = after;
        match after.strip_prefix('.') {
            Some(next) if numbers.len() < 4 && next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
            _ => break,
        }
    }
    let open = [".x", ".X", ".*"]
        .iter()
        .find_map(|open| rest.strip_prefix(open))
        .is_some_and(|after| after.strip_prefix(['.', '-']).unwrap_or(after).eq_ignore_ascii_case("dev"));
    if !open {
        modifier(rest.as_bytes())?;
    }
    Some(Parts { numbers, stable: !open && !rest.contains(|c: char| c.is_ascii_alphabetic()), open })
}

/// The four numbers after `position` places are kept, the last of them raised by `step`.
fn numbers(parts: &[&str], position: usize, step: u64) -> Option<String> {
    let mut numbers = [0_u64; 4];
    for (at, slot) in numbers.iter_mut().enumerate().take(position) {
        *slot = parts.get(at).unwrap_or(&"0").parse().ok()?;
        if at + 1 == position {
            *slot = slot.checked_add(step)?;
        }
    }
    let [a, b, c, d] = numbers;
    Some(format!("{a}.{b}.{c}.{d}"))
}

fn parse(text: &str) -> Option<Vec<Comparison>> {
    let (mut text, mut stability) = (text, None);
    if let Some((version, flag)) = text.rsplit_once('@') {
        let name = ["stable", "RC", "beta", "alpha", "dev"].into_iter().find(|name| flag.eq_ignore_ascii_case(name));
        if let Some(name) = name {
            text = if version.is_empty() { "*" } else { version };
            stability = (name != "stable").then_some(name);
        }
    }
    if let Some((branch, reference)) = text.split_once('#')
        && !reference.is_empty()
        && (is_branch(branch) || branch.ends_with(".x-dev"))
    {
        text = branch;
    }
    let anything = strip_v(text).split('.').all(|part| matches!(part, "x" | "X" | "*"));
    if anything {
        return Some(if text.len() == 1 { vec![] } else { vec![comparison(">=", "0.0.0.0-dev".to_owned())] });
    }
    if let Some(version) = text.strip_prefix('~').filter(|version| !version.starts_with('>')) {
        return range(version, |parts| {
            let position = parts.numbers.len() + usize::from(parts.open);
            position.saturating_sub(1).max(1)
        });
    }
    if let Some(version) = text.strip_prefix('^') {
        return range(version, |parts| match *parts.numbers {
            ["0", "0", _, ..] => 3,
            ["0", _, ..] => 2,
            _ => 1,
        });
    }
    if let Some((from, to)) = text.split_once(" - ") {
        return hyphen(from, to);
    }
    wildcard(text).or_else(|| basic(text, stability))
}

fn range(version: &str, position: impl Fn(&Parts<'_>) -> usize) -> Option<Vec<Comparison>> {
    let parts = parts(version)?;
    let low = if parts.stable { normalize(&format!("{version}-dev"))? } else { normalize(version)? };
    let high = numbers(&parts.numbers, position(&parts), 1)? + "-dev";
    Some(vec![comparison(">=", low), comparison("<", high)])
}

fn wildcard(text: &str) -> Option<Vec<Comparison>> {
    let mut kept = text;
    while let Some(shorter) = [".x", ".X", ".*"].iter().find_map(|open| kept.strip_suffix(open)) {
        kept = shorter;
    }
    let parts = parts(kept).filter(|parts| kept.len() < text.len() && parts.stable && parts.numbers.len() < 4)?;
    let position = parts.numbers.len();
    let low = numbers(&parts.numbers, position, 0)? + "-dev";
    let high = comparison("<", numbers(&parts.numbers, position, 1)? + "-dev");
    Some(if low == "0.0.0.0-dev" { vec![high] } else { vec![comparison(">=", low), high] })
}

fn hyphen(from: &str, to: &str) -> Option<Vec<Comparison>> {
    let (low, high) = (parts(from)?, parts(to)?);
    let low = normalize(from)? + if low.stable { "-dev" } else { "" };
    let end = normalize(to)?;
    let high = if high.numbers.len() >= 3 || !high.stable {
        comparison("<=", end)
    } else {
        comparison("<", numbers(&high.numbers, high.numbers.len(), 1)? + "-dev")
    };
    Some(vec![comparison(">=", low), high])
}

fn basic(text: &str, stability: Option<&str>) -> Option<Vec<Comparison>> {
    const OPERATORS: &[(&str, &str)] =
        &[("<>", "!="), ("!=", "!="), (">=", ">="), (">", ">"), ("<=", "<="), ("<", "<"), ("==", "="), ("=", "=")];
    let found = OPERATORS.iter().find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, *operator)));
    let (written, operator) = found.unwrap_or((text, "="));
    let written = written.trim_ascii_start();
    let mut version = normalize(written).or_else(|| {
        let branch = written.strip_suffix("-dev")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/');
        written.chars().all(plain).then(|| format!("dev-{branch}"))
    })?;
    if let Some(name) = stability.filter(|_| operator != "=" && !version.contains(|c: char| c.is_ascii_alphabetic())) {
        version = version + "-" + name;
    } else if matches!(operator, "<" | ">=") && !written.starts_with("dev-") {
        let lower = written.to_ascii_lowercase();
        let named = lower
            .match_indices('-')
            .any(|(at, _)| lower.get(at + 1..).is_some_and(|label| modifier(label.as_bytes()).is_some()));
        if !named {
            version += "-dev";
        }
    }
    Some(vec![comparison(operator, version)])
}
