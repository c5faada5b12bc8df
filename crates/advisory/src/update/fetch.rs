//! One file: asked for conditionally, resumed, retried, checked, put into place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use seawall_io::{HttpError, HttpResponse};
use sha2::{Digest as _, Sha256};

use super::locate::Found;
use super::state::{State, note};
use super::{Outcome, Publisher, RemoteFile, UpdateContext, UpdateSettings};

/// Attempts for one file altogether, however much each of them brings.
const MAX_ATTEMPTS: u32 = 50;
/// How much of a transfer is read at a time.
const CHUNK: usize = 64 * 1024;

/// The fetching of one file.
pub(super) struct Fetch<'a> {
    pub(super) folder: &'a Path,
    pub(super) workshop: &'a Path,
    pub(super) publisher: &'a Publisher,
    pub(super) file: &'a RemoteFile,
    pub(super) settings: &'a UpdateSettings,
    pub(super) context: &'a UpdateContext<'a>,
}

/// How an attempt ended without the file.
pub(super) enum Setback {
    /// Trying again may help, not before the time the publisher asked for.
    Passing { reason: String, wait: Option<Duration> },
    /// Trying again does not help.
    Lasting(String),
}

/// How an attempt ended well.
enum Gain {
    Unchanged,
    /// With the digest that the publisher states, if it does.
    Whole {
        state: State,
        resumed: u64,
        sha256: Option<String>,
    },
}

impl Fetch<'_> {
    pub(super) fn run(&self) -> Outcome {
        let target = self.folder.join(&self.file.name);
        match self.persist() {
            Ok(outcome) => outcome,
            Err(reason) => Outcome::Failed { reason, kept: target.is_file() },
        }
    }

    /// Attempts until the file is there or there is no hope.
    fn persist(&self) -> Result<Outcome, String> {
        if !self.file.name.split('/').all(is_plain_name) {
            return Err(format!("`{}` is not a path of plain names", self.file.name));
        }
        let mut barren = 0;
        for attempt in 0..MAX_ATTEMPTS {
            let before = self.partial_bytes();
            let (reason, wait) = match self.attempt() {
                Ok(Gain::Unchanged) => return Ok(Outcome::Unchanged),
                Ok(Gain::Whole { state, resumed, sha256 }) => return self.settle(state, resumed, sha256),
                Err(Setback::Lasting(reason)) => return Err(reason),
                Err(Setback::Passing { reason, wait }) => (reason, wait),
            };
            barren = if self.partial_bytes() > before { 1 } else { barren + 1 };
            if barren >= self.settings.attempts {
                return Err(format!("{reason} (gave up after {} attempts)", attempt + 1));
            }
            let wait = wait.unwrap_or_else(|| self.back_off(barren));
            if wait > self.settings.longest_wait {
                return Err(format!("{reason} (asks for {} s of patience)", wait.as_secs()));
            }
            (self.context.sleep)(wait);
        }
        Err(format!("gave up after {MAX_ATTEMPTS} attempts"))
    }

    fn attempt(&self) -> Result<Gain, Setback> {
        let Found { url, sha256 } = self.locate()?;
        if sha256.is_some() && self.kept(|state| Some(&state.sha256) == sha256.as_ref()).is_some() {
            return Ok(Gain::Unchanged);
        }
        let kept = self.kept(|state| state.url == url);
        let partial = self.partial(&url);
        let mut request = self.context.client.get(&url).max_body(self.file.limit);
        match (&partial, &kept) {
            (Some((state, bytes)), _) => {
                let validator = state.if_range().unwrap_or_default();
                request = request.header("range", &format!("bytes={bytes}-")).header("if-range", validator);
            }
            (None, Some(state)) => {
                if let Some(etag) = &state.etag {
                    request = request.header("if-none-match", etag);
                }
                if let Some(date) = &state.last_modified {
                    request = request.header("if-modified-since", date);
                }
            }
            (None, None) => {}
        }
        let response = request.send().map_err(setback)?;
        match (response.status(), partial, kept) {
            (304, None, Some(mut state)) => {
                self.context.now.clone_into(&mut state.checked);
                // Not being able to note the time of asking does no harm.
                let _ = state.save(&self.state_path());
                Ok(Gain::Unchanged)
            }
            (206, Some((state, bytes)), _) if range_start(&response) == Some(bytes) => {
                self.receive(state, response, bytes, sha256)
            }
            (206 | 416, Some(_), _) => {
                self.discard_partial();
                Err(Setback::Passing { reason: "the publisher does not resume".to_owned(), wait: Some(Duration::ZERO) })
            }
            (200, _, _) => self.receive(State::of(&url, &response), response, 0, sha256),
            (status, _, _) => Err(status_setback(status, &response)),
        }
    }

    /// Reads a body to the end of the partial file, from `from` on.
    fn receive(
        &self,
        state: State,
        response: HttpResponse,
        from: u64,
        sha256: Option<String>,
    ) -> Result<Gain, Setback> {
        let local = |error: io::Error| Setback::Lasting(error.to_string());
        if response.length().is_some_and(|length| from.saturating_add(length) > self.file.limit) {
            return Err(Setback::Lasting(self.too_large()));
        }
        let path = self.partial_path();
        let total = range_total(&response);
        state.save(&self.partial_state_path()).map_err(local)?;
        let mut out = match from {
            0 => File::create(&path),
            _ => OpenOptions::new().append(true).open(&path),
        }
        .map_err(local)?;
        let mut body = response.into_body();
        let (mut buffer, mut bytes) = (vec![0; CHUNK], from);
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    self.discard_partial();
                    return Err(Setback::Lasting(self.too_large()));
                }
                Err(error) => {
                    if state.if_range().is_none() {
                        self.discard_partial();
                    }
                    return Err(Setback::Passing { reason: error.to_string(), wait: None });
                }
            };
            bytes = bytes.saturating_add(read as u64);
            if bytes > self.file.limit {
                self.discard_partial();
                return Err(Setback::Lasting(self.too_large()));
            }
            out.write_all(buffer.get(..read).unwrap_or_default()).map_err(local)?;
        }
        if total.is_some_and(|total| total != bytes) {
            self.discard_partial();
            let reason = "the parts do not make up the whole".to_owned();
            return Err(Setback::Passing { reason, wait: None });
        }
        out.sync_all().map_err(local)?;
        Ok(Gain::Whole { state: State { bytes, ..state }, resumed: from, sha256 })
    }

    /// Checks the whole file and renames it over the old one.
    fn settle(&self, mut state: State, resumed: u64, stated: Option<String>) -> Result<Outcome, String> {
        let partial = self.partial_path();
        let (sha256, start) = look(&partial).map_err(|error| error.to_string())?;
        let right = match stated.filter(|stated| *stated != sha256) {
            Some(stated) => Err(format!("sha256:{sha256} came where the publisher states sha256:{stated}")),
            None => plausible(&self.file.name, &start),
        };
        if let Err(reason) = right {
            self.discard_partial();
            return Err(reason);
        }
        let old = State::load(&self.state_path()).map(|old| old.sha256);
        let unchanged = old.as_ref() == Some(&sha256) && self.kept(|kept| kept.url == state.url).is_some();
        state.sha256 = sha256;
        self.context.now.clone_into(&mut state.fetched);
        self.context.now.clone_into(&mut state.checked);
        let target = self.folder.join(&self.file.name);
        let place = || {
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder)?;
            }
            // The file goes first: should we die in between, the old validators only make us fetch it once more.
            fs::rename(&partial, &target)?;
            state.save(&self.state_path())
        };
        place().map_err(|error| error.to_string())?;
        let _ = fs::remove_file(self.partial_state_path());
        let bytes = state.bytes;
        Ok(if unchanged { Outcome::Unchanged } else { Outcome::Updated { bytes, resumed } })
    }

    /// The state of the file in place, when it is the one that is asked for, and the file is there as it was fetched.
    fn kept(&self, fits: impl Fn(&State) -> bool) -> Option<State> {
        let state = State::load(&self.state_path()).filter(fits)?;
        let path = self.folder.join(&self.file.name);
        if fs::metadata(&path).ok()?.len() != state.bytes {
            return None;
        }
        (look(&path).ok()?.0 == state.sha256).then_some(state)
    }

    /// The state and size of an interrupted transfer that can go on.
    fn partial(&self, url: &str) -> Option<(State, u64)> {
        let state = State::load(&self.partial_state_path())?;
        let bytes = self.partial_bytes();
        (bytes > 0 && state.url == url && state.if_range().is_some()).then_some((state, bytes))
    }

    fn partial_bytes(&self) -> u64 {
        fs::metadata(self.partial_path()).map_or(0, |metadata| metadata.len())
    }

    fn discard_partial(&self) {
        // What cannot be removed now is overwritten by the next transfer.
        let _ = fs::remove_file(self.partial_state_path());
        let _ = fs::remove_file(self.partial_path());
    }

    fn state_path(&self) -> PathBuf {
        self.note("state")
    }

    fn partial_path(&self) -> PathBuf {
        self.note("part")
    }

    fn partial_state_path(&self) -> PathBuf {
        self.note("part.state")
    }

    fn note(&self, kind: &str) -> PathBuf {
        note(self.workshop, &self.file.name, kind)
    }

    fn too_large(&self) -> String {
        format!("larger than the limit of {} bytes", self.file.limit)
    }

    /// Twice as long each time, of which the second half is drawn from the seed, the file and the attempt.
    fn back_off(&self, attempt: u32) -> Duration {
        let full = self
            .settings
            .first_wait
            .saturating_mul(1 << attempt.saturating_sub(1).min(16))
            .min(self.settings.longest_wait);
        let hash = Sha256::new()
            .chain_update(self.settings.seed.to_le_bytes())
            .chain_update(attempt.to_le_bytes())
            .chain_update(self.file.name.as_bytes())
            .finalize();
        let drawn = hash.first().copied().map_or(0, u32::from);
        let half = full / 2;
        half + half * drawn / 255
    }
}

pub(super) fn setback(error: HttpError) -> Setback {
    let reason = error.to_string();
    if error.is_transient() { Setback::Passing { reason, wait: None } } else { Setback::Lasting(reason) }
}

pub(super) fn status_setback(status: u16, response: &HttpResponse) -> Setback {
    let reason = format!("the publisher answers {status}");
    match status {
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            let wait = response.header("retry-after").and_then(|value| value.trim().parse().ok());
            Setback::Passing { reason, wait: wait.map(Duration::from_secs) }
        }
        _ => Setback::Lasting(reason),
    }
}

/// Where the part of a 206 begins: `bytes 100-199/200`.
fn range_start(response: &HttpResponse) -> Option<u64> {
    response.header("content-range")?.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// The size of the whole file that a 206 is a part of, where it says.
fn range_total(response: &HttpResponse) -> Option<u64> {
    if response.status() != 206 {
        return None;
    }
    response.header("content-range")?.rsplit('/').next()?.trim().parse().ok()
}

/// A name that stays in its folder and needs no escaping in an address.
pub(super) fn is_plain_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && name.bytes().all(plain)
}

/// The digest of a file and its first bytes.
fn look(path: &Path) -> io::Result<(String, Vec<u8>)> {
    let mut file = File::open(path)?;
    let (mut hasher, mut start, mut buffer) = (Sha256::new(), Vec::new(), vec![0; CHUNK]);
    loop {
        let read = file.read(&mut buffer)?;
        let part = buffer.get(..read).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        if start.is_empty() {
            start.extend_from_slice(part.get(..part.len().min(512)).unwrap_or_default());
        }
        hasher.update(part);
    }
    Ok((seawall_model::Digest::from_sha256(hasher.finalize().into()).hex(), start))
}

/// Whether the first bytes are those of the kind of file that the name promises: a publisher's error page must not
/// replace a feed.
fn plausible(name: &str, start: &[u8]) -> Result<(), String> {
    let first = start.iter().copied().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
    let fits = match name.rsplit('.').next().unwrap_or_default() {
        "gz" | "tgz" => start.starts_with(&[0x1f, 0x8b]),
        "zst" => start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
        "xz" => start.starts_with(b"\xfd7zXZ\0"),
        "zip" => start.starts_with(b"PK"),
        "json" => matches!(first, Some(b'{' | b'[')),
        "xml" => first == Some(b'<') && !start.to_ascii_lowercase().windows(5).any(|part| part == b"<html"),
        _ => first.is_some(),
    };
    if fits { Ok(()) } else { Err(format!("what came is not what `{name}` should be")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["csaf_vex_2025-01-02.tar.zst", "a.json"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in ["", ".", "..", "../a", "a/b", ".hidden", "a b", "a%2fb", "a?b"] {
            assert!(!is_plain_name(name), "{name}");
        }
    }

    #[test]
    fn an_error_page_is_not_a_feed() {
        let page = b"\n<!DOCTYPE html><html><body>try later";
        for name in ["a.zip", "a.tar.gz", "a.tar.xz", "a.tar.zst", "a.json", "a.xml"] {
            assert!(plausible(name, page).is_err(), "{name}");
        }
        assert!(plausible("a.json", b" \n{\"a\":1}").is_ok());
        assert!(plausible("a.xml", b"<?xml version=\"1.0\"?><oval_definitions>").is_ok());
        assert!(plausible("a.csv", b"").is_err());
    }
}
