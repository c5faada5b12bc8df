use seawall_model::{Recognition, UnknownKind};

use super::python_shared::{checksum, distribution, is_shipped, split_requirement};
use crate::text::{self, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads requirements files: what is pinned is a package, what is not is said to be unknown.
pub(crate) struct PythonRequirements;

impl Cataloger for PythonRequirements {
    fn id(&self) -> &'static str {
        "python-requirements"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "pip requirements files (requirements*.txt, *requirements.txt)"
    }

    fn specification(&self) -> &'static str {
        "https://pip.pypa.io/en/stable/reference/requirements-file-format/"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Affix("requirements", ".txt"), need: text::METADATA },
            Want { files: Files::Suffix("requirements.txt"), need: text::METADATA },
        ]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        if is_shipped(file) {
            return;
        }
        let text = text::decode(file.content, seen);
        let mut unpinned = Unread::default();
        let mut includes = Unread::default();
        let mut line = String::new();
        let mut numbered = text::lines(&text, seen).map(|(_, line)| line).peekable();
        while let Some(part) = numbered.next() {
            // A backslash at the end of a line continues it, also within a comment; a comment ends a continued line.
            let part = without_comment(part);
            let begun = part.strip_suffix('\\');
            line.push_str(begun.unwrap_or(part));
            line.push(' ');
            if begun.is_some() && numbered.peek().is_some() && line.len() < text::MAX_LINE {
                continue;
            }
            requirement(line.trim(), &mut unpinned, &mut includes, seen);
            line.clear();
        }
        unpinned.say(UnknownKind::Unsupported, "requirement without exact version", seen);
        includes.say(UnknownKind::Unsupported, "included file is only read if its name says requirements", seen);
    }
}

fn requirement(line: &str, unpinned: &mut Unread, includes: &mut Unread, seen: &mut Observer<'_>) {
    if line.is_empty() {
        return;
    }
    if line.starts_with('-') {
        option(line, unpinned, includes);
        return;
    }
    let (specifier, options) = line.find(" --").map_or((line, ""), |at| line.split_at(at));
    let specifier = specifier.split(';').next().unwrap_or(specifier).trim();
    let Some((name, rest)) = split_requirement(specifier) else {
        // An address or a path: what it holds is not said here.
        unpinned.add(line);
        return;
    };
    let Some(mut package) = exact(rest).and_then(|version| distribution(name, Some(version), unpinned)) else {
        unpinned.add(name);
        return;
    };
    let hashes = options.split_ascii_whitespace().filter_map(|option| option.strip_prefix("--hash="));
    package.checksums = hashes.filter_map(checksum).collect();
    seen.package(Recognition::Manifest, package);
}

fn option(line: &str, unpinned: &mut Unread, includes: &mut Unread) {
    let end = line.find([' ', '=']).unwrap_or(if line.starts_with("--") { line.len() } else { 2 });
    let (option, value) = (line.get(..end).unwrap_or(line), line.get(end..).unwrap_or_default());
    let value = value.trim_start_matches([' ', '=']);
    match option {
        "-r" | "--requirement" => {
            let name = value.rsplit('/').next().unwrap_or(value);
            let is_read =
                name.ends_with(".txt") && (name.starts_with("requirements") || name.ends_with("requirements.txt"));
            if !is_read {
                includes.add(value);
            }
        }
        "-e" | "--editable" => unpinned.add(value),
        // Constraints name what may be installed, the rest where it comes from.
        _ => {}
    }
}

/// The version behind `==` or `===`, if it is one version and not a pattern or a variable.
fn exact(rest: &str) -> Option<&str> {
    let rest = match rest.trim_start().strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1,
        None => rest,
    };
    let rest = rest.trim().trim_start_matches('(').trim_end_matches(')');
    let version = rest.split(',').find_map(|clause| clause.trim().strip_prefix("=="))?;
    let version = version.strip_prefix('=').unwrap_or(version).trim();
    let is_exact = version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+!-_".contains(&b)) && !version.is_empty();
    is_exact.then_some(version)
}

/// A comment begins with `#` at the start or behind a blank; within an address `#` is part of it.
fn without_comment(line: &str) -> &str {
    let mut blank = true;
    for (at, byte) in line.bytes().enumerate() {
        if byte == b'#' && blank {
            return line.get(..at).unwrap_or(line).trim_end();
        }
        blank = byte.is_ascii_whitespace();
    }
    line.trim_end()
}
