//! `-o FORMAT=TARGET[,OPTION=VALUE]…`: which alerts go where, and how.

mod options;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

pub(crate) use options::header;
pub use options::{Body, SINK_OPTIONS, SinkOption, SinkOptions, SpoolPlace};

use crate::{ALERT_FORMATS, AlertFormat, alert_format};

/// One sink, as it was asked for.
///
/// ```
/// use seawall_sink::{SinkSpec, SinkTarget};
/// let spec: SinkSpec = "jsonl=/var/log/alerts.jsonl,rotate=100MiB,keep=5".parse().unwrap();
/// assert_eq!(spec.target, SinkTarget::File("/var/log/alerts.jsonl".into()));
/// assert_eq!(spec.options.rotate, Some(100 << 20));
/// assert!("jsonl=x,colour=red".parse::<SinkSpec>().unwrap_err().to_string().contains("unknown option `colour`"));
/// ```
#[derive(Clone)]
pub struct SinkSpec {
    /// How an alert becomes bytes.
    pub format: &'static dyn AlertFormat,
    /// Where the bytes go.
    pub target: SinkTarget,
    /// How.
    pub options: SinkOptions,
}

/// Where alerts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SinkTarget {
    /// `-`: standard output.
    Stdout,
    /// A file, appended to.
    File(PathBuf),
    /// `unix:PATH`: the datagram socket of a syslog daemon, such as `/dev/log`.
    Unix(PathBuf),
    /// `udp:HOST:PORT`: one message a datagram.
    Udp(String),
    /// `tcp:HOST:PORT`: octet-counted messages.
    Tcp(String),
    /// `http://…` or `https://…`: batches by POST.
    Http(String),
}

/// Why a specification cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// It is not `FORMAT=TARGET`.
    #[error("`{0}` is not FORMAT=TARGET (for example jsonl=alerts.jsonl; formats are {list}, http)", list = formats())]
    Shape(String),
    /// No such format.
    #[error("there is no alert format `{0}` (there are {list}, http)", list = formats())]
    Format(String),
    /// The target cannot be understood.
    #[error("`{target}` is no target: {reason}")]
    Target {
        /// As it was given, without secrets.
        target: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No such option.
    #[error("unknown option `{name}` (there are {list}); a comma that belongs to a value is written twice", list = options::names())]
    Option {
        /// Its name.
        name: String,
    },
    /// The option means nothing for this target.
    #[error("option `{name}` means nothing for {target}: it is for {wanted}")]
    Misplaced {
        /// Its name.
        name: &'static str,
        /// The target.
        target: String,
        /// What it is for.
        wanted: &'static str,
    },
    /// The option's value cannot be understood. It may be a secret and is not shown.
    #[error("option `{name}` needs {wanted}")]
    Value {
        /// Its name.
        name: &'static str,
        /// What it needs.
        wanted: &'static str,
    },
}

fn formats() -> String {
    ALERT_FORMATS.iter().map(|f| f.id()).collect::<Vec<_>>().join(", ")
}

impl FromStr for SinkSpec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let parts = parts(text);
        let (first, rest) = parts.split_first().ok_or_else(|| SpecError::Shape(text.to_owned()))?;
        let (word, target) = first.split_once('=').ok_or_else(|| SpecError::Shape(first.clone()))?;
        // `http=URL` is what others call it; the records are JSON lines.
        let id = if word == "http" { "jsonl" } else { word };
        let format = alert_format(id).ok_or_else(|| SpecError::Format(word.to_owned()))?;
        let target = SinkTarget::parse(target)?;
        let refuse = |reason| SpecError::Target { target: target.to_string(), reason };
        match &target {
            SinkTarget::Http(_) if format.media_type().is_none() => {
                return Err(refuse("this format is for files and syslog, not for HTTP"));
            }
            SinkTarget::Http(_) => {}
            _ if word == "http" => return Err(refuse("`http` needs an address that begins with http:// or https://")),
            _ => {}
        }
        let target = if id == "otlp" { target.with_otlp_path() } else { target };
        let options = SinkOptions::parse(rest, &target)?;
        Ok(Self { format, target, options })
    }
}

impl fmt::Display for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.format.id(), self.target)
    }
}

impl fmt::Debug for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Splits at single commas; two commas are one that belongs to the value.
fn parts(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let is_separator = c == ',' && characters.next_if_eq(&',').is_none();
        match all.last_mut() {
            Some(last) if !is_separator => last.push(c),
            _ => all.push(String::new()),
        }
    }
    all
}

impl SinkTarget {
    fn parse(text: &str) -> Result<Self, SpecError> {
        let refuse = |reason| SpecError::Target { target: shown(text), reason };
        let address = |rest: &str| match rest.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(rest.to_owned()),
            _ => Err(refuse("it needs HOST:PORT, an IPv6 address in brackets")),
        };
        Ok(match text.split_once(':') {
            _ if text.is_empty() => return Err(refuse("it is empty (standard output is `-`)")),
            _ if text == "-" => Self::Stdout,
            Some(("unix", path)) if !path.is_empty() => Self::Unix(path.into()),
            Some(("unix", _)) => return Err(refuse("unix: needs a path")),
            Some(("udp", rest)) => Self::Udp(address(rest)?),
            Some(("tcp", rest)) => Self::Tcp(address(rest)?),
            Some(("http" | "https", rest)) if rest.starts_with("//") => Self::Http(text.to_owned()),
            Some((scheme, rest)) if rest.starts_with("//") && !scheme.contains('/') => {
                return Err(refuse("no such scheme (unix:, udp:, tcp:, http://, https:// or a path)"));
            }
            _ => Self::File(text.into()),
        })
    }

    /// An address without a path is the base of a collector, whose logs go to `/v1/logs`.
    fn with_otlp_path(self) -> Self {
        match self {
            Self::Http(url) => {
                let bare = url.trim_end_matches('/');
                let has_path = bare.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
                Self::Http(if has_path || url.contains('?') { url } else { format!("{bare}/v1/logs") })
            }
            other => other,
        }
    }
}

/// An address without what may be a secret.
fn shown(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or_default())
        }
        None => bare.to_owned(),
    }
}

impl fmt::Display for SinkTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("-"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Udp(address) => write!(f, "udp:{address}"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Http(url) => f.write_str(&shown(url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> SinkSpec {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn targets_are_told_apart() {
        for (text, target) in [
            ("jsonl=-", SinkTarget::Stdout),
            ("jsonl=a,,b:c", SinkTarget::File("a,b:c".into())),
            ("text=./unix:x", SinkTarget::File("./unix:x".into())),
            ("syslog=unix:/dev/log", SinkTarget::Unix("/dev/log".into())),
            ("cef=udp:[::1]:514", SinkTarget::Udp("[::1]:514".into())),
            ("syslog=tcp:log.example:601,facility=auth", SinkTarget::Tcp("log.example:601".into())),
            ("http=https://siem.example/in?key=s", SinkTarget::Http("https://siem.example/in?key=s".into())),
            ("otlp=http://127.0.0.1:4318", SinkTarget::Http("http://127.0.0.1:4318/v1/logs".into())),
            ("otlp=http://127.0.0.1:4318/", SinkTarget::Http("http://127.0.0.1:4318/v1/logs".into())),
            ("otlp=https://o.example/x/v1/logs", SinkTarget::Http("https://o.example/x/v1/logs".into())),
        ] {
            assert_eq!(spec(text).target, target, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_a_reason() {
        for (text, part) in [
            ("jsonl", "is not FORMAT=TARGET"),
            ("xml=a", "no alert format `xml`"),
            ("jsonl=", "it is empty"),
            ("syslog=udp:514", "HOST:PORT"),
            ("syslog=tcp:host:port", "HOST:PORT"),
            ("syslog=ftp://x/y", "no such scheme"),
            ("cef=https://x.example/", "not for HTTP"),
            ("http=file", "needs an address"),
            ("jsonl=a,rotate", "option `rotate` needs"),
            ("jsonl=a,rotate=big", "option `rotate` needs"),
            ("jsonl=-,rotate=1MiB", "means nothing for -"),
            ("jsonl=a,b", "unknown option `b`"),
        ] {
            let error = text.parse::<SinkSpec>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn the_name_of_a_channel_carries_no_secret() {
        let spec = spec("http=https://u:p@siem.example/in?key=s,header=Authorization: Bearer t,spool=none");
        assert_eq!(spec.to_string(), "jsonl=https://siem.example/in");
        assert_eq!(format!("{spec:?}"), "jsonl=https://siem.example/in");
    }
}
