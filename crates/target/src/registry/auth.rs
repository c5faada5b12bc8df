//! Being known to a registry
//! ([token authentication](https://distribution.github.io/distribution/spec/auth/token/)).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seawall_io::{HttpMethod, HttpResponse};
use serde::Deserialize;

use super::challenge::{Challenge, choose};
use super::endpoint::Endpoint;
use super::failure::Failure;
use crate::credentials::{Credential, CredentialStore, Secret};

/// Larger answers of a token service are refused.
const MAX_ANSWER: u64 = 256 << 10;

/// Named to token services; it has no secret.
const CLIENT: &str = "seawall";

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

/// The value of `Authorization` that answers the challenge in a response with status 401.
pub(super) fn answer(endpoint: &Endpoint, response: &HttpResponse, store: &CredentialStore) -> Result<Secret, Failure> {
    let credential = store.find(&endpoint.known_as, &endpoint.repository)?;
    let anonymous = || Failure::Anonymous { host: endpoint.known_as.clone() };
    match (choose(response.headers("www-authenticate")), credential) {
        (None, _) => Err(Failure::Lie("the registry refuses, but does not say how to be known to it".to_owned())),
        (Some(_), Some(Credential::RegistryToken(token))) => Ok(bearer(token.reveal())),
        (Some(Challenge::Basic), Some(Credential::Password { user, password })) => Ok(basic(&user, &password)),
        (Some(Challenge::Basic), _) => Err(anonymous()),
        (Some(Challenge::Bearer { realm, service }), credential) => {
            let token = token(endpoint, &realm, service.as_deref(), credential)?;
            Ok(bearer(&token))
        }
    }
}

fn basic(user: &str, password: &Secret) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.reveal()))))
}

fn bearer(token: &str) -> Secret {
    Secret::new(format!("Bearer {token}"))
}

/// A token for reading the one repository, whatever more the challenge offers.
fn token(
    endpoint: &Endpoint,
    realm: &str,
    service: Option<&str>,
    credential: Option<Credential>,
) -> Result<String, Failure> {
    if !endpoint.is_plain() && !realm.starts_with("https://") {
        return Err(Failure::Lie("the registry's token service is not one of https".to_owned()));
    }
    let scope = format!("repository:{}:pull", endpoint.repository);
    let mut form = vec![("scope", scope.as_str())];
    form.extend(service.map(|service| ("service", service)));
    let known = credential.is_some();
    let http = &endpoint.tokens;
    let request = match &credential {
        Some(Credential::IdentityToken(token)) => {
            form.extend([("grant_type", "refresh_token"), ("client_id", CLIENT), ("refresh_token", token.reveal())]);
            let body = encode(&form).into_bytes();
            http.request(HttpMethod::Post, realm).header("Content-Type", "application/x-www-form-urlencoded").body(body)
        }
        _ => {
            let joint = if realm.contains('?') { '&' } else { '?' };
            let request = http.get(&format!("{realm}{joint}{}", encode(&form)));
            match &credential {
                Some(Credential::Password { user, password }) => {
                    request.header("Authorization", basic(user, password).reveal())
                }
                _ => request,
            }
        }
    };
    let response = request.max_body(MAX_ANSWER).send().map_err(|error| endpoint.failure(error))?;
    match response.status() {
        200..=299 => {}
        400 | 401 | 403 if known => return Err(Failure::Refused { host: endpoint.known_as.clone() }),
        401 | 403 => return Err(Failure::Anonymous { host: endpoint.known_as.clone() }),
        _ => return Err(Failure::of(response).of_token_service()),
    }
    let bytes = response.bytes()?;
    let answer: Option<Answer> = serde_json::from_slice(&bytes).ok();
    answer
        .and_then(|a| a.token.filter(|t| !t.is_empty()).or(a.access_token))
        .filter(|token| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| Failure::Lie("the registry's token service gives no token".to_owned()))
}

/// As forms and queries are written
/// ([application/x-www-form-urlencoded](https://url.spec.whatwg.org/#application/x-www-form-urlencoded)).
fn encode(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn forms_are_encoded() {
        assert_eq!(super::encode(&[("a", "x:y/z w&="), ("b", "ü")]), "a=x%3Ay%2Fz%20w%26%3D&b=%C3%BC");
    }
}
