//! What is remembered beside a fetched file, and beside one that is still being fetched.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use seawall_io::HttpResponse;
use serde::{Deserialize, Serialize};

/// No state file is larger.
const MAX_STATE: u64 = 64 * 1024;
/// No validator that is kept is longer.
const MAX_VALIDATOR: usize = 1024;

/// Where a file came from and how to ask whether it changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct State {
    /// The address asked: another address makes the validators void.
    pub(super) url: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    /// Digest and size of the file, to notice that it was changed or lost since.
    pub(super) sha256: String,
    pub(super) bytes: u64,
    /// When it was fetched, and when the publisher was last asked; RFC 3339.
    pub(super) fetched: String,
    pub(super) checked: String,
}

impl State {
    /// The validators of an answer.
    pub(super) fn of(url: &str, response: &HttpResponse) -> Self {
        let header = |name| response.header(name).filter(|value| value.len() <= MAX_VALIDATOR).map(str::to_owned);
        Self { url: url.to_owned(), etag: header("etag"), last_modified: header("last-modified"), ..Self::default() }
    }

    /// What `If-Range` may carry: a strong entity tag, or else the date
    /// ([RFC 9110, 13.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).
    pub(super) fn if_range(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| !etag.starts_with("W/")).or(self.last_modified.as_deref())
    }

    /// The state at a path; none where there is none that can be read.
    pub(super) fn load(path: &Path) -> Option<Self> {
        serde_json::from_slice(&seawall_io::read_bounded(path, MAX_STATE).ok()?).ok()
    }

    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        let beside = path.with_extension("new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    }
}

/// A file in the workshop, which has no folders, that belongs to a file of the feeds.
pub(super) fn note(workshop: &Path, name: &str, kind: &str) -> PathBuf {
    workshop.join(format!("{}.{kind}", name.replace('/', "!")))
}
