//! Services that listen on this machine, such as container engines: where they are, and the little HTTP that asking
//! them takes.

mod http;

use std::fmt;
use std::path::PathBuf;

pub use http::{LocalBody, LocalCloser, LocalHttp, LocalResponse};

use crate::is_loopback;

/// Where a service of this machine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalAddress {
    /// A socket file.
    Unix(PathBuf),
    /// Host and port on loopback.
    Tcp(String),
}

impl fmt::Display for LocalAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
        }
    }
}

impl LocalAddress {
    /// Reads what `DOCKER_HOST` may hold, as far as it stays on this machine.
    ///
    /// # Errors
    /// What is wrong with it, and what can be done.
    pub fn read(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix://") {
            return if path.starts_with('/') {
                Ok(Self::Unix(PathBuf::from(path)))
            } else {
                Err("the path of a socket begins with `/`".to_owned())
            };
        }
        let Some(host) = text.strip_prefix("tcp://").or_else(|| text.strip_prefix("http://")) else {
            return Err("only unix:// and tcp:// engines can be asked\n\
                 hint: seawall can read the output of docker save: docker-archive:FILE"
                .to_owned());
        };
        let host = host.trim_end_matches('/');
        match host.rsplit_once(':') {
            Some((name, port)) if is_loopback(name) && port.parse::<u16>().is_ok() => Ok(Self::Tcp(host.to_owned())),
            Some((name, _)) if !is_loopback(name) => {
                Err("an engine on another machine is not asked without encryption\n\
                 hint: run seawall there, or forward its socket over ssh and name that with unix://"
                    .to_owned())
            }
            _ => Err("host and port are expected: tcp://localhost:2375".to_owned()),
        }
    }

    /// The first socket that is there, else the first that would be.
    pub fn usual(mut sockets: impl Iterator<Item = PathBuf>) -> Self {
        let Some(first) = sockets.next() else { return Self::Unix(PathBuf::from("/")) };
        if first.exists() {
            return Self::Unix(first);
        }
        Self::Unix(sockets.find(|socket| socket.exists()).unwrap_or(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_on_this_machine() {
        for text in ["unix:///run/x.sock", "tcp://127.0.0.1:2375", "tcp://[::1]:1"] {
            assert_eq!(LocalAddress::read(text).expect(text).to_string(), text);
        }
        assert_eq!(
            LocalAddress::read("http://localhost:2375/").expect("loopback"),
            LocalAddress::Tcp("localhost:2375".to_owned())
        );
        for (text, reason) in [
            ("unix://x.sock", "begins with"),
            ("tcp://192.0.2.1:2375", "another machine"),
            ("tcp://localhost", "host and port"),
            ("ssh://host", "only unix"),
            ("", "only unix"),
        ] {
            let error = LocalAddress::read(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
