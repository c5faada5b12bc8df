//! Images in an engine: a real dockerd, which the test starts, and an engine that is not there.

use std::io::{Read, Write};

use seawall_io::{Limits, sha256};
use seawall_model::{Platform, TargetKind};
use seawall_target::{EngineOptions, Image, TargetError, open_docker, open_podman};
use seawall_testkit::{Dockerd, ImageBuilder, TarBuilder};

fn options(engine: &Dockerd) -> EngineOptions {
    let host = Some(format!("unix://{}", engine.socket().display()));
    EngineOptions { docker_host: host.clone(), podman_host: host, ..EngineOptions::default() }
}

fn platform() -> Platform {
    Platform { os: "linux".into(), architecture: "amd64".into(), variant: None }
}

fn sample(name: &str) -> ImageBuilder {
    ImageBuilder::new(name)
        .config(serde_json::json!({"User": "1000"}))
        .layer(TarBuilder::new().file("etc/os-release", b"ID=x\n"), "FROM base")
        .layer(TarBuilder::new().file("app", name.as_bytes()), "COPY app /")
}

fn check(image: &Image) {
    assert_eq!(image.config.user, "1000");
    assert_eq!(image.layers.len(), 2);
    for (index, layer) in image.layers.iter().enumerate() {
        let mut bytes = Vec::new();
        image.blobs.open(index).expect("opens").read_to_end(&mut bytes).expect("reads");
        assert_eq!(sha256(&bytes), layer.diff_id);
    }
    assert_eq!(image.layers[1].instruction.as_deref(), Some("COPY app /"));
}

#[test]
fn images_of_a_real_engine_are_read_by_name_and_id() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start(folder.path()) else { return };
    engine.load(&sample("team/app:1").docker_archive());
    // The same repository with another tag: only the one asked for is read.
    engine.load(&sample("team/app:latest").docker_archive());
    let open = |name: &str| open_docker(name, &Limits::default(), &platform(), &options(&engine));
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
    // Podman answers the same questions at its own socket.
    let podman = open_podman("team/app:1", &Limits::default(), &platform(), &options(&engine)).expect("opens");
    check(&podman);
    assert_eq!(podman.info.kind, TargetKind::Podman);
    let error = open("team/other:1").expect_err("no such image");
    assert!(matches!(error, TargetError::NotFound { .. }), "{error}");
    let limits = Limits { layer_bytes: 4_096, ..Limits::default() };
    let error = open_docker("team/app:1", &limits, &platform(), &options(&engine)).expect_err("too large");
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
