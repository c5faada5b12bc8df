use seawall_io::{HttpResponse, Limits, read_to_limit, sha256};
use seawall_model::Digest;

use super::endpoint::Endpoint;
use super::failure::Failure;
use super::retry::Retry;
use super::{RegistryOptions, auth, blob_name};
use crate::TargetError;
use crate::image_reference::ImageReference;

/// The documents that are understood. Without the first version's types, which registries then do not convert to.
const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// Asks for one image's documents and layers, at each place that may have them.
#[derive(Debug)]
pub(super) struct Client {
    /// For messages.
    pub(super) name: String,
    pub(super) options: RegistryOptions,
    pub(super) limits: Limits,
    pub(super) endpoints: Vec<Endpoint>,
}

impl Client {
    pub(super) fn new(
        reference: &ImageReference,
        limits: &Limits,
        options: &RegistryOptions,
    ) -> Result<Self, TargetError> {
        let name = format!("{}/{}", reference.registry(), reference.repository());
        let endpoints = Endpoint::all(reference, options)?;
        Ok(Self { options: options.clone(), limits: limits.clone(), endpoints, name })
    }

    /// A manifest or an index by its digest or tag, verified against `expected`, and against what the registry says it
    /// is.
    pub(super) fn manifest(&self, wanted: &str, expected: Option<Digest>) -> Result<(Digest, Vec<u8>), TargetError> {
        self.everywhere(&format!("manifest {wanted}"), |endpoint| {
            let path = format!("manifests/{wanted}");
            let (stated, bytes) = self.small(endpoint, &path, Some(ACCEPTED))?;
            let actual = sha256(&bytes);
            match expected.or(stated) {
                Some(expected) if expected != actual => Err(Failure::Mismatch { expected, actual }),
                _ => Ok((actual, bytes)),
            }
        })
    }

    /// A small blob, verified.
    pub(super) fn document(&self, digest: Digest) -> Result<Vec<u8>, TargetError> {
        self.everywhere(&blob_name(digest), |endpoint| {
            let (_, bytes) = self.small(endpoint, &format!("blobs/{digest}"), None)?;
            let actual = sha256(&bytes);
            if actual == digest { Ok(bytes) } else { Err(Failure::Mismatch { expected: digest, actual }) }
        })
    }

    /// Asks one place after the other; the last, which is the registry itself, gives the error.
    fn everywhere<T>(&self, what: &str, ask: impl Fn(&Endpoint) -> Result<T, Failure>) -> Result<T, TargetError> {
        let mut before = Vec::new();
        let mut last = None;
        for (index, endpoint) in self.endpoints.iter().enumerate() {
            if endpoint.is_down() && index.saturating_add(1) < self.endpoints.len() {
                continue;
            }
            if let Some((host, failure)) = last.take() {
                before.push(format!("mirror {host}: {failure}"));
            }
            match ask(endpoint) {
                Ok(found) => return Ok(found),
                Err(failure) => {
                    endpoint.gave_up(&failure);
                    last = Some((endpoint.host.clone(), failure));
                }
            }
        }
        let failure = last.map_or_else(|| Failure::Lie("there is nowhere to ask".to_owned()), |(_, failure)| failure);
        Err(failure.into_error(what, &self.name, &before))
    }

    /// A whole small answer, and the digest that the registry states for it.
    fn small(
        &self,
        endpoint: &Endpoint,
        path: &str,
        accept: Option<&str>,
    ) -> Result<(Option<Digest>, Vec<u8>), Failure> {
        let limit = self.limits.document_bytes;
        let mut retry = Retry::new(&self.options);
        loop {
            let headers: Vec<(&str, &str)> = accept.map(|accept| ("Accept", accept)).into_iter().collect();
            let got = self.ask(endpoint, path, &headers, limit).and_then(|response| {
                if response.status() != 200 {
                    return Err(Failure::of(response));
                }
                let stated = response.header("docker-content-digest").and_then(|text| text.trim().parse().ok());
                let bytes = read_to_limit(&mut response.into_body(), limit).map_err(|e| match e.kind() {
                    std::io::ErrorKind::FileTooLarge => {
                        Failure::Lie(format!("it is larger than the limit of {limit} bytes"))
                    }
                    _ => Failure::Broken(e),
                })?;
                Ok((stated, bytes))
            });
            match got {
                Ok(got) => return Ok(got),
                Err(failure) => retry.after(failure)?,
            }
        }
    }

    /// One request, with whatever it takes to be known. Any status but 401 and 403 is an answer.
    pub(super) fn ask(
        &self,
        endpoint: &Endpoint,
        path: &str,
        headers: &[(&str, &str)],
        max_body: u64,
    ) -> Result<HttpResponse, Failure> {
        let mut fresh = false;
        loop {
            let base = endpoint.base();
            let url = format!("{base}/v2/{}/{path}", endpoint.repository);
            let mut request = endpoint.http.get(&url).max_body(max_body);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let authorization = endpoint.authorization();
            if let Some(value) = &authorization {
                request = request.header("Authorization", value.reveal());
            }
            let response = request.send().map_err(|error| endpoint.failure(error))?;
            // Another host, to which a redirect led, is not told who asks, and its questions are not answered.
            let is_own = response.url().strip_prefix(&base).is_some_and(|rest| rest.starts_with('/'));
            match response.status() {
                401 if is_own && !fresh => {
                    endpoint.authorize(auth::answer(endpoint, &response, &self.options.credentials)?);
                    fresh = true;
                }
                401 | 403 if is_own && authorization.is_some() => {
                    return Err(Failure::Refused { host: endpoint.known_as.clone() });
                }
                400 if endpoint.is_plain() => {
                    if !(speaks_tls(response) && endpoint.try_tls()) {
                        return Err(Failure::Status { status: 400, code: None, wait: None });
                    }
                }
                _ => return Ok(response),
            }
        }
    }
}

/// Servers of https tell a plain request apart, and say so in words.
fn speaks_tls(response: HttpResponse) -> bool {
    let mut bytes = Vec::new();
    // What could not be read says nothing.
    let _ = std::io::Read::read_to_end(&mut std::io::Read::take(response.into_body(), 4096), &mut bytes);
    String::from_utf8_lossy(&bytes).contains("HTTPS")
}
