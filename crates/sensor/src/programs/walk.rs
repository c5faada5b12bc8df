//! The programs of a layer's folder. What is in it came from an image, and is as hostile as that.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, OFlags};
use seawall_io::Limits;
use seawall_model::ProgramFile;

use super::file::{Facts, Layer};

/// A program that was found.
pub(super) struct Program<'a> {
    pub(super) path: &'a Path,
    pub(super) file: File,
    pub(super) facts: Facts,
}

/// Gives each program below the layer's folder to `found`: compiled ones and their libraries, and scripts that
/// may be executed.
/// Returns what could not be looked at.
pub(super) fn programs(layer: &Layer, limits: &Limits, found: &mut dyn FnMut(Program<'_>)) -> Vec<String> {
    let mut problems = Vec::new();
    let mut folders = vec![PathBuf::new()];
    let mut entries = 0u64;
    while let Some(folder) = folders.pop() {
        let mut each = |name: &OsStr, kind: FileType| -> io::Result<bool> {
            entries += 1;
            if entries > limits.entries {
                return Ok(false);
            }
            let path = folder.join(name);
            match kind {
                FileType::Directory => folders.push(path),
                FileType::RegularFile => {
                    if let Some((file, facts)) = program(layer, &path)? {
                        found(Program { path: &path, file, facts });
                    }
                }
                _ => {}
            }
            Ok(true)
        };
        match visit(layer, &folder, &mut each) {
            Ok(true) => {}
            Ok(false) => {
                problems.push(format!("more than {} entries", limits.entries));
                break;
            }
            Err(error) => problems.push(format!("/{}: {error}", folder.display())),
        }
    }
    problems
}

/// Whether every entry of a folder was seen.
fn visit(layer: &Layer, folder: &Path, each: &mut dyn FnMut(&OsStr, FileType) -> io::Result<bool>) -> io::Result<bool> {
    let opened = layer.below(folder, OFlags::DIRECTORY)?;
    let mut failed = None;
    for entry in Dir::read_from(&opened)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        match each(name, entry.file_type()) {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            // The others are looked at all the same.
            Err(error) => failed = Some(io::Error::other(format!("{}: {error}", name.display()))),
        }
    }
    failed.map_or(Ok(true), Err)
}

fn program(layer: &Layer, path: &Path) -> io::Result<Option<(File, Facts)>> {
    let mut file = layer.below(path, OFlags::empty())?;
    let facts = layer.facts(&file)?;
    let mut head = Vec::with_capacity(ProgramFile::HEAD);
    file.by_ref().take(ProgramFile::HEAD as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(ProgramFile::is_one(&head, facts.mode).then_some((file, facts)))
}
