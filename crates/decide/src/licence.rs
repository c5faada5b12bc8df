use crate::glob;

/// Parentheses may nest this deep; a licence text beyond it is nobody's expression.
const MAX_DEPTH: usize = 16;
/// Longest text that is read as an expression.
const MAX_LENGTH: usize = 4096;

/// Whether every licence of a package can be taken under the listed ones alone: of `MIT OR GPL-2.0-only` one is enough,
/// of `MIT AND GPL-2.0-only` both are needed. The list may use `*`; case does not matter. No licence at all permits
/// nothing.
pub(crate) fn permitted(licences: &[&str], allowed: &[&str]) -> bool {
    let listed = lower(allowed);
    !licences.is_empty() && licences.iter().all(|licence| satisfiable(licence, &|id| in_list(id, &listed)))
}

/// Whether some licence of a package cannot be taken without a listed one. No licence at all forbids nothing.
pub(crate) fn forbidden(licences: &[&str], denied: &[&str]) -> bool {
    let listed = lower(denied);
    licences.iter().any(|licence| !satisfiable(licence, &|id| !in_list(id, &listed)))
}

fn lower(list: &[&str]) -> Vec<String> {
    list.iter().map(|item| item.trim().to_ascii_lowercase()).collect()
}

/// A licence with an exception is listed where it is named whole, and where its licence is.
fn in_list(id: &str, listed: &[String]) -> bool {
    let id = id.to_ascii_lowercase();
    let licence = id.split(" with ").next().unwrap_or_default();
    listed.iter().any(|pattern| glob::matches(pattern, &id) || glob::matches(pattern, licence))
}

/// Whether an SPDX expression ([SPDX 2.3 annex D](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/)) can
/// be satisfied with licences that the test takes. A text that is no expression is taken as the name of one licence.
fn satisfiable(text: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let plain = text.trim();
    if plain.len() > MAX_LENGTH {
        return test(plain);
    }
    let spaced = plain.replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { tokens: &tokens, pos: 0, depth: 0, test };
    match parser.either() {
        Some(answer) if parser.pos == tokens.len() => answer,
        _ => test(plain),
    }
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    pos: usize,
    depth: usize,
    test: &'a dyn Fn(&str) -> bool,
}

impl<'a> Parser<'a> {
    fn word(&self) -> Option<&'a str> {
        self.tokens.get(self.pos).copied()
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.word().is_some_and(|w| w.eq_ignore_ascii_case(word));
        self.pos += usize::from(found);
        found
    }

    fn either(&mut self) -> Option<bool> {
        let mut answer = self.both()?;
        while self.eat("OR") {
            answer |= self.both()?;
        }
        Some(answer)
    }

    fn both(&mut self) -> Option<bool> {
        let mut answer = self.one()?;
        while self.eat("AND") {
            answer &= self.one()?;
        }
        Some(answer)
    }

    fn one(&mut self) -> Option<bool> {
        if self.eat("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let answer = self.either()?;
            self.depth -= 1;
            return self.eat(")").then_some(answer);
        }
        let id = self.word().filter(|w| !matches!(*w, "(" | ")") && !is_operator(w))?;
        self.pos += 1;
        if self.eat("WITH") {
            let exception = self.word().filter(|w| !matches!(*w, "(" | ")") && !is_operator(w))?;
            self.pos += 1;
            return Some((self.test)(&format!("{id} WITH {exception}")));
        }
        Some((self.test)(id))
    }
}

fn is_operator(word: &str) -> bool {
    ["AND", "OR", "WITH"].iter().any(|operator| word.eq_ignore_ascii_case(operator))
}

#[cfg(test)]
mod tests {
    use super::{forbidden, permitted};

    #[test]
    fn alternatives_and_conjunctions_are_weighed() {
        let copyleft = &["GPL-*", "AGPL-*"][..];
        let lax = &["MIT", "Apache-2.0", "BSD-*"][..];
        for (licences, forbidden_by, permitted_by) in [
            (&["MIT"][..], false, true),
            (&["GPL-3.0-only"][..], true, false),
            (&["MIT OR GPL-2.0-only"][..], false, true),
            (&["MIT AND GPL-2.0-only"][..], true, false),
            (&["(MIT OR GPL-2.0-only) AND Apache-2.0"][..], false, true),
            (&["MIT", "GPL-2.0-only"][..], true, false),
            (&["gpl-2.0-or-later WITH Classpath-exception-2.0"][..], true, false),
            (&["Some Licence AND nonsense ("][..], false, false),
            (&["Zlib"][..], false, false),
            (&[][..], false, false),
        ] {
            assert_eq!(forbidden(licences, copyleft), forbidden_by, "forbidden {licences:?}");
            assert_eq!(permitted(licences, lax), permitted_by, "permitted {licences:?}");
        }
        assert!(permitted(
            &["GPL-2.0-only WITH Classpath-exception-2.0"],
            &["GPL-2.0-only WITH Classpath-exception-2.0"]
        ));
        assert!(!permitted(&["GPL-2.0-only"], &["GPL-2.0-only WITH Classpath-exception-2.0"]));
    }

    #[test]
    fn deep_nesting_is_one_unknown_name() {
        let deep = format!("{}MIT{}", "(".repeat(5000), ")".repeat(5000));
        assert!(!permitted(&[&deep[..]], &["MIT"]));
    }
}
