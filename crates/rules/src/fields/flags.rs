//! Bits and choices by the names that rules use.

use seawall_model::{Argument, EventKind};

use super::flags_tables as tables;
use super::flags_words as words;

pub(super) const O_ACCMODE: u32 = 3;
pub(super) const O_WRONLY: u32 = 1;
pub(super) const O_RDWR: u32 = 2;
pub(super) const O_CREAT: u32 = 0o100;
/// The bit of `O_TMPFILE` that `O_DIRECTORY` has not.
pub(super) const O_TMPFILE_BIT: u32 = 0o20_000_000;
/// Differs between processors.
pub(super) const O_DIRECTORY: u32 = if cfg!(target_arch = "aarch64") { 0o40_000 } else { 0o200_000 };

const S_IFMT: u64 = 0o170_000;

/// Joins words by `|`.
pub(super) fn join<'w>(out: &mut Vec<u8>, words: impl Iterator<Item = &'w str>) {
    for word in words {
        if !out.is_empty() {
            out.push(b'|');
        }
        out.extend_from_slice(word.as_bytes());
    }
}

/// Writes bits or a choice by their names; what has no name is written as a number.
pub(super) fn write(kind: EventKind, name: Argument, bits: u64, out: &mut Vec<u8>) {
    use EventKind as K;
    let table = match (kind, name) {
        (K::Open | K::Openat | K::Openat2 | K::Creat | K::OpenByHandleAt, Argument::Flags) => return open(bits, out),
        (K::Mknod | K::Mknodat, Argument::Mode) => {
            // The kind of file is a choice, not bits.
            let kind = tables::FILE_KINDS.iter().find(|(number, _)| *number == bits & S_IFMT);
            join(out, kind.into_iter().map(|(_, word)| *word));
            let permissions = bits & !S_IFMT;
            join(out, tables::MODE.iter().filter(|(bit, _)| permissions & bit == *bit).map(|(_, word)| *word));
            return;
        }
        (_, Argument::Mode) => tables::MODE,
        (K::Ptrace, Argument::Request) => return choice(tables::PTRACE, bits, out),
        (K::IoUringRequest, Argument::Opcode) => return choice(tables::IO_URING, bits, out),
        (K::Bpf, Argument::Cmd) => return choice(tables::BPF, bits, out),
        (K::Socket, Argument::Domain) => return choice(tables::FAMILIES, bits, out),
        (K::Prctl, Argument::Option) => return choice(tables::PRCTL, bits, out),
        (_, Argument::Sig) => return choice(tables::SIGNALS, bits, out),
        (_, Argument::NsType)
        | (K::Unshare | K::Clone | K::Clone3 | K::Fork | K::Vfork | K::Setns, Argument::Flags) => tables::CLONE,
        (K::Unlinkat, Argument::Flags) => tables::UNLINK,
        (K::Renameat2, Argument::Flags) => tables::RENAME,
        (K::Linkat | K::Fchmodat | K::Fchmodat2 | K::Fchownat | K::Execveat | K::Utimensat, Argument::Flags) => {
            tables::AT
        }
        (K::Mount, Argument::Flags) => tables::MOUNT,
        (K::Umount | K::Umount2, Argument::Flags) => tables::UMOUNT,
        (K::MemfdCreate, Argument::Flags) => tables::MEMFD,
        (K::Dup3 | K::Userfaultfd | K::Accept4, Argument::Flags) => tables::DESCRIPTOR,
        (_, Argument::CapPermitted | Argument::CapEffective | Argument::CapInheritable) => {
            return capability_names(bits, out);
        }
        _ => &[],
    };
    let known = table.iter().filter(|(bit, _)| *bit != 0 && bits & bit == *bit);
    let rest = known.clone().fold(bits, |rest, (bit, _)| rest & !bit);
    join(out, known.map(|(_, word)| *word));
    if rest != 0 || bits == 0 {
        join(out, std::iter::once(format!("{rest}").as_str()));
    }
}

fn choice(table: &[(u64, &'static str)], value: u64, out: &mut Vec<u8>) {
    match table.iter().find(|(number, _)| *number == value) {
        Some((_, word)) => join(out, std::iter::once(*word)),
        None => join(out, std::iter::once(format!("{value}").as_str())),
    }
}

fn open(bits: u64, out: &mut Vec<u8>) {
    let access = match bits & u64::from(O_ACCMODE) {
        0 => "O_RDONLY",
        1 => "O_WRONLY",
        _ => "O_RDWR",
    };
    let has = |bit: &u64| bits & bit == *bit;
    let (before, after) = tables::OPEN.split_at(tables::OPEN_BEFORE_ACCESS.min(tables::OPEN.len()));
    join(out, before.iter().filter(|(bit, _)| has(bit)).map(|(_, word)| *word));
    join(out, std::iter::once(access));
    join(out, after.iter().filter(|(bit, _)| has(bit)).map(|(_, word)| *word));
}

/// The name of a signal; none of one that has none, as those of real time.
pub fn signal_name(number: u64) -> Option<&'static str> {
    tables::SIGNALS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// Capabilities by name, joined by blanks.
pub(crate) fn capability_names(bits: u64, out: &mut Vec<u8>) {
    for (index, name) in words::CAPABILITIES.iter().enumerate() {
        if bits & (1 << index) != 0 {
            if !out.is_empty() {
                out.push(b' ');
            }
            out.extend_from_slice(b"CAP_");
            out.extend_from_slice(name.as_bytes());
        }
    }
}

/// The name of an error number.
pub(crate) fn error_name(number: u64) -> Option<&'static str> {
    let index = usize::try_from(number).ok()?;
    words::ERRORS.get(index).copied().filter(|name| !name.is_empty())
}
