use std::io::{self, Read};
use std::sync::Arc;

use seawall_io::{HttpBody, HttpResponse};
use seawall_model::Digest;

use super::blob_name;
use super::client::Client;
use super::failure::Failure;
use super::kept::{Keeper, Kept};
use super::retry::Retry;
use crate::TargetError;
use crate::image::Blobs;
use crate::manifest::Descriptor;

/// What must have come since the last failure for the attempts to count anew; else a registry that breaks off after
/// every byte would be asked forever.
const PROGRESS: u64 = 1 << 20;

/// The layers of an image in a registry.
pub(super) struct RemoteLayers {
    client: Arc<Client>,
    layers: Vec<Wanted>,
    kept: Arc<Kept>,
}

#[derive(Debug, Clone, Copy)]
struct Wanted {
    index: usize,
    digest: Digest,
    /// As the manifest states it.
    size: Option<u64>,
    /// Whether its type says that registries need not have it.
    foreign: bool,
}

impl RemoteLayers {
    pub(super) fn new(client: Arc<Client>, layers: &[Descriptor]) -> Self {
        let layers = layers.iter().enumerate().map(|(index, layer)| Wanted {
            index,
            digest: layer.digest,
            size: Some(layer.size).filter(|size| *size > 0),
            foreign: layer.media_type.contains("foreign") || layer.media_type.contains("nondistributable"),
        });
        Self { client, layers: layers.collect(), kept: Arc::default() }
    }
}

impl Blobs for RemoteLayers {
    fn open(&self, index: usize) -> Result<Box<dyn Read + Send>, TargetError> {
        let Some(wanted) = self.layers.get(index) else {
            return Err(TargetError::Missing { path: self.client.name.clone(), what: format!("layer {index}") });
        };
        if let Some(kept) = self.kept.take(index) {
            return Ok(kept);
        }
        let mut reader = BlobReader::new(self.client.clone(), *wanted, self.kept.clone());
        match reader.connect(None) {
            Ok(()) => Ok(Box::new(reader)),
            Err(failure) => Err(reader.error(failure)),
        }
    }

    fn release(&self, index: usize) {
        self.kept.release(index);
    }
}

/// A layer as it comes. Where the connection breaks off, it goes on at the same byte, if need be from another place.
struct BlobReader {
    client: Arc<Client>,
    wanted: Wanted,
    body: Option<HttpBody>,
    /// Bytes that were given on.
    position: u64,
    /// `position` when it last broke off.
    broke_at: u64,
    place: usize,
    retry: Retry,
    before: Vec<String>,
    ended: bool,
    keeper: Keeper,
    kept: Arc<Kept>,
}

impl BlobReader {
    fn new(client: Arc<Client>, wanted: Wanted, kept: Arc<Kept>) -> Self {
        let keeper = Keeper::new(wanted.size, client.options.kept_bytes);
        let retry = Retry::new(&client.options);
        let last = client.endpoints.len().saturating_sub(1);
        let place = client.endpoints.iter().position(|place| !place.is_down()).unwrap_or(last);
        let before = Vec::new();
        let (body, position, broke_at, ended) = (None, 0, 0, false);
        Self { client, wanted, body, position, broke_at, place, retry, before, ended, keeper, kept }
    }

    fn error(&self, failure: Failure) -> TargetError {
        let what = blob_name(self.wanted.digest);
        if self.wanted.foreign && matches!(failure, Failure::Absent { .. }) {
            let reason = "it is a foreign layer that the registry does not have, and other addresses are not followed";
            return TargetError::Remote { what: format!("{}: {what}", self.client.name), reason: reason.to_owned() };
        }
        failure.into_error(&what, &self.client.name, &self.before)
    }

    /// A body from `position` on, after waiting where something failed; goes to the next place where one gives up.
    fn connect(&mut self, failed: Option<Failure>) -> Result<(), Failure> {
        let mut failed = failed;
        loop {
            if let Some(failure) = failed.take()
                && let Err(failure) = self.retry.after(failure)
            {
                self.next_place(failure)?;
            }
            match self.request() {
                Ok(body) => {
                    self.body = Some(body);
                    return Ok(());
                }
                Err(failure) => failed = Some(failure),
            }
        }
    }

    /// The next place that may answer; the failure where there is none.
    fn next_place(&mut self, failure: Failure) -> Result<(), Failure> {
        let places = &self.client.endpoints;
        if let Some(place) = places.get(self.place) {
            place.gave_up(&failure);
            self.before.push(format!("mirror {}: {failure}", place.host));
        }
        let last = places.len().saturating_sub(1);
        let next = (self.place.saturating_add(1)..places.len())
            .find(|next| *next == last || places.get(*next).is_some_and(|place| !place.is_down()));
        let Some(next) = next else {
            self.before.pop();
            return Err(failure);
        };
        self.place = next;
        self.retry.refill();
        Ok(())
    }

    fn request(&self) -> Result<HttpBody, Failure> {
        let nowhere = || Failure::Lie("there is nowhere to ask".to_owned());
        let endpoint = self.client.endpoints.get(self.place).ok_or_else(nowhere)?;
        let range = format!("bytes={}-", self.position);
        let headers: &[(&str, &str)] = if self.position > 0 { &[("Range", &range)] } else { &[] };
        let path = format!("blobs/{}", self.wanted.digest);
        // A larger one than the manifest states is found below, where both sizes can be said.
        let response = self.client.ask(endpoint, &path, headers, u64::MAX)?;
        match response.status() {
            200 => {
                self.check_size(response.length(), self.wanted.size)?;
                let mut body = response.into_body();
                // It ignored the range: what was given on already is skipped. That it is the same is told by the digest.
                let skipped =
                    io::copy(&mut body.by_ref().take(self.position), &mut io::sink()).map_err(Failure::Broken)?;
                if skipped < self.position {
                    return Err(Failure::Broken(io::ErrorKind::UnexpectedEof.into()));
                }
                Ok(body)
            }
            206 if self.position > 0 => {
                self.check_range(&response)?;
                let left = self.wanted.size.map(|size| size.saturating_sub(self.position));
                self.check_size(response.length(), left)?;
                Ok(response.into_body())
            }
            _ => Err(Failure::of(response)),
        }
    }

    fn check_size(&self, stated: Option<u64>, promised: Option<u64>) -> Result<(), Failure> {
        let limit = self.client.limits.layer_bytes;
        match (stated, promised) {
            (Some(stated), Some(promised)) if stated != promised => {
                Err(Failure::Lie(format!("the registry gives {stated} bytes where the manifest promises {promised}")))
            }
            (Some(stated), None) if stated > limit => {
                Err(Failure::Lie(format!("it has {stated} bytes, over the limit of {limit}")))
            }
            _ => Ok(()),
        }
    }

    /// `Content-Range: bytes FIRST-LAST/SIZE` must begin where we are
    /// ([RFC 9110, 14.4](https://www.rfc-editor.org/rfc/rfc9110#section-14.4)).
    fn check_range(&self, response: &HttpResponse) -> Result<(), Failure> {
        let range = response.header("content-range").unwrap_or_default();
        let first =
            range.trim().strip_prefix("bytes ").and_then(|r| r.split_once('-')).and_then(|(f, _)| f.parse().ok());
        if first == Some(self.position) {
            return Ok(());
        }
        Err(Failure::Lie(format!("the registry gives another part than the one from byte {} on", self.position)))
    }

    /// Whether all has come. Where the manifest states a size, the registry must stop there too.
    fn is_whole(&mut self) -> Result<bool, Failure> {
        if self.wanted.size.is_none_or(|size| self.position < size) {
            return Ok(false);
        }
        // A connection that breaks after the last byte has done its work.
        let extra = self.body.as_mut().and_then(|body| body.read(&mut [0]).ok()).unwrap_or(0);
        if extra > 0 {
            return Err(Failure::Lie(format!("the registry gives more than the {} bytes promised", self.position)));
        }
        Ok(true)
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        loop {
            if self.is_whole()? {
                return Ok(0);
            }
            let limit = self.wanted.size.unwrap_or(self.client.limits.layer_bytes.saturating_add(1));
            let left = usize::try_from(limit.saturating_sub(self.position)).unwrap_or(usize::MAX).min(buffer.len());
            let Some((body, part)) = self.body.as_mut().zip(buffer.get_mut(..left)) else {
                // It failed before; the end is not to be mistaken for that of the layer.
                return Err(Failure::Broken(io::ErrorKind::NotConnected.into()));
            };
            let failure = match body.read(part) {
                Ok(0) if self.wanted.size.is_none() => return Ok(0),
                Ok(0) => io::ErrorKind::UnexpectedEof.into(),
                Ok(read) => {
                    self.position = self.position.saturating_add(read as u64);
                    if self.position > self.client.limits.layer_bytes {
                        let limit = self.client.limits.layer_bytes;
                        return Err(Failure::Lie(format!("it is larger than the limit of {limit} bytes")));
                    }
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            self.body = None;
            if self.position.saturating_sub(self.broke_at) >= PROGRESS {
                self.retry.refill();
            }
            self.broke_at = self.position;
            self.connect(Some(Failure::Broken(failure)))?;
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        match self.next(buffer) {
            Ok(0) => {
                self.ended = true;
                // The connection goes back for the next layer.
                self.body = None;
                if let Some(file) = self.keeper.finish() {
                    self.kept.put(self.wanted.index, file);
                }
                Ok(0)
            }
            Ok(read) => {
                self.keeper.write(buffer.get(..read).unwrap_or_default());
                Ok(read)
            }
            Err(failure) => {
                self.body = None;
                Err(io::Error::other(self.error(failure)))
            }
        }
    }
}
