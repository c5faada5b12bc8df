//! Manifests and pom.properties.

use std::collections::HashMap;

/// The main section of a manifest; a line that begins with a blank goes on with the one before
/// ([JAR specification](https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html#name-value-pairs-and-sections)).
pub(super) fn manifest(bytes: &[u8]) -> HashMap<String, String> {
    let text = String::from_utf8_lossy(bytes);
    let mut pairs: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.is_empty() {
            break;
        }
        if let Some(rest) = line.strip_prefix(' ') {
            if let Some((_, value)) = pairs.last_mut() {
                value.push_str(rest);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            pairs.push((name.trim().to_ascii_lowercase(), value.trim_start().to_owned()));
        }
    }
    pairs.into_iter().map(|(name, value)| (name, value.trim_end().to_owned())).collect()
}

/// What a pom.properties says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Properties {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
}

/// Reads a pom.properties; `None` where one of the three is missing or was never filled in.
pub(super) fn properties(bytes: &[u8]) -> Option<Properties> {
    let text = String::from_utf8_lossy(bytes);
    let get = |name: &str| {
        let value = text.lines().filter(|l| !l.starts_with(['#', '!'])).find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })?;
        crate::text::is_plausible(&value).then_some(value).filter(|v| !v.contains("${"))
    };
    Some(Properties { group: get("groupId")?, artifact: get("artifactId")?, version: get("version")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_and_only_the_main_section_counts() {
        let read = manifest(
            b"Manifest-Version: 1.0\r\nImplementation-Title: a very long\r\n  title\r\nX: 1\r\n\r\nName: b\r\nX: 2\r\n",
        );
        assert_eq!(read.get("implementation-title").map(String::as_str), Some("a very long title"));
        assert_eq!(read.get("x").map(String::as_str), Some("1"));
        assert!(!read.contains_key("name"));
    }

    #[test]
    fn properties_must_be_whole() {
        let whole = properties(b"#Created\nversion=1.2\ngroupId = org.x\nartifactId=y\n");
        let (group, artifact, version) = ("org.x".to_owned(), "y".to_owned(), "1.2".to_owned());
        assert_eq!(whole, Some(Properties { group, artifact, version }));
        assert_eq!(properties(b"version=${v}\ngroupId=a\nartifactId=b"), None);
        assert_eq!(properties(b"\xff"), None);
    }
}
