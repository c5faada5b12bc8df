use std::fmt::Write as _;

use crate::fields::{Extract, FIELDS, Field, Takes};
use crate::syntax::{Function, Operator};

/// The reference of what conditions and outputs can name, in Markdown, from the tables that rules are checked against.
pub fn reference() -> String {
    let mut out = String::from(
        "# Fields of runtime rules\n\nRules are written in the language of Falco's rules. A check of a field that an event has \
         not is false, whatever the operator. `any` in the last column: without a number in brackets it is true of any \
         ancestor; `sides`: of either side of a connection.\n",
    );
    let list = |out: &mut String, title: &str, words: &[&str]| {
        let words: Vec<String> = words.iter().map(|w| format!("`{w}`")).collect();
        let _ = writeln!(out, "\n{title}: {}.", words.join(", "));
    };
    list(&mut out, "Operators", &Operator::ALL.iter().map(|o| o.word()).collect::<Vec<_>>());
    list(&mut out, "Transformers", &Function::ALL.iter().map(|f| f.word()).collect::<Vec<_>>());
    for (class, fields) in FIELDS {
        let _ = writeln!(out, "\n## {class}\n\n| field | type | what | |\n|---|---|---|---|");
        for field in fields.iter().filter(|f| !matches!(f.extract, Extract::Nothing)) {
            row(&mut out, field);
        }
    }
    out.push_str("\n## Not supplied\n\nRules that use these load, and `seawall rules check` names them.\n\n| field | what |\n|---|---|\n");
    for field in FIELDS.iter().flat_map(|(_, fields)| fields.iter()).filter(|f| matches!(f.extract, Extract::Nothing)) {
        let _ = writeln!(out, "| `{}` | {} |", field.name, field.about);
    }
    out
}

fn row(out: &mut String, field: &Field) {
    let brackets = match field.takes {
        Takes::Nothing if field.name.ends_with('.') => "NAME",
        Takes::Nothing => "",
        Takes::Index => "[N]",
        Takes::OptionalIndex => "[N]?",
        Takes::Key => "[NAME]",
        Takes::OptionalKey => "[NAME]?",
        Takes::Path => "[PATH]",
    };
    let several = match field.extract {
        Extract::Ancestors(_) => "any",
        Extract::Ends(_) => "sides",
        _ => "",
    };
    let _ = writeln!(out, "| `{}{brackets}` | {} | {} | {several} |", field.name, field.kind.name(), field.about);
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use crate::fields::FIELDS;

    #[test]
    fn every_field_is_told_once() {
        let page = super::reference();
        let mut names = HashSet::new();
        for field in FIELDS.iter().flat_map(|(_, fields)| fields.iter()) {
            assert!(names.insert(field.name), "{} is there twice", field.name);
            assert!(!field.about.is_empty() && !field.about.contains('|'), "{}", field.name);
            assert!(page.contains(&format!("`{}", field.name)), "{}", field.name);
        }
        assert!(names.len() > 150);
    }

    /// `UPDATE_REFERENCE=1 cargo test -p seawall-rules` writes the page anew, as `make reference` does.
    #[test]
    fn the_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/rules-fields.md");
        let wanted = format!("<!-- Made by `make reference`; do not edit. -->\n\n{}", super::reference());
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(path, &wanted).expect("writable");
        }
        #[expect(clippy::disallowed_methods, reason = "a test reads a page of this repository")]
        let page = std::fs::read_to_string(path).expect("docs/reference/rules-fields.md");
        assert!(page == wanted, "docs/reference/rules-fields.md is not up to date\nhint: make reference");
    }
}
