use std::time::Duration;

use seawall_io::{HttpError, HttpResponse};
use seawall_model::Digest;

use super::retry::asked_wait;
use crate::TargetError;
use crate::credentials::CredentialError;

/// Why one place did not give what was asked for. No text of the registry's is in it: it could quote a secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(
        "{error}\nhint: where {host} has an authority of its own, store that one's certificate as \
         /etc/docker/certs.d/{host}/ca.crt, or name it with --ca FILE"
    )]
    Untrusted { error: HttpError, host: String },
    #[error("{error}\nhint: store one as /etc/docker/certs.d/{host}/client.cert, and its key beside it as client.key")]
    Unknown { error: HttpError, host: String },
    #[error("{error}\nhint: --plain-http asks without encryption, where the network is one that you trust")]
    NotTls { error: HttpError },
    #[error("the connection broke off: {0}")]
    Broken(std::io::Error),
    #[error("the registry answers with status {status}{}", shown(code.as_deref()))]
    Status { status: u16, code: Option<String>, wait: Option<Duration> },
    #[error("the registry asks to wait {} s, over the limit of {} s", asked.as_secs(), limit.as_secs())]
    Wait { asked: Duration, limit: Duration },
    #[error("there is no such image, or it may not be seen{}", shown(code.as_deref()))]
    Absent { code: Option<String> },
    #[error("{host} refuses the credentials that are stored for it\nhint: log in again with docker login {host}")]
    Refused { host: String },
    #[error("{host} asks for credentials, and none are stored for it\nhint: docker login {host}")]
    Anonymous { host: String },
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error("{0}")]
    Lie(String),
    #[error("it has digest {actual}, but {expected} was promised")]
    Mismatch { expected: Digest, actual: Digest },
}

fn shown(code: Option<&str>) -> String {
    code.map(|code| format!(" ({code})")).unwrap_or_default()
}

impl Failure {
    /// What a status that was not wanted means. Reads the error document that should come with it.
    pub(super) fn of(response: HttpResponse) -> Self {
        let status = response.status();
        let wait = asked_wait(response.header("retry-after"), response.header("date"));
        let code = response.bytes().ok().and_then(|bytes| code(&bytes));
        match status {
            404 => Self::Absent { code },
            _ => Self::Status { status, code, wait },
        }
    }

    /// The same from the token service, of which an image is not asked.
    pub(super) fn of_token_service(self) -> Self {
        match self {
            Self::Absent { code } => Self::Status { status: 404, code, wait: None },
            other => other,
        }
    }

    /// Whether asking again may help.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Http(error) => error.is_transient(),
            Self::Broken(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// How long the registry asks to wait.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// For the caller. `what` was asked for at `place`; `mirrors` says what failed before.
    pub(super) fn into_error(self, what: &str, place: &str, mirrors: &[String]) -> TargetError {
        let before = mirrors.iter().map(|m| format!("\nhint: before that, {m}")).collect::<String>();
        match self {
            Self::Mismatch { expected, actual } => {
                TargetError::DigestMismatch { what: format!("{place}: {what}"), expected, actual }
            }
            Self::Absent { .. } => {
                TargetError::NotFound { name: format!("{place}: {what}"), reason: format!("{self}{before}") }
            }
            _ => TargetError::Remote { what: format!("{place}: {what}"), reason: format!("{self}{before}") },
        }
    }
}

/// The code of the first error in an error document, where it is one as the specification writes them.
fn code(bytes: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Document {
        errors: Vec<Entry>,
    }
    #[derive(serde::Deserialize)]
    struct Entry {
        code: String,
    }
    let document: Document = serde_json::from_slice(bytes).ok()?;
    let code = document.errors.into_iter().next()?.code;
    let plain = code.len() <= 40 && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    plain.then_some(code)
}
