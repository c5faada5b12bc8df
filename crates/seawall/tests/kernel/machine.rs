//! A machine of its own: Debian's kernel in qemu, with a first file system that is made here.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use seawall_testkit::TarBuilder;

/// What has not come to its end by then hangs; a quiet machine takes about a minute.
const PATIENCE: Duration = Duration::from_secs(1200);

/// The kernel and its modules; none where this machine cannot have it, which is said.
pub(crate) fn kernel() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SEAWALL_TEST_KERNEL") {
        return Some(folder.into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/test-kernel.sh");
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels");
    let output = Command::new("sh").arg(script).arg(cache).output().expect("a shell");
    let has_qemu = Command::new("qemu-system-x86_64").arg("--version").stdout(Stdio::null()).status().is_ok();
    if has_qemu && output.status.success() {
        return Some(String::from_utf8(output.stdout).expect("a path").trim_end().into());
    }
    let reason = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(std::env::var_os("CI").is_none(), "CI boots kernels: qemu {has_qemu}, {reason}");
    eprintln!("SKIPPED: this needs qemu-system-x86_64 ({has_qemu}) and Debian's kernel: {reason}");
    None
}

const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_755;
const LINK: u32 = 0o120_777;

/// The first file system: files by their paths, with type and mode.
#[derive(Default)]
pub(crate) struct Root {
    entries: BTreeMap<PathBuf, (u32, Vec<u8>)>,
}

impl Root {
    /// What is there first stays.
    fn entry(&mut self, path: &Path, mode: u32, content: &[u8]) {
        self.entries.entry(path.to_owned()).or_insert_with(|| (mode, content.to_owned()));
    }

    /// An archive in cpio's new ASCII format, which the kernel unpacks
    /// (Documentation/driver-api/early-userspace/buffer-format.rst).
    fn archive(&self) -> Vec<u8> {
        let end = (PathBuf::from("TRAILER!!!"), (0, Vec::new()));
        let mut archive = Vec::new();
        // A folder sorts before what is in it.
        for (inode, (path, (mode, content))) in self.entries.iter().chain([(&end.0, &end.1)]).enumerate() {
            let name = path.strip_prefix("/").unwrap_or(path).to_str().expect("a plain name");
            let (size, length) = (content.len(), name.len() + 1);
            let head = format!(
                "070701{inode:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{size:08x}{:08x}{:08x}{:08x}{:08x}{length:08x}{:08x}",
                0, 0, 1, 0, 0, 0, 0, 0, 0
            );
            for part in [[head.as_bytes(), name.as_bytes(), b"\0"].concat().as_slice(), content] {
                archive.extend(part);
                archive.resize(archive.len().next_multiple_of(4), 0);
            }
        }
        archive
    }

    /// What lies below a folder, as an image's layer; without what lies below another.
    pub(crate) fn layer(&self, below: &Path, without: &Path) -> TarBuilder {
        let entries = self.entries.iter().filter(|(path, _)| path.starts_with(below) && !path.starts_with(without));
        entries.fold(TarBuilder::new(), |tar, (path, (mode, content))| {
            let name = path.strip_prefix(below).expect("below it").to_str().expect("a plain name");
            match *mode {
                _ if name.is_empty() => tar,
                FOLDER => tar.folder(&format!("{name}/")),
                LINK => tar.symlink(name, std::str::from_utf8(content).expect("a plain name")),
                _ => tar.program(name, content),
            }
        })
    }

    pub(crate) fn folder(&mut self, path: &Path) {
        if path.parent().is_some_and(|parent| parent != Path::new("/")) {
            self.folder(path.parent().expect("one"));
        }
        self.entry(path, FOLDER, b"");
    }

    pub(crate) fn file(&mut self, path: &Path, content: &[u8]) {
        self.folder(path.parent().expect("absolute"));
        self.entry(path, FILE, content);
    }

    pub(crate) fn link(&mut self, path: &Path, target: &str) {
        self.folder(path.parent().expect("absolute"));
        self.entry(path, LINK, target.as_bytes());
    }

    /// A program of this machine below `base`, with the libraries that it asks for.
    pub(crate) fn program(&mut self, base: &Path, to: &str, from: &Path) {
        self.file(&base.join(to), &std::fs::read(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())));
        self.libraries(base, from);
    }

    /// The libraries that a program of this machine asks for, below `base`.
    pub(crate) fn libraries(&mut self, base: &Path, from: &Path) {
        let output = Command::new("ldd").arg(from).output().expect("ldd is there");
        for word in String::from_utf8_lossy(&output.stdout).split_whitespace().filter(|w| w.starts_with('/')) {
            let below = base.join(word.trim_start_matches('/'));
            self.file(&below, &std::fs::read(word).unwrap_or_else(|e| panic!("{word}: {e}")));
        }
    }

    /// Every file below a folder of this machine, at the same path below `base`.
    pub(crate) fn tree(&mut self, base: &Path, from: &Path) {
        for entry in std::fs::read_dir(from).unwrap_or_else(|e| panic!("{}: {e}", from.display())) {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                self.tree(base, &path);
            } else {
                let below = base.join(path.strip_prefix("/").expect("absolute"));
                self.file(&below, &std::fs::read(&path).expect("readable"));
            }
        }
    }

    /// Boots the kernel with it; what stood on the console.
    pub(crate) fn boot(&self, kernel: &Path, folder: &Path, options: &str) -> String {
        let root = folder.join("root.cpio");
        let archive = self.archive();
        std::fs::write(&root, &archive).expect("writable");
        // For a moment the archive is there beside what comes of it.
        let memory = 768 + 3 * (archive.len() >> 20);
        let mut machine = Command::new("qemu-system-x86_64")
            .args(["-accel", "tcg", "-cpu", "max", "-smp", "2", "-no-reboot", "-nodefaults", "-m"])
            .arg(memory.to_string())
            .args(["-display", "none", "-serial", "stdio", "-kernel"])
            .arg(kernel.join("vmlinuz"))
            .arg("-initrd")
            .arg(&root)
            .args(["-append", &format!("console=ttyS0 loglevel=1 panic=-1 {options}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("qemu starts");
        let mut console = machine.stdout.take().expect("a pipe");
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            console.read_to_end(&mut bytes).expect("readable");
            String::from_utf8_lossy(&bytes).replace('\r', "")
        });
        let end = Instant::now() + PATIENCE;
        while machine.try_wait().expect("a child").is_none() {
            if Instant::now() > end {
                machine.kill().expect("killed");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let text = reader.join().expect("read");
        assert!(text.contains("@@ end\n"), "the machine did not come to its end:\n{text}");
        text
    }
}
