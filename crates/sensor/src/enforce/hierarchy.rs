//! The root of the version 2 hierarchy of control groups, where programs about the network and devices are attached.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use aya::programs::links::FdLink;
use aya::programs::{CgroupAttachMode, CgroupSkbAttachType, Program};

use seawall_io::read_bounded;

use super::link;
use crate::kernel::error_chain;

/// A node with many containers has many mounts.
const LONGEST: u64 = 64 << 20;

/// Loads the program and attaches it beside those of others.
pub(super) fn attach(program: &mut Program, is_ingress: bool) -> Result<FdLink, String> {
    let root = root()?;
    // A link is beside those of others whatever is asked for, and the kernel takes no flags with one.
    let mode = CgroupAttachMode::Single;
    // Each kind has its own types for the same three steps.
    macro_rules! attach {
        ($program:ident, $load:expr, $attach:expr) => {{
            $load.map_err(|e| error_chain(&e))?;
            let id = $attach.map_err(|e| error_chain(&e))?;
            let link = $program.take_link(id).map_err(|e| error_chain(&e))?;
            FdLink::try_from(link).map_err(|e| error_chain(&e))
        }};
    }
    macro_rules! link {
        ($program:ident, $kind:expr) => {{
            $program.load().map_err(|e| error_chain(&e))?;
            link::attach($program.fd().map_err(|e| error_chain(&e))?.as_fd(), root.as_fd(), $kind)
        }};
    }
    match program {
        Program::CgroupSockAddr(program) => attach!(program, program.load(), program.attach(&root, mode)),
        Program::CgroupSock(program) => attach!(program, program.load(), program.attach(&root, mode)),
        Program::CgroupSkb(program) => {
            let direction = if is_ingress { CgroupSkbAttachType::Ingress } else { CgroupSkbAttachType::Egress };
            attach!(program, program.load(), program.attach(&root, direction, mode))
        }
        Program::CgroupDevice(program) => link!(program, link::DEVICE),
        Program::CgroupSysctl(program) => link!(program, link::SYSCTL),
        _ => Err("the program is none of control groups".to_owned()),
    }
}

/// It is mounted at `/sys/fs/cgroup`, or at `unified` below it beside version 1. Every process and socket is below it, also where
/// containers are in groups of version 1 only.
pub(crate) fn root() -> Result<File, String> {
    let path = "/proc/self/mountinfo";
    let text = read_bounded(Path::new(path), LONGEST).map_err(|error| format!("{path}: {error}"))?;
    let root = mounted(&String::from_utf8_lossy(&text))
        .ok_or_else(|| "the version 2 hierarchy of control groups (cgroup2) is not mounted".to_owned())?;
    File::open(&root).map_err(|error| format!("{}: {error}", root.display()))
}

/// The mount whose root is the hierarchy's own: a part of it is not where every process is below.
fn mounted(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (root, point) = (mount.next()?, mount.next()?);
        (kind.starts_with("cgroup2 ") && root == "/").then(|| PathBuf::from(point))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_whole_hierarchy_is_found() {
        let text = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n40 31 0:9 /part /mnt rw - cgroup2 cgroup2 rw\n\
                    41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";
        assert_eq!(super::mounted(text).as_deref(), Some(Path::new("/sys/fs/cgroup/unified")));
        assert_eq!(super::mounted("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw"), None);
    }
}
