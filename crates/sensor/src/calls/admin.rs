//! What changes the machine: mounts, modules, eBPF, io_uring, memory that is a file.

use seawall_model::{Argument as A, EventKind as K};

use super::{Call, Spec, Take as T};

const fn spec(number: i64, kind: K, call: Call, arguments: &'static [(A, T)]) -> Spec {
    Spec { number, kind, call, arguments }
}

pub(super) const CALLS: &[Spec] = &[
    spec(
        libc::SYS_mount,
        K::Mount,
        Call { path: [0, 1], text: 2, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Source, T::Given1), (A::Target, T::Path2), (A::Flags, T::Flags(3))],
    ),
    spec(
        libc::SYS_umount2,
        K::Umount2,
        Call::path(0),
        &[(A::Res, T::Result), (A::Name, T::Path1), (A::Flags, T::Flags(1))],
    ),
    spec(
        libc::SYS_pivot_root,
        K::PivotRoot,
        Call { path: [0, 1], ..Call::PLAIN },
        &[(A::Res, T::Result), (A::NewPath, T::Path1), (A::OldPath, T::Path2)],
    ),
    spec(libc::SYS_chroot, K::Chroot, Call::path(0), &[(A::Res, T::Result), (A::Path, T::Path1)]),
    spec(
        libc::SYS_fsopen,
        K::Fsopen,
        Call { text: 0, descriptor: Call::RETURNED, ..Call::PLAIN },
        &[(A::Fd, T::Result), (A::Type, T::Text)],
    ),
    spec(
        libc::SYS_fsconfig,
        K::Fsconfig,
        Call::descriptor(0),
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Cmd, T::Number(1))],
    ),
    spec(libc::SYS_fsmount, K::Fsmount, Call::descriptor(Call::RETURNED), &[(A::Fd, T::Result)]),
    spec(
        libc::SYS_move_mount,
        K::MoveMount,
        Call { path: [1, 3], folder: [0, 2], ..Call::PLAIN },
        &[(A::Res, T::Result), (A::OldPath, T::Path1), (A::NewPath, T::Path2)],
    ),
    spec(
        libc::SYS_open_tree,
        K::OpenTree,
        Call { path: [1, -1], folder: [0, -1], descriptor: Call::RETURNED, ..Call::PLAIN },
        &[(A::Fd, T::Result), (A::Name, T::Path1)],
    ),
    spec(libc::SYS_mount_setattr, K::MountSetattr, Call::path_at(0, 1), &[(A::Res, T::Result), (A::Name, T::Path1)]),
    // The first number of the attributes is an object's where one is opened by it; a pin's path is text.
    spec(
        libc::SYS_bpf,
        K::Bpf,
        Call::PLAIN,
        &[(A::Fd, T::Result), (A::Cmd, T::Flags(0)), (A::Data, T::Wide(3)), (A::Name, T::Text)],
    ),
    spec(
        libc::SYS_init_module,
        K::InitModule,
        Call { text: 2, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Uargs, T::Text)],
    ),
    spec(
        libc::SYS_finit_module,
        K::FinitModule,
        Call { descriptor: 0, text: 1, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Uargs, T::Text), (A::Flags, T::Number(2))],
    ),
    spec(
        libc::SYS_delete_module,
        K::DeleteModule,
        Call { text: 0, ..Call::PLAIN },
        &[(A::Res, T::Result), (A::Name, T::Text)],
    ),
    spec(libc::SYS_kexec_load, K::KexecLoad, Call::PLAIN, &[(A::Res, T::Result)]),
    spec(
        libc::SYS_kexec_file_load,
        K::KexecFileLoad,
        Call::descriptor(0),
        &[(A::Res, T::Result), (A::Fd, T::Number(0))],
    ),
    spec(libc::SYS_userfaultfd, K::Userfaultfd, Call::PLAIN, &[(A::Res, T::Result), (A::Flags, T::Flags(0))]),
    spec(libc::SYS_perf_event_open, K::PerfEventOpen, Call::PLAIN, &[(A::Fd, T::Result), (A::Pid, T::Number(1))]),
    spec(libc::SYS_io_uring_setup, K::IoUringSetup, Call::PLAIN, &[(A::Fd, T::Result), (A::Entries, T::Number(0))]),
    spec(
        libc::SYS_io_uring_register,
        K::IoUringRegister,
        Call::PLAIN,
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Opcode, T::Number(1))],
    ),
    spec(
        libc::SYS_memfd_create,
        K::MemfdCreate,
        Call { text: 0, ..Call::PLAIN },
        &[(A::Fd, T::Result), (A::Name, T::Text), (A::Flags, T::Flags(1))],
    ),
    spec(libc::SYS_memfd_secret, K::MemfdSecret, Call::PLAIN, &[(A::Fd, T::Result), (A::Flags, T::Flags(0))]),
    spec(libc::SYS_keyctl, K::Keyctl, Call::PLAIN, &[(A::Res, T::Result), (A::Option, T::Number(0))]),
];
