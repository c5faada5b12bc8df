//! The certificates that are stored for registries, in the folders of the container engines
//! ([layout](https://docs.docker.com/engine/security/certificates/)).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use seawall_io::{ClientIdentity, read_bounded};

use crate::TargetError;

/// A larger file of certificates is refused; the list of all public authorities has a quarter of a megabyte.
const MAX_FILE: u64 = 8 << 20;
/// More files in one registry's folder are refused.
const MAX_FILES: usize = 64;
/// Where engines keep them for the whole machine.
const SYSTEM: [&str; 2] = ["/etc/containers/certs.d", "/etc/docker/certs.d"];

/// Whom to trust as a registry, and which certificate to show it. Nothing is read before a registry is asked.
#[derive(Debug, Clone, Default)]
pub struct CertificateStore {
    /// PEM certificates that are trusted instead of the public ones.
    bundle: Option<PathBuf>,
    /// Folders with a folder for each registry.
    folders: Vec<PathBuf>,
}

/// What is stored for one registry.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    /// Trusted besides the others.
    pub(crate) ca: Option<Vec<u8>>,
    pub(crate) identity: Option<ClientIdentity>,
}

impl CertificateStore {
    /// The public authorities, and no others.
    pub fn none() -> Self {
        Self::default()
    }

    /// The file that `SSL_CERT_FILE` names, and the folders of the engines: `certs.d` in `XDG_CONFIG_HOME/containers` and
    /// `XDG_CONFIG_HOME/docker` (else below `~/.config`), `/etc/containers` and `/etc/docker`. `variable` gives the value
    /// of an environment variable.
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| variable(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let user = path("XDG_CONFIG_HOME").or_else(|| path("HOME").map(|home| home.join(".config")));
        let own = ["containers/certs.d", "docker/certs.d"].map(|part| user.as_ref().map(|user| user.join(part)));
        let folders = own.into_iter().flatten().chain(SYSTEM.map(PathBuf::from)).collect();
        Self { bundle: path("SSL_CERT_FILE"), folders }
    }

    /// Only the registries' folders in this folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { bundle: None, folders: vec![folder.to_owned()] }
    }

    /// The same, with this file of PEM certificates instead of the public authorities.
    #[must_use]
    pub fn with_bundle(self, path: &Path) -> Self {
        Self { bundle: Some(path.to_owned()), ..self }
    }

    /// What is trusted instead of the public authorities.
    pub(crate) fn bundle(&self) -> Result<Option<Vec<u8>>, TargetError> {
        let read = |path: &PathBuf| read_bounded(path, MAX_FILE).map_err(TargetError::io(path));
        self.bundle.as_ref().map(read).transpose()
    }

    /// What is stored for a registry, given as host and port: the authorities of all its folders, and the first client
    /// certificate.
    pub(crate) fn find(&self, registry: &str) -> Result<Certificates, TargetError> {
        let mut found = Certificates::default();
        for folder in &self.folders {
            self.read(&folder.join(registry), registry, &mut found)?;
        }
        Ok(found)
    }

    fn read(&self, folder: &Path, registry: &str, found: &mut Certificates) -> Result<(), TargetError> {
        use std::io::ErrorKind::{NotADirectory, NotFound};
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(()),
            Err(error) => return Err(TargetError::io(folder)(error)),
        };
        let mut paths = Vec::new();
        for entry in entries.take(MAX_FILES.saturating_add(1)) {
            paths.push(entry.map_err(TargetError::io(folder))?.path());
        }
        if paths.len() > MAX_FILES {
            let (path, what) = (folder.display().to_string(), "number of certificates".to_owned());
            return Err(TargetError::Limit { path, what, limit: MAX_FILES as u64 });
        }
        paths.sort();
        for path in paths {
            let bytes = || read_bounded(&path, MAX_FILE).map_err(TargetError::io(&path));
            match path.extension().and_then(|e| e.to_str()) {
                Some("crt") => {
                    let ca = found.ca.get_or_insert_default();
                    ca.extend(bytes()?);
                    ca.push(b'\n');
                }
                Some("cert") if found.identity.is_none() => {
                    let key = path.with_extension("key");
                    if !key.exists() {
                        let reason = format!(
                            "its key {} is missing\nhint: a registry's authority has the ending .crt, a client \
                             certificate .cert",
                            key.display()
                        );
                        return Err(TargetError::malformed(&path, "client certificate", reason));
                    }
                    let key = read_bounded(&key, MAX_FILE).map_err(TargetError::io(&key))?;
                    found.identity = Some(ClientIdentity { host: registry.to_owned(), certificates: bytes()?, key });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_those_of_the_engines() {
        let variable = |name: &str| match name {
            "HOME" => Some("/h".into()),
            "SSL_CERT_FILE" => Some("/b.pem".into()),
            _ => None,
        };
        let store = CertificateStore::from_environment(&variable);
        assert_eq!(store.bundle, Some(PathBuf::from("/b.pem")));
        let own = ["/h/.config/containers/certs.d", "/h/.config/docker/certs.d"];
        assert_eq!(store.folders, own.iter().chain(&SYSTEM).map(PathBuf::from).collect::<Vec<_>>());
        let store = CertificateStore::from_environment(&|name| (name == "XDG_CONFIG_HOME").then(|| "/x".into()));
        assert_eq!(store.folders.first(), Some(&PathBuf::from("/x/containers/certs.d")));
        assert_eq!(store.bundle, None);
    }

    #[test]
    fn a_folder_gives_authorities_and_one_identity() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("h.example:5000");
        std::fs::create_dir(&own).expect("writable");
        let write = |name: &str, text: &str| std::fs::write(own.join(name), text).expect("writable");
        for (name, text) in [
            ("ca.crt", "A"),
            ("b.crt", "B"),
            ("client.cert", "C"),
            ("client.key", "K"),
            ("zz.cert", "Z"),
            ("x.txt", "X"),
        ] {
            write(name, text);
        }
        let store = CertificateStore::in_folder(folder.path());
        let found = store.find("h.example:5000").expect("reads");
        assert_eq!(found.ca.as_deref(), Some(&b"B\nA\n"[..]));
        let identity = found.identity.expect("one");
        assert_eq!(
            (identity.host.as_str(), &*identity.certificates, &*identity.key),
            ("h.example:5000", &b"C"[..], &b"K"[..])
        );
        assert!(!format!("{identity:?}").contains("75"), "the key's bytes are not shown");
        let other = store.find("h.example").expect("reads");
        assert!(other.ca.is_none() && other.identity.is_none());
        std::fs::remove_file(own.join("client.key")).expect("removable");
        let error = store.find("h.example:5000").expect_err("half a pair").to_string();
        assert!(error.contains("client.key") && error.contains("hint: "), "{error}");
        let odd =
            store.clone().with_bundle(&folder.path().join("absent.pem")).bundle().expect_err("no file").to_string();
        assert!(odd.contains("absent.pem"), "{odd}");
    }
}
