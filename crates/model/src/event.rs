use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{ByteString, EventKind, Process, ProcessKey};

/// One thing that a process did, when the kernel was done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The how-manieth event of this run, from 1.
    pub number: u64,
    /// Nanoseconds since 1970, from the kernel's clock and the offset at start.
    pub time: u64,
    /// The processor it ran on.
    pub cpu: u32,
    /// What happened.
    pub kind: EventKind,
    /// What the system call returned: negative is an errno.
    pub result: i64,
    /// The thread, in the initial PID namespace.
    pub thread: u32,
    /// The thread, in its own PID namespace.
    pub virtual_thread: u32,
    /// The process that did it.
    pub process: ProcessKey,
    /// The arguments, by Falco's names for them.
    pub arguments: Vec<(Argument, ArgumentValue)>,
    /// The file or socket that it was done to.
    pub descriptor: Option<Descriptor>,
}

impl Event {
    /// An argument by its name.
    pub fn argument(&self, argument: Argument) -> Option<&ArgumentValue> {
        self.arguments.iter().find(|(name, _)| *name == argument).map(|(_, value)| value)
    }

    /// The file that it was done to.
    pub fn file(&self) -> Option<&File> {
        match &self.descriptor {
            Some(Descriptor::File(file)) => Some(file),
            _ => None,
        }
    }

    /// The socket that it was done to.
    pub fn socket(&self) -> Option<&Socket> {
        match &self.descriptor {
            Some(Descriptor::Socket(socket)) => Some(socket),
            _ => None,
        }
    }
}

macro_rules! arguments {
    ($($variant:ident $name:literal)*) => {
        /// The name of an argument (`evt.arg.NAME`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each is named as Falco names it")]
        pub enum Argument { $($variant),* }

        impl Argument {
            /// Every argument.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name that rules use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The argument of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

arguments! {
    Res "res" Fd "fd" Name "name" Flags "flags" Mode "mode" Dev "dev" Ino "ino" DirFd "dirfd" Resolve "resolve"
    OldPath "oldpath" NewPath "newpath" OldDir "olddirfd" NewDir "newdirfd" Path "path" Filename "filename"
    Target "target" LinkPath "linkpath" LinkDir "linkdirfd" Exe "exe" Args "args" Tid "tid" Pid "pid" Env "env" Cwd "cwd"
    Addr "addr" Data "data" Size "size" Request "request" NsType "nstype" Uid "uid" Gid "gid" Ruid "ruid" Euid "euid"
    Suid "suid" Rgid "rgid" Egid "egid" Sgid "sgid" Cmd "cmd" Domain "domain" Type "type" Proto "proto" Backlog "backlog"
    OldFd "oldfd" NewFd "newfd" Source "source" Special "special" Sig "sig" Entries "entries" Opcode "opcode"
    Option "option" Tuple "tuple" CapPermitted "cap_permitted" CapEffective "cap_effective"
    CapInheritable "cap_inheritable" Uargs "uargs" Img "img" Question "question" Answer "answer" ServerName "server_name"
    BytesIn "bytes_in" BytesOut "bytes_out" Status "status" Count "count" Class "class" Times "times"
    // Recordings hold the numbers: new arguments come last.
    Duration "duration" Encrypted "encrypted"
}

/// The value of an argument, as the kernel has it; names of flags are made where a rule asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgumentValue {
    /// A number, an identifier or a file descriptor.
    Number(i64),
    /// Bits or a choice, whose names follow from the kind of event and the argument.
    Flags(u64),
    /// Text as it was given.
    Text(ByteString),
    /// A path: absolute, with `.` and `..` taken out, symbolic links not followed; and as it was given.
    Path {
        /// The absolute path.
        absolute: ByteString,
        /// The path as it was given.
        given: ByteString,
    },
}

/// What a file descriptor stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Descriptor {
    /// A file, folder or device: everything that a call of the open family gives.
    File(File),
    /// A socket.
    Socket(Socket),
    /// Anything else: pipe, eventfd, epoll, and so on, by the kernel's name for it.
    Other {
        /// The descriptor's number.
        number: i64,
        /// The kernel's name for the kind (`pipe`, `[eventpoll]`).
        name: ByteString,
    },
}

impl Descriptor {
    /// The descriptor's number; -1 where the call failed.
    pub fn number(&self) -> i64 {
        match self {
            Self::File(file) => file.number,
            Self::Socket(socket) => socket.number,
            Self::Other { number, .. } => *number,
        }
    }
}

/// A file that was opened, or whose opening failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// The descriptor's number; -1 where the call failed.
    pub number: i64,
    /// Absolute, with `.` and `..` taken out, symbolic links not followed.
    pub name: ByteString,
    /// The path as it was given.
    pub given: ByteString,
    /// Where the kernel really arrived, in the file system that the process sees; empty where nothing was opened.
    pub resolved: ByteString,
    /// The path read before the call, where it differs from the one read after it: somebody changed it meanwhile.
    pub raced: Option<ByteString>,
    /// The flags of the open call.
    pub flags: u32,
    /// The mode of the open call, where it creates.
    pub mode: u32,
    /// The device, as `st_dev`.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// A folder (`O_DIRECTORY`, or what the kernel opened).
    pub directory: bool,
    /// It was there only after this call.
    pub created: bool,
    /// Where in an overlay file system it lies.
    pub layer: OverlayLayer,
}

/// Where in an overlay file system a file lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverlayLayer {
    /// Not on an overlay.
    #[default]
    None,
    /// In a layer of the image.
    Lower,
    /// In the container's own writable layer: written or changed since it started.
    Upper,
}

/// A socket, by the kernel's own addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Socket {
    /// The descriptor's number.
    pub number: i64,
    /// `AF_…`.
    pub family: u16,
    /// `SOCK_…`.
    pub kind: u16,
    /// `IPPROTO_…`.
    pub protocol: u16,
    /// This end.
    pub local: Option<(IpAddr, u16)>,
    /// The other end.
    pub remote: Option<(IpAddr, u16)>,
    /// This end accepted or listens; otherwise it is the client.
    pub server: bool,
    /// A Unix socket's path; an abstract one begins with a zero byte.
    pub path: ByteString,
    /// It is connected.
    pub connected: bool,
    /// The call changed the addresses (`fd.name_changed`).
    pub name_changed: bool,
}

impl Socket {
    /// The client's end.
    pub fn client_end(&self) -> Option<(IpAddr, u16)> {
        if self.server { self.remote } else { self.local }
    }

    /// The server's end.
    pub fn server_end(&self) -> Option<(IpAddr, u16)> {
        if self.server { self.local } else { self.remote }
    }
}

/// An event together with who did it: what a rule judges.
#[derive(Clone, Copy)]
pub struct Observation<'a> {
    /// What happened.
    pub event: &'a Event,
    /// Who did it.
    pub process: &'a Process,
    /// Its ancestors.
    pub lineage: &'a dyn Lineage,
}

/// Where a process's ancestors are known.
pub trait Lineage {
    /// A process that is running, or that has running descendants.
    fn process(&self, key: ProcessKey) -> Option<&Process>;
}

impl<'a> Observation<'a> {
    /// The ancestor `generation` steps up: 0 is the process itself, 1 its parent.
    pub fn ancestor(&self, generation: usize) -> Option<&'a Process> {
        let mut process = self.process;
        for _ in 0..generation {
            process = self.lineage.process(process.parent?)?;
        }
        Some(process)
    }
}
