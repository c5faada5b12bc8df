//! Against Debian's docker-registry.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use seawall_io::{ClientIdentity, HttpClient, HttpMethod, HttpSettings, sha256};
use seawall_model::Platform;
use seawall_target::{RegistryOptions, TargetError, open_registry};

use crate::pushed::{Pushed, image};
use crate::{log_in, open, options};

const PROGRAM: &str = "docker-registry";
const USER: &str = "reader:right word";
/// `USER`, as `htpasswd -nbB -C 4` writes it.
const HTPASSWD: &str = "reader:$2y$04$23tebLUjitSRMVWlwbyTR.HUK5xI0O5I9L2cfvtcd37YYgVhbu.Wa\n";

/// What it takes to speak TLS.
pub struct Tls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// The authority of the clients that are let in.
    pub clients: Option<PathBuf>,
    /// How the test itself pushes.
    pub push: HttpSettings,
}

pub struct Registry {
    child: Child,
    pub host: String,
    /// `None` for plain HTTP.
    push: Option<HttpSettings>,
    _folder: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // By its own id; it may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts one; `None` where the program is not installed.
pub fn start(auth: bool, tls: Option<&Tls>) -> Option<Registry> {
    let found = std::env::var_os("PATH").is_some_and(|p| std::env::split_paths(&p).any(|f| f.join(PROGRAM).is_file()));
    if !found {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{PROGRAM} must be installed where CI=true");
        eprintln!("SKIPPED: {PROGRAM} is not installed");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("writable");
        path.display().to_string()
    };
    // Another process may take a port that was free a moment ago.
    for _ in 0..5 {
        let host = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").to_string();
        let secure = tls.map_or_else(String::new, |tls| {
            let clients = tls.clients.as_ref().map(|c| format!(", clientcas: [{}]", c.display())).unwrap_or_default();
            format!(", tls: {{certificate: {}, key: {}{clients}}}", tls.certificate.display(), tls.key.display())
        });
        let mut config = format!(
            "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{host}\"{secure}}}\n",
            folder.path().join("storage").display()
        );
        if auth {
            config.push_str(&format!("auth: {{htpasswd: {{realm: test, path: {}}}}}\n", write("htpasswd", HTPASSWD)));
        }
        let config = write("config.yml", &config);
        let mut child = Command::new(PROGRAM)
            .args(["serve", &config])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        for _ in 0..4_000 {
            if TcpStream::connect(&host).is_ok() && listens(child.id()) {
                let push = tls.map(|tls| {
                    let identity = tls.push.identity.clone().map(|i| ClientIdentity { host: host.clone(), ..i });
                    HttpSettings { identity, ..tls.push.clone() }
                });
                return Some(Registry { child, host, push, _folder: folder });
            }
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    panic!("{PROGRAM} does not come up");
}

/// Whether a process listens, and not another one at a port that it wants.
fn listens(id: u32) -> bool {
    let sockets = std::fs::read_to_string(format!("/proc/{id}/net/tcp")).unwrap_or_default();
    // State 0A is listening; the tenth word is the inode.
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut listening = sockets.lines().map(words).filter(|words| words.get(3).is_some_and(|state| state == "0A"));
    let descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    let own: Vec<_> = descriptors.filter_map(|d| std::fs::read_link(d.path()).ok()).collect();
    listening.any(|words| own.iter().any(|d| d.to_string_lossy() == format!("socket:[{}]", words[9])))
}

impl Registry {
    fn send(&self, method: HttpMethod, url: &str, kind: &str, bytes: &[u8]) -> seawall_io::HttpResponse {
        let http = HttpClient::new(self.push.clone().unwrap_or_default()).expect("a client");
        let response = http
            .request(method, url)
            .header("Content-Type", kind)
            .header("Authorization", "Basic cmVhZGVyOnJpZ2h0IHdvcmQ=")
            .body(bytes.to_vec())
            .send()
            .expect("an answer");
        assert!(response.is_success(), "{url}: {}", response.status());
        response
    }

    fn url(&self, rest: &str) -> String {
        let scheme = if self.push.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/v2/team/app/{rest}", self.host)
    }

    fn push_manifest(&self, tag: &str, kind: &str, bytes: &[u8]) {
        self.send(HttpMethod::Put, &self.url(&format!("manifests/{tag}")), kind, bytes);
    }

    pub fn push(&self, image: &Pushed, tag: &str) {
        for (digest, bytes) in &image.blobs {
            let begun = self.send(HttpMethod::Post, &self.url("blobs/uploads/"), "", b"");
            let to = begun.header("location").expect("a location");
            let joint = if to.contains('?') { '&' } else { '?' };
            self.send(HttpMethod::Put, &format!("{to}{joint}digest={digest}"), "application/octet-stream", bytes);
        }
        self.push_manifest(tag, "application/vnd.oci.image.manifest.v1+json", &image.manifest);
    }

    pub fn name(&self, rest: &str) -> String {
        format!("{}/team/app{rest}", self.host)
    }
}

#[test]
fn images_are_read_by_tag_and_digest() {
    let Some(registry) = start(false, None) else { return };
    let pushed = image("app:1");
    registry.push(&pushed, "1");
    let opened = open(&registry.name(":1"), &options()).expect("opens");
    pushed.check(&opened);
    assert_eq!(opened.info.tags, [registry.name(":1")]);
    pushed.check(&open(&registry.name(&format!("@{}", pushed.digest())), &options()).expect("opens"));
    pushed.check(&open(&registry.name(&format!(":other@{}", pushed.digest())), &options()).expect("the digest counts"));
    for missing in [":2".to_owned(), format!("@{}", sha256(b"other")), "-other:1".to_owned()] {
        let error = open(&registry.name(&missing), &options()).expect_err("nothing there");
        assert!(matches!(error, TargetError::NotFound { .. }), "{error}");
    }
}

#[test]
fn an_index_gives_the_image_of_the_platform() {
    let Some(registry) = start(false, None) else { return };
    let (amd64, arm64) = (image("amd64"), image("arm64"));
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let entries = [(&amd64, "amd64"), (&arm64, "arm64")].map(|(pushed, architecture)| {
        registry.push(pushed, architecture);
        serde_json::json!({"mediaType": kind, "digest": pushed.digest(), "size": pushed.manifest.len(),
            "platform": {"os": "linux", "architecture": architecture}})
    });
    let kind = "application/vnd.oci.image.index.v1+json";
    let index = serde_json::json!({"schemaVersion": 2, "mediaType": kind, "manifests": entries});
    registry.push_manifest("all", kind, index.to_string().as_bytes());
    let of = |architecture: &str| {
        let platform = Platform { os: "linux".into(), architecture: architecture.into(), variant: None };
        open_registry(&registry.name(":all"), &seawall_io::Limits::default(), &platform, true, &options())
    };
    amd64.check(&of("amd64").expect("opens"));
    arm64.check(&of("arm64").expect("opens"));
    let error = of("s390x").expect_err("no such platform").to_string();
    assert!(error.contains("linux/amd64, linux/arm64"), "{error}");
}

#[test]
fn passwords_are_asked_for() {
    let Some(registry) = start(true, None) else { return };
    let pushed = image("app:1");
    registry.push(&pushed, "1");
    let folder = tempfile::tempdir().expect("a folder");
    let with = |folder: &Path, user: &str| {
        let credentials = log_in(folder, &registry.host, user);
        open(&registry.name(":1"), &RegistryOptions { credentials, ..options() })
    };
    pushed.check(&with(folder.path(), USER).expect("opens"));
    let error = with(folder.path(), "reader:wrong word").expect_err("refused").to_string();
    assert!(error.contains("refuses the credentials") && !error.contains("wrong word"), "{error}");
    let error = open(&registry.name(":1"), &options()).expect_err("refused").to_string();
    assert!(error.contains(&format!("hint: docker login {}", registry.host)), "{error}");
}
