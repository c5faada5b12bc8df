use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seawall_io::read_bounded;
use seawall_model::ContainerMount;
use serde::Deserialize;

use crate::identity::docker::below;

/// Where Kubernetes puts the account's token.
const DESTINATION: &str = "/run/secrets/kubernetes.io/serviceaccount";
/// Largest token, bytes.
const MAX_TOKEN: u64 = 64 << 10;

#[derive(Deserialize)]
struct Claims {
    /// `system:serviceaccount:NAMESPACE:NAME`.
    sub: String,
}

/// The service account whose token is mounted into a container
/// ([bound tokens](https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/)): a token names its
/// account in its middle part, which is read; the token itself is neither kept nor shown. None where no token is
/// mounted, which does not mean that there is no account.
pub(super) fn service_account(root: &Path, mounts: &[ContainerMount]) -> Option<String> {
    let inside = |mount: &&ContainerMount| mount.destination.trim_start_matches("/var") == DESTINATION;
    let mount = mounts.iter().find(inside)?;
    let file = below(root, Path::new(&mount.source)).join("token");
    account(&read_bounded(&file, MAX_TOKEN).ok()?)
}

fn account(token: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(token).ok()?.trim();
    let claims = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    let (_, name) = claims.sub.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_account() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)).into_bytes();
        let found = account(&token(r#"{"sub":"system:serviceaccount:shop:cart"}"#));
        assert_eq!(found.as_deref(), Some("cart"));
        for claims in [r#"{"sub":"alice"}"#, r#"{"sub":"system:serviceaccount:shop:"}"#, "{}", "[", ""] {
            assert_eq!(account(&token(claims)), None, "{claims}");
        }
        assert_eq!(account(b"\xff\xfe"), None);
        assert_eq!(account(b"only.%%%.x"), None);
        assert_eq!(account(b""), None);
    }
}
