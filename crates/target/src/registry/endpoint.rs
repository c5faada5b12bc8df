use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use seawall_io::{ClientIdentity, HttpClient, HttpError, HttpSettings, Redirects, is_loopback};

use super::RegistryOptions;
use super::failure::Failure;
use crate::TargetError;
use crate::credentials::Secret;
use crate::image_reference::{DEFAULT_REGISTRY, DEFAULT_REGISTRY_HOST, ImageReference, check_host};

/// Another place that has the images of a registry: `[REGISTRY=][https://|http://]HOST[:PORT][/PREFIX]`. Without
/// `REGISTRY` it stands for the default one, as with container engines. What it gives by digest is verified; what it
/// gives by tag is what it says the tag is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    registry: String,
    scheme: Option<Scheme>,
    host: String,
    prefix: String,
}

/// Why a text is not a mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a mirror: {reason}\nhint: [REGISTRY=][https://]HOST[:PORT][/PREFIX]")]
pub struct MirrorError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl FromStr for Mirror {
    type Err = MirrorError;

    fn from_str(text: &str) -> Result<Self, MirrorError> {
        let wrong = |reason: String| MirrorError { text: text.chars().take(300).collect(), reason };
        let (registry, address) = text.split_once('=').unwrap_or((DEFAULT_REGISTRY, text));
        let (scheme, bare) = match address.split_once("://") {
            None => (None, address),
            Some(("https", bare)) => (Some(Scheme::Https), bare),
            Some(("http", bare)) => (Some(Scheme::Http), bare),
            Some(_) => return Err(wrong("neither https nor http".to_owned())),
        };
        let (host, prefix) = bare.trim_end_matches('/').split_once('/').unwrap_or((bare.trim_end_matches('/'), ""));
        for name in [registry, host] {
            check_host(name).map_err(|(_, reason)| wrong(reason))?;
        }
        if !prefix.is_empty() {
            // A name that begins with the prefix must be a name.
            format!("{DEFAULT_REGISTRY}/{prefix}/x").parse::<ImageReference>().map_err(|e| wrong(e.reason))?;
        }
        let (registry, host, prefix) = (registry.to_owned(), host.to_owned(), prefix.to_owned());
        Ok(Self { registry, scheme, host, prefix })
    }
}

/// One place that is asked, and how it wants to be.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Host and port.
    pub(super) host: String,
    /// The repository there.
    pub(super) repository: String,
    /// The name under which credentials are stored.
    pub(super) known_as: String,
    plain: AtomicBool,
    /// Whether the scheme is a guess.
    guessed: bool,
    authorization: Mutex<Option<Secret>>,
    down: AtomicBool,
    pub(super) http: HttpClient,
    /// For what carries a password in its body, which dropping a header would not keep back: it does not follow
    /// redirects to another origin.
    pub(super) tokens: HttpClient,
}

impl Endpoint {
    /// The mirrors of a registry, and then the registry itself.
    pub(super) fn all(reference: &ImageReference, options: &RegistryOptions) -> Result<Vec<Self>, TargetError> {
        let registry = reference.registry();
        let host = if registry == DEFAULT_REGISTRY { DEFAULT_REGISTRY_HOST } else { registry };
        let settings = HttpSettings {
            stall_timeout: options.stall_timeout,
            connect_timeout: options.stall_timeout.min(HttpSettings::default().connect_timeout),
            ca: options.certificates.bundle()?,
            plain_http: options.plain_http,
            ..HttpSettings::default()
        };
        let new = |host: &str, repository: String, known_as: &str, scheme: Option<Scheme>| {
            let loopback = is_loopback(without_port(host));
            let stored = options.certificates.find(known_as)?;
            // Who stores certificates for a registry does not mean it to be asked without encryption.
            let is_guess = loopback && stored.ca.is_none() && stored.identity.is_none();
            let plain = scheme.map_or(options.plain_http || is_guess, |s| s == Scheme::Http);
            let guessed = scheme.is_none() && is_guess && !options.plain_http;
            // Only where the certificate is for is it shown, which is here, whatever the folder is called.
            let identity = stored.identity.map(|identity| ClientIdentity { host: host.to_owned(), ..identity });
            let settings = HttpSettings { more_ca: stored.ca, identity, ..settings.clone() };
            let failed = |e: HttpError| TargetError::Remote { what: known_as.to_owned(), reason: e.to_string() };
            let tokens = HttpSettings { redirects: Redirects::SameOrigin, ..settings.clone() };
            Ok(Self {
                host: host.to_owned(),
                repository,
                known_as: known_as.to_owned(),
                plain: AtomicBool::new(plain),
                guessed,
                authorization: Mutex::new(None),
                down: AtomicBool::new(false),
                tokens: HttpClient::new(tokens).map_err(failed)?,
                http: HttpClient::new(settings).map_err(failed)?,
            })
        };
        let mirrors = options.mirrors.iter().filter(|m| m.registry == registry).map(|mirror| {
            let repository = match mirror.prefix.as_str() {
                "" => reference.repository().to_owned(),
                prefix => format!("{prefix}/{}", reference.repository()),
            };
            new(&mirror.host, repository, &mirror.host, mirror.scheme)
        });
        mirrors.chain([new(host, reference.repository().to_owned(), registry, None)]).collect()
    }

    /// What can be done about a request without an answer.
    pub(super) fn failure(&self, error: HttpError) -> Failure {
        let host = self.known_as.clone();
        match error {
            HttpError::Certificate { unknown: true, .. } => Failure::Untrusted { error, host },
            HttpError::Identity { .. } => Failure::Unknown { error, host },
            HttpError::NotTls { .. } => Failure::NotTls { error },
            other => Failure::Http(other),
        }
    }

    /// The beginning of every address here.
    pub(super) fn base(&self) -> String {
        let scheme = if self.is_plain() { "http" } else { "https" };
        format!("{scheme}://{}", self.host)
    }

    pub(super) fn is_plain(&self) -> bool {
        self.plain.load(Ordering::Relaxed)
    }

    /// On loopback plain HTTP was a guess; gives whether it may be given up, and does so.
    pub(super) fn try_tls(&self) -> bool {
        self.guessed && self.plain.swap(false, Ordering::Relaxed)
    }

    /// Notes that all attempts were in vain: a mirror that is down is not waited for with every layer.
    pub(super) fn gave_up(&self, failure: &Failure) {
        if failure.is_transient() {
            self.down.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// The value of `Authorization` that was taken last.
    pub(super) fn authorization(&self) -> Option<Secret> {
        self.authorization.lock().ok()?.clone()
    }

    pub(super) fn authorize(&self, value: Secret) {
        if let Ok(mut slot) = self.authorization.lock() {
            *slot = Some(value);
        }
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_order() {
        let mirrors =
            ["h.example=http://m.example:80/cache/h/", "other.example=x.example", "h.example=[::1]:5000", "d.example"];
        let mirrors = mirrors.iter().map(|m| m.parse().expect("a mirror")).collect();
        let options = RegistryOptions { mirrors, ..RegistryOptions::default() };
        let places = |text: &str| {
            let all = Endpoint::all(&text.parse().expect("a reference"), &options).expect("places");
            all.iter().map(|e| format!("{}/{}", e.base(), e.repository)).collect::<Vec<_>>()
        };
        assert_eq!(
            places("h.example/a"),
            ["http://m.example:80/cache/h/a", "http://[::1]:5000/a", "https://h.example/a"]
        );
        assert_eq!(places("localhost:1/a"), ["http://localhost:1/a"]);
        let default = format!("https://{DEFAULT_REGISTRY_HOST}/library/a");
        assert_eq!(places("a"), ["https://d.example/library/a", default.as_str()]);
    }

    #[test]
    fn odd_mirrors_are_refused() {
        for odd in
            ["", "ftp://m.example", "u:p@m.example", "m.example/..", "m.example/A", "=m.example", "a b", "m.example?x"]
        {
            assert!(odd.parse::<Mirror>().is_err(), "{odd}");
        }
    }
}
