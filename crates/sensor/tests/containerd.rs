//! A container of a real containerd, which the test starts, is told from its files while containerd writes to them.
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use seawall_model::ContainerEngine;
use seawall_sensor::{ContainerId, Directory, DirectorySettings, Lookup};
use seawall_testkit::{ImageBuilder, TarBuilder};

const PROGRAM: &str = "/usr/bin/containerd";
/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

struct Containerd<'a> {
    child: Child,
    root: &'a Path,
}

impl Drop for Containerd<'_> {
    fn drop(&mut self) {
        // Its containers outlive it otherwise, also those of a test that failed.
        for id in self.ctr(&["tasks", "ls", "-q"]).1.lines() {
            let _ = self.ctr(&["tasks", "rm", "-f", id]);
        }
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl<'a> Containerd<'a> {
    fn start(root: &'a Path) -> Option<Self> {
        let root_user = std::fs::metadata("/proc/self").map(|m| m.uid()).ok() == Some(0);
        if !Path::new(PROGRAM).is_file() || !root_user {
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "where CI=true {PROGRAM} must be installed, and we root"
            );
            eprintln!("SKIPPED: {PROGRAM} is not installed, or only root may start it");
            return None;
        }
        let at = |part: &str| root.join(part).display().to_string();
        let plugins = ["snapshotter.v1.aufs", "snapshotter.v1.btrfs", "snapshotter.v1.devmapper", "snapshotter.v1.zfs"];
        let plugins: Vec<String> = plugins.iter().map(|p| format!("\"io.containerd.{p}\"")).collect();
        let config = format!(
            "version = 2\nroot = {:?}\nstate = {:?}\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\", {}]\n[grpc]\naddress = {:?}\n",
            at("var/lib/containerd"),
            at("run/containerd"),
            plugins.join(", "),
            at("c.sock"),
        );
        std::fs::write(root.join("config.toml"), config).expect("writable");
        let log = std::fs::File::create(root.join("log")).expect("writable");
        let child = Command::new(PROGRAM).args(["-c", &at("config.toml")]).stdout(Stdio::null()).stderr(log).spawn();
        let engine = Self { child: child.expect("it starts"), root };
        let start = Instant::now();
        while !engine.ctr(&["version"]).0 {
            let log = || std::fs::read_to_string(root.join("log")).unwrap_or_default();
            assert!(start.elapsed() < LONG, "{PROGRAM} does not come up:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(engine)
    }

    fn ctr(&self, arguments: &[&str]) -> (bool, String) {
        let socket = self.root.join("c.sock");
        let output = Command::new("ctr").arg("-a").arg(socket).args(["-n", "k8s.io"]).args(arguments).output();
        let output = output.expect("ctr comes with containerd");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    fn must(&self, arguments: &[&str]) {
        let (fine, text) = self.ctr(arguments);
        assert!(fine, "ctr {arguments:?}: {text}");
    }
}

#[test]
fn a_pod_of_a_real_containerd_is_told_with_labels_and_digest() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Containerd::start(folder.path()) else { return };
    let busybox = std::fs::read("/bin/busybox").expect("busybox-static is installed (tests/packages.txt)");
    let layer = TarBuilder::new().folder("bin/").program("bin/busybox", &busybox).symlink("bin/sh", "busybox");
    let archive = folder.path().join("box.tar");
    let image = ImageBuilder::new("r.example/team/box:1").layer(layer, "COPY . /");
    std::fs::write(&archive, image.docker_archive()).expect("writable");
    engine.must(&["images", "import", "--snapshotter", "native", &archive.display().to_string()]);
    let (_, images) = engine.ctr(&["images", "ls"]);
    let line = images.lines().find(|line| line.starts_with("r.example/team/box:1")).expect("imported").to_owned();
    let digest = line.split_whitespace().find(|word| word.starts_with("sha256:")).expect("a digest");

    // runc keeps its state in one folder of the machine, which other runs use too.
    let [pod, id] = ["a", "b"].map(|kind| format!("{kind}{:063x}", std::process::id()));
    let notes = |kind: &str| {
        let pairs = [
            ("container-type", kind),
            ("sandbox-id", pod.as_str()),
            ("sandbox-name", "cart-0"),
            ("sandbox-namespace", "shop"),
            ("sandbox-uid", "8a2f9c1e-5b7d-4c3a-9e1f-0a1b2c3d4e5f"),
            ("container-name", "cart"),
            ("image-name", "r.example/team/box:1"),
        ];
        pairs.map(|(name, value)| format!("--annotation=io.kubernetes.cri.{name}={value}"))
    };
    let run = |id: &str, kind: &str, labels: &[&str]| {
        let notes = notes(kind);
        let mut arguments = vec!["run", "-d", "--snapshotter=native"];
        arguments.extend(notes.iter().map(String::as_str));
        arguments.extend(labels);
        arguments.extend(["r.example/team/box:1", id, "/bin/busybox", "sleep", "600"]);
        engine.must(&arguments);
    };
    run(&pod, "sandbox", &["--label=app=cart", "--label=io.cri-containerd.kind=sandbox"]);
    run(&id, "container", &["--label=io.kubernetes.container.name=cart"]);

    // Read again and again, while the database is written to.
    let mut settings = DirectorySettings::below(folder.path());
    settings.engines.clear();
    for round in 0..30 {
        let directory = Directory::start(settings.clone());
        let Lookup::Known(container) = directory.wait(&ContainerId::new(&id), LONG) else { panic!("known") };
        assert_eq!((container.name.as_deref(), container.engine), (Some("cart"), ContainerEngine::Containerd));
        assert_eq!(container.image_repository.as_deref(), Some("r.example/team/box"));
        assert_eq!(container.image_digest.as_deref(), Some(digest));
        assert_eq!(container.labels.get("io.kubernetes.container.name").map(String::as_str), Some("cart"));
        assert_eq!(container.privileged, Some(false));
        assert!(container.started.is_some());
        let pod = container.pod.as_ref().expect("a pod");
        assert_eq!((pod.name.as_str(), pod.namespace.as_str()), ("cart-0", "shop"));
        assert_eq!(pod.labels.len(), 1, "{:?}", pod.labels);
        assert_eq!(pod.labels.get("app").map(String::as_str), Some("cart"));
        engine.must(&["containers", "label", &id, &format!("round={round}")]);
    }
}
