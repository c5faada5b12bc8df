use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = "/usr/sbin/dockerd";

/// A Docker engine of the test's own: no network, no images, its files in a folder that goes with it.
pub struct Dockerd {
    child: Option<Child>,
    folder: PathBuf,
    storage: &'static str,
}

impl Dockerd {
    /// Starts one in a folder that lives longer; none, loudly, where it is not installed or only root may. In CI neither
    /// is an excuse.
    pub fn start(folder: &Path) -> Option<Self> {
        Self::start_with(folder, "vfs")
    }

    /// As [`Dockerd::start`], with a storage driver: `overlay2` where it matters in which layer a file lies.
    pub fn start_with(folder: &Path, storage: &'static str) -> Option<Self> {
        let excuse = if !Path::new(PROGRAM).is_file() {
            format!("{PROGRAM} is not installed")
        } else if std::fs::metadata("/proc/self").map(|m| m.uid()).ok() != Some(0) {
            format!("only root may start {PROGRAM}")
        } else {
            let mut engine = Self { child: None, folder: folder.to_path_buf(), storage };
            engine.up();
            return Some(engine);
        };
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "where CI=true this must not be: {excuse}");
        #[allow(clippy::print_stderr, reason = "a skipped test must be seen")]
        {
            eprintln!("SKIPPED: {excuse}");
        }
        None
    }

    /// The engine that another process started in this folder; it stays when this goes.
    pub fn at(folder: &Path) -> Self {
        Self { child: None, folder: folder.to_path_buf(), storage: "overlay2" }
    }

    /// Starts the engine after [`Dockerd::down`], with what it had.
    pub fn up(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).expect("writable");
        std::fs::write(self.folder.join("none.json"), "{}").expect("writable");
        let at = |name: &str| self.folder.join(name).display().to_string();
        let child = Command::new(PROGRAM)
            .args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")])
            .args(["-H", &format!("unix://{}", at("docker.sock")), "--config-file", &at("none.json")])
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver", self.storage])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let child = self.child.insert(child.expect("it starts"));
        for _ in 0..1_200 {
            if UnixStream::connect(self.folder.join("docker.sock")).is_ok() {
                return;
            }
            if child.try_wait().expect("a child").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("{PROGRAM} does not come up:\n{log}");
    }

    /// Ends the engine; its containers end with it.
    pub fn down(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // Asked by its own id to end, so that it ends the containerd that it started; killed where it does not.
        let _ = Command::new("kill").arg(child.id().to_string()).status();
        for _ in 0..400 {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Its socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("docker.sock")
    }

    /// Its folder of containers and images.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// What `docker load` does.
    pub fn load(&self, archive: &[u8]) {
        let (status, answer) = self.send("POST", "/images/load?quiet=1", "application/x-tar", archive);
        assert!(status == 200 && !answer.contains("error"), "{status} {answer}");
    }

    /// What `docker import` does: one layer from an archive of a root folder, under a reference of repository and tag.
    pub fn import(&self, archive: &[u8], repository: &str, tag: &str) {
        let path = format!("/images/create?fromSrc=-&repo={repository}&tag={tag}");
        let (status, answer) = self.send("POST", &path, "application/x-tar", archive);
        assert!(status == 200 && !answer.contains("error"), "{status} {answer}");
    }

    /// Asks the engine's interface; the status and the body.
    pub fn ask(&self, method: &str, path: &str, document: &serde_json::Value) -> (u16, String) {
        let document = if document.is_null() { String::new() } else { document.to_string() };
        self.send(method, path, "application/json", document.as_bytes())
    }

    /// Asks for what need not be text, a container's log; what is not text is shown as such.
    pub fn ask_bytes(&self, method: &str, path: &str) -> String {
        let answer = self.answer(method, path, "application/json", &[]);
        let text = String::from_utf8_lossy(&answer);
        text.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned())
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (u16, String) {
        let answer = String::from_utf8(self.answer(method, path, kind, body)).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    fn answer(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
        let mut stream = UnixStream::connect(self.socket()).expect("it listens");
        // Version 1.0, so that the answer is not in chunks.
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.0\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it takes it");
        stream.write_all(body).expect("it takes it");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        answer
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        self.down();
    }
}
