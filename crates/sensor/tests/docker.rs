//! The containers of a real dockerd, which the test starts, are told as they come and go.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_io::LocalAddress;
use seawall_model::{Container, ContainerEngine};
use seawall_sensor::{ContainerId, Directory, DirectorySettings, EngineSocket, EngineState, Lookup};
use seawall_testkit::{Dockerd, ImageBuilder, TarBuilder};
use serde_json::{Value, json};

/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

fn settings(engine: &Dockerd) -> DirectorySettings {
    let address = LocalAddress::Unix(engine.socket());
    DirectorySettings {
        engines: vec![EngineSocket { engine: ContainerEngine::Docker, address }],
        docker_folder: engine.data(),
        stall: LONG,
        ..DirectorySettings::below("/")
    }
}

fn load(engine: &Dockerd) {
    let busybox = std::fs::read("/bin/busybox").expect("busybox-static is installed (tests/packages.txt)");
    let layer = TarBuilder::new().folder("bin/").program("bin/busybox", &busybox).symlink("bin/sh", "busybox");
    engine.load(&ImageBuilder::new("team/box:1").layer(layer, "COPY . /").docker_archive());
}

/// Makes a container; its identifier.
fn create(engine: &Dockerd, name: &str, command: &str, more: Value) -> ContainerId {
    let mut document = json!({
        "Image": "team/box:1", "Cmd": ["/bin/sh", "-c", command], "Labels": {"tier": name},
        "HostConfig": {"NetworkMode": "none"},
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        document[key] = value.clone();
    }
    let (status, answer) = engine.ask("POST", &format!("/containers/create?name={name}"), &document);
    assert_eq!(status, 201, "{answer}");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    ContainerId::new(answer["Id"].as_str().expect("an id"))
}

fn call(engine: &Dockerd, method: &str, path: &str) {
    let (status, answer) = engine.ask(method, path, &Value::Null);
    assert!((200..300).contains(&status), "{path}: {status} {answer}");
}

fn known(directory: &Directory, id: &ContainerId) -> Arc<Container> {
    match directory.wait(id, LONG) {
        Lookup::Known(container) => container,
        other => panic!("{other:?} {:?} {:?}", directory.engines(), directory.statistics()),
    }
}

/// Waits until something is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < LONG, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn following(directory: &Directory) -> bool {
    directory.engines()[0].state == EngineState::Following
}

#[test]
fn containers_of_a_real_engine_are_known_from_their_first_instruction_to_after_their_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut engine) = Dockerd::start(folder.path()) else { return };
    load(&engine);
    let directory = Directory::start(settings(&engine));
    until("it follows", || following(&directory));

    // Twenty that live for 50 ms and are removed at their end: known before they start, without anyone asking.
    for number in 0..20 {
        let name = format!("short{number}");
        let more = json!({"HostConfig": {"NetworkMode": "none", "AutoRemove": true}});
        let id = create(&engine, &name, "/bin/busybox usleep 50000", more);
        until("known before its start", || matches!(directory.lookup(&id), Lookup::Known(_)));
        call(&engine, "POST", &format!("/containers/{}/start", id.id));
        let container = known(&directory, &id);
        assert_eq!(container.name.as_ref(), Some(&name));
        assert_eq!(container.image.as_deref(), Some("team/box:1"));
        assert_eq!(
            (container.image_repository.as_deref(), container.image_tag.as_deref()),
            (Some("team/box"), Some("1"))
        );
        assert!(container.image_id.as_ref().is_some_and(|id| id.starts_with("sha256:")));
        assert_eq!(container.labels.get("tier"), Some(&name));
        assert_eq!((container.engine, container.privileged), (ContainerEngine::Docker, Some(false)));
        let gone = || engine.ask("GET", &format!("/containers/{}/json", id.id), &Value::Null).0 == 404;
        until("it is removed", gone);
        assert_eq!(known(&directory, &id).name.as_ref(), Some(&name), "its last events come later");
    }

    // A privileged one, which not every machine lets start.
    let host = json!({"NetworkMode": "none", "Privileged": true});
    let powerful = create(&engine, "powerful", "true", json!({"HostConfig": host}));
    until("it is known", || matches!(directory.lookup(&powerful), Lookup::Known(_)));
    let container = known(&directory, &powerful);
    assert_eq!((container.privileged, container.started), (Some(true), None));

    // One that stays: by its process, with a mount.
    let data = folder.path().join("mounted");
    std::fs::create_dir(&data).expect("writable");
    let binds = json!([format!("{}:/data:ro", data.display())]);
    let host = json!({"NetworkMode": "none", "Binds": binds});
    let stays = create(&engine, "stays", "/bin/busybox sleep 600", json!({"HostConfig": host}));
    call(&engine, "POST", &format!("/containers/{}/start", stays.id));
    until("it has started", || known(&directory, &stays).started.is_some());
    let container = known(&directory, &stays);
    assert_eq!(container.mounts.len(), 1);
    assert_eq!((container.mounts[0].destination.as_str(), container.mounts[0].writable), ("/data", false));
    let (_, answer) = engine.ask("GET", "/containers/stays/json", &Value::Null);
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let process = std::fs::read_to_string(format!("/proc/{}/cgroup", answer["State"]["Pid"])).expect("it runs");
    let path = ContainerId::of_cgroup_file(&process);
    assert!(path.iter().any(|id| id.id == stays.id), "{process}");
    let Lookup::Known(found) = directory.identify(&path, LONG) else { panic!("{path:?}") };
    assert_eq!(found.id, stays.id);

    // Another name.
    call(&engine, "POST", "/containers/stays/rename?name=renamed");
    until("the name is followed", || known(&directory, &stays).name.as_deref() == Some("renamed"));

    // A guard that starts later knows what runs, and what no one knows is unknown.
    let later = Directory::start(settings(&engine));
    assert_eq!(known(&later, &stays).name.as_deref(), Some("renamed"));
    let nobody = ContainerId::new("f".repeat(64));
    assert!(matches!(later.wait(&nobody, LONG), Lookup::Unknown(_)));
    drop(later);

    // The engine goes away: that is said, what is known stays, and its files still tell a guard that starts now.
    engine.down();
    until("it is told that the engine has gone", || !following(&directory));
    let EngineState::Unreachable(reason) = &directory.engines()[0].state else { panic!("{:?}", directory.engines()) };
    assert!(reason.contains("docker.sock"), "{reason}");
    assert_eq!(known(&directory, &stays).name.as_deref(), Some("renamed"));
    let blind = Directory::start(settings(&engine));
    let container = known(&blind, &stays);
    assert_eq!(container.name.as_deref(), Some("renamed"));
    assert_eq!((container.image_repository.as_deref(), container.privileged), (Some("team/box"), Some(false)));
    drop(blind);

    // It comes back, and is followed again.
    engine.up();
    until("it follows again", || following(&directory));
    let new = create(&engine, "new", "true", Value::Null);
    until("a new one is known", || matches!(directory.lookup(&new), Lookup::Known(_)));
    assert_eq!(known(&directory, &new).name.as_deref(), Some("new"));
    let statistics = directory.statistics();
    assert_eq!((statistics.connections, statistics.timeouts, statistics.overflows), (2, 0, 0), "{statistics:?}");
}
