//! Processes: what they do to each other and to their own rights.

use seawall_model::{Argument as A, EventKind as K};

use super::{Call, Spec, Take as T};

const fn plain(number: i64, kind: K, arguments: &'static [(A, T)]) -> Spec {
    Spec { number, kind, call: Call::PLAIN, arguments }
}

const fn descriptor(number: i64, kind: K, argument: i8, arguments: &'static [(A, T)]) -> Spec {
    Spec { number, kind, call: Call::descriptor(argument), arguments }
}

/// Programs that could not be run. One that could is told by the life of its process.
pub(super) const FAILED_EXECS: &[Spec] = &[
    Spec {
        number: libc::SYS_execve,
        kind: K::Execve,
        call: Call { only_failure: true, ..Call::path(0) },
        arguments: &[(A::Res, T::Result), (A::Filename, T::Path1)],
    },
    Spec {
        number: libc::SYS_execveat,
        kind: K::Execveat,
        call: Call { only_failure: true, ..Call::path_at(0, 1) },
        arguments: &[(A::Res, T::Result), (A::DirFd, T::Number(0)), (A::Filename, T::Path1)],
    },
];

pub(super) const CALLS: &[Spec] = &[
    plain(
        libc::SYS_ptrace,
        K::Ptrace,
        &[
            (A::Res, T::Result),
            (A::Request, T::Flags(0)),
            (A::Pid, T::Number(1)),
            (A::Addr, T::Wide(2)),
            (A::Data, T::Wide(3)),
        ],
    ),
    plain(libc::SYS_process_vm_readv, K::ProcessVmReadv, &[(A::Res, T::Result), (A::Pid, T::Number(0))]),
    plain(libc::SYS_process_vm_writev, K::ProcessVmWritev, &[(A::Res, T::Result), (A::Pid, T::Number(0))]),
    descriptor(libc::SYS_setns, K::Setns, 0, &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::NsType, T::Flags(1))]),
    plain(libc::SYS_unshare, K::Unshare, &[(A::Res, T::Result), (A::Flags, T::Flags(0))]),
    plain(libc::SYS_capset, K::Capset, &[(A::Res, T::Result)]),
    plain(libc::SYS_setuid, K::Setuid, &[(A::Res, T::Result), (A::Uid, T::Number(0))]),
    plain(libc::SYS_setgid, K::Setgid, &[(A::Res, T::Result), (A::Gid, T::Number(0))]),
    plain(libc::SYS_setreuid, K::Setreuid, &[(A::Res, T::Result), (A::Ruid, T::Number(0)), (A::Euid, T::Number(1))]),
    plain(libc::SYS_setregid, K::Setregid, &[(A::Res, T::Result), (A::Rgid, T::Number(0)), (A::Egid, T::Number(1))]),
    plain(
        libc::SYS_setresuid,
        K::Setresuid,
        &[(A::Res, T::Result), (A::Ruid, T::Number(0)), (A::Euid, T::Number(1)), (A::Suid, T::Number(2))],
    ),
    plain(
        libc::SYS_setresgid,
        K::Setresgid,
        &[(A::Res, T::Result), (A::Rgid, T::Number(0)), (A::Egid, T::Number(1)), (A::Sgid, T::Number(2))],
    ),
    plain(libc::SYS_kill, K::Kill, &[(A::Res, T::Result), (A::Pid, T::Number(0)), (A::Sig, T::Number(1))]),
    plain(libc::SYS_tkill, K::Tkill, &[(A::Res, T::Result), (A::Tid, T::Number(0)), (A::Sig, T::Number(1))]),
    plain(
        libc::SYS_tgkill,
        K::Tgkill,
        &[(A::Res, T::Result), (A::Pid, T::Number(0)), (A::Tid, T::Number(1)), (A::Sig, T::Number(2))],
    ),
    descriptor(
        libc::SYS_pidfd_send_signal,
        K::PidfdSendSignal,
        0,
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Sig, T::Number(1))],
    ),
    descriptor(libc::SYS_pidfd_getfd, K::PidfdGetfd, Call::RETURNED, &[(A::Fd, T::Result), (A::OldFd, T::Number(1))]),
    descriptor(libc::SYS_dup, K::Dup, Call::RETURNED, &[(A::Res, T::Result), (A::OldFd, T::Number(0))]),
    descriptor(
        libc::SYS_dup2,
        K::Dup2,
        Call::RETURNED,
        &[(A::Res, T::Result), (A::OldFd, T::Number(0)), (A::NewFd, T::Number(1))],
    ),
    descriptor(
        libc::SYS_dup3,
        K::Dup3,
        Call::RETURNED,
        &[(A::Res, T::Result), (A::OldFd, T::Number(0)), (A::NewFd, T::Number(1)), (A::Flags, T::Flags(2))],
    ),
    // Of all that fcntl does, copying a descriptor is what dup does too.
    Spec {
        number: libc::SYS_fcntl,
        kind: K::Fcntl,
        call: Call { second: Some(libc::F_DUPFD as u8), ..Call::descriptor(Call::RETURNED) },
        arguments: &[(A::Res, T::Result), (A::OldFd, T::Number(0)), (A::Cmd, T::Number(1)), (A::NewFd, T::Number(2))],
    },
    descriptor(
        libc::SYS_pidfd_open,
        K::PidfdOpen,
        Call::RETURNED,
        &[(A::Fd, T::Result), (A::Pid, T::Number(0)), (A::Flags, T::Number(1))],
    ),
    descriptor(
        libc::SYS_process_madvise,
        K::ProcessMadvise,
        0,
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Count, T::Wide(2)), (A::Type, T::Number(3))],
    ),
    Spec {
        number: libc::SYS_chdir,
        kind: K::Chdir,
        call: Call::path(0),
        arguments: &[(A::Res, T::Result), (A::Path, T::Path1)],
    },
    descriptor(libc::SYS_fchdir, K::Fchdir, 0, &[(A::Res, T::Result), (A::Fd, T::Number(0))]),
    plain(libc::SYS_prctl, K::Prctl, &[(A::Res, T::Result), (A::Option, T::Number(0))]),
];
