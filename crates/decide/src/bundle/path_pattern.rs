//! Patterns of paths in the `runtime` section, where a slash is never crossed by accident.

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 1024;

/// What a pattern consists of, from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathPart {
    /// This byte.
    Byte(u8),
    /// `?`: one byte of a name.
    One,
    /// `*`: any run of bytes within a name, also none.
    Name,
    /// `/**` before another name: any number of folders, also none.
    Folders,
    /// `/**` at the end: whatever lies below.
    Below,
}

/// A pattern of whole paths: `*` and `?` stay within a name, `**` stands for any number of folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    text: String,
    parts: Vec<PathPart>,
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and how to write it.
    pub(crate) fn parse(text: &str) -> Result<Self, (String, &'static str)> {
        let wrong = |reason: &str, hint| Err((format!("`{}` {reason}", text.escape_debug()), hint));
        if text.len() > MAX_PATTERN {
            return Err((
                format!("a pattern of a path has at most {MAX_PATTERN} bytes"),
                "write `*` or `**` for what differs",
            ));
        }
        let absolute = if text.starts_with("**/") { format!("/{text}") } else { text.to_owned() };
        let Some(names) = absolute.strip_prefix('/') else {
            return wrong("is no absolute path", "begin with `/`, or with `**/` for any folder");
        };
        let names: Vec<&str> = names.split('/').collect();
        let mut parts = Vec::new();
        for (number, name) in names.iter().enumerate() {
            match *name {
                "" => return wrong("has an empty name", "write one `/` between names, and none at the end"),
                "." | ".." => return wrong("has a name that no path has once it is resolved", "write the path itself"),
                "**" if number + 1 == names.len() => parts.push(PathPart::Below),
                "**" => parts.push(PathPart::Folders),
                _ => {
                    parts.push(PathPart::Byte(b'/'));
                    parts.extend(match parse_name(name) {
                        Ok(parts) => parts,
                        Err((reason, hint)) => return wrong(reason, hint),
                    });
                }
            }
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it consists of.
    pub fn parts(&self) -> &[PathPart] {
        &self.parts
    }

    /// Whether it fits a whole path that is absolute and resolved.
    pub fn fits(&self, path: &[u8]) -> bool {
        fits(&self.parts, path)
    }
}

/// The parts of one name.
fn parse_name(name: &str) -> Result<Vec<PathPart>, (&'static str, &'static str)> {
    let mut parts = Vec::new();
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        parts.push(match byte {
            b'*' if parts.last() == Some(&PathPart::Name) => {
                return Err((
                    "has `**` within a name",
                    "`**` stands for whole folders: write `/**/` or `/**` at the end",
                ));
            }
            b'*' => PathPart::Name,
            b'?' => PathPart::One,
            b'[' | b']' | b'{' | b'}' => {
                return Err((
                    "has brackets, which choose nothing here",
                    "list each path; for the character itself write `\\` before it",
                ));
            }
            b'\\' => match bytes.next() {
                Some(byte @ (b'*' | b'?' | b'[' | b']' | b'{' | b'}' | b'\\')) => PathPart::Byte(byte),
                _ => return Err(("has `\\` before what needs none", "it goes before `*?[]{}\\` only")),
            },
            0 => return Err(("has a zero byte", "no path has one")),
            byte => PathPart::Byte(byte),
        });
    }
    Ok(parts)
}

/// By the definition of each part: `parts.len() * path.len()` places at most are looked at.
fn fits(parts: &[PathPart], path: &[u8]) -> bool {
    // Which ends of the path the parts so far arrive at.
    let mut here = vec![false; path.len() + 1];
    if let Some(first) = here.first_mut() {
        *first = true;
    }
    for part in parts {
        let mut next = vec![false; path.len() + 1];
        for start in (0..=path.len()).filter(|at| here.get(*at) == Some(&true)) {
            let rest = path.get(start..).unwrap_or_default();
            let ends = match part {
                PathPart::Byte(byte) if rest.first() == Some(byte) => 1..2,
                PathPart::One if rest.first().is_some_and(|byte| *byte != b'/') => 1..2,
                PathPart::Byte(_) | PathPart::One => 0..0,
                PathPart::Name => 0..rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len()) + 1,
                PathPart::Folders if rest.first() == Some(&b'/') => 0..rest.len() + 1,
                PathPart::Folders => 0..1,
                PathPart::Below if rest.len() > 1 && rest.first() == Some(&b'/') => rest.len()..rest.len() + 1,
                PathPart::Below => 0..0,
            };
            for length in ends {
                if let Some(slot) = next.get_mut(start + length) {
                    *slot = true;
                }
            }
        }
        here = next;
    }
    here.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    #[test]
    fn patterns_mean_whole_paths() {
        for (pattern, path, expected) in [
            ("/usr/bin/nc", "/usr/bin/nc", true),
            ("/usr/bin/nc", "/usr/bin/nc2", false),
            ("/usr/bin/*", "/usr/bin/nc", true),
            ("/usr/bin/*", "/usr/bin/x/nc", false),
            ("/usr/bin/n?", "/usr/bin/nc", true),
            ("/usr/bin?nc", "/usr/bin/nc", false),
            ("/usr/**", "/usr/bin/nc", true),
            ("/usr/**", "/usr", false),
            ("/usr/**", "/usrlocal/nc", false),
            ("**/nc", "/nc", true),
            ("**/nc", "/usr/bin/nc", true),
            ("**/nc", "/usr/bin/xnc", false),
            ("/a/**/b", "/a/b", true),
            ("/a/**/b", "/a/x/y/b", true),
            ("/a/**/b", "/axx/b", false),
            ("/a/**/b/**", "/a/b/c", true),
            ("/**", "/anything", true),
            ("/usr/bin/\\[", "/usr/bin/[", true),
            ("/python3*", "/python3.13", true),
            ("/python3*", "/python2", false),
        ] {
            let read = PathPattern::parse(pattern).expect(pattern);
            assert_eq!(read.fits(path.as_bytes()), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn broken_patterns_are_refused() {
        for text in [
            "",
            "nc",
            "/",
            "/usr//bin",
            "/usr/bin/",
            "/usr/../bin",
            "/a/./b",
            "/a**",
            "/a/***",
            "/bin/{a,b}",
            "/[ab]",
            "/a\\b",
            "/a\\",
            "~/.ssh",
        ] {
            assert!(PathPattern::parse(text).is_err(), "{text}");
        }
        assert!(PathPattern::parse(&format!("/{}", "a".repeat(1024))).is_err());
    }
}
