//! Credential helpers: programs that keep the secrets of `docker login`
//! ([protocol](https://github.com/docker/docker-credential-helpers#development)).

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::{Credential, CredentialError, Secret};

/// A helper may have to ask the user or a cloud.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A larger answer is refused; a token has a few kilobytes.
const MAX_ANSWER: u64 = 256 << 10;
/// The user name that says: the secret is an identity token.
const TOKEN_USER: &str = "<token>";
/// What helpers answer where they know nothing of the server.
const NOT_FOUND: &str = "credentials not found";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Asks `docker-credential-NAME get` for a server; `None` where it knows none.
pub(super) fn ask(name: &str, server: &str, path: &OsStr) -> Result<Option<Credential>, CredentialError> {
    let program = format!("docker-credential-{name}");
    let wrong = |reason: &str| CredentialError::Helper {
        name: program.chars().filter(|c| c.is_ascii_graphic()).take(100).collect(),
        reason: reason.to_owned(),
    };
    let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(safe) {
        return Err(wrong("its name may only have letters, digits, `-` and `_`"));
    }
    let found = std::env::split_paths(path).filter(|f| f.is_absolute()).map(|f| f.join(&program)).find(|f| f.is_file());
    let found = found.ok_or_else(|| wrong("it is not on PATH"))?;
    let mut child = Command::new(found)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| wrong(&e.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read is told by what it answers.
        let _ = stdin.write_all(format!("{server}\n").as_bytes());
    }
    let answer = child.stdout.take().map(collect).and_then(|answer| answer.recv_timeout(TIMEOUT).ok());
    let success = ended(&mut child);
    if answer.as_ref().is_some_and(|answer| answer.len() as u64 > MAX_ANSWER) {
        return Err(wrong(&format!("it answered with more than {MAX_ANSWER} bytes")));
    }
    let (Some(answer), Some(success)) = (answer, success) else {
        return Err(wrong(&format!("it gave no answer within {} s", TIMEOUT.as_secs())));
    };
    if !success {
        let text = String::from_utf8_lossy(&answer);
        return if text.contains(NOT_FOUND) { Ok(None) } else { Err(wrong("it failed")) };
    }
    let answer: Answer = serde_json::from_slice(&answer).map_err(|_| wrong("its answer is not what helpers give"))?;
    Ok(match (answer.username.as_str(), answer.secret) {
        (_, secret) if secret.is_empty() => None,
        (TOKEN_USER, secret) => Some(Credential::IdentityToken(Secret::new(secret))),
        (_, secret) => Some(Credential::Password { user: answer.username, password: Secret::new(secret) }),
    })
}

/// Reads on a thread of its own: the helper may have left a child behind that keeps the pipe open.
fn collect(stdout: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error tells as much as an answer that was cut.
        let _ = stdout.take(MAX_ANSWER.saturating_add(1)).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

/// Whether it succeeded; `None` where it had to be killed. It has closed its output or said too much by now, so that
/// little patience is due.
fn ended(child: &mut Child) -> Option<bool> {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    // Its end is collected, so that no zombie stays.
    let _ = child.kill();
    let _ = child.wait();
    None
}
