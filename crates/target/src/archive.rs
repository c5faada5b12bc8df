//! An outer tar archive (`docker save`, OCI archive): an index of its members, each readable by position.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seawall_io::tar::{EntryKind, Reader};
use seawall_io::{Compression, Decoder, Limits, SectionReader, clean_path, read_to_limit};

use crate::TargetError;

/// More members than this in an outer archive are refused; a real one has a few hundred.
const MAX_MEMBERS: usize = 100_000;

/// An indexed archive.
#[derive(Debug)]
pub(crate) struct Archive {
    pub(crate) path: PathBuf,
    file: Arc<File>,
    members: HashMap<String, Member>,
}

#[derive(Debug, Clone)]
enum Member {
    File { start: u64, length: u64 },
    Link(String),
}

impl Archive {
    /// Opens and indexes an archive. A compressed one is first decompressed into an unnamed temporary file, since its
    /// members are needed in another order than they are stored in.
    pub(crate) fn open(path: &Path, limits: &Limits) -> Result<Self, TargetError> {
        let mut file = File::open(path).map_err(TargetError::io(path))?;
        let mut head = [0; 8];
        let length = file.read(&mut head).map_err(TargetError::io(path))?;
        file.rewind().map_err(TargetError::io(path))?;
        if Compression::of(head.get(..length).unwrap_or_default()) != Compression::None {
            file = spool(file, limits).map_err(TargetError::io(path))?;
        }
        Self::index(path, file, limits)
    }

    /// Indexes an archive that is open already.
    pub(crate) fn index(path: &Path, file: File, limits: &Limits) -> Result<Self, TargetError> {
        let mut reader = Reader::seeking(file.try_clone().map_err(TargetError::io(path))?);
        let mut members = HashMap::new();
        while let Some(entry) = reader.next_entry().map_err(TargetError::tar(path))? {
            if members.len() >= MAX_MEMBERS {
                let what = "number of members".to_owned();
                return Err(TargetError::Limit { path: path.display().to_string(), what, limit: MAX_MEMBERS as u64 });
            }
            let Ok(name) = clean_path(&entry.path, limits.path_bytes) else { continue };
            let member = match entry.kind {
                EntryKind::File => Member::File { start: reader.position(), length: entry.size },
                EntryKind::Symlink => Member::Link(resolve(&name, &String::from_utf8_lossy(&entry.link))),
                EntryKind::HardLink => Member::Link(resolve("", &String::from_utf8_lossy(&entry.link))),
                EntryKind::Directory | EntryKind::Other => continue,
            };
            members.insert(name, member);
        }
        Ok(Self { path: path.to_owned(), file: Arc::new(file), members })
    }

    /// Whether there is a member of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    fn find(&self, name: &str) -> Option<(u64, u64)> {
        let mut name = name;
        // Old engines store a layer that occurs twice as a link; a longer chain than this is a loop.
        for _ in 0..8 {
            match self.members.get(name)? {
                Member::File { start, length } => return Some((*start, *length)),
                Member::Link(to) => name = to,
            }
        }
        None
    }

    /// The content of a member.
    pub(crate) fn reader(&self, name: &str) -> Result<SectionReader, TargetError> {
        let (start, length) = self.find(name).ok_or_else(|| TargetError::missing(&self.path, name))?;
        Ok(SectionReader::new(self.file.clone(), start, length))
    }

    /// The whole content of a small member.
    pub(crate) fn document(&self, name: &str, limits: &Limits) -> Result<Vec<u8>, TargetError> {
        read_to_limit(&mut self.reader(name)?, limits.document_bytes)
            .map_err(|source| TargetError::Io { path: format!("{}: {name}", self.path.display()), source })
    }
}

/// Where a link points, from the folder of `from`, kept within the archive.
fn resolve(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = if link.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Decompresses into an unnamed temporary file.
pub(crate) fn spool(reader: impl Read, limits: &Limits) -> io::Result<File> {
    let mut decoder = Decoder::new(reader, limits)?;
    let mut file = tempfile::tempfile()?;
    io::copy(&mut decoder, &mut file)?;
    file.flush()?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    #[test]
    fn links_stay_within() {
        assert_eq!(super::resolve("abc/layer.tar", "../def/layer.tar"), "def/layer.tar");
        assert_eq!(super::resolve("abc/layer.tar", "../../../../etc/shadow"), "etc/shadow");
        assert_eq!(super::resolve("abc/layer.tar", "/x"), "x");
        assert_eq!(super::resolve("", "blobs/a"), "blobs/a");
    }
}
