/// Why a path from an archive is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathProblem {
    /// It leaves its root (`../x`).
    Escapes,
    /// It is longer than the limit.
    TooLong,
    /// It holds a NUL byte.
    Nul,
}

impl std::fmt::Display for PathProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Escapes => "the path leaves its root",
            Self::TooLong => "the path is too long",
            Self::Nul => "the path holds a NUL byte",
        })
    }
}

/// Brings a path from an archive to the one form that Seawall uses: no leading slash, no `.` or empty components, and
/// bytes that are not UTF-8 as U+FFFD. The root itself is the empty path.
///
/// # Errors
/// A path with `..` is refused, not resolved: container engines differ in what they make of it.
pub fn clean_path(raw: &[u8], limit: usize) -> Result<String, PathProblem> {
    if raw.len() > limit {
        return Err(PathProblem::TooLong);
    }
    if memchr::memchr(0, raw).is_some() {
        return Err(PathProblem::Nul);
    }
    let text = String::from_utf8_lossy(raw);
    let odd = |c: &str| c.is_empty() || c == "." || c == "..";
    if !text.split('/').any(odd) {
        return Ok(text.into_owned());
    }
    let mut out = String::with_capacity(text.len());
    for component in text.split('/') {
        match component {
            "" | "." => {}
            ".." => return Err(PathProblem::Escapes),
            _ => {
                if !out.is_empty() {
                    out.push('/');
                }
                out.push_str(component);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cleans_and_refuses() {
        let clean = |p: &str| clean_path(p.as_bytes(), 100);
        assert_eq!(clean("./usr//bin/./ls/").as_deref(), Ok("usr/bin/ls"));
        assert_eq!(clean("/etc/passwd").as_deref(), Ok("etc/passwd"));
        assert_eq!(clean("").as_deref(), Ok(""));
        assert_eq!(clean("a/../b"), Err(PathProblem::Escapes));
        assert_eq!(clean("a/..b").as_deref(), Ok("a/..b"));
        assert_eq!(clean(&"x".repeat(101)), Err(PathProblem::TooLong));
        assert_eq!(clean_path(b"a\xff", 9).as_deref(), Ok("a\u{fffd}"));
    }

    proptest! {
        #[test]
        fn a_clean_path_is_confined_and_stays_itself(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(path) = clean_path(&raw, 4096) {
                prop_assert!(!path.starts_with('/') && !path.ends_with('/'));
                prop_assert!(path.split('/').all(|c| c != ".." && c != "."));
                prop_assert_eq!(clean_path(path.as_bytes(), 100_000).expect("clean"), path);
            }
        }
    }
}
