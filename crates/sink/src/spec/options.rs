use std::path::PathBuf;
use std::time::Duration;

use seawall_model::Priority;

use super::{SinkTarget, SpecError};
use crate::RecordOptions;

/// How alerts go to their target. The defaults are those of [`SINK_OPTIONS`].
#[derive(Clone)]
pub struct SinkOptions {
    /// Only alerts that are this bad or worse.
    pub priority: Priority,
    /// Bytes of alerts that may wait in memory.
    pub queue: usize,
    /// A file of this size is moved away; none: never.
    pub rotate: Option<u64>,
    /// How many files that were moved away are kept.
    pub keep: u32,
    /// What records depend on.
    pub record: RecordOptions,
    /// Headers of requests.
    pub headers: Vec<(String, String)>,
    /// A file with further headers, one a line: for secrets, which do not belong into an argument.
    pub header_file: Option<PathBuf>,
    /// Certificates that are trusted instead of the public ones.
    pub ca: Option<PathBuf>,
    /// Allows `http://` to other hosts than this one.
    pub plain_http: bool,
    /// How records make a request's body.
    pub body: Body,
    /// Most records in one request.
    pub batch: usize,
    /// How long a request waits to be filled.
    pub wait: Duration,
    /// Where records wait on disk.
    pub spool: SpoolPlace,
    /// Most bytes that wait on disk.
    pub spool_max: u64,
}

/// How records make a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// One a line.
    Lines,
    /// A JSON array.
    Array,
    /// One record a request.
    Single,
}

/// Where records wait on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpoolPlace {
    /// Below the state folder of whoever opened the sinks; in memory only where there is none.
    Default,
    /// Nowhere: in memory only.
    None,
    /// In this folder, which no other channel may use.
    Folder(PathBuf),
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            priority: Priority::Debug,
            queue: 8 << 20,
            rotate: None,
            keep: 5,
            record: RecordOptions::default(),
            headers: Vec::new(),
            header_file: None,
            ca: None,
            plain_http: false,
            body: Body::Lines,
            batch: 100,
            wait: Duration::from_millis(500),
            spool: SpoolPlace::Default,
            spool_max: 64 << 20,
        }
    }
}

/// What an option is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    All,
    File,
    Syslog,
    Http,
}

/// An option of `-o`, for the reference.
pub struct SinkOption {
    /// The word before `=`.
    pub name: &'static str,
    /// What it needs.
    pub value: &'static str,
    /// What it does, with its default.
    pub help: &'static str,
    target: For,
    set: fn(&mut SinkOptions, &str) -> Option<()>,
}

const fn option(
    name: &'static str,
    target: For,
    value: &'static str,
    help: &'static str,
    set: fn(&mut SinkOptions, &str) -> Option<()>,
) -> SinkOption {
    SinkOption { name, value, help, target, set }
}

/// Every option, in the order of the reference.
pub const SINK_OPTIONS: &[SinkOption] = &[
    option("priority", For::All, "a priority", "only alerts that are this bad or worse (all)", |o, v| {
        o.priority = Priority::from_name(v)?;
        Some(())
    }),
    option("queue", For::All, "a size, at least 64KiB", "alerts that may wait in memory (8MiB)", |o, v| {
        o.queue = usize::try_from(size(v)?).ok().filter(|s| *s >= 64 << 10)?;
        Some(())
    }),
    option("rotate", For::File, "a size, at least 4KiB", "moves a file of this size away (never)", |o, v| {
        o.rotate = Some(size(v).filter(|s| *s >= 4 << 10)?);
        Some(())
    }),
    option("keep", For::File, "a number from 1 to 1000", "how many moved files are kept (5)", |o, v| {
        o.keep = number(v, 1, 1000)?;
        Some(())
    }),
    option("facility", For::Syslog, "a syslog facility, by name or number", "the facility (user)", |o, v| {
        o.record.facility = facility(v)?;
        Some(())
    }),
    option("max", For::Syslog, "a size from 480 bytes to 64KiB", "cuts longer messages (8KiB)", |o, v| {
        o.record.max_message = usize::try_from(size(v)?).ok().filter(|s| (480..=64 << 10).contains(s))?;
        Some(())
    }),
    option("header", For::Http, "`Name: value`", "a header of each request; may be given again", |o, v| {
        o.headers.push(header(v)?);
        Some(())
    }),
    option("header-file", For::Http, "a file", "a file with further headers, one a line, for secrets", |o, v| {
        o.header_file = Some(v.into());
        Some(())
    }),
    option("ca", For::Http, "a PEM file", "trusts these certificates instead of the public ones", |o, v| {
        o.ca = Some(v.into());
        Some(())
    }),
    option("plain-http", For::Http, "yes or no", "allows http:// to other hosts than this one (no)", |o, v| {
        o.plain_http = yes(v)?;
        Some(())
    }),
    option("body", For::Http, "lines, array or single", "how alerts make a request's body (lines)", |o, v| {
        o.body = match v {
            "lines" => Body::Lines,
            "array" => Body::Array,
            "single" => Body::Single,
            _ => return None,
        };
        Some(())
    }),
    option("batch", For::Http, "a number from 1 to 10000", "most alerts in one request (100)", |o, v| {
        o.batch = number(v, 1, 10_000)? as usize;
        Some(())
    }),
    option("wait", For::Http, "milliseconds, at most 60000", "how long a request waits to be filled (500)", |o, v| {
        o.wait = Duration::from_millis(number(v, 0, 60_000)?.into());
        Some(())
    }),
    option("spool", For::Http, "a folder or none", "where alerts wait on disk (below the state folder)", |o, v| {
        o.spool = if v == "none" { SpoolPlace::None } else { SpoolPlace::Folder(v.into()) };
        Some(())
    }),
    option("spool-max", For::Http, "a size, at least 64KiB", "most that waits on disk (64MiB)", |o, v| {
        o.spool_max = size(v).filter(|s| *s >= 64 << 10)?;
        Some(())
    }),
];

pub(super) fn names() -> String {
    SINK_OPTIONS.iter().map(|o| o.name).collect::<Vec<_>>().join(", ")
}

impl SinkOptions {
    pub(super) fn parse(parts: &[String], target: &SinkTarget) -> Result<Self, SpecError> {
        let mut options = Self::default();
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let option = SINK_OPTIONS
                .iter()
                .find(|o| o.name == name)
                .ok_or_else(|| SpecError::Option { name: crate::text::line(name) })?;
            let (fits, wanted) = match option.target {
                For::All => (true, ""),
                For::File => (matches!(target, SinkTarget::File(_)), "files"),
                For::Http => (matches!(target, SinkTarget::Http(_)), "HTTP"),
                For::Syslog => (!matches!(target, SinkTarget::Http(_) | SinkTarget::Stdout), "syslog"),
            };
            if !fits {
                return Err(SpecError::Misplaced { name: option.name, target: target.to_string(), wanted });
            }
            let set = if value.is_empty() { None } else { (option.set)(&mut options, value) };
            set.ok_or(SpecError::Value { name: option.name, wanted: option.value })?;
        }
        Ok(options)
    }
}

/// `4096`, `64KiB`, `100MiB`, `2GiB`, and with powers of ten `100MB`.
fn size(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit: u64 = match unit {
        "" | "B" => 1,
        "KiB" | "K" | "k" => 1 << 10,
        "MiB" | "M" => 1 << 20,
        "GiB" | "G" => 1 << 30,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

fn number(text: &str, from: u32, to: u32) -> Option<u32> {
    text.parse().ok().filter(|n| (from..=to).contains(n))
}

fn yes(text: &str) -> Option<bool> {
    match text {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// The codes of RFC 5424, with the names that syslog daemons use.
fn facility(text: &str) -> Option<u8> {
    const NAMES: [&str; 24] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
        "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];
    let at = NAMES.iter().position(|name| *name == text).or_else(|| text.parse().ok())?;
    u8::try_from(at).ok().filter(|code| usize::from(*code) < NAMES.len())
}

/// `Name: value`, both fit to be sent.
pub(crate) fn header(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(':')?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let value = value.trim();
    let fits = !name.is_empty() && name.bytes().all(is_token) && !value.chars().any(char::is_control);
    fits.then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in
            [("4096", 4096), ("64KiB", 65_536), ("100MiB", 104_857_600), ("1MB", 1_000_000), ("2GiB", 2_147_483_648)]
        {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "MiB", "1.5MiB", "-1", "1 MiB", "99999999999999999999", "18446744073709551615GiB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn facilities_have_names_and_numbers() {
        assert_eq!(facility("user"), Some(1));
        assert_eq!(facility("local7"), Some(23));
        assert_eq!(facility("10"), Some(10));
        assert_eq!(facility("24"), None);
        assert_eq!(facility("local8"), None);
    }

    #[test]
    fn headers_cannot_break_a_request() {
        assert_eq!(header("X-Key:  a:b "), Some(("X-Key".to_owned(), "a:b".to_owned())));
        for text in ["X-Key", ": v", "X Key: v", "X: a\r\nY: b"] {
            assert_eq!(header(text), None, "{text}");
        }
    }
}
