//! The directory of containers where engines are missing, hang or lie.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use seawall_io::LocalAddress;
use seawall_model::ContainerEngine;
use seawall_sensor::{ContainerId, Directory, DirectorySettings, EngineSocket, EngineState, Lookup};

const LONG: Duration = Duration::from_secs(120);
/// As long as an engine may be silent where one is.
const STALL: Duration = Duration::from_secs(4);

fn settings(root: &Path, socket: Option<&Path>) -> DirectorySettings {
    let engines = socket
        .map(|path| EngineSocket { engine: ContainerEngine::Docker, address: LocalAddress::Unix(path.to_path_buf()) });
    DirectorySettings { engines: engines.into_iter().collect(), stall: LONG, ..DirectorySettings::below(root) }
}

fn pod(root: &Path, id: &str) {
    let folder = root.join("run/containerd/io.containerd.runtime.v2.task/k8s.io").join(id);
    std::fs::create_dir_all(&folder).expect("writable");
    let annotations =
        r#"{"io.kubernetes.cri.container-name":"cart","io.kubernetes.cri.image-name":"r.example/cart:1"}"#;
    std::fs::write(folder.join("config.json"), format!("{{\"annotations\":{annotations}}}")).expect("writable");
}

/// Answers each request by its path until the test's end.
fn serve(socket: &Path, answer: impl Fn(&str, &mut UnixStream) + Send + Sync + 'static) {
    let listener = UnixListener::bind(socket).expect("a socket");
    let answer = std::sync::Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), answer) = (stream, answer.clone()) else { return };
            std::thread::spawn(move || {
                let mut request = vec![0; 4_096];
                let length = stream.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                answer(request.split(' ').nth(1).unwrap_or_default(), &mut stream);
            });
        }
    });
}

fn give(stream: &mut UnixStream, status: &str, body: &str) {
    // A client that had enough has gone.
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
}

#[test]
fn files_tell_where_no_engine_answers() {
    let root = tempfile::tempdir().expect("a folder");
    let id = ContainerId::new("a".repeat(64));
    pod(root.path(), &id.id);
    let gone = root.path().join("docker.sock");
    for settings in [settings(root.path(), None), settings(root.path(), Some(&gone))] {
        let directory = Directory::start(settings);
        let Lookup::Known(container) = directory.wait(&id, LONG) else { panic!("{:?}", directory.statistics()) };
        assert_eq!((container.name.as_deref(), container.engine), (Some("cart"), ContainerEngine::Containerd));
        assert!(matches!(directory.lookup(&id), Lookup::Known(_)));
        let nobody = ContainerId::new("b".repeat(64));
        let Lookup::Unknown(reason) = directory.wait(&nobody, LONG) else { panic!("nobody knows it") };
        let engines = directory.engines();
        if !engines.is_empty() {
            let start = Instant::now();
            while !matches!(directory.engines()[0].state, EngineState::Unreachable(_)) {
                assert!(start.elapsed() < LONG, "{engines:?}");
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(reason.contains("docker.sock") && reason.contains("No such file"), "{reason}");
        } else {
            assert!(reason.contains("no engine and no file"), "{reason}");
        }
        // The outermost that is known, whatever lies around and within it.
        let Lookup::Known(found) = directory.identify(&[nobody.clone(), id.clone()], LONG) else { panic!("known") };
        assert_eq!(found.id, id.id);
        assert!(matches!(directory.identify(&[], LONG), Lookup::Unknown(reason) if reason.contains("host")));
        let statistics = directory.statistics();
        assert_eq!((statistics.timeouts, statistics.entries), (0, 2), "{statistics:?}");
    }
}

#[test]
fn a_container_that_nobody_knew_is_looked_for_again() {
    let root = tempfile::tempdir().expect("a folder");
    let id = ContainerId::new("a".repeat(64));
    let directory =
        Directory::start(DirectorySettings { retry: Duration::from_millis(100), ..settings(root.path(), None) });
    assert!(matches!(directory.wait(&id, LONG), Lookup::Unknown(_)));
    pod(root.path(), &id.id);
    let start = Instant::now();
    while !matches!(directory.wait(&id, LONG), Lookup::Known(_)) {
        assert!(start.elapsed() < LONG);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn an_engine_that_hangs_costs_a_bounded_wait() {
    let root = tempfile::tempdir().expect("a folder");
    let socket = root.path().join("docker.sock");
    let (hold, held) = mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    serve(&socket, move |_, _| {
        // Keeps the connection, and says nothing, until the test ends.
        let _ = held.lock().map(|held| held.recv());
    });
    let directory = Directory::start(DirectorySettings { stall: STALL, ..settings(root.path(), Some(&socket)) });
    let id = ContainerId::new("a".repeat(64));
    let start = Instant::now();
    assert!(matches!(directory.wait(&id, Duration::from_millis(100)), Lookup::Pending));
    assert!(start.elapsed() < STALL, "{:?}", start.elapsed());
    assert_eq!(directory.statistics().timeouts, 1);
    // What files tell is not held up.
    let other = ContainerId::new("b".repeat(64));
    pod(root.path(), &other.id);
    assert!(matches!(directory.wait(&other, LONG), Lookup::Known(_)));
    assert!(start.elapsed() < STALL, "{:?}", start.elapsed());
    // After the stall it is unknown, and why.
    let Lookup::Unknown(reason) = directory.wait(&id, LONG) else { panic!("the engine said nothing") };
    assert!(reason.contains("docker at unix://") && reason.contains("does not answer"), "{reason}");
    drop(hold);
}

#[test]
fn an_engine_that_lies_breaks_nothing() {
    let root = tempfile::tempdir().expect("a folder");
    let socket = root.path().join("docker.sock");
    let (good, other) = ("a".repeat(64), "b".repeat(64));
    let id = good.clone();
    serve(&socket, move |path, stream| match path {
        "/info" => give(stream, "200 OK", "{\"DockerRootDir\": \"relative\"}"),
        "/containers/json?all=true" => {
            give(stream, "200 OK", &format!("[{{\"Id\": \"{id}\"}}, {{\"Id\": \"../x\"}}]"));
        }
        path if path.starts_with("/events") => {
            let event = format!("{{\"Action\":\"create\",\"Actor\":{{\"ID\":\"{}\"}}}}", "c".repeat(64));
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\nnonsense\n{{}}\n{event}\n");
            std::thread::sleep(Duration::from_secs(5));
        }
        path if path.contains(&id) => {
            let body = format!(
                "{{\"Id\": \"{id}\", \"Name\": \"/x\", \"Config\": {{\"Image\": \"y\"}}, \"Image\": \"../../z\"}}"
            );
            give(stream, "200 OK", &body);
        }
        path if path.contains("/containers/b") => give(stream, "500 Oops", "{\"message\": \"out of\\u0007 order\"}"),
        path if path.contains("/containers/c") => give(stream, "200 OK", "[]"),
        _ => give(stream, "404 Not Found", "{}"),
    });
    let directory = Directory::start(settings(root.path(), Some(&socket)));
    let Lookup::Known(container) = directory.wait(&ContainerId::new(good), LONG) else { panic!("known") };
    assert_eq!((container.name.as_deref(), container.image_repository.as_deref()), (Some("x"), Some("y")));
    let Lookup::Unknown(reason) = directory.wait(&ContainerId::new(other), LONG) else { panic!("unknown") };
    assert!(reason.contains("status 500: out of order"), "{reason}");
    for odd in ["../../etc", "a b", "x?y", "", "\r\nX: y"] {
        let found = directory.wait(&ContainerId::new(odd), LONG);
        assert!(matches!(&found, Lookup::Unknown(reason) if reason.contains("not an identifier")), "{odd} {found:?}");
    }
    // An event without attributes, whose description is no container: known by its identifier alone.
    let start = Instant::now();
    let made = ContainerId::new("c".repeat(64));
    while !matches!(directory.wait(&made, LONG), Lookup::Known(_)) {
        assert!(start.elapsed() < LONG, "{:?}", directory.statistics());
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn memory_is_bounded_and_what_is_known_stays_longest() {
    let root = tempfile::tempdir().expect("a folder");
    let directory = Directory::start(DirectorySettings { entries: 64, ..settings(root.path(), None) });
    let known: Vec<ContainerId> = (0..32).map(|n| ContainerId::new(format!("{n:064x}"))).collect();
    for id in &known {
        pod(root.path(), &id.id);
        assert!(matches!(directory.wait(id, LONG), Lookup::Known(_)));
    }
    // Made-up control groups come and go.
    for number in 1_000..2_000 {
        directory.wait(&ContainerId::new(format!("{number:064x}")), LONG);
    }
    let statistics = directory.statistics();
    assert_eq!(statistics.entries, 64, "{statistics:?}");
    for id in &known {
        assert!(matches!(directory.lookup(id), Lookup::Known(_)), "{id:?}");
    }
    // One that has ended goes before one that runs.
    directory.ended(&known[0]);
    for number in 32..128 {
        let id = ContainerId::new(format!("{number:064x}"));
        pod(root.path(), &id.id);
        directory.wait(&id, LONG);
        directory.lookup(&known[1]);
    }
    assert!(matches!(directory.lookup(&known[1]), Lookup::Known(_)));
    assert!(matches!(directory.lookup(&known[0]), Lookup::Pending), "forgotten, and asked for again");
}
