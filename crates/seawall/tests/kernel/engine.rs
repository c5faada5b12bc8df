//! A real engine on the booted kernel: what it does to containers goes on while everything is denied, and what containers try
//! is refused and told with the engine's own names.

use std::path::Path;

use seawall_testkit::{ImageBuilder, hex_sha256};
use serde_json::Value;

use crate::attacks::{ATTACKS, TAMPERING};
use crate::machine::{self, Root};
use crate::{LSM, console, root};

/// Of Debian's docker.io, containerd and runc.
const PROGRAMS: &[&str] = &[
    "/usr/sbin/dockerd",
    "/usr/bin/docker",
    "/usr/bin/containerd",
    "/usr/bin/containerd-shim-runc-v2",
    "/usr/sbin/runc",
];
const IMAGE: &str = "127.0.0.1:5000/team/attacked:1";
/// Containers that do nothing but ordinary work.
const ORDINARY: &[&str] = &["ordinary", "stays"];
/// What the engine is asked to do with these (tests/kernel/engine.sh), and what that has to say.
const WORK: &[(&str, &str)] = &[
    ("run", "RAN\n"),
    ("detached", ""),
    ("exec", "RAN\n"),
    ("exec as another user", "RAN\n"),
    ("copy from", ""),
    ("pause", "stays\n"),
    ("unpause", "stays\n"),
    ("restart", "stays\n"),
    ("stop", "stays\n"),
    // What the container does when it is asked to end: it was not killed.
    ("inspect", "7 0\n"),
    ("logs", ""),
    ("remove", "victim\n"),
];

/// An alert of a container that the engine made.
#[derive(Debug)]
struct Told {
    name: String,
    image: String,
    digest: String,
    engine: String,
    action: String,
    output: String,
}

fn told(text: &str) -> Vec<Told> {
    let parse = |line: &str| {
        let alert: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let field = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let container = &alert["seawall"]["container"];
        Told {
            name: field(&container["name"]),
            image: field(&container["image"]),
            digest: field(&container["imageDigest"]),
            engine: field(&container["engine"]),
            action: field(&alert["seawall"]["action"]),
            output: field(&alert["output"]),
        }
    };
    text.lines().filter(|line| line.starts_with('{')).map(parse).collect()
}

/// Whether the engine can be shared with the machine; said loudly where not.
fn is_installed() -> bool {
    let missing: Vec<_> = PROGRAMS.iter().filter(|path| !Path::new(path).is_file()).collect();
    if !missing.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "CI has docker.io: {missing:?} are missing");
        eprintln!("SKIPPED: this needs docker.io of Debian: {missing:?} are missing");
    }
    missing.is_empty()
}

/// Adds the engine, its image as a registry serves it, and what such programs expect; the digest of the image's manifest.
fn add_engine(root: &mut Root, folder: &Path) -> String {
    let image = Path::new("/image");
    let layer = root.layer(image, &image.join("agent"));
    let layout = folder.join("registry");
    ImageBuilder::new(IMAGE).compress(seawall_testkit::Compress::None).layer(layer, "COPY . /").write_oci(&layout);
    root.tree(Path::new("/"), &layout);
    root.link(Path::new("/registry"), layout.to_str().expect("a plain name"));
    for path in PROGRAMS {
        // Where they ordinarily are: rules know an engine's runtime by its path.
        root.file(Path::new(path), &std::fs::read(path).expect("readable"));
        root.libraries(image, Path::new(path));
    }
    for (path, content) in [("/etc/passwd", "root:x:0:0:root:/:/bin/sh\n"), ("/etc/group", "root:x:0:\ndocker:x:1:\n")]
    {
        root.file(Path::new(path), content.as_bytes());
    }
    for name in ["var/lib", "top", "root"] {
        root.folder(&Path::new("/").join(name));
    }
    root.link(Path::new("/var/run"), "../run");
    let index: Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).expect("written")).expect("JSON");
    let digest = index["manifests"][0]["digest"].as_str().expect("a digest").to_owned();
    let blob = std::fs::read(layout.join("blobs/sha256").join(&digest["sha256:".len()..])).expect("written");
    assert_eq!(digest, format!("sha256:{}", hex_sha256(&blob)));
    digest
}

#[test]
fn a_real_engine_works_while_everything_is_denied() {
    let Some(kernel) = machine::kernel() else { return };
    if !is_installed() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut root = root(&kernel, folder.path());
    let digest = add_engine(&mut root, folder.path());
    // Without AppArmor, whose profiles the engine would have to compile.
    let options = format!("scenario=engine {}", LSM.replace("apparmor,", ""));
    let text = console(&root, &kernel, folder.path(), &options);
    let sections = crate::sections(&text);
    let section = |name: &str| *sections.get(name).unwrap_or_else(|| panic!("{name} is missing:\n{text}"));
    assert!(section("engine").contains("Server:"), "{text}");
    assert!(section("start").contains("tier lsm"), "{text}");

    let told = told(section("alerts engine"));
    // What the engine does to containers, and what they do in turn, is no attack.
    for (what, said) in WORK {
        let text = section(&format!("engine {what}"));
        assert!(text.contains("ended with 0\n") && text.contains(said), "{what}: {text}\n{told:#?}");
    }
    for name in ORDINARY {
        // The copy of itself that runc runs from memory is told on purpose: a container can make the like.
        let is_copy = |alert: &Told| alert.action == "none" && alert.output.contains("process=memfd:runc_clon");
        let of: Vec<_> = told.iter().filter(|alert| alert.name == *name && !is_copy(alert)).collect();
        assert!(of.is_empty(), "{name}: {of:#?}");
    }
    for (container, phase, attacks) in [("victim", "enforced", ATTACKS), ("neighbour", "tampering", TAMPERING)] {
        for (n, attack) in attacks.iter().enumerate() {
            let (what, held) = (attack.what, section(&format!("{phase} {n:02}")));
            assert_eq!(held.contains("RAN"), attack.told.is_none(), "{what}: {held}");
            if phase == "enforced" {
                let free = section(&format!("free {n:02}"));
                assert!(free.contains("RAN"), "{what} does not work even where nothing holds it: {free}");
            }
            // In a container that may not make this call, its number is told before what it is about.
            let word = attack.told.map(|word| if word == "changing the policy" { "bpf command 7" } else { word });
            let Some(word) = word else { continue };
            let mut of = told.iter().filter(|alert| alert.action == "denied" && alert.output.contains(word));
            let alert = of.find(|alert| alert.name == container);
            let alert = alert.unwrap_or_else(|| panic!("{what}: {told:#?}"));
            assert_eq!((alert.image.as_str(), &alert.digest, alert.engine.as_str()), (IMAGE, &digest, "docker"));
        }
    }
    assert!(section("agent").contains("ALIVE"), "{text}");
}
