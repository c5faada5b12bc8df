//! Debian's docker-registry over TLS, with certificates that openssl makes here.

use std::path::{Path, PathBuf};
use std::process::Command;

use seawall_io::{ClientIdentity, HttpSettings};
use seawall_target::{CertificateStore, RegistryOptions};

use crate::pushed::image;
use crate::real::{Registry, Tls, start};
use crate::server::{Reply, Server};
use crate::{log_in, open, options};

/// Certificates in the making: `NAME.pem` and `NAME.key` in a folder.
struct Mint(tempfile::TempDir);

impl Mint {
    /// `None` where openssl is not installed.
    fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "openssl must be installed where CI=true");
            eprintln!("SKIPPED: openssl is not installed");
            return None;
        }
        Some(Self(tempfile::tempdir().expect("a folder")))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("readable")
    }

    fn run(&self, words: &str) {
        let out = Command::new("openssl").args(words.split(' ')).current_dir(self.0.path()).output().expect("it runs");
        assert!(out.status.success(), "openssl {words}: {}", String::from_utf8_lossy(&out.stderr));
    }

    fn extensions(&self, text: &str) {
        std::fs::write(self.path("extensions"), text).expect("writable");
    }

    fn request(&self, name: &str, subject: &str) {
        self.run(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.csr \
             -subj /CN={subject}"
        ));
    }

    fn authority(&self, name: &str, subject: &str) {
        self.own(name, subject, "basicConstraints=critical,CA:TRUE\n", 2);
    }

    /// One that is signed with its own key.
    fn own(&self, name: &str, subject: &str, extensions: &str, days: i32) {
        self.request(name, subject);
        self.extensions(extensions);
        self.run(&format!(
            "x509 -req -in {name}.csr -signkey {name}.key -days {days} -extfile extensions -out {name}.pem"
        ));
    }

    fn signed(&self, name: &str, by: &str, extensions: &str) {
        self.request(name, name);
        self.extensions(extensions);
        self.run(&format!(
            "x509 -req -in {name}.csr -CA {by}.pem -CAkey {by}.key -CAcreateserial -days 2 -extfile extensions \
             -out {name}.pem"
        ));
    }

    fn registry(&self, name: &str, clients: Option<&str>, client: Option<&str>, auth: bool) -> Option<Registry> {
        let identity =
            client.map(|client| (self.bytes(&format!("{client}.pem")), self.bytes(&format!("{client}.key"))));
        let ca = if self.path("ca.pem").exists() { "ca.pem".to_owned() } else { format!("{name}.pem") };
        start(
            auth,
            Some(&Tls {
                certificate: self.path(&format!("{name}.pem")),
                key: self.path(&format!("{name}.key")),
                clients: clients.map(|c| self.path(&format!("{c}.pem"))),
                push: HttpSettings {
                    ca: Some(self.bytes(&ca)),
                    identity: identity.map(|(certificates, key)| ClientIdentity {
                        host: String::new(),
                        certificates,
                        key,
                    }),
                    ..HttpSettings::default()
                },
            }),
        )
    }

    /// A folder as `/etc/docker/certs.d` is, with these files for one registry.
    fn store(&self, host: &str, files: &[(&str, &str)]) -> (tempfile::TempDir, RegistryOptions) {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join(host);
        std::fs::create_dir(&own).expect("writable");
        for (name, from) in files {
            std::fs::copy(self.path(from), own.join(name)).expect("copies");
        }
        let certificates = CertificateStore::in_folder(folder.path());
        (folder, RegistryOptions { certificates, ..options() })
    }
}

const LOOPBACK: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost\n";

fn bundle(path: &Path) -> RegistryOptions {
    RegistryOptions { certificates: CertificateStore::none().with_bundle(path), ..options() }
}

#[test]
fn an_authority_of_its_own_must_be_named() {
    let Some(mint) = Mint::new() else { return };
    mint.authority("ca", "authority");
    mint.authority("other", "other");
    mint.authority("namesake", "authority");
    mint.signed("server", "ca", LOOPBACK);
    let Some(registry) = mint.registry("server", None, None, true) else { return };
    let pushed = image("app:1");
    registry.push(&pushed, "1");
    let name = registry.name(":1");
    let folder = tempfile::tempdir().expect("a folder");
    let credentials = log_in(folder.path(), &registry.host, "reader:right word");
    let ask = |options: RegistryOptions| open(&name, &RegistryOptions { credentials: credentials.clone(), ..options });

    let (_folder, stored) = mint.store(&registry.host, &[("ca.crt", "ca.pem")]);
    pushed.check(&ask(stored).expect("opens"));
    pushed.check(&ask(bundle(&mint.path("ca.pem"))).expect("opens"));
    // Those that are stored for the registry are trusted besides those of the bundle.
    let (_folder, stored) = mint.store(&registry.host, &[("b.crt", "other.pem"), ("ca.crt", "ca.pem")]);
    let both = RegistryOptions { certificates: stored.certificates.with_bundle(&mint.path("other.pem")), ..options() };
    pushed.check(&ask(both).expect("opens"));

    let (_folder, wrong) = mint.store(&registry.host, &[("ca.crt", "other.pem")]);
    let (_folder, of_another) = mint.store("registry.example:5000", &[("ca.crt", "ca.pem")]);
    for options in [options(), wrong, of_another, bundle(&mint.path("other.pem"))] {
        let error = ask(options).expect_err("refused").to_string();
        assert!(error.contains("not signed by an authority that is trusted"), "{error}");
        let hint = format!("/etc/docker/certs.d/{}/ca.crt, or name it with --ca FILE", registry.host);
        assert!(error.contains(&hint) && !error.contains("right word"), "{error}");
    }
    let error = ask(bundle(&mint.path("namesake.pem"))).expect_err("refused").to_string();
    assert!(error.contains("not signed by") && error.contains("certs.d"), "{error}");
    for (file, reason) in [("extensions", "no certificate in it"), ("absent.pem", "absent.pem")] {
        let error = ask(bundle(&mint.path(file))).expect_err("no certificates").to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let Some(mint) = Mint::new() else { return };
    mint.authority("ca", "authority");
    mint.signed("server", "ca", "subjectAltName=DNS:registry.example,IP:127.0.0.2\n");
    let Some(registry) = mint.registry("server", None, None, false) else { return };
    let error = open(&registry.name(":1"), &bundle(&mint.path("ca.pem"))).expect_err("refused").to_string();
    assert!(error.contains("for another host") && !error.contains("hint"), "{error}");
}

#[test]
fn a_server_certificate_that_is_its_own_authority_must_be_named_itself() {
    let Some(mint) = Mint::new() else { return };
    // As `openssl req -x509` makes it, and many a private registry shows it.
    let authority = format!("{LOOPBACK}basicConstraints=critical,CA:TRUE\n");
    mint.own("server", "registry", &authority, 2);
    mint.own("like", "registry", &authority, 2);
    mint.own("old", "registry", &authority, -1);
    mint.own("far", "registry", "subjectAltName=IP:127.0.0.2\nbasicConstraints=critical,CA:TRUE\n", 2);
    let pushed = image("app:1");
    let Some(registry) = mint.registry("server", None, None, false) else { return };
    registry.push(&pushed, "1");
    let (_folder, stored) = mint.store(&registry.host, &[("ca.crt", "server.pem")]);
    pushed.check(&open(&registry.name(":1"), &stored).expect("opens"));
    for options in [options(), bundle(&mint.path("like.pem"))] {
        let error = open(&registry.name(":1"), &options).expect_err("refused").to_string();
        assert!(error.contains("the server's certificate is not"), "{error}");
    }
    for (name, reason) in [("old", "has expired"), ("far", "for another host")] {
        let Some(registry) = mint.registry(name, None, None, false) else { return };
        let named = bundle(&mint.path(&format!("{name}.pem")));
        let error = open(&registry.name(":1"), &named).expect_err("refused").to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_registry_that_asks_for_a_certificate_is_shown_one() {
    let Some(mint) = Mint::new() else { return };
    mint.authority("ca", "authority");
    mint.authority("other", "other");
    mint.signed("server", "ca", LOOPBACK);
    mint.signed("client", "ca", "extendedKeyUsage=clientAuth\n");
    mint.signed("stranger", "other", "extendedKeyUsage=clientAuth\n");
    let Some(registry) = mint.registry("server", Some("ca"), Some("client"), false) else { return };
    let pushed = image("app:1");
    registry.push(&pushed, "1");
    let ask = |files: &[(&str, &str)]| {
        let files = [&[("ca.crt", "ca.pem")], files].concat();
        let (_folder, options) = mint.store(&registry.host, &files);
        open(&registry.name(":1"), &options)
    };
    pushed.check(&ask(&[("client.cert", "client.pem"), ("client.key", "client.key")]).expect("opens"));
    for (files, reason) in [
        (&[][..], "asks for a client certificate\nhint: store one as /etc/docker/certs.d/127.0.0.1:"),
        (&[("client.cert", "stranger.pem"), ("client.key", "stranger.key")], "refuses the one that it was shown"),
        (&[("client.cert", "client.pem"), ("client.key", "stranger.key")], "the key is of another certificate"),
        (&[("client.cert", "client.pem"), ("client.key", "client.pem")], "no key without a password"),
        (&[("client.cert", "client.key"), ("client.key", "client.key")], "no certificate in it"),
        (&[("client.cert", "client.pem")], "client.key is missing"),
    ] {
        let error = ask(files).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_registry_with_certificates_is_never_asked_in_the_clear() {
    let Some(mint) = Mint::new() else { return };
    mint.authority("ca", "authority");
    let server = Server::start(|_, _| Reply::new(200, b"{}"));
    let (_folder, stored) = mint.store(&server.host, &[("ca.crt", "ca.pem")]);
    let error = open(&format!("{}/team/app:1", server.host), &stored).expect_err("no TLS").to_string();
    assert!(error.contains("does not speak TLS") && error.contains("hint: --plain-http"), "{error}");
    assert!(server.requests().iter().all(|r| !r.line.starts_with("GET")), "{:?}", server.requests());
}
