//! The bytes of one record, as ebpf/include/record.h lays them out.

/// What a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordKind {
    Syscall,
    Exec,
    Fork,
    Exit,
    Task,
    Dns,
    Tls,
    Flow,
    Uring,
}

/// The head of a record: who did it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) kind: RecordKind,
    pub(crate) number: u16,
    pub(crate) cpu: u32,
    pub(crate) cut: bool,
    /// Who it was is from when the socket was first used.
    pub(crate) owner: bool,
    pub(crate) time: u64,
    pub(crate) pid: u32,
    pub(crate) tid: u32,
    pub(crate) started: u64,
    pub(crate) cgroup: u64,
    pub(crate) result: i64,
    pub(crate) virtual_tid: u32,
    pub(crate) uid: u32,
    pub(crate) euid: u32,
    pub(crate) gid: u32,
    pub(crate) permitted: u64,
    pub(crate) effective: u64,
    pub(crate) inheritable: u64,
    pub(crate) arguments: [u64; 6],
}

/// Bytes of `struct record`.
pub(crate) const HEAD: usize = 144;

/// The tag of a part (`enum part`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Task = 1,
    Cgroup,
    Exe,
    ExePath,
    Cwd,
    Arguments,
    Environment,
    Filename,
    Path1,
    Path2,
    Dir1,
    Dir2,
    File,
    FilePath,
    Socket,
    SocketAddress,
    Data,
    Enter1,
    Text,
}

/// Reads numbers one after another; zero beyond the end, so that a short part is an empty one.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => {
                self.0 = &[];
                [0; N]
            }
        }
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_ne_bytes(self.take())
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.take())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.take())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take()
    }
}

/// One record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) head: Head,
    parts: &'a [u8],
}

impl<'a> Record<'a> {
    /// None where the bytes are not a record: the programs and this crate are not of one build.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (head, _) = bytes.split_at_checked(HEAD)?;
        let mut c = Cursor(head);
        let size = usize::try_from(c.u32()).ok()?;
        let kind = match c.u16() {
            1 => RecordKind::Syscall,
            2 => RecordKind::Exec,
            3 => RecordKind::Fork,
            4 => RecordKind::Exit,
            5 => RecordKind::Task,
            6 => RecordKind::Dns,
            7 => RecordKind::Tls,
            8 => RecordKind::Flow,
            9 => RecordKind::Uring,
            _ => return None,
        };
        let number = c.u16();
        let cpu = c.u32();
        let flags = c.u32();
        let (cut, owner) = (flags & 1 != 0, flags & 2 != 0);
        let time = c.u64();
        let (pid, tid) = (c.u32(), c.u32());
        let (started, cgroup) = (c.u64(), c.u64());
        let result = c.u64().cast_signed();
        let (virtual_tid, uid, euid, gid) = (c.u32(), c.u32(), c.u32(), c.u32());
        let (permitted, effective, inheritable) = (c.u64(), c.u64(), c.u64());
        let arguments = std::array::from_fn(|_| c.u64());
        let head = Head {
            kind,
            number,
            cpu,
            cut,
            owner,
            time,
            pid,
            tid,
            started,
            cgroup,
            result,
            virtual_tid,
            uid,
            euid,
            gid,
            permitted,
            effective,
            inheritable,
            arguments,
        };
        Some(Self { head, parts: bytes.get(HEAD..size)? })
    }

    /// The bytes of a part.
    pub(crate) fn part(&self, wanted: Part) -> Option<&'a [u8]> {
        let mut rest = self.parts;
        while let Some((head, behind)) = rest.split_first_chunk::<4>() {
            let tag = u16::from_ne_bytes([head[0], head[1]]);
            let length = usize::from(u16::from_ne_bytes([head[2], head[3]]));
            let (part, next) = behind.split_at_checked(length)?;
            if tag == wanted as u16 {
                return Some(part);
            }
            rest = next;
        }
        None
    }

    /// A part that is a string, without its zero byte.
    pub(crate) fn text(&self, wanted: Part) -> Option<&'a [u8]> {
        let part = self.part(wanted)?;
        Some(part.split(|b| *b == 0).next().unwrap_or(part))
    }
}

/// `struct task_part`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskPart {
    pub(crate) parent_started: u64,
    pub(crate) parent_pid: u32,
    pub(crate) virtual_pid: u32,
    pub(crate) group: u32,
    pub(crate) virtual_group: u32,
    pub(crate) session: u32,
    pub(crate) virtual_session: u32,
    pub(crate) tty: u32,
    pub(crate) login_uid: u32,
    pub(crate) namespaces: [u32; 4],
    pub(crate) name: [u8; 16],
}

impl TaskPart {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut c = Cursor(bytes);
        Self {
            parent_started: c.u64(),
            parent_pid: c.u32(),
            virtual_pid: c.u32(),
            group: c.u32(),
            virtual_group: c.u32(),
            session: c.u32(),
            virtual_session: c.u32(),
            tty: c.u32(),
            login_uid: c.u32(),
            namespaces: std::array::from_fn(|_| c.u32()),
            name: c.array(),
        }
    }
}

/// `struct file_part`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FilePart {
    pub(crate) inode: u64,
    pub(crate) device: u64,
    pub(crate) changed: u64,
    pub(crate) modified: u64,
    pub(crate) mode: u32,
    pub(crate) links: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) flags: u32,
    pub(crate) open_flags: u32,
}

impl FilePart {
    pub(crate) const UPPER: u32 = 1;
    pub(crate) const LOWER: u32 = 2;
    pub(crate) const MEMFD: u32 = 4;

    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut c = Cursor(bytes);
        Self {
            inode: c.u64(),
            device: c.u64(),
            changed: c.u64(),
            modified: c.u64(),
            mode: c.u32(),
            links: c.u32(),
            uid: c.u32(),
            gid: c.u32(),
            flags: c.u32(),
            open_flags: c.u32(),
        }
    }
}
