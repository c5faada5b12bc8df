//! Bringing a database file into place: export, import, and the atomic replacement that update uses too.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Database, DatabaseInfo, StoreError};

/// Copies a verified database over another place (`db export` and `db import` are both this): opens and verifies
/// `from`, copies it beside `to`, verifies the copy, and renames it over `to`, so that `to` is at every moment either
/// the old database or the whole new one.
///
/// Unless `force` is set, a database whose newest content is older than that of a readable one at `to` is refused; what
/// is dated after `today` (`YYYY-MM-DD`) counts for neither.
///
/// # Errors
/// When `from` is not a sound database, is older, or cannot be copied; `to` is then as it was.
pub fn install(from: &Path, to: &Path, force: bool, today: &str) -> Result<DatabaseInfo, StoreError> {
    let offered = Database::open(from)?;
    offered.verify()?;
    let info = offered.info()?.on(today);
    if !force
        && let Some(installed) = newest_of(to, today)
        && info.newest < installed
    {
        return Err(StoreError::Older { path: from.to_path_buf(), offered: info.newest, installed });
    }
    replace(to, |out| {
        let mut source = File::open(from)?;
        io::copy(&mut source, out).map(drop)
    })?;
    Ok(info)
}

/// The newest date in the database at a path; `None` where there is none that can be read.
fn newest_of(path: &Path, today: &str) -> Option<String> {
    Some(Database::open(path).ok()?.info().ok()?.on(today).newest)
}

/// Writes a database through `write` into a file beside `to`, syncs it, opens and verifies it, and renames it over
/// `to`. Whatever fails, `to` stays as it was and nothing is left beside it.
///
/// # Errors
/// When writing fails or what was written is not a sound database.
pub(crate) fn replace(to: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
    let beside = beside(to);
    let done = write_beside(&beside, write).and_then(|()| {
        Database::open(&beside)?.verify()?;
        fs::rename(&beside, to).map_err(|error| StoreError::io(to, error))
    });
    if done.is_err() {
        // Nothing more can be done about a leftover that cannot be removed; the next attempt overwrites it.
        let _ = fs::remove_file(&beside);
        return done;
    }
    sync_folder(to);
    done
}

fn write_beside(beside: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
    let attempt = || {
        let mut file = File::create(beside)?;
        write(&mut file)?;
        file.flush()?;
        file.sync_all()
    };
    attempt().map_err(|error| StoreError::io(beside, error))
}

/// `advisories.db` → `.advisories.db.<pid>.new`, in the same folder so that the rename is atomic.
fn beside(to: &Path) -> PathBuf {
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    to.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

/// Makes the rename itself durable. A file system that cannot sync a folder has nothing better to offer.
fn sync_folder(to: &Path) {
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
