//! Declared licences as SPDX sees them ([SPDX 2.3 annex D](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/)).

use ::spdx::{Expression, ParseMode, license_id};

/// Packages of old still say `GPL-2.0` or `GPL-2.0+`; SPDX keeps these ids, only deprecated.
const MODE: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: false,
    allow_deprecated: true,
    allow_unknown: false,
};

/// One declared licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Licence<'a> {
    /// The id of a licence on the SPDX list.
    Id(&'static str),
    /// An expression of several ids.
    Expression(&'a str),
    /// Any other text.
    Name(&'a str),
}

/// What kind of text a declared licence is.
pub(crate) fn classify(text: &str) -> Licence<'_> {
    let text = text.trim();
    if let Some(id) = license_id(text).filter(|id| id.name == text) {
        return Licence::Id(id.name);
    }
    // A reference to another document or to a text that we do not have cannot be kept as an expression.
    let refers = text.contains("LicenseRef-") || text.contains("DocumentRef-") || text.contains("AdditionRef-");
    if !refers && text.len() <= 1000 && Expression::parse_mode(text, MODE).is_ok() {
        Licence::Expression(text)
    } else {
        Licence::Name(text)
    }
}

/// All declared licences, without empty ones.
pub(crate) fn all(licences: &[String]) -> Vec<Licence<'_>> {
    licences.iter().filter(|l| !l.trim().is_empty()).map(|l| classify(l)).collect()
}

/// Several expressions as one: a package that declares two licences is under both. `name` gives the identifier for a
/// text that is not an expression; `None` where it has none to give.
pub(crate) fn joined(licences: &[Licence<'_>], mut name: impl FnMut(&str) -> Option<String>) -> Option<String> {
    let mut parts: Vec<String> = Vec::with_capacity(licences.len());
    for licence in licences {
        let part = match licence {
            Licence::Id(id) => (*id).to_owned(),
            Licence::Expression(text) if licences.len() > 1 => format!("({text})"),
            Licence::Expression(text) => (*text).to_owned(),
            Licence::Name(text) => name(text)?,
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_expressions_and_texts_are_told_apart() {
        assert_eq!(classify("MIT"), Licence::Id("MIT"));
        assert_eq!(classify("GPL-2.0"), Licence::Id("GPL-2.0"));
        assert_eq!(classify("MIT OR Apache-2.0"), Licence::Expression("MIT OR Apache-2.0"));
        assert_eq!(classify("BSD, see LICENSE"), Licence::Name("BSD, see LICENSE"));
        assert_eq!(classify("LicenseRef-x"), Licence::Name("LicenseRef-x"));
        let several = ["MIT".to_owned(), "Apache-2.0 OR BSD-3-Clause".to_owned(), "MIT".to_owned()];
        assert_eq!(joined(&all(&several), |_| None).as_deref(), Some("MIT AND (Apache-2.0 OR BSD-3-Clause)"));
        assert_eq!(joined(&all(&["odd".to_owned()]), |_| None), None);
    }
}
