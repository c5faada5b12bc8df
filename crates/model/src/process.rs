use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ByteString, Container, OverlayLayer};

/// Names one process for the whole run, also after its PID is used again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessKey(pub u64);

/// One process, as it is since its last exec.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its name for this run.
    pub key: ProcessKey,
    /// The process that made it, also when that one is gone.
    pub parent: Option<ProcessKey>,
    /// In the initial PID namespace.
    pub pid: u32,
    /// The parent, in the initial PID namespace.
    pub ppid: u32,
    /// In its own PID namespace.
    pub virtual_pid: u32,
    /// The process group, in the initial PID namespace.
    pub group: u32,
    /// The process group, in its own PID namespace.
    pub virtual_group: u32,
    /// The session, in the initial PID namespace.
    pub session: u32,
    /// The session, in its own PID namespace.
    pub virtual_session: u32,
    /// The command name, 15 bytes at most (`comm`).
    pub name: ByteString,
    /// `argv[0]`.
    pub exe: ByteString,
    /// `argv[1..]` joined by blanks, cut at 4,096 bytes.
    pub arguments: ByteString,
    /// The name and the arguments, joined by a blank.
    pub command_line: ByteString,
    /// The file that runs, as the kernel resolved it.
    pub exe_path: ByteString,
    /// The path that was given to exec, made absolute.
    pub exe_given: ByteString,
    /// The working directory.
    pub cwd: ByteString,
    /// The environment, joined by blanks; empty where it was not asked for.
    pub environment: ByteString,
    /// The terminal's device number; 0 for none.
    pub tty: u32,
    /// The user.
    pub uid: u32,
    /// The effective user.
    pub euid: u32,
    /// The group.
    pub gid: u32,
    /// The user's name where it is known, from the process's own root.
    pub user: Option<Box<str>>,
    /// The group's name where it is known.
    pub group_name: Option<Box<str>>,
    /// The user who signed in; 4294967295 for none.
    pub login_uid: u32,
    /// Their name.
    pub login_user: Option<Box<str>>,
    /// Capabilities.
    pub capabilities: Capabilities,
    /// When the process was made, nanoseconds since 1970.
    pub started: u64,
    /// The file that runs.
    pub executable: Executable,
    /// Inode numbers of its namespaces.
    pub namespaces: Namespaces,
    /// The container it is in; none on the host. Not part of a serialised process: containers are told apart from it.
    #[serde(skip)]
    pub container: Option<Arc<Container>>,
    /// When it ended, nanoseconds since 1970; it stays for its descendants.
    pub ended: Option<u64>,
}

/// Sets of capabilities, a bit each, in the order of `linux/capability.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// What it may take.
    pub permitted: u64,
    /// What it has.
    pub effective: u64,
    /// What it keeps over an exec.
    pub inheritable: u64,
}

/// The file that a process runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executable {
    /// The device, as `st_dev`.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// Last change of the inode, nanoseconds since 1970.
    pub changed: u64,
    /// Last change of the content, nanoseconds since 1970.
    pub modified: u64,
    /// Where in an overlay file system it lies.
    pub layer: OverlayLayer,
    /// The user may write to it.
    pub writable: bool,
    /// It was made by `memfd_create`.
    pub memfd: bool,
    /// It has no name any more.
    pub deleted: bool,
}

/// Inode numbers of namespaces (`/proc/PID/ns/…`); 0 where unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespaces {
    /// Process identifiers.
    pub pid: u32,
    /// Mounts.
    pub mount: u32,
    /// Network.
    pub network: u32,
    /// Users.
    pub user: u32,
}
