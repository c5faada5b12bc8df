use std::fmt;
use std::io;
use std::path::PathBuf;

use seawall_io::is_loopback;
use seawall_model::TargetKind;

use crate::TargetError;

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A socket file.
    Unix(PathBuf),
    /// Host and port on loopback.
    Tcp(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
        }
    }
}

impl Address {
    /// Reads what `DOCKER_HOST` may hold, as far as it stays on this machine.
    pub(super) fn read(text: &str) -> Result<Self, String> {
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
    pub(super) fn usual(mut sockets: impl Iterator<Item = PathBuf>) -> Self {
        let Some(first) = sockets.next() else { return Self::Unix(PathBuf::from("/")) };
        if first.exists() {
            return Self::Unix(first);
        }
        Self::Unix(sockets.find(|socket| socket.exists()).unwrap_or(first))
    }

    /// What can be done about an engine that does not answer.
    pub(super) fn explain(&self, kind: TargetKind, error: &io::Error) -> TargetError {
        let podman = kind == TargetKind::Podman;
        let (name, start, variable) = if podman {
            ("Podman", "systemctl --user start podman.socket", "CONTAINER_HOST")
        } else {
            ("Docker", "systemctl start docker", "DOCKER_HOST")
        };
        let hint = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                format!("\nhint: start it ({start}), or say with {variable} where it listens")
            }
            io::ErrorKind::PermissionDenied if podman => "\nhint: run as the user whose engine it is".to_owned(),
            io::ErrorKind::PermissionDenied => "\nhint: run as root or as a member of the group docker".to_owned(),
            _ => String::new(),
        };
        TargetError::Remote { what: format!("no {name} engine answers at {self}"), reason: format!("{error}{hint}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_on_this_machine() {
        for text in ["unix:///run/x.sock", "tcp://127.0.0.1:2375", "tcp://[::1]:1"] {
            assert_eq!(Address::read(text).expect(text).to_string(), text);
        }
        assert_eq!(
            Address::read("http://localhost:2375/").expect("loopback"),
            Address::Tcp("localhost:2375".to_owned())
        );
        for (text, reason) in [
            ("unix://x.sock", "begins with"),
            ("tcp://192.0.2.1:2375", "another machine"),
            ("tcp://localhost", "host and port"),
            ("ssh://host", "only unix"),
            ("", "only unix"),
        ] {
            let error = Address::read(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
