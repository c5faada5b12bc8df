//! `seawall.toml`: values for flags that are not typed. The one table of what can be set is the command line itself
//! (`cli.rs`): a key is the long name of a flag, and a value from the file takes the place of the flag's default, so that
//! flags and variables outweigh it.

mod read;
mod reference;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Arg, Command};
use seawall_io::read_bounded;

pub(crate) use reference::page;

/// A larger file is refused.
const MAX_BYTES: u64 = 1 << 20;

/// The file of the working directory.
const NAME: &str = "seawall.toml";

/// Flags that say what one call is about; a file that set them would surprise.
const ONCE: [&str; 8] = ["help", "version", "config", "quiet", "verbose", "force", "check", "json"];

/// Flags that loosen whom the network is trusted with. The file of the working directory may have come with a repository,
/// so that it cannot set them.
const TRUSTED: [&str; 4] = ["plain-http", "ca", "mirror", "base"];

/// Variables of the environment that are no flags.
const VARIABLES: [(&str, &str); 9] = [
    (
        "SEAWALL_CACHE",
        "Folder of the database and of what layers gave; else `$XDG_CACHE_HOME/seawall`, `~/.cache/seawall`.",
    ),
    ("XDG_CONFIG_HOME", "Where `seawall/config.toml` is; else `~/.config`."),
    ("NO_COLOR", "Not empty: no colour."),
    ("CLICOLOR_FORCE", "Not empty: colour although it is no terminal."),
    ("COLUMNS", "Width of the table; else that of the terminal."),
    ("DOCKER_HOST", "Socket of the Docker engine, `unix://PATH`."),
    ("CONTAINER_HOST", "Socket of the Podman engine, `unix://PATH`."),
    ("DOCKER_CONFIG", "Folder of the `config.json` that `docker login` wrote."),
    ("REGISTRY_AUTH_FILE", "The file that `podman login` wrote."),
];

/// A file that was found.
pub(crate) struct File {
    pub(crate) path: PathBuf,
    /// Nobody named it: it lies in the working directory.
    local: bool,
}

/// A value that the file gives a flag of the command that is being run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    /// Names of the command, outermost first: `db`, `update`.
    command: Vec<String>,
    /// The flag's long name.
    key: String,
    values: Vec<String>,
}

/// The file to read: the one that was named (`--config`, `SEAWALL_CONFIG`), else `seawall.toml` in the working directory,
/// else the user's. One file only, and never one in a folder that is scanned.
pub(crate) fn find(arguments: &[OsString]) -> Option<File> {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(path) = named(arguments).or_else(|| variable("SEAWALL_CONFIG")) {
        return Some(File { path, local: false });
    }
    if Path::new(NAME).exists() {
        return Some(File { path: PathBuf::from(NAME), local: true });
    }
    let folder = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")))?;
    let path = folder.join("seawall/config.toml");
    path.exists().then_some(File { path, local: false })
}

/// `--config FILE`, before the command line is understood as a whole: the file may give it what it lacks.
fn named(arguments: &[OsString]) -> Option<PathBuf> {
    let mut rest = arguments.iter().skip(1).take_while(|a| *a != "--");
    while let Some(argument) = rest.next() {
        if argument == "--config" {
            return rest.next().map(PathBuf::from);
        }
        if let Some(path) = argument.to_str().and_then(|a| a.strip_prefix("--config=")) {
            return Some(PathBuf::from(path));
        }
    }
    None
}

/// Whether a file may set a flag.
fn is_settable(argument: &Arg) -> bool {
    argument.get_long().is_some_and(|long| !ONCE.contains(&long)) && !argument.is_hide_set()
}

/// Reads the file and puts its values in the place of the defaults of `command`.
///
/// # Errors
/// Where it cannot be read, or anything in it is not what the command line knows; each fault with line and column.
pub(crate) fn apply(file: &File, mut command: Command) -> Result<(Command, Applied)> {
    let describe = || format!("cannot read {}", file.path.display());
    let bytes = read_bounded(&file.path, MAX_BYTES).with_context(describe)?;
    let text = String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", file.path.display()))?;
    let settings = read::settings(&text, &command, file.local).map_err(|faults| {
        let lines: Vec<String> = faults.into_iter().map(|fault| fault.show(&file.path, &text)).collect();
        anyhow::anyhow!("{}", lines.join("\n"))
    })?;
    for setting in &settings {
        command = set(command, &setting.command, setting);
    }
    Ok((command, Applied { path: file.path.clone(), local: file.local, settings }))
}

fn set(command: Command, path: &[String], setting: &Setting) -> Command {
    match path.split_first() {
        Some((first, rest)) => command.mut_subcommand(first, |sub| set(sub, rest, setting)),
        None => {
            let id = command.get_arguments().find(|a| a.get_long() == Some(&setting.key)).map(|a| a.get_id().clone());
            let Some(id) = id else { return command };
            // The command line wants values that live as long as the program, which these do.
            let values: Vec<&'static str> = setting.values.iter().map(|v| &*v.clone().leak()).collect();
            command.mut_arg(id, |argument| argument.required(false).default_values(values))
        }
    }
}

/// What a file has set.
pub(crate) struct Applied {
    path: PathBuf,
    local: bool,
    settings: Vec<Setting>,
}

impl Applied {
    /// The line that says so, for the command that is run, and whether it is told to everyone: what lies in the working
    /// directory must not change a scan unseen. `None` where it sets nothing of this command.
    pub(crate) fn note(&self, command: &[&str]) -> Option<(String, bool)> {
        let keys: Vec<&str> = self.settings.iter().filter(|s| s.command == command).map(|s| s.key.as_str()).collect();
        if keys.is_empty() {
            return None;
        }
        let ignore = if self.local { "; --config /dev/null leaves it out" } else { "" };
        Some((format!("{} sets {}{ignore}", self.path.display(), keys.join(", ")), self.local))
    }
}
