use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Credential, Secret};

/// What is needed of `config.json` and `auth.json`
/// ([Docker](https://docs.docker.com/reference/cli/docker/login/),
/// [containers-auth.json(5)](https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md)).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthFile {
    #[serde(default)]
    auths: BTreeMap<String, RawEntry>,
    #[serde(default)]
    creds_store: Option<String>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RawEntry {
    #[serde(default)]
    auth: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    identitytoken: Option<String>,
    #[serde(default)]
    registrytoken: Option<String>,
}

/// What stands under a registry's name.
pub(super) enum Entry {
    Found(Credential),
    /// Only the name: the secret is in a helper, or there is none.
    Empty,
}

impl AuthFile {
    /// Reads a file. The error has no content of it, which the parser's own would quote.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|e| {
            let what = if e.is_data() { "not a file of credentials" } else { "not JSON" };
            format!("{what} (line {}, column {})", e.line(), e.column())
        })
    }

    /// The helper for a registry: its own, else the one for all.
    pub(super) fn helper(&self, registry: &str) -> Option<&str> {
        let own = self.cred_helpers.iter().find(|(key, _)| host(key) == registry).map(|(_, name)| name.as_str());
        own.or(self.creds_store.as_deref().filter(|name| !name.is_empty()))
    }

    /// The entry that fits best: one for the repository or a folder above it, else one for the registry.
    pub(super) fn entry(&self, registries: &[String], repository: &str) -> Result<Option<Entry>, String> {
        let mut path = Some(repository);
        while let Some(part) = path {
            for registry in registries {
                if let Some(entry) = self.auths.get(&format!("{registry}/{part}")) {
                    return entry.read(registry).map(Some);
                }
            }
            path = part.rsplit_once('/').map(|(above, _)| above);
        }
        for registry in registries {
            if let Some(entry) = self.auths.get(registry) {
                return entry.read(registry).map(Some);
            }
            // Old tools wrote an address; its path is that of the interface (`/v1/`), not of a repository.
            let is_address = |key: &str| key.contains("://") || key.ends_with("/v1/") || key.ends_with("/v2/");
            if let Some((_, entry)) = self.auths.iter().find(|(key, _)| is_address(key) && host(key) == registry) {
                return entry.read(registry).map(Some);
            }
        }
        Ok(None)
    }
}

impl RawEntry {
    fn read(&self, registry: &str) -> Result<Entry, String> {
        let given = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
        if let Some(token) = given(&self.registrytoken) {
            return Ok(Entry::Found(Credential::RegistryToken(Secret::new(token))));
        }
        if let Some(token) = given(&self.identitytoken) {
            return Ok(Entry::Found(Credential::IdentityToken(Secret::new(token))));
        }
        if let Some(auth) = given(&self.auth) {
            let wrong = || format!("the entry of {registry} is not base64 of USER:PASSWORD");
            let bytes = STANDARD.decode(auth.trim()).map_err(|_| wrong())?;
            let text = String::from_utf8(bytes).map_err(|_| wrong())?;
            let (user, password) = text.split_once(':').ok_or_else(wrong)?;
            // Windows' tools end it with zeros.
            let password = Secret::new(password.trim_end_matches('\0'));
            return Ok(Entry::Found(Credential::Password { user: user.to_owned(), password }));
        }
        Ok(match (given(&self.username), given(&self.password)) {
            (Some(user), Some(password)) => {
                Entry::Found(Credential::Password { user, password: Secret::new(password) })
            }
            _ => Entry::Empty,
        })
    }
}

/// Host and port of a key, which may be an address.
fn host(key: &str) -> &str {
    let bare = key.split_once("://").map_or(key, |(_, rest)| rest);
    bare.split('/').next().unwrap_or_default()
}
