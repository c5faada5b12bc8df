//! Which system calls are looked at, and what is told of them. The kernel's program reads what it shall fetch from a map,
//! so that a call more is a line here.

mod admin;
mod file;
mod network;
mod process;

use std::sync::LazyLock;

use seawall_model::{Argument, EventKind};

/// Numbers of system calls below this can be asked for (`CALLS` in ebpf/include/record.h).
pub(crate) const CALLS: u32 = 512;

/// Where an argument of the event comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Take {
    /// Argument of the call, a signed number of 32 bits.
    Number(usize),
    /// Argument of the call, all 64 bits.
    Wide(usize),
    /// Argument of the call whose bits have names.
    Flags(usize),
    /// The first path.
    Path1,
    /// The second path.
    Path2,
    /// The first path as it was given: text that is not looked up (what a symbolic link says).
    Given1,
    /// A string that is not a path.
    Text,
    /// What the call returned.
    Result,
    /// The device, inode of the descriptor.
    Device,
    /// The inode of the descriptor.
    Inode,
    /// A number of the structure that `openat2` takes: flags, mode or resolve, in this order.
    How(usize),
    /// The first bytes of a buffer.
    Data,
}

/// One system call.
pub(crate) struct Spec {
    pub(crate) number: i64,
    pub(crate) kind: EventKind,
    pub(crate) call: Call,
    pub(crate) arguments: &'static [(Argument, Take)],
}

/// Every system call that can be asked for, by family.
pub(crate) const FAMILIES: &[&[Spec]] = &[file::CALLS, network::CALLS, process::CALLS, admin::CALLS];

/// Programs that could not be run, where that is asked for.
pub(crate) const FAILED_EXECS: &[Spec] = process::FAILED_EXECS;

/// Every kind of event that the sensor supplies.
pub fn supplied_kinds() -> Vec<EventKind> {
    use EventKind::{Clone, Clone3, Drop, Execve, Execveat, Fork, Procexit, Vfork};
    let mut kinds = vec![Execve, Execveat, Clone, Clone3, Fork, Vfork, Procexit, Drop];
    kinds.extend(crate::flow::KINDS);
    kinds.extend(FAMILIES.iter().flat_map(|f| f.iter()).map(|s| s.kind));
    kinds
}

/// What is asked of one system call; arguments are numbered from 0, -1 is none (struct call in ebpf/include/record.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Only where it succeeds.
    pub only_success: bool,
    /// Only where it fails.
    pub only_failure: bool,
    /// Only where the second argument is this.
    pub second: Option<u8>,
    /// Arguments that are paths.
    pub path: [i8; 2],
    /// The folders that these are relative to.
    pub folder: [i8; 2],
    /// A descriptor; [`Call::RETURNED`] is what the call gives back.
    pub descriptor: i8,
    /// A socket address, and its length.
    pub address: [i8; 2],
    /// A `struct msghdr`.
    pub message: i8,
    /// A buffer that the call filled.
    pub data: i8,
    /// A string that is not a path.
    pub text: i8,
    /// The first path is read before the call as well.
    pub enter: bool,
}

impl Call {
    /// The descriptor that the call returns.
    pub const RETURNED: i8 = 100;

    /// Nothing but the numbers.
    pub const PLAIN: Self = Self {
        only_success: false,
        only_failure: false,
        second: None,
        path: [-1; 2],
        folder: [-1; 2],
        descriptor: -1,
        address: [-1; 2],
        message: -1,
        data: -1,
        text: -1,
        enter: false,
    };

    /// One path, relative to the working directory.
    pub(crate) const fn path(argument: i8) -> Self {
        Self { path: [argument, -1], ..Self::PLAIN }
    }

    /// One path, relative to a folder.
    pub(crate) const fn path_at(folder: i8, argument: i8) -> Self {
        Self { path: [argument, -1], folder: [folder, -1], ..Self::PLAIN }
    }

    /// A descriptor.
    pub(crate) const fn descriptor(argument: i8) -> Self {
        Self { descriptor: argument, ..Self::PLAIN }
    }

    /// Bytes of struct call.
    pub(crate) const SIZE: usize = 20;

    /// As struct call lies in the map.
    pub(crate) const fn to_bytes(self) -> [u8; Self::SIZE] {
        [
            1,
            if self.only_failure { 2 } else { self.only_success as u8 },
            self.path[0].cast_unsigned(),
            self.path[1].cast_unsigned(),
            self.folder[0].cast_unsigned(),
            self.folder[1].cast_unsigned(),
            self.descriptor.cast_unsigned(),
            self.address[0].cast_unsigned(),
            self.address[1].cast_unsigned(),
            self.message.cast_unsigned(),
            self.data.cast_unsigned(),
            self.text.cast_unsigned(),
            self.enter as u8,
            // What the filter says (kernel/setup.rs).
            0,
            0,
            0,
            if self.second.is_some() { 1 } else { 0xff },
            match self.second {
                Some(second) => second,
                None => 0,
            },
            0,
            0,
        ]
    }
}

/// The call of this number.
pub(crate) fn by_number(number: u16) -> Option<&'static Spec> {
    // Asked for every event: looked up, not searched for.
    static TABLE: LazyLock<Vec<Option<&Spec>>> = LazyLock::new(|| {
        let mut table = vec![None; CALLS as usize];
        for spec in FAMILIES.iter().flat_map(|f| f.iter()).chain(FAILED_EXECS) {
            if let Some(slot) = usize::try_from(spec.number).ok().and_then(|number| table.get_mut(number)) {
                *slot = Some(spec);
            }
        }
        table
    });
    TABLE.get(usize::from(number)).copied().flatten()
}

#[cfg(test)]
mod tests {
    use super::{CALLS, FAMILIES};

    #[test]
    fn numbers_are_told_apart() {
        let mut numbers: Vec<_> =
            FAMILIES.iter().flat_map(|f| f.iter()).chain(super::FAILED_EXECS).map(|s| s.number).collect();
        numbers.sort_unstable();
        let count = numbers.len();
        numbers.dedup();
        assert_eq!(numbers.len(), count);
        assert!(numbers.iter().all(|n| (0..i64::from(CALLS)).contains(n)));
    }
}
