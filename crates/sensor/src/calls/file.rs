//! Files by path: opened, named, removed, changed.

use seawall_model::{Argument as A, EventKind as K};

use super::{Call, Spec, Take as T};

const fn open(path: i8, folder: i8) -> Call {
    Call { path: [path, -1], folder: [folder, -1], descriptor: Call::RETURNED, enter: true, ..Call::PLAIN }
}

const fn two(path1: i8, folder1: i8, path2: i8, folder2: i8) -> Call {
    Call { path: [path1, path2], folder: [folder1, folder2], ..Call::PLAIN }
}

const fn spec(number: i64, kind: K, call: Call, arguments: &'static [(A, T)]) -> Spec {
    Spec { number, kind, call, arguments }
}

const OPENAT: &[(A, T)] = &[
    (A::Fd, T::Result),
    (A::DirFd, T::Number(0)),
    (A::Name, T::Path1),
    (A::Flags, T::Flags(2)),
    (A::Mode, T::Flags(3)),
    (A::Dev, T::Device),
    (A::Ino, T::Inode),
];

pub(super) const CALLS: &[Spec] = &[
    spec(
        libc::SYS_open,
        K::Open,
        open(0, -1),
        &[
            (A::Fd, T::Result),
            (A::Name, T::Path1),
            (A::Flags, T::Flags(1)),
            (A::Mode, T::Flags(2)),
            (A::Dev, T::Device),
            (A::Ino, T::Inode),
        ],
    ),
    spec(libc::SYS_openat, K::Openat, open(1, 0), OPENAT),
    // openat2 takes its flags from a structure, which is fetched as an address would be.
    spec(
        libc::SYS_openat2,
        K::Openat2,
        Call { address: [2, 3], ..open(1, 0) },
        &[
            (A::Fd, T::Result),
            (A::DirFd, T::Number(0)),
            (A::Name, T::Path1),
            (A::Flags, T::How(0)),
            (A::Mode, T::How(1)),
            (A::Resolve, T::How(2)),
            (A::Dev, T::Device),
            (A::Ino, T::Inode),
        ],
    ),
    spec(
        libc::SYS_creat,
        K::Creat,
        open(0, -1),
        &[(A::Fd, T::Result), (A::Name, T::Path1), (A::Mode, T::Flags(1)), (A::Dev, T::Device), (A::Ino, T::Inode)],
    ),
    spec(
        libc::SYS_open_by_handle_at,
        K::OpenByHandleAt,
        Call::descriptor(Call::RETURNED),
        &[(A::Fd, T::Result), (A::DirFd, T::Number(0)), (A::Flags, T::Flags(2))],
    ),
    spec(libc::SYS_rename, K::Rename, two(0, -1, 1, -1), &[(A::OldPath, T::Path1), (A::NewPath, T::Path2)]),
    spec(
        libc::SYS_renameat,
        K::Renameat,
        two(1, 0, 3, 2),
        &[(A::OldDir, T::Number(0)), (A::OldPath, T::Path1), (A::NewDir, T::Number(2)), (A::NewPath, T::Path2)],
    ),
    spec(
        libc::SYS_renameat2,
        K::Renameat2,
        two(1, 0, 3, 2),
        &[
            (A::OldDir, T::Number(0)),
            (A::OldPath, T::Path1),
            (A::NewDir, T::Number(2)),
            (A::NewPath, T::Path2),
            (A::Flags, T::Flags(4)),
        ],
    ),
    spec(libc::SYS_unlink, K::Unlink, Call::path(0), &[(A::Path, T::Path1)]),
    spec(
        libc::SYS_unlinkat,
        K::Unlinkat,
        Call::path_at(0, 1),
        &[(A::DirFd, T::Number(0)), (A::Name, T::Path1), (A::Flags, T::Flags(2))],
    ),
    spec(libc::SYS_rmdir, K::Rmdir, Call::path(0), &[(A::Path, T::Path1)]),
    spec(libc::SYS_mkdir, K::Mkdir, Call::path(0), &[(A::Path, T::Path1), (A::Mode, T::Flags(1))]),
    spec(
        libc::SYS_mkdirat,
        K::Mkdirat,
        Call::path_at(0, 1),
        &[(A::DirFd, T::Number(0)), (A::Path, T::Path1), (A::Mode, T::Flags(2))],
    ),
    spec(libc::SYS_symlink, K::Symlink, two(0, -1, 1, -1), &[(A::Target, T::Given1), (A::LinkPath, T::Path2)]),
    spec(
        libc::SYS_symlinkat,
        K::Symlinkat,
        two(0, -1, 2, 1),
        &[(A::Target, T::Given1), (A::LinkDir, T::Number(1)), (A::LinkPath, T::Path2)],
    ),
    spec(libc::SYS_link, K::Link, two(0, -1, 1, -1), &[(A::OldPath, T::Path1), (A::NewPath, T::Path2)]),
    spec(
        libc::SYS_linkat,
        K::Linkat,
        two(1, 0, 3, 2),
        &[
            (A::OldDir, T::Number(0)),
            (A::OldPath, T::Path1),
            (A::NewDir, T::Number(2)),
            (A::NewPath, T::Path2),
            (A::Flags, T::Flags(4)),
        ],
    ),
    spec(
        libc::SYS_mknod,
        K::Mknod,
        Call::path(0),
        &[(A::Path, T::Path1), (A::Mode, T::Flags(1)), (A::Dev, T::Wide(2))],
    ),
    spec(
        libc::SYS_mknodat,
        K::Mknodat,
        Call::path_at(0, 1),
        &[(A::DirFd, T::Number(0)), (A::Path, T::Path1), (A::Mode, T::Flags(2)), (A::Dev, T::Wide(3))],
    ),
    spec(libc::SYS_truncate, K::Truncate, Call::path(0), &[(A::Path, T::Path1), (A::Size, T::Wide(1))]),
    spec(
        libc::SYS_ftruncate,
        K::Ftruncate,
        Call::descriptor(0),
        &[(A::Res, T::Result), (A::Fd, T::Number(0)), (A::Size, T::Wide(1))],
    ),
    spec(libc::SYS_chmod, K::Chmod, Call::path(0), &[(A::Filename, T::Path1), (A::Mode, T::Flags(1))]),
    spec(libc::SYS_fchmod, K::Fchmod, Call::descriptor(0), &[(A::Fd, T::Number(0)), (A::Mode, T::Flags(1))]),
    spec(
        libc::SYS_fchmodat,
        K::Fchmodat,
        Call::path_at(0, 1),
        &[(A::DirFd, T::Number(0)), (A::Filename, T::Path1), (A::Mode, T::Flags(2))],
    ),
    spec(
        libc::SYS_fchmodat2,
        K::Fchmodat2,
        Call::path_at(0, 1),
        &[(A::DirFd, T::Number(0)), (A::Filename, T::Path1), (A::Mode, T::Flags(2)), (A::Flags, T::Flags(3))],
    ),
    spec(
        libc::SYS_chown,
        K::Chown,
        Call::path(0),
        &[(A::Path, T::Path1), (A::Uid, T::Number(1)), (A::Gid, T::Number(2))],
    ),
    spec(
        libc::SYS_lchown,
        K::Lchown,
        Call::path(0),
        &[(A::Path, T::Path1), (A::Uid, T::Number(1)), (A::Gid, T::Number(2))],
    ),
    spec(
        libc::SYS_fchown,
        K::Fchown,
        Call::descriptor(0),
        &[(A::Fd, T::Number(0)), (A::Uid, T::Number(1)), (A::Gid, T::Number(2))],
    ),
    spec(
        libc::SYS_fchownat,
        K::Fchownat,
        Call::path_at(0, 1),
        &[(A::DirFd, T::Number(0)), (A::Path, T::Path1), (A::Uid, T::Number(2)), (A::Gid, T::Number(3))],
    ),
    spec(libc::SYS_utimensat, K::Utimensat, Call::path_at(0, 1), &[(A::DirFd, T::Number(0)), (A::Path, T::Path1)]),
];
