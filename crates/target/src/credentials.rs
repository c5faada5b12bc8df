//! The credentials that `docker login` and `podman login` wrote.

mod file;
mod helper;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use seawall_io::read_bounded;

use crate::image_reference::{DEFAULT_REGISTRY, DEFAULT_REGISTRY_HOST};
use file::{AuthFile, Entry};

/// A larger file of credentials is refused; a real one has a few kilobytes.
const MAX_FILE: u64 = 1 << 20;

/// A text that is never shown: neither `Debug` nor any message has it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// How to be known to a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A user and a password.
    Password { user: String, password: Secret },
    /// A refresh token, to be exchanged at the token service.
    IdentityToken(Secret),
    /// A token that the registry itself takes.
    RegistryToken(Secret),
}

/// Why credentials that are configured cannot be used. Nothing of their content is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// A file of credentials cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A credential helper gave none.
    #[error("credential helper {name}: {reason}")]
    Helper {
        /// The program.
        name: String,
        /// What went wrong.
        reason: String,
    },
}

/// Where credentials are looked up. A file is read, and a helper run, only once a registry asks who is there.
#[derive(Debug, Clone, Default)]
pub struct CredentialStore {
    /// The first that knows a registry is used.
    files: Vec<PathBuf>,
    /// Where helpers are looked for, as `PATH` is written.
    path: OsString,
}

impl CredentialStore {
    /// No credentials at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// The files that the tools themselves look at, in this order: `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG/config.json`
    /// (else `~/.docker/config.json`), `XDG_RUNTIME_DIR/containers/auth.json`, `XDG_CONFIG_HOME/containers/auth.json`
    /// (else `~/.config/containers/auth.json`). `variable` gives the value of an environment variable.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let folder = |name: &str| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let home = folder("HOME");
        let below = |part: &str| home.as_ref().map(|home| home.join(part));
        let files = [
            folder("REGISTRY_AUTH_FILE"),
            folder("DOCKER_CONFIG").or_else(|| below(".docker")).map(|f| f.join("config.json")),
            folder("XDG_RUNTIME_DIR").map(|f| f.join("containers/auth.json")),
            folder("XDG_CONFIG_HOME").or_else(|| below(".config")).map(|f| f.join("containers/auth.json")),
        ];
        Self { files: files.into_iter().flatten().collect(), path: variable("PATH").unwrap_or_default() }
    }

    /// Only `config.json` and `auth.json` in this folder; helpers are looked for in `path`, written as `PATH` is.
    pub fn in_folder(folder: &Path, path: &OsStr) -> Self {
        Self { files: vec![folder.join("config.json"), folder.join("auth.json")], path: path.to_owned() }
    }

    /// What is known for a registry and a repository in it; `None` where nothing is.
    pub(crate) fn find(&self, registry: &str, repository: &str) -> Result<Option<Credential>, CredentialError> {
        for path in &self.files {
            let bytes = match read_bounded(path, MAX_FILE) {
                Ok(bytes) => bytes,
                Err(error)
                    if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) =>
                {
                    continue;
                }
                Err(error) => {
                    return Err(CredentialError::File { path: path.display().to_string(), reason: error.to_string() });
                }
            };
            let wrong = |reason: String| CredentialError::File { path: path.display().to_string(), reason };
            let file = AuthFile::read(&bytes).map_err(wrong)?;
            let aliases = aliases(registry);
            for alias in &aliases {
                let Some(helper) = file.helper(alias) else { continue };
                let server = server_name(alias);
                if let Some(found) = helper::ask(helper, &server, &self.path)? {
                    return Ok(Some(found));
                }
            }
            match file.entry(&aliases, repository).map_err(wrong)? {
                Some(Entry::Found(found)) => return Ok(Some(found)),
                Some(Entry::Empty) | None => {}
            }
        }
        Ok(None)
    }
}

/// The names under which a registry may be written; the default one has several.
fn aliases(registry: &str) -> Vec<String> {
    if registry == DEFAULT_REGISTRY || registry == DEFAULT_REGISTRY_HOST {
        return [format!("index.{DEFAULT_REGISTRY}"), DEFAULT_REGISTRY.to_owned(), DEFAULT_REGISTRY_HOST.to_owned()]
            .into();
    }
    vec![registry.to_owned()]
}

/// What a helper is asked for: the host, but for the default registry the address that its first version had.
fn server_name(alias: &str) -> String {
    match alias.strip_prefix("index.") {
        Some(DEFAULT_REGISTRY) => format!("https://{alias}/v1/"),
        _ => alias.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELPERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helpers");

    fn find(config: &str, registry: &str, repository: &str) -> Result<Option<Credential>, CredentialError> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.json"), config).expect("writable");
        let path = format!("{HELPERS}:/usr/bin:/bin");
        CredentialStore::in_folder(folder.path(), OsStr::new(&path)).find(registry, repository)
    }

    fn password(user: &str, password: &str) -> Option<Credential> {
        Some(Credential::Password { user: user.to_owned(), password: Secret::new(password) })
    }

    #[test]
    fn files_give_what_logging_in_wrote() {
        // dTpwOnc= is u:p:w, dTI6eA== is u2:x
        let config = r#"{"auths": {
            "https://h.example:5000/v2/": {"auth": "dTpwOnc="},
            "h.example/team/app": {"auth": "dTI6eA=="},
            "h.example": {"username": "plain", "password": "word"},
            "token.example": {"auth": "dTpwOnc=", "identitytoken": "refresh"},
            "bearer.example": {"registrytoken": "bearer"},
            "empty.example": {}
        }, "HttpHeaders": {"User-Agent": "x"}}"#;
        assert_eq!(find(config, "h.example:5000", "a").unwrap(), password("u", "p:w"));
        assert_eq!(find(config, "h.example", "team/app/part").unwrap(), password("u2", "x"));
        assert_eq!(find(config, "h.example", "team/application").unwrap(), password("plain", "word"));
        assert_eq!(
            find(config, "token.example", "a").unwrap(),
            Some(Credential::IdentityToken(Secret::new("refresh")))
        );
        assert_eq!(
            find(config, "bearer.example", "a").unwrap(),
            Some(Credential::RegistryToken(Secret::new("bearer")))
        );
        for nothing in ["empty.example", "other.example", "example", "h.example:5001"] {
            assert_eq!(find(config, nothing, "a").unwrap(), None, "{nothing}");
        }
        let config = format!(r#"{{"auths": {{"https://index.{DEFAULT_REGISTRY}/v1/": {{"auth": "dTI6eA=="}}}}}}"#);
        assert_eq!(find(&config, DEFAULT_REGISTRY, "library/a").unwrap(), password("u2", "x"));
    }

    #[test]
    fn a_broken_file_is_named_without_its_content() {
        for config in [
            r#"{"auths": {"h.example": {"auth": "SECRET!"}}}"#,
            r#"{"auths": {"h.example": {"auth": "U0VDUkVU"}}}"#,
            r#"{"auths": {"h.example": "SECRET"}}"#,
            r#"{"auths": "SECRET"}"#,
            r#"{"auths": {"h.example": {"auth": SECRET"#,
        ] {
            let error = find(config, "h.example", "a").expect_err(config).to_string();
            assert!(error.contains("config.json") && !error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn helpers_are_asked() {
        let one = |name: &str| format!(r#"{{"credHelpers": {{"h.example": "{name}"}}}}"#);
        assert_eq!(find(&one("good"), "h.example", "a").unwrap(), password("user-of-h.example", "word"));
        assert_eq!(find(&one("good"), "other.example", "a").unwrap(), None);
        let all = r#"{"credsStore": "good", "auths": {"other.example": {}}}"#;
        assert_eq!(find(all, "other.example", "a").unwrap(), password("user-of-other.example", "word"));
        let token = find(&one("token"), "h.example", "a").unwrap();
        assert_eq!(token, Some(Credential::IdentityToken(Secret::new("refresh"))));
        let none = r#"{"credsStore": "none", "auths": {"h.example": {"auth": "dTI6eA=="}}}"#;
        assert_eq!(find(none, "h.example", "a").unwrap(), password("u2", "x"));
        for (name, reason) in [
            ("absent", "not on PATH"),
            ("failing", "failed"),
            ("loud", "more than"),
            ("broken", "not what"),
            ("../good", "name"),
            ("good;x", "name"),
            ("", "name"),
        ] {
            let error = find(&one(name), "h.example", "a").expect_err(name).to_string();
            assert!(error.contains(reason) && !error.contains("SECRET"), "{name}: {error}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let credential = password("u", "SECRET");
        assert!(!format!("{credential:?} {:?}", Secret::new("SECRET")).contains("SECRET"));
    }
}
