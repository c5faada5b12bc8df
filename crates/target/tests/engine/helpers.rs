//! What the tests of engines have in common.

use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use seawall_io::sha256;
use seawall_model::Platform;
use seawall_target::Image;
use seawall_testkit::{ImageBuilder, TarBuilder};

/// Whether an engine is installed and may be started; else says why not, and fails where it must be.
pub fn may_start(program: &str) -> bool {
    let in_ci = std::env::var("CI").as_deref() == Ok("true");
    if std::fs::metadata("/proc/self").map(|m| m.uid()).ok() != Some(0) {
        eprintln!("SKIPPED: only root may start {program}");
        return false;
    }
    if !Path::new(program).is_file() {
        assert!(!in_ci, "{program} must be installed where CI=true");
        eprintln!("SKIPPED: {program} is not installed");
        return false;
    }
    true
}

/// Waits until an engine listens; gives up where it has ended.
pub fn comes_up(child: &mut Child, socket: &Path) -> bool {
    for _ in 0..2_400 {
        if UnixStream::connect(socket).is_ok() {
            return true;
        }
        if child.try_wait().expect("a child").is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

/// Asks an engine by its own id to end, and kills it where it does not.
pub fn end(child: &mut Child) {
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

/// What `docker load` does.
pub fn load(socket: &Path, archive: &[u8]) {
    let mut stream = UnixStream::connect(socket).expect("it listens");
    let head = format!(
        "POST /images/load?quiet=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        archive.len()
    );
    stream.write_all(head.as_bytes()).expect("it takes it");
    stream.write_all(archive).expect("it takes it");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("error"), "{answer}");
}

pub fn platform() -> Platform {
    Platform { os: "linux".into(), architecture: "amd64".into(), variant: None }
}

pub fn sample(name: &str) -> ImageBuilder {
    ImageBuilder::new(name)
        .config(serde_json::json!({"User": "1000"}))
        .layer(TarBuilder::new().file("etc/os-release", b"ID=x\n"), "FROM base")
        .layer(TarBuilder::new().file("app", name.as_bytes()), "COPY app /")
}

pub fn check(image: &Image) {
    assert_eq!(image.config.user, "1000");
    assert_eq!(image.layers.len(), 2);
    for (index, layer) in image.layers.iter().enumerate() {
        let mut bytes = Vec::new();
        image.blobs.open(index).expect("opens").read_to_end(&mut bytes).expect("reads");
        assert_eq!(sha256(&bytes), layer.diff_id);
    }
    assert_eq!(image.layers[1].instruction.as_deref(), Some("COPY app /"));
}
