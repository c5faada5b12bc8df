//! A folder with the demo's image and database, and the binary to run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use seawall_testkit::{ImageBuilder, TarBuilder};

pub(crate) struct Home {
    folder: tempfile::TempDir,
}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

fn demo(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/demo").join(part)
}

impl Home {
    /// An empty folder with an empty cache.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder") }
    }

    /// With `image/`, the demo image as an OCI layout, `image.tar`, the same saved by an engine, and `starter.db`.
    pub(crate) fn demo() -> Self {
        let home = Self::empty();
        let image = demo_image();
        image.write_oci(&home.path("image"));
        std::fs::write(home.path("image.tar"), image.docker_archive()).expect("writable");
        let from = demo("advisories").to_string_lossy().into_owned();
        let ran = home.run(&["-q", "db", "build", "--from", &from, "-o", "starter.db"]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
        home
    }

    /// A folder with the demo's feeds, so that no path of this machine gets into what a command prints.
    pub(crate) fn feeds(&self, name: &str) {
        std::fs::create_dir_all(self.path(name)).expect("a folder");
        let mut folders = vec![(demo("advisories"), self.path(name))];
        while let Some((from, to)) = folders.pop() {
            for entry in std::fs::read_dir(&from).expect("feeds").flatten() {
                let to = to.join(entry.file_name());
                if entry.path().is_dir() {
                    std::fs::create_dir_all(&to).expect("a folder");
                    folders.push((entry.path(), to));
                } else {
                    std::fs::copy(entry.path(), to).expect("writable");
                }
            }
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect("writable");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seawall"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("SEAWALL_CACHE", self.path("cache")).env("NO_COLOR", "1").env("COLUMNS", "100");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("runs");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ran { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }

    /// Runs and parses standard output as JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let ran = self.run(arguments);
        serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{arguments:?}: {e}\n{}{}", ran.out, ran.err))
    }
}

pub(crate) fn demo_image() -> ImageBuilder {
    let layer = |name: &str| TarBuilder::new().tree(&demo("layers").join(name));
    ImageBuilder::new("demo:1.0")
        .layer(layer("1-base"), "COPY 1-base /")
        .layer(layer("2-runtime"), "COPY 2-runtime /")
        .layer(layer("3-app"), "COPY 3-app /")
}
