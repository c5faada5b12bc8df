//! Images in an engine: a real dockerd, which the test starts, and an engine that is not there.
#![allow(clippy::print_stderr, unreachable_pub, reason = "a skipped test must be seen; helpers are shared")]
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

#[path = "engine/helpers.rs"]
mod helpers;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use helpers::{check, comes_up, end, load, may_start, platform, sample};
use seawall_io::Limits;
use seawall_model::TargetKind;
use seawall_target::{EngineOptions, TargetError, open_docker, open_podman};

const PROGRAM: &str = "/usr/sbin/dockerd";

struct Engine {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Engine {
    fn drop(&mut self) {
        // So that it ends the containerd that it started.
        end(&mut self.child);
    }
}

impl Engine {
    fn start() -> Option<Self> {
        if !may_start(PROGRAM) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("writable");
        std::fs::write(folder.path().join("none.json"), "{}").expect("writable");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let child = Command::new(PROGRAM)
            .args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")])
            .args(["-H", &format!("unix://{}", at("docker.sock")), "--config-file", &at("none.json")])
            .args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        let mut engine = Self { child: child.expect("it starts"), folder };
        let socket = engine.socket();
        if comes_up(&mut engine.child, &socket) {
            return Some(engine);
        }
        let log = std::fs::read_to_string(engine.folder.path().join("log")).unwrap_or_default();
        panic!("{PROGRAM} does not come up:\n{log}");
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    fn options(&self) -> EngineOptions {
        let host = Some(format!("unix://{}", self.socket().display()));
        EngineOptions { docker_host: host.clone(), podman_host: host, ..EngineOptions::default() }
    }
}

#[test]
fn images_of_a_real_engine_are_read_by_name_and_id() {
    let Some(engine) = Engine::start() else { return };
    load(&engine.socket(), &sample("team/app:1").docker_archive());
    // The same repository with another tag: only the one asked for is read.
    load(&engine.socket(), &sample("team/app:latest").docker_archive());
    let open = |name: &str| open_docker(name, &Limits::default(), &platform(), &engine.options());
    let first = open("team/app:1").expect("opens");
    check(&first);
    assert_eq!((first.info.kind, first.info.tags.as_slice()), (TargetKind::Docker, &["team/app:1".to_owned()][..]));
    let latest = open("team/app").expect("opens");
    check(&latest);
    assert_eq!(latest.info.tags, ["team/app:latest"]);
    let id = first.info.config_digest.expect("a digest");
    for name in [id.to_string(), id.hex(), id.short()] {
        let by_id = open(&name).expect("opens");
        check(&by_id);
        assert_eq!(by_id.info.config_digest, Some(id));
        assert_eq!(by_id.info.name, name);
    }
    // The other kind of target asks the same questions; a real Podman answers them in podman.rs.
    let podman = open_podman("team/app:1", &Limits::default(), &platform(), &engine.options()).expect("opens");
    check(&podman);
    assert_eq!(podman.info.kind, TargetKind::Podman);
    let error = open("team/other:1").expect_err("no such image");
    assert!(matches!(error, TargetError::NotFound { .. }), "{error}");
    let limits = Limits { layer_bytes: 4_096, ..Limits::default() };
    let error = open_docker("team/app:1", &limits, &platform(), &engine.options()).expect_err("too large");
    assert!(error.to_string().contains("limit"), "{error}");
}

#[test]
fn an_engine_that_is_not_there_is_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = |text: String| EngineOptions {
        docker_host: Some(text.clone()),
        podman_host: Some(text),
        ..EngineOptions::default()
    };
    let gone = host(format!("unix://{}/docker.sock", folder.path().display()));
    let error = open_docker("app", &Limits::default(), &platform(), &gone).expect_err("nobody there").to_string();
    assert!(
        error.contains("no Docker engine answers at unix://") && error.contains("systemctl start docker"),
        "{error}"
    );
    let error = open_podman("app", &Limits::default(), &platform(), &gone).expect_err("nobody there").to_string();
    assert!(error.contains("podman.socket") && error.contains("CONTAINER_HOST"), "{error}");
    for (text, reason) in [("tcp://192.0.2.1:2375", "another machine"), ("ssh://h", "only unix")] {
        let error = open_docker("app", &Limits::default(), &platform(), &host(text.to_owned())).expect_err("refused");
        assert!(error.to_string().contains(reason), "{error}");
    }
    for odd in ["../x", "a b", "app\r\nX: y", "app?x=y", ""] {
        let error = open_docker(odd, &Limits::default(), &platform(), &gone).expect_err("no name");
        assert!(matches!(error, TargetError::Reference(_)), "{error}");
    }
}

#[test]
fn an_engine_that_lies_is_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("x.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let export = sample("app:1").docker_archive();
    let cut = &export[..export.len() / 2];
    let answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"Id\": \"../../other\"}".as_bytes().to_vec(),
        "HTTP/1.1 200 OK\r\n\r\n{\"Id\"".as_bytes().to_vec(),
        "HTTP/1.1 500 Oops\r\n\r\n{\"message\": \"no space\"}".as_bytes().to_vec(),
        "not HTTP\r\n".as_bytes().to_vec(),
        "HTTP/1.1 200 OK\r\n\r\n{\"Id\": \"abc\"}".as_bytes().to_vec(),
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", export.len()).as_bytes(), cut].concat(),
    ];
    let serve = std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a client");
            let _ = stream.read(&mut [0; 4_096]);
            // A client that had enough has gone.
            let _ = stream.write_all(&answer);
        }
    });
    let options =
        EngineOptions { docker_host: Some(format!("unix://{}", socket.display())), ..EngineOptions::default() };
    for reason in ["description", "description", "500: no space", "not an engine", "unexpected end of file"] {
        let error = open_docker("app", &Limits::default(), &platform(), &options).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
    serve.join().expect("it ended");
}
