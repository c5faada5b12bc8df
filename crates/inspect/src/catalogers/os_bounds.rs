//! What the operating-system catalogers share: above all what one database of installed packages may take. Owned paths
//! and names are short in the file and long in memory, so that a hostile one could ask for a thousand times its size.

use std::borrow::Cow;

use seawall_model::{Dependency, Ecosystem, UnknownKind};

use crate::Paths;
use crate::unit::{Observation, Observer};

/// Bytes of owned paths from one file; a desktop with half a million files needs a quarter of it.
const MAX_PATH_BYTES: usize = 128 << 20;
/// Bytes of one path: `PATH_MAX` of Linux.
const MAX_PATH: usize = 4096;
/// Names that packages need or provide, from one file; a server with two thousand packages needs a quarter of it.
const MAX_NAMES: usize = 2_000_000;

/// Counts what is taken from one file, and drops what is over the limit.
pub(super) struct Bounds {
    path_bytes: usize,
    names: usize,
    long: usize,
}

impl Bounds {
    pub(super) fn new() -> Self {
        Self { path_bytes: MAX_PATH_BYTES, names: MAX_NAMES, long: 0 }
    }

    /// Adds `folder`/`file` to the list, without a leading slash; nothing where there is no room left.
    pub(super) fn path(&mut self, into: &mut Paths, folder: &str, file: &str) {
        if self.path_bytes == 0 {
            return;
        }
        let (folder, file) = (relative(folder), relative(file));
        let length = folder.len().saturating_add(file.len()).saturating_add(1);
        if length > MAX_PATH {
            self.long = self.long.saturating_add(1);
            return;
        }
        if file.is_empty() || file == "." {
            return;
        }
        match self.path_bytes.checked_sub(length) {
            Some(rest) => self.path_bytes = rest,
            None => {
                self.path_bytes = 0;
                return;
            }
        }
        into.push(folder, file);
    }

    /// The distinct names, sorted, as far as there is room.
    pub(super) fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
        let mut taken: Vec<&str> = names.filter(|n| !n.is_empty()).take(self.names).collect();
        self.names = self.names.saturating_sub(taken.len());
        taken.sort_unstable();
        taken.dedup();
        taken
    }

    /// Says what was dropped.
    pub(super) fn report(&self, seen: &mut Observer<'_>) {
        if self.path_bytes == 0 {
            seen.unknown(UnknownKind::Limit, format_args!("owned paths take more than {MAX_PATH_BYTES} bytes"));
        }
        if self.names == 0 {
            seen.unknown(UnknownKind::Limit, format_args!("more than {MAX_NAMES} needed and provided names"));
        }
        if self.long > 0 {
            let reason = format_args!("{} owned paths are longer than {MAX_PATH} bytes", self.long);
            seen.unknown(UnknownKind::Limit, reason);
        }
    }
}

/// Bytes as text; what is not UTF-8 is replaced. Sound text, nearly all there is, is checked many bytes at a time,
/// which `String::from_utf8_lossy` alone does not do.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// A path without what it begins and ends with beside names.
fn relative(path: &str) -> &str {
    let (mut start, mut end) = (0, path.len());
    loop {
        match path.as_bytes().get(start..end) {
            Some([b'/', ..]) => start = start.saturating_add(1),
            Some([b'.', b'/', ..]) => start = start.saturating_add(2),
            Some([.., b'/']) => end = end.saturating_sub(1),
            _ => return path.get(start..end).unwrap_or_default(),
        }
    }
}

/// Names as dependencies without versions.
pub(super) fn dependencies(names: &[&str]) -> Vec<Dependency> {
    names.iter().map(|name| Dependency { name: (*name).to_owned(), version: None }).collect()
}

/// Reports the files of a package, if it has any.
pub(super) fn owns(seen: &mut Observer<'_>, ecosystem: Ecosystem, name: &str, files: Paths) {
    if !files.is_empty() {
        seen.observe(Observation::Owns { ecosystem, name: name.to_owned(), files });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_bounded() {
        let mut bounds = Bounds::new();
        let mut files = Paths::default();
        bounds.path(&mut files, "/usr/bin/", "ls");
        bounds.path(&mut files, "", "/etc/passwd");
        bounds.path(&mut files, "./opt", "a");
        bounds.path(&mut files, "", "/.");
        bounds.path(&mut files, &"x".repeat(5000), "a");
        assert_eq!(files.iter().collect::<Vec<_>>(), ["usr/bin/ls", "etc/passwd", "opt/a"]);
        let mut seen = Observer::new("test", "db");
        bounds.report(&mut seen);
        assert_eq!(seen.into_observations().len(), 1);
    }

    #[test]
    fn a_long_folder_with_many_files_does_not_fill_the_memory() {
        let mut bounds = Bounds::new();
        let mut files = Paths::default();
        let folder = "x".repeat(4000);
        for _ in 0..100_000 {
            bounds.path(&mut files, &folder, "a");
        }
        assert!(files.iter().map(str::len).sum::<usize>() <= MAX_PATH_BYTES);
        let mut seen = Observer::new("test", "db");
        bounds.report(&mut seen);
        assert_eq!(seen.into_observations().len(), 1);
    }
}
