//! The HTTP client against loopback servers that speak TLS and ask for a certificate.
#![allow(clippy::disallowed_methods, clippy::print_stderr, reason = "tests read their own files; a skip must be seen")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use seawall_io::{ClientIdentity, HttpClient, HttpError, HttpProxy, HttpSettings};

/// Makes `NAME.pem` and `NAME.key`, signed by themselves; `false` where openssl is not installed.
fn mint(folder: &Path, name: &str, extension: &str) -> bool {
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")])
        .args(["-subj", &format!("/CN={name}"), "-addext", extension])
        .output();
    match made {
        Ok(out) => {
            assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            true
        }
        Err(_) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "openssl must be installed where CI=true");
            eprintln!("SKIPPED: openssl is not installed");
            false
        }
    }
}

/// Answers each connection once; notes for each whether the client showed a certificate.
fn serve(folder: &Path, answer: String) -> (String, Arc<Mutex<Vec<bool>>>) {
    let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).expect("a key");
    let mut clients = RootCertStore::empty();
    clients
        .add(CertificateDer::from_pem_file(folder.join("client.pem")).expect("a certificate"))
        .expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(clients), provider.clone());
    let verifier = verifier.allow_unauthenticated().build().expect("a verifier");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .expect("a pair");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
            let mut stream = StreamOwned::new(session, stream);
            if stream.read(&mut [0; 4_096]).is_ok() {
                log.lock().expect("not poisoned").push(stream.conn.peer_certificates().is_some());
                let _ = stream.write_all(answer.as_bytes());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (host, seen)
}

#[test]
fn a_client_certificate_is_shown_to_its_host_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("readable");
    if !mint(folder.path(), "server", "subjectAltName=IP:127.0.0.1") {
        return;
    }
    // One that may sign itself and be shown by a client too.
    mint(folder.path(), "authority", "keyUsage=keyCertSign");
    let run = |words: &str| {
        let out = Command::new("openssl").args(words.split(' ')).current_dir(folder.path()).output().expect("it runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    };
    run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout shown.key -out shown.csr -subj /CN=shown");
    std::fs::write(folder.path().join("extensions"), "extendedKeyUsage=clientAuth\n").expect("writable");
    run("x509 -req -in shown.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2 \
         -extfile extensions -out shown.pem"
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .as_str());
    std::fs::copy(folder.path().join("authority.pem"), folder.path().join("client.pem")).expect("copies");

    let fine = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfine".to_owned();
    let (other, seen_by_other) = serve(folder.path(), fine);
    let away =
        format!("HTTP/1.1 307 Away\r\nLocation: https://{other}/x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let (host, seen) = serve(folder.path(), away);
    let settings = HttpSettings {
        proxy: HttpProxy::None,
        more_ca: Some(bytes("server.pem")),
        identity: Some(ClientIdentity {
            host: host.clone(),
            certificates: bytes("shown.pem"),
            key: bytes("shown.key"),
        }),
        ..HttpSettings::default()
    };
    assert!(!format!("{settings:?}").contains("key"), "the key is not shown: {settings:?}");
    let client = HttpClient::new(settings).expect("a client");
    let answer = client.get(&format!("https://{host}/")).send().expect("an answer");
    assert_eq!(answer.bytes().expect("a body"), b"fine");
    assert_eq!(*seen.lock().expect("not poisoned"), [true]);
    assert_eq!(*seen_by_other.lock().expect("not poisoned"), [false]);

    // Nobody is trusted who was not named, whatever was shown.
    let stranger =
        HttpClient::new(HttpSettings { proxy: HttpProxy::None, ..HttpSettings::default() }).expect("a client");
    let error = stranger.get(&format!("https://{host}/")).send().expect_err("refused");
    assert!(matches!(error, HttpError::Certificate { .. }) && !error.is_transient(), "{error}");
    assert_eq!(seen.lock().expect("not poisoned").len(), 1, "nothing was asked");
}
