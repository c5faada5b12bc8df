//! Which addresses may be asked, and where a redirect leads.

use ureq::http::Uri;

use super::HttpError;

/// The address as a [`Uri`], when it is absolute, carries no credentials and, unless allowed, is not plain HTTP to a
/// host that is not loopback.
pub(super) fn checked(url: &str, plain_http: bool) -> Result<Uri, HttpError> {
    let refuse = |reason: &'static str| HttpError::Address { url: shown(url), reason };
    if url.len() > 8192 || url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        return Err(refuse("not an address"));
    }
    let uri: Uri = url.parse().map_err(|_| refuse("not an address"))?;
    let authority = uri.authority().ok_or_else(|| refuse("without a host"))?;
    if authority.as_str().contains('@') {
        return Err(refuse("with credentials in it"));
    }
    if authority.host().is_empty() {
        return Err(refuse("without a host"));
    }
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if plain_http || is_loopback(authority.host()) => Ok(uri),
        Some("http") => Err(HttpError::PlainHttp { url: shown(url) }),
        _ => Err(refuse("neither https nor http")),
    }
}

/// Whether a host is this machine by its literal address or the name `localhost`.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Same scheme, host and port.
pub(super) fn same_origin(a: &Uri, b: &Uri) -> bool {
    let origin = |uri: &Uri| {
        let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        (scheme, uri.host().unwrap_or_default().to_ascii_lowercase(), port)
    };
    origin(a) == origin(b)
}

/// The address that a `Location` means, seen from the address that answered
/// ([RFC 3986, 5.2](https://www.rfc-editor.org/rfc/rfc3986#section-5.2), without the fragment).
pub(super) fn target_of(from: &Uri, location: &str) -> String {
    let location = location.split('#').next().unwrap_or_default().trim();
    let scheme = from.scheme_str().unwrap_or("https");
    let authority = from.authority().map(|authority| authority.as_str()).unwrap_or_default();
    if has_scheme(location) {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{}", without_dots(location))
    } else if location.starts_with('?') || location.is_empty() {
        format!("{scheme}://{authority}{}{location}", from.path())
    } else {
        let folder = from.path().rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
        format!("{scheme}://{authority}{}", without_dots(&format!("{folder}/{location}")))
    }
}

fn has_scheme(location: &str) -> bool {
    location.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn without_dots(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(part),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

/// An address for messages: without query (it may be a signature) and without anything before an `@`.
pub(super) fn shown(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    let safe = match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => bare.to_owned(),
    };
    safe.chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_resolved_against_the_address_that_answered() {
        let from: Uri = "https://a.example:8443/x/y/z?q=1".parse().unwrap();
        for (location, target) in [
            ("https://b.example/p#frag", "https://b.example/p"),
            ("//b.example/p", "https://b.example/p"),
            ("/p?r=/../2", "https://a.example:8443/p?r=/../2"),
            ("w", "https://a.example:8443/x/y/w"),
            ("../w", "https://a.example:8443/x/w"),
            ("../../../../w", "https://a.example:8443/w"),
            ("./", "https://a.example:8443/x/y/"),
            ("?r=2", "https://a.example:8443/x/y/z?r=2"),
        ] {
            assert_eq!(target_of(&from, location), target, "{location}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback() {
        for url in ["http://localhost:5000/v2/", "http://127.0.0.1/", "http://127.9.9.9/", "http://[::1]:80/"] {
            assert!(checked(url, false).is_ok(), "{url}");
        }
        for url in ["http://example.org/", "http://localhost.example.org/", "http://127.0.0.1.example.org/"] {
            assert!(matches!(checked(url, false), Err(HttpError::PlainHttp { .. })), "{url}");
            assert!(checked(url, true).is_ok(), "{url}");
        }
    }

    #[test]
    fn strange_addresses_are_refused() {
        for url in ["", "/p", "ftp://example.org/", "https://", "https://u:p@example.org/", "https://exa mple.org/"] {
            assert!(matches!(checked(url, true), Err(HttpError::Address { .. })), "{url}");
        }
    }

    #[test]
    fn messages_carry_no_secret() {
        assert_eq!(shown("https://u:p@example.org/a?sig=1"), "https://example.org/a");
    }
}
