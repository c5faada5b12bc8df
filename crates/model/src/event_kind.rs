use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($variant:ident $name:literal)*) => {
        /// What happened: the system call that did it, by its own name, or one of the few that no call stands for
        /// (`procexit`, `signal`, `dns`, `tls`, `flow`, `io_uring_request`, `drop`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "each is named as its system call")]
        #[repr(u8)]
        pub enum EventKind { $($variant),* }

        impl EventKind {
            /// Every kind, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name that rules use (`evt.type`).
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The kind of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    Execve "execve" Execveat "execveat" Fork "fork" Vfork "vfork" Clone "clone" Clone3 "clone3" Procexit "procexit"
    Open "open" Openat "openat" Openat2 "openat2" Creat "creat" OpenByHandleAt "open_by_handle_at"
    Rename "rename" Renameat "renameat" Renameat2 "renameat2" Unlink "unlink" Unlinkat "unlinkat" Rmdir "rmdir"
    Mkdir "mkdir" Mkdirat "mkdirat" Symlink "symlink" Symlinkat "symlinkat" Link "link" Linkat "linkat"
    Mknod "mknod" Mknodat "mknodat" Truncate "truncate"
    Chmod "chmod" Fchmod "fchmod" Fchmodat "fchmodat" Fchmodat2 "fchmodat2"
    Chown "chown" Lchown "lchown" Fchown "fchown" Fchownat "fchownat" Utimensat "utimensat"
    Mount "mount" Umount "umount" Umount2 "umount2" PivotRoot "pivot_root" Chroot "chroot" Chdir "chdir" Fchdir "fchdir"
    Fsopen "fsopen" Fsconfig "fsconfig" Fsmount "fsmount" MoveMount "move_mount" OpenTree "open_tree"
    MountSetattr "mount_setattr"
    Socket "socket" Connect "connect" Accept "accept" Accept4 "accept4" Bind "bind" Listen "listen"
    Sendto "sendto" Sendmsg "sendmsg" Sendmmsg "sendmmsg" Recvfrom "recvfrom" Recvmsg "recvmsg"
    Ptrace "ptrace" ProcessVmReadv "process_vm_readv" ProcessVmWritev "process_vm_writev"
    Setns "setns" Unshare "unshare" Bpf "bpf" InitModule "init_module" FinitModule "finit_module"
    DeleteModule "delete_module" KexecLoad "kexec_load" KexecFileLoad "kexec_file_load" Userfaultfd "userfaultfd"
    PerfEventOpen "perf_event_open" IoUringSetup "io_uring_setup" IoUringEnter "io_uring_enter"
    IoUringRegister "io_uring_register" MemfdCreate "memfd_create" MemfdSecret "memfd_secret"
    Capset "capset" Setuid "setuid" Setgid "setgid" Setreuid "setreuid" Setregid "setregid"
    Setresuid "setresuid" Setresgid "setresgid" Prctl "prctl" Keyctl "keyctl"
    Kill "kill" Tkill "tkill" Tgkill "tgkill" PidfdSendSignal "pidfd_send_signal" PidfdGetfd "pidfd_getfd"
    Dup "dup" Dup2 "dup2" Dup3 "dup3"
    Signal "signal" Dns "dns" Tls "tls" Flow "flow" Drop "drop"
    // Recordings hold the numbers: new kinds come last.
    IoUringRequest "io_uring_request" Ftruncate "ftruncate" Fcntl "fcntl" ProcessMadvise "process_madvise"
    PidfdOpen "pidfd_open"
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn names_lead_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.name()), Some(*kind));
        }
    }
}
