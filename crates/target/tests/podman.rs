//! Images in a real Podman engine, which the test starts.
#![allow(clippy::print_stderr, unreachable_pub, reason = "a skipped test must be seen; helpers are shared")]
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

#[path = "engine/helpers.rs"]
mod helpers;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use helpers::{check, comes_up, end, load, may_start, platform, sample};
use seawall_io::Limits;
use seawall_model::TargetKind;
use seawall_target::{EngineOptions, TargetError, open_podman};

const PROGRAM: &str = "/usr/bin/podman";

struct Engine {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Engine {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Engine {
    /// Everything that it writes lies in a folder of its own.
    fn start() -> Option<Self> {
        if !may_start(PROGRAM) {
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let log = std::fs::File::create(folder.path().join("log")).expect("writable");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let child = Command::new(PROGRAM)
            .args(["--root", &at("root"), "--runroot", &at("run"), "--tmpdir", &at("tmp")])
            .args(["--network-config-dir", &at("networks"), "--storage-driver", "vfs"])
            .args(["--cgroup-manager", "cgroupfs", "--events-backend", "none"])
            .args(["system", "service", "--time=0", &format!("unix://{}", at("podman.sock"))])
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
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
        self.folder.path().join("podman.sock")
    }
}

#[test]
fn images_of_a_real_podman_are_read_by_name_and_id() {
    let Some(engine) = Engine::start() else { return };
    load(&engine.socket(), &sample("team/app:1").docker_archive());
    load(&engine.socket(), &sample("team/app:latest").docker_archive());
    let host = Some(format!("unix://{}", engine.socket().display()));
    let options = EngineOptions { podman_host: host, ..EngineOptions::default() };
    let open = |name: &str| open_podman(name, &Limits::default(), &platform(), &options);
    // Podman knows images without a registry under the name of this machine.
    for name in ["team/app:1", "localhost/team/app:1"] {
        let image = open(name).expect("opens");
        check(&image);
        assert_eq!(
            (image.info.kind, image.info.tags.as_slice()),
            (TargetKind::Podman, &["localhost/team/app:1".to_owned()][..])
        );
        assert_eq!(image.info.name, name);
    }
    let latest = open("team/app").expect("opens");
    check(&latest);
    assert_eq!(latest.info.tags, ["localhost/team/app:latest"]);
    let id = latest.info.config_digest.expect("a digest");
    assert_ne!(Some(id), open("team/app:1").expect("opens").info.config_digest);
    for name in [id.to_string(), id.hex(), id.short()] {
        let by_id = open(&name).expect("opens");
        check(&by_id);
        assert_eq!((by_id.info.config_digest, by_id.info.name), (Some(id), name));
    }
    let error = open("team/other:1").expect_err("no such image");
    assert!(matches!(error, TargetError::NotFound { .. }), "{error}");
    let limits = Limits { layer_bytes: 4_096, ..Limits::default() };
    let error = open_podman("team/app:1", &limits, &platform(), &options).expect_err("too large");
    assert!(error.to_string().contains("limit"), "{error}");
}

#[test]
fn a_podman_that_ends_is_no_longer_asked() {
    let Some(mut engine) = Engine::start() else { return };
    let host = Some(format!("unix://{}", engine.socket().display()));
    let options = EngineOptions { podman_host: host, ..EngineOptions::default() };
    end(&mut engine.child);
    let error =
        open_podman("team/app", &Limits::default(), &platform(), &options).expect_err("nobody there").to_string();
    assert!(error.contains("no Podman engine answers at unix://") && error.contains("podman.socket"), "{error}");
}
