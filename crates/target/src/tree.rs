use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use seawall_io::{Limits, clean_path};

/// A folder on this machine, walked without following a link.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
    cross_devices: bool,
}

/// One regular file of a tree.
#[derive(Debug, Clone)]
pub struct TreeEntry {
    /// Path below the root, clean.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
    absolute: PathBuf,
}

/// Something in a tree that could not be looked at.
#[derive(Debug)]
pub struct TreeProblem {
    /// Path below the root.
    pub path: String,
    /// What the system says.
    pub error: io::Error,
}

/// `O_NOFOLLOW | O_NONBLOCK`: a file that turned into a link or a fifo since it was listed is not opened or waited for.
const OPEN_FLAGS: i32 = 0o400_000 | 0o4_000;

impl TreeEntry {
    /// Opens the file, unless it became a link meanwhile.
    ///
    /// # Errors
    /// The system's.
    pub fn open(&self) -> io::Result<File> {
        fs::OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(&self.absolute)
    }
}

impl Tree {
    /// A tree below `root`. `cross_devices` says whether mounts of other file systems are entered.
    pub fn new(root: &Path, cross_devices: bool) -> Self {
        Self { root: root.to_owned(), cross_devices }
    }

    /// Visits every regular file in a stable order; what cannot be read goes to `problem`.
    ///
    /// # Errors
    /// Where the root itself cannot be read.
    pub fn walk(
        &self,
        limits: &Limits,
        visit: &mut dyn FnMut(TreeEntry),
        problem: &mut dyn FnMut(TreeProblem),
    ) -> io::Result<()> {
        let meta = fs::metadata(&self.root)?;
        if meta.is_file() {
            let name = self.root.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
            let path = clean_path(name, limits.path_bytes).unwrap_or_default();
            visit(TreeEntry { path, size: meta.size(), mode: meta.mode() & 0o7777, absolute: self.root.clone() });
            return Ok(());
        }
        fs::read_dir(&self.root)?;
        let mut folders = vec![(self.root.clone(), String::new())];
        let mut entries = 0u64;
        while let Some((folder, path)) = folders.pop() {
            let mut listed: Vec<_> = match fs::read_dir(&folder) {
                Ok(listed) => listed.filter_map(Result::ok).collect(),
                Err(error) => {
                    problem(TreeProblem { path, error });
                    continue;
                }
            };
            listed.sort_by_key(std::fs::DirEntry::file_name);
            // Folders are pushed in reverse, so that they are popped in order.
            let mut inner = Vec::new();
            for entry in listed {
                let name = entry.file_name();
                let joined = [path.as_bytes(), b"/", name.as_bytes()].concat();
                let Ok(path) = clean_path(&joined, limits.path_bytes) else {
                    let error = io::Error::new(io::ErrorKind::InvalidInput, "the path is too long");
                    problem(TreeProblem { path: String::from_utf8_lossy(&joined).into_owned(), error });
                    continue;
                };
                entries = entries.saturating_add(1);
                if entries > limits.entries {
                    let error = io::Error::other(format!("more than {} entries (--max-entries)", limits.entries));
                    problem(TreeProblem { path, error });
                    return Ok(());
                }
                match entry.metadata() {
                    Ok(m) if m.is_dir() && (self.cross_devices || m.dev() == meta.dev()) => {
                        inner.push((entry.path(), path));
                    }
                    Ok(m) if m.is_file() => {
                        let mode = m.mode() & 0o7777;
                        visit(TreeEntry { path, size: m.size(), mode, absolute: entry.path() });
                    }
                    Ok(_) => {}
                    Err(error) => problem(TreeProblem { path, error }),
                }
            }
            folders.extend(inner.into_iter().rev());
        }
        Ok(())
    }
}
