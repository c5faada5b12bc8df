//! Debian's short names of licences as SPDX expressions.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The SPDX identifiers by their lower case: Debian's names differ from most of them in case alone.
static SPDX: LazyLock<HashMap<String, &'static str>> =
    LazyLock::new(|| spdx::identifiers::LICENSES.iter().map(|l| (l.name.to_ascii_lowercase(), l.name)).collect());

/// Names that only differ in how they are written; the left side is in lower case.
const NAMES: &[(&str, &str)] = &[
    ("expat", "MIT"),
    ("mit/x11", "MIT"),
    ("mit-expat", "MIT"),
    ("x11/mit", "MIT"),
    ("apache", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache-2-llvm-exceptions", "Apache-2.0 WITH LLVM-exception"),
    ("artistic", "Artistic-1.0"),
    ("artistic-1", "Artistic-1.0"),
    ("artistic-2", "Artistic-2.0"),
    ("bsd-2", "BSD-2-Clause"),
    ("bsd-3", "BSD-3-Clause"),
    ("bsd-4", "BSD-4-Clause"),
    ("bsd-2-clauses", "BSD-2-Clause"),
    ("bsd-3-clauses", "BSD-3-Clause"),
    ("bsd-2clause", "BSD-2-Clause"),
    ("bsd-3clause", "BSD-3-Clause"),
    ("boost-1.0", "BSL-1.0"),
    ("boost", "BSL-1.0"),
    ("cc0", "CC0-1.0"),
    ("mpl-1", "MPL-1.0"),
    ("mpl-2", "MPL-2.0"),
    ("psf", "PSF-2.0"),
    ("psf-2", "PSF-2.0"),
    ("python", "Python-2.0"),
    ("sil-1.1", "OFL-1.1"),
    ("zpl-2", "ZPL-2.0"),
];

/// Exceptions by the words between `with` and `exception`, in lower case.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("autoconf", "Autoconf-exception-2.0"),
    ("autoconf-2.0", "Autoconf-exception-2.0"),
    ("autoconf-3.0", "Autoconf-exception-3.0"),
    ("bison", "Bison-exception-2.2"),
    ("bison-2.2", "Bison-exception-2.2"),
    ("classpath", "Classpath-exception-2.0"),
    ("font", "Font-exception-2.0"),
    ("gcc", "GCC-exception-3.1"),
    ("gcc-3.1", "GCC-exception-3.1"),
    ("gcc runtime library", "GCC-exception-3.1"),
    ("libtool", "Libtool-exception"),
    ("linux-syscall-note", "Linux-syscall-note"),
    ("llvm", "LLVM-exception"),
];

/// A `License:` value as an SPDX expression where every name in it is known, else as it stands.
pub(super) fn expression(value: &str) -> String {
    translate(value)
        .unwrap_or_else(|| value.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect())
}

/// A file of `/usr/share/common-licenses`; the file says which licence, only the text says whether a later one too.
pub(super) fn common(file: &str, or_later: bool) -> String {
    let known = if or_later { name(&format!("{file}+")).filter(|n| n.ends_with("-or-later")) } else { None };
    known.or_else(|| name(file)).unwrap_or_else(|| file.to_owned())
}

fn translate(value: &str) -> Option<String> {
    // A pathological value is shown as it is.
    if value.len() > 1000 {
        return None;
    }
    let has = |word: &str| value.split_whitespace().any(|w| w.trim_end_matches(',').eq_ignore_ascii_case(word));
    // A comma changes what binds first; SPDX has no such thing.
    if value.contains(',') && has("and") && has("or") {
        return None;
    }
    let mut out = String::new();
    let mut words = value.split_whitespace().map(|w| w.trim_end_matches(',')).filter(|w| !w.is_empty()).peekable();
    loop {
        out.push_str(&name(words.next()?)?);
        if words.next_if(|w| w.eq_ignore_ascii_case("with")).is_some() {
            let mut exception = Vec::new();
            while let Some(word) = words.next_if(|w| !is_operator(w)) {
                exception.push(word);
            }
            out.push_str(" WITH ");
            out.push_str(exception_name(&exception.join(" "))?);
        }
        match words.next() {
            None => break,
            Some(word) if is_operator(word) => {
                out.push(' ');
                out.push_str(&word.to_ascii_uppercase());
                out.push(' ');
            }
            Some(_) => return None,
        }
    }
    spdx::Expression::parse(&out).ok().map(|_| out)
}

fn is_operator(word: &str) -> bool {
    word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or")
}

fn exception_name(words: &str) -> Option<&'static str> {
    let lower = words.to_ascii_lowercase();
    let lower = lower.strip_suffix("exception").map_or(lower.as_str(), |rest| rest.trim_end_matches([' ', '-']));
    let known = EXCEPTIONS.iter().find(|(debian, _)| *debian == lower).map(|(_, id)| *id);
    known.or_else(|| spdx::exception_id(words).map(|exception| exception.name))
}

/// One short name.
fn name(short: &str) -> Option<String> {
    let lower = short.to_ascii_lowercase();
    if let Some(gnu) = gnu(&lower) {
        return Some(gnu);
    }
    if let Some((_, id)) = NAMES.iter().find(|(debian, _)| *debian == lower) {
        return Some((*id).to_owned());
    }
    SPDX.get(&lower).map(|id| (*id).to_owned())
}

/// `gpl-2+`, `lgpl-2.1`, `gfdl-1.3+`; also as SPDX writes them. A bare `gpl` says no version, and has no SPDX name.
fn gnu(lower: &str) -> Option<String> {
    let (family, rest) = [("agpl-", "AGPL"), ("lgpl-", "LGPL"), ("gpl-", "GPL"), ("gfdl-", "GFDL")]
        .iter()
        .find_map(|(prefix, family)| Some((*family, lower.strip_prefix(prefix)?)))?;
    let (version, later) = match (rest.strip_suffix('+'), rest.strip_suffix("-or-later")) {
        (Some(version), _) | (_, Some(version)) => (version, true),
        _ => (rest.strip_suffix("-only").unwrap_or(rest), false),
    };
    // Without invariant sections.
    let (version, variant) = version.strip_prefix("niv-").map_or((version, ""), |version| (version, "no-invariants-"));
    let version = if version.contains('.') { version.to_owned() } else { format!("{version}.0") };
    let id = format!("{family}-{version}-{variant}{}", if later { "or-later" } else { "only" });
    spdx::license_id(&id).map(|known| known.name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_spdx() {
        for (debian, spdx) in [
            ("GPL-2+", "GPL-2.0-or-later"),
            ("GPL-3", "GPL-3.0-only"),
            ("LGPL-2.1+", "LGPL-2.1-or-later"),
            ("GPL-2.0-or-later", "GPL-2.0-or-later"),
            ("GFDL-1.3+", "GFDL-1.3-or-later"),
            ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
            ("Apache-2-LLVM-exceptions", "Apache-2.0 WITH LLVM-exception"),
            ("Expat", "MIT"),
            ("BSD-3-clause", "BSD-3-Clause"),
            ("zlib", "Zlib"),
            ("ISC", "ISC"),
            ("GPL-2+ or Artistic", "GPL-2.0-or-later OR Artistic-1.0"),
            ("GPL-2+, and Expat", "GPL-2.0-or-later AND MIT"),
            ("GPL-3+ with autoconf exception", "GPL-3.0-or-later WITH Autoconf-exception-2.0"),
            ("GPL-2+ with Foo exception", "GPL-2+ with Foo exception"),
            ("GPL-2+ or Expat, and ISC", "GPL-2+ or Expat, and ISC"),
            ("public-domain", "public-domain"),
            ("or", "or"),
            ("GPL-2+ or", "GPL-2+ or"),
        ] {
            assert_eq!(expression(debian), spdx, "{debian}");
        }
        assert_eq!(common("GPL-2", true), "GPL-2.0-or-later");
        assert_eq!(common("GPL-2", false), "GPL-2.0-only");
        assert_eq!(common("Apache-2.0", true), "Apache-2.0");
        assert_eq!(common("GPL", true), "GPL");
        assert_eq!(common("BSD", false), "BSD");
    }
}
