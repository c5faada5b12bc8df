//! The folders of testdata/attacks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One case: a rule, an attack that raises it in one or more ways, and ordinary work that does not.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The folder's name.
    #[serde(skip)]
    pub(crate) id: String,
    /// Where its scripts are.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// It is about Falco's files.
    #[serde(skip)]
    pub(crate) generator: bool,
    /// The rule that the attack raises.
    pub(crate) rule: String,
    /// The other rules that a script raises as well, by its name without `.sh`: because attacks overlap, or because of how the
    /// container is started.
    #[serde(default)]
    pub(crate) also: BTreeMap<String, BTreeSet<String>>,
    /// Why a user is not to expect the alert everywhere.
    #[serde(default)]
    pub(crate) note: String,
    /// How the container is started.
    #[serde(default)]
    pub(crate) container: Setup,
}

/// How a container is started: by default without any more rights than the engine gives.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Setup {
    pub(crate) privileged: bool,
    pub(crate) cap_add: Vec<String>,
    /// `SOURCE:DESTINATION[:ro]`; a source `{socket}` is the engine's own, `{folder}` an empty folder.
    pub(crate) binds: Vec<String>,
    pub(crate) tmpfs: Vec<String>,
    pub(crate) tty: bool,
    pub(crate) user: String,
    pub(crate) host_pid: bool,
    pub(crate) unconfined: bool,
    pub(crate) environment: Vec<String>,
    pub(crate) working_folder: String,
    /// The terminal is for the attack only.
    pub(crate) attack_tty: bool,
    /// These mounts are for the attack only.
    pub(crate) attack_binds: Vec<String>,
    /// The attack has the first disk of the machine.
    pub(crate) attack_disk: bool,
    /// Privileged in the attack only.
    pub(crate) attack_privileged: bool,
}

/// Which script of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Script {
    /// `attack.sh`, `attack-….sh`: its file name.
    Attack(String),
    Benign,
}

impl Script {
    pub(crate) fn file(&self) -> &str {
        match self {
            Self::Attack(name) => name,
            Self::Benign => "benign.sh",
        }
    }

    /// Its name without the ending.
    pub(crate) fn stem(&self) -> &str {
        self.file().trim_end_matches(".sh")
    }
}

impl Case {
    /// The scripts that it has.
    pub(crate) fn scripts(&self) -> Vec<Script> {
        let mut names: Vec<String> = std::fs::read_dir(&self.folder)
            .expect("a folder")
            .map(|e| e.expect("an entry").file_name().into_string().expect("a name"))
            .filter(|n| n.ends_with(".sh"))
            .collect();
        names.sort();
        assert!(names.iter().any(|n| n.starts_with("attack")), "{}: no attack", self.id);
        assert!(self.generator || names.iter().any(|n| n == "benign.sh"), "{}: no benign.sh", self.id);
        names.into_iter().map(|n| if n == "benign.sh" { Script::Benign } else { Script::Attack(n) }).collect()
    }
}

/// Every case below a folder.
pub(crate) fn read(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for (folder, generator) in [(folder.to_path_buf(), false), (folder.join("generator"), true)] {
        let mut folders: Vec<PathBuf> = std::fs::read_dir(&folder)
            .expect("a folder")
            .map(|e| e.expect("an entry").path())
            .filter(|p| p.is_dir() && p.file_name().is_some_and(|n| n != "generator"))
            .collect();
        folders.sort();
        for folder in folders {
            let path = folder.join("case.toml");
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let mut case: Case = toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            case.id = folder.file_name().expect("a name").to_string_lossy().into_owned();
            case.folder = folder;
            case.generator = generator;
            cases.push(case);
        }
    }
    cases
}
