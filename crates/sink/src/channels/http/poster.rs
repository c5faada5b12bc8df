use std::sync::Arc;
use std::time::Duration;

use seawall_io::{HttpClient, HttpMethod, HttpResponse, HttpSettings, Redirects, read_bounded};
use serde_json::Value;

use super::backlog::split;
use crate::counters::{Counters, DropReason};
use crate::spec::header;
use crate::{Body, SinkError, SinkSpec};

/// Files of certificates and headers are not larger.
const MAX_FILE: u64 = 1 << 20;
/// Answers are read for what they say of rejected records, and not further.
const MAX_ANSWER: u64 = 64 << 10;

/// Sends records by POST.
pub(super) struct Poster {
    client: HttpClient,
    url: String,
    spec: SinkSpec,
    counters: Arc<Counters>,
}

/// What became of a request.
pub(super) struct Posted {
    /// So many of the first records need not be sent again.
    pub(super) done: usize,
    /// Why the others are to be sent again.
    pub(super) trouble: Option<Trouble>,
}

/// Why an attempt failed.
pub(super) struct Trouble {
    pub(super) error: String,
    /// The receiver asked to be left alone for so long.
    pub(super) wait: Option<Duration>,
}

enum Answer {
    /// Taken, except for so many.
    Taken { rejected: u64 },
    /// These bytes will never be taken.
    Rejected(String),
    /// Perhaps later.
    Later(Trouble),
}

impl Poster {
    pub(super) fn new(spec: &SinkSpec, url: &str, counters: Arc<Counters>) -> Result<Self, SinkError> {
        let refuse = |reason: String| SinkError::Http { target: spec.target.to_string(), reason };
        let options = &spec.options;
        let ca = options
            .ca
            .as_ref()
            .map(|path| read_bounded(path, MAX_FILE).map_err(|error| refuse(format!("{}: {error}", path.display()))));
        let settings = HttpSettings {
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(20),
            total_timeout: Duration::from_secs(30),
            // A POST that is sent on elsewhere is not what was asked for.
            redirects: Redirects::Never,
            plain_http: options.plain_http,
            ca: ca.transpose()?,
            ..HttpSettings::default()
        };
        let client = HttpClient::new(settings).map_err(|error| refuse(error.to_string()))?;
        let poster = Self { client, url: url.to_owned(), spec: spec.clone(), counters };
        poster.headers().map_err(refuse)?;
        Ok(poster)
    }

    /// Headers as they are now: a secret that was renewed in its file is taken at the next attempt.
    fn headers(&self) -> Result<Vec<(String, String)>, String> {
        let mut headers = self.spec.options.headers.clone();
        if let Some(path) = &self.spec.options.header_file {
            let shown = path.display();
            let bytes = read_bounded(path, MAX_FILE).map_err(|error| format!("{shown}: {error}"))?;
            let text = str::from_utf8(&bytes).map_err(|_| format!("{shown}: not text"))?;
            for (number, line) in (1..).zip(text.lines()) {
                if !line.trim().is_empty() {
                    headers.push(header(line).ok_or_else(|| format!("{shown}:{number}: not `Name: value`"))?);
                }
            }
        }
        Ok(headers)
    }

    /// Sends entries, at least the first; where the receiver rejects several, the one that it means is found by halving.
    pub(super) fn post(&self, entries: &[Vec<u8>]) -> Posted {
        let mut count = entries.len();
        loop {
            let Some(batch) = entries.get(..count).filter(|batch| !batch.is_empty()) else {
                return Posted { done: 0, trouble: None };
            };
            let newest = batch.last().map(|entry| split(entry).0);
            match self.attempt(batch) {
                Answer::Taken { rejected } => {
                    let rejected = rejected.min(count as u64);
                    self.counters.delivered(count - usize::try_from(rejected).unwrap_or(count));
                    self.counters.dropped(DropReason::Rejected, rejected, newest);
                    return Posted { done: count, trouble: None };
                }
                Answer::Rejected(error) if count == 1 => {
                    self.counters.explain(error);
                    self.counters.dropped(DropReason::Rejected, 1, newest);
                    return Posted { done: 1, trouble: None };
                }
                Answer::Rejected(_) => count = count.div_ceil(2),
                Answer::Later(trouble) => return Posted { done: 0, trouble: Some(trouble) },
            }
        }
    }

    fn attempt(&self, entries: &[Vec<u8>]) -> Answer {
        let later = |error: String| Answer::Later(Trouble { error, wait: None });
        let headers = match self.headers() {
            Ok(headers) => headers,
            Err(error) => return later(error),
        };
        let (media_type, body) = self.body(entries);
        let mut request = self.client.request(HttpMethod::Post, &self.url).header("content-type", media_type);
        for (name, value) in &headers {
            request = request.credential(name, value);
        }
        match request.body(body).max_body(MAX_ANSWER).send() {
            Ok(response) => self.answer(response),
            Err(error) => later(error.to_string()),
        }
    }

    fn body(&self, entries: &[Vec<u8>]) -> (&'static str, Vec<u8>) {
        let media_type = self.spec.format.media_type().unwrap_or("application/json");
        let kind = self.spec.options.body;
        let lines = ("", "\n", "\n", "application/x-ndjson");
        let (before, between, after, media_type) = match (self.spec.format.envelope(), kind) {
            (Some((before, after)), _) => (before, ",", after, media_type),
            (None, Body::Array) => ("[", ",", "]", media_type),
            (None, Body::Single) => ("", "", "", media_type),
            (None, Body::Lines) => lines,
        };
        let records: Vec<&[u8]> = entries.iter().map(|entry| split(entry).1).collect();
        let mut body = before.as_bytes().to_vec();
        body.extend_from_slice(&records.join(between.as_bytes()));
        body.extend_from_slice(after.as_bytes());
        (media_type, body)
    }

    /// 400, 413, 415 and 422 mean these bytes; all else may be set right at the other end or in the headers, and the
    /// records wait for it.
    fn answer(&self, response: HttpResponse) -> Answer {
        let status = response.status();
        let target = &self.spec.target;
        match status {
            200..=299 => {
                let is_otlp = self.spec.format.id() == "otlp";
                let rejected = if is_otlp { response.bytes().map_or(0, |bytes| rejected(&bytes)) } else { 0 };
                Answer::Taken { rejected }
            }
            400 | 413 | 415 | 422 => Answer::Rejected(format!("{target}: HTTP {status}: the alert is not taken")),
            _ => {
                let wait = response.header("retry-after").and_then(|text| text.trim().parse().ok());
                let error = format!("{target}: HTTP {status}");
                Answer::Later(Trouble { error, wait: wait.map(Duration::from_secs) })
            }
        }
    }
}

/// `partialSuccess.rejectedLogRecords` of an OTLP answer.
fn rejected(bytes: &[u8]) -> u64 {
    let answer: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let count = answer.get("partialSuccess").and_then(|p| p.get("rejectedLogRecords"));
    count.and_then(|c| c.as_u64().or_else(|| c.as_str()?.parse().ok())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_partial_success_is_understood() {
        assert_eq!(super::rejected(br#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#), 3);
        assert_eq!(super::rejected(br#"{"partialSuccess":{"rejectedLogRecords":2}}"#), 2);
        assert_eq!(super::rejected(b"{}"), 0);
        assert_eq!(super::rejected(b"\x0a\x00"), 0);
    }
}
