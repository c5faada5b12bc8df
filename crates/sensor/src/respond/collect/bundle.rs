//! The folder of evidence, and its manifest.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use seawall_io::sha256;
use seawall_model::Container;
use serde_json::json;

use crate::clock;

/// Longest file that is copied, bytes.
const LONGEST: u64 = 32 << 20;
/// Bundles that a folder may hold: a container that is answered again and again must not fill the disk, and evidence is
/// not thrown away by itself.
const BUNDLES: usize = 200;

pub(super) struct Bundle {
    folder: PathBuf,
    files: Vec<(String, u64, String)>,
    left_out: Vec<String>,
}

impl Bundle {
    /// A new folder, for the user of the guard alone.
    pub(super) fn create(below: &Path, container: &Container) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", below.display());
        DirBuilder::new().recursive(true).mode(0o700).create(below).map_err(failed)?;
        if std::fs::read_dir(below).map_err(failed)?.count() >= BUNDLES {
            return Err(format!("{} holds {BUNDLES} bundles; move some away", below.display()));
        }
        let time = clock::now_text().replace(':', "-");
        // An identifier is hexadecimal, or a machine's name that may hold anything.
        let short: String = container.short_id().chars().filter(char::is_ascii_alphanumeric).collect();
        let folder = below.join(format!("{time}-{short}"));
        DirBuilder::new().mode(0o700).create(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder, files: Vec::new(), left_out: Vec::new() })
    }

    fn create_file(&self, name: &str) -> Result<File, String> {
        let path = self.folder.join(name);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)
    }

    /// Keeps bytes under a name.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let mut file = self.create_file(name)?;
        file.write_all(bytes).map_err(|error| format!("{name}: {error}"))?;
        self.files.push((name.to_owned(), bytes.len() as u64, sha256(bytes).hex().to_owned()));
        Ok(())
    }

    /// Keeps a file of the container.
    pub(super) fn copy(&mut self, name: &str, path: &str, from: File) -> Result<(), String> {
        let mut bytes = Vec::new();
        if let Err(error) = from.take(LONGEST + 1).read_to_end(&mut bytes) {
            self.left_out(format!("{path}: {error}"));
            return Ok(());
        }
        if bytes.len() as u64 > LONGEST {
            self.left_out(format!("{path}: it has more than {LONGEST} bytes"));
            return Ok(());
        }
        self.add(name, &bytes)
    }

    pub(super) fn left_out(&mut self, what: String) {
        self.left_out.push(what);
    }

    /// Writes the manifest and the digests: the folder, how many files it has, and the digest of `SHA256SUMS`.
    pub(super) fn finish(mut self, rule: &str, entry: &str) -> Result<(PathBuf, usize, String), String> {
        let file =
            |(path, bytes, digest): &(String, u64, String)| json!({ "path": path, "bytes": bytes, "sha256": digest });
        let manifest = json!({
            "schemaVersion": 1, "time": clock::now_text(), "rule": rule, "policy": entry,
            "files": self.files.iter().map(file).collect::<Vec<_>>(), "leftOut": self.left_out,
        });
        self.add("manifest.json", format!("{manifest:#}\n").as_bytes())?;
        let sums: String = self.files.iter().map(|(path, _, digest)| format!("{digest}  {path}\n")).collect();
        let count = self.files.len();
        self.add("SHA256SUMS", sums.as_bytes())?;
        let digest = self.files.last().map(|(_, _, digest)| digest.clone()).unwrap_or_default();
        Ok((self.folder, count, digest))
    }
}
