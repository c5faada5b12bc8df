//! Python versions: PEP 440 by `pep440_rs`, and a documented order for what is not PEP 440.
//!
//! Legacy versions (`2004d`, `1.0-final-x`) come before every PEP 440 version and are ordered among themselves by the old
//! setuptools key, as `packaging` did before 22: runs of digits as numbers, words as text, `pre`, `preview` and `rc` as
//! one, `dev` before all, and the end of the version after every word before `final`.

use std::cmp::Ordering;
use std::str::FromStr;

use super::text::strip_zeros;

/// One version, read.
#[derive(Debug, Clone)]
pub(super) enum Pep440 {
    Legacy(Vec<String>),
    Version(pep440_rs::Version),
}

/// Reads a version, or `None` for text without a letter or digit.
pub(super) fn parse(text: &str) -> Option<Pep440> {
    if let Ok(version) = pep440_rs::Version::from_str(text) {
        return Some(Pep440::Version(version));
    }
    text.bytes().any(|byte| byte.is_ascii_alphanumeric()).then(|| Pep440::Legacy(legacy_key(text)))
}

impl Pep440 {
    /// PEP 440's order, legacy versions first.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Pep440::Version(a), Pep440::Version(b)) => a.cmp(b),
            (Pep440::Legacy(a), Pep440::Legacy(b)) => a.cmp(b),
            (Pep440::Legacy(_), Pep440::Version(_)) => Ordering::Less,
            (Pep440::Version(_), Pep440::Legacy(_)) => Ordering::Greater,
        }
    }
}

/// What a byte belongs to when a legacy version is cut into parts.
#[derive(PartialEq, Clone, Copy)]
enum Class {
    Digit,
    Letter,
    Dot,
    Dash,
    Other,
}

fn class(c: char) -> Class {
    match c {
        '0'..='9' => Class::Digit,
        'a'..='z' => Class::Letter,
        '.' => Class::Dot,
        '-' => Class::Dash,
        _ => Class::Other,
    }
}

fn push(key: &mut Vec<String>, part: &str, kind: Class) {
    let part = match (kind, part) {
        (Class::Dot, _) | (_, "") => return,
        (Class::Dash, _) => "*final-".to_owned(),
        (Class::Digit, number) => {
            // Padding makes text order number order; a longer one starts with a byte above the digits and its length.
            let number = String::from_utf8_lossy(strip_zeros(number.as_bytes())).into_owned();
            if number.len() > 8 { format!(":{:04}{number}", number.len()) } else { format!("{number:0>8}") }
        }
        (_, "pre" | "preview" | "rc") => "*c".to_owned(),
        (_, "dev") => "*@".to_owned(),
        (_, word) => format!("*{word}"),
    };
    if part.starts_with('*') {
        if *part < *"*final" {
            while key.last().is_some_and(|last| last == "*final-") {
                key.pop();
            }
        }
        while key.last().is_some_and(|last| last == "00000000") {
            key.pop();
        }
    }
    key.push(part);
}

fn legacy_key(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut key = Vec::new();
    let (mut start, mut kind) = (0, Class::Dot);
    for (at, c) in text.char_indices() {
        let next = class(c);
        if next != kind || next == Class::Dash {
            push(&mut key, text.get(start..at).unwrap_or_default(), kind);
            (start, kind) = (at, next);
        }
    }
    push(&mut key, text.get(start..).unwrap_or_default(), kind);
    push(&mut key, "final", Class::Letter);
    key
}
