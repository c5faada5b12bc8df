//! Names of users and groups, from the `/etc/passwd` that the process itself sees.

use std::collections::HashMap;
use std::io::Read;

use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::numbers::Numbers;

/// A file of users that is longer is not read to its end.
const LONGEST: u64 = 4 << 20;
/// Containers whose names are kept.
const KEPT: usize = 512;

#[derive(Default)]
struct Names {
    users: Numbers<u32, Box<str>>,
    groups: Numbers<u32, Box<str>>,
}

/// The names of a user and a group, where they have some.
pub(crate) type Named = (Option<Box<str>>, Option<Box<str>>);

/// Names by container; the empty identifier is the host.
#[derive(Default)]
pub(crate) struct Users {
    known: HashMap<String, Names>,
}

impl Users {
    /// The names of a user and a group, as the root of process `pid` has them. None where its lists cannot be read any more.
    pub(crate) fn names(&mut self, container: &str, pid: u32, uid: u32, gid: u32) -> Option<Named> {
        // The runtime works in the container's control group before it takes the container's root: its names are the host's.
        let container = if !self.known.contains_key(container) && is_at_the_hosts_root(pid) { "" } else { container };
        if !self.known.contains_key(container) {
            let names = read(pid)?;
            if self.known.len() >= KEPT {
                self.known.clear();
            }
            self.known.insert(container.to_owned(), names);
        }
        let names = self.known.get(container)?;
        Some((names.users.get(&uid).cloned(), names.groups.get(&gid).cloned()))
    }
}

/// The root folder of a process is this one's own.
fn is_at_the_hosts_root(pid: u32) -> bool {
    let of = |path: &str| rustix::fs::stat(path).map(|s| (s.st_dev, s.st_ino));
    matches!((of(&format!("/proc/{pid}/root/")), of("/")), (Ok(its), Ok(own)) if its == own)
}

/// None where the process is gone.
fn read(pid: u32) -> Option<Names> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(format!("/proc/{pid}/root"), flags, Mode::empty()).ok()?;
    let table = |path: &str| {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        // A link in the container must not lead to a file of the host.
        let file = rustix::fs::openat2(&root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT);
        file.map(|fd| parse(std::fs::File::from(fd))).unwrap_or_default()
    };
    Some(Names { users: table("etc/passwd"), groups: table("etc/group") })
}

/// `name:password:number:…` in each line.
fn parse(file: impl Read) -> Numbers<u32, Box<str>> {
    let mut text = Vec::new();
    // What cannot be read has no names.
    let _ = file.take(LONGEST).read_to_end(&mut text);
    let mut names = Numbers::default();
    for line in String::from_utf8_lossy(&text).lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(number)) = (fields.next(), fields.nth(1).and_then(|n| n.parse().ok())) {
            names.entry(number).or_insert_with(|| name.into());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_first_line_of_a_number_counts() {
        let names = parse(&b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0:::\nbroken\nnobody:x:65534:1:::\n"[..]);
        assert_eq!(names.get(&0).map(|n| &**n), Some("root"));
        assert_eq!(names.get(&65534).map(|n| &**n), Some("nobody"));
        assert_eq!(names.len(), 2);
    }
}
