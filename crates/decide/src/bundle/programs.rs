//! `programs` and `files` of a `runtime` entry: which programs must not run, and which files must not be touched.

use super::path_pattern::PathPattern;
use crate::reader::Reader;
use crate::yaml::Node;

/// Rules of one list: the kernel keeps one bit for each.
const MAX_RULES: usize = 32;
/// Patterns of one rule.
const MAX_PATTERNS: usize = 100;

/// Programs that must not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramRule {
    /// The program is one of these; none: any.
    pub paths: Vec<PathPattern>,
    /// It was started by one of these; none: by any.
    pub parents: Vec<PathPattern>,
}

/// What of a file is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAccess {
    /// Whatever changes it, makes it or takes it away.
    Write,
    /// Opening it to be read as well.
    Any,
}

/// Files that must not be touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRule {
    /// Which.
    pub paths: Vec<PathPattern>,
    /// How.
    pub access: FileAccess,
}

/// Reads the list `programs`.
pub(super) fn programs(reader: &mut Reader<'_>, node: &Node) -> Vec<ProgramRule> {
    rules(reader, node, |reader, node| {
        let fields = reader.fields(node, "an entry of `programs`", &["paths", "parents"]);
        let [paths, parents] =
            ["paths", "parents"].map(|key| fields.get(key).map(|node| patterns(reader, node)).unwrap_or_default());
        if ["paths", "parents"].iter().all(|key| fields.get(key).is_none()) {
            let hint = "write `paths`, `parents` or both; `paths: ['/**']` is every program";
            reader.fail_at(node, "the entry names no program", Some(hint));
        }
        Some(ProgramRule { paths, parents })
    })
}

/// Reads the list `files`.
pub(super) fn files(reader: &mut Reader<'_>, node: &Node) -> Vec<FileRule> {
    rules(reader, node, |reader, node| {
        let fields = reader.fields(node, "an entry of `files`", &["paths", "access"]);
        let paths = fields.require(reader, "paths").map(|node| patterns(reader, node));
        let choices = [("write", FileAccess::Write), ("any", FileAccess::Any)];
        let access = fields.require(reader, "access").and_then(|node| reader.choice(node, &choices));
        Some(FileRule { paths: paths?, access: access? })
    })
}

fn rules<T>(reader: &mut Reader<'_>, node: &Node, rule: impl Fn(&mut Reader<'_>, &Node) -> Option<T>) -> Vec<T> {
    let nodes = reader.list(node, MAX_RULES);
    if nodes.is_empty() && node.is_empty_list() {
        reader.fail_at(node, "the list is empty", None);
    }
    nodes.into_iter().filter_map(|node| rule(reader, node)).collect()
}

fn patterns(reader: &mut Reader<'_>, node: &Node) -> Vec<PathPattern> {
    let nodes = reader.list(node, MAX_PATTERNS);
    if nodes.is_empty() && node.is_empty_list() {
        reader.fail_at(node, "the list is empty", None);
    }
    let mut patterns = Vec::new();
    for node in nodes {
        match reader.text(node).map(PathPattern::parse) {
            Some(Ok(pattern)) => patterns.push(pattern),
            Some(Err((reason, hint))) => reader.fail_at(node, reason, Some(hint)),
            None => {}
        }
    }
    patterns
}

#[cfg(test)]
mod tests {
    use super::FileAccess;
    use crate::{Bundle, RuntimeDenial};

    fn bundle(rest: &str) -> Result<Bundle, String> {
        let text = format!("apiVersion: seawall/v1\nname: run\nruntime:\n  - id: web\n    mode: enforce\n    {rest}\n");
        Bundle::load("p.yaml", &text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_is_enough_and_denies() {
        let loaded = bundle("programs: [{paths: [/usr/bin/nc], parents: ['**/sh']}, {parents: [/usr/sbin/nginx]}]");
        let loaded = loaded.expect("loads");
        let entry = loaded.runtime().next().expect("one");
        assert_eq!((entry.programs.len(), entry.deny.as_slice()), (2, [RuntimeDenial::Programs].as_slice()));
        let loaded = bundle("files: [{paths: [/etc/shadow], access: any}]").expect("loads");
        let entry = loaded.runtime().next().expect("one");
        assert_eq!(entry.deny, [RuntimeDenial::Files]);
        assert_eq!(entry.files.first().map(|rule| rule.access), Some(FileAccess::Any));
    }

    #[test]
    fn lists_are_strict() {
        for (rest, expected) in [
            ("programs: []", "the list is empty"),
            ("programs: [{}]", "names no program"),
            ("programs: [{paths: []}]", "the list is empty"),
            ("programs: [{paths: [nc]}]", "begin with `/`"),
            ("programs: [{path: [/nc]}]", "did you mean `paths`"),
            ("files: [{paths: [/a]}]", "needs `access`"),
            ("files: [{paths: [/a], access: read}]", "write one of: write, any"),
            ("deny: [programs]", "is not known here"),
        ] {
            let error = bundle(rest).expect_err(rest);
            assert!(error.contains(expected), "{rest}: {error}");
        }
        let many = vec!["{paths: [/a]}"; 33].join(",");
        assert!(bundle(&format!("programs: [{many}]")).expect_err("many").contains("more than 32"));
    }
}
