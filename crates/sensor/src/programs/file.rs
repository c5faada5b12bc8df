//! One file of a layer: which the kernel takes it for, and the digest of its content.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags, Statx, StatxFlags, openat2, statx};
use seawall_io::{DigestReader, read_bounded};

use crate::enforce::{FileKey, HashedFile};

/// The list of mounts, which a node with many containers makes long.
const MAX_MOUNTS: u64 = 64 << 20;
const WANTED: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::MNT_ID);
/// Links are followed nowhere, and other mounts are not entered: what a layer says of other places is nobody's.
const INSIDE: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_XDEV)
    .union(ResolveFlags::NO_MAGICLINKS);

/// A layer's folder that is open.
pub(super) struct Layer {
    folder: File,
    /// As the kernel numbers it; what `stat` tells may be another one (overlayfs, btrfs).
    device: u32,
}

/// A file as the system tells of it.
pub(super) struct Facts {
    pub(super) key: FileKey,
    pub(super) changed: u64,
    pub(super) size: u64,
    pub(super) mode: u32,
}

impl Layer {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let folder = File::open(path)?;
        let stat = statx(&folder, "", AtFlags::EMPTY_PATH, WANTED)?;
        let device = device_of_mount(stat.stx_mnt_id)?;
        Ok(Self { folder, device })
    }

    /// A file or folder below, by its path there; empty for the layer's own.
    pub(super) fn below(&self, path: &Path, flags: OFlags) -> io::Result<File> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let flags = flags | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        Ok(File::from(openat2(&self.folder, path, flags, Mode::empty(), INSIDE)?))
    }

    pub(super) fn facts(&self, file: &File) -> io::Result<Facts> {
        let stat = statx(file, "", AtFlags::EMPTY_PATH, WANTED)?;
        let key = FileKey { inode: stat.stx_ino, device: self.device };
        Ok(Facts { key, changed: changed(&stat), size: stat.stx_size, mode: stat.stx_mode.into() })
    }

    /// Hashes a file from its beginning; none where it changed meanwhile.
    pub(super) fn hash(&self, file: &mut File, before: &Facts, chunk: &mut [u8]) -> io::Result<Option<HashedFile>> {
        let mut reader = DigestReader::new(file.take(before.size.saturating_add(1)));
        while reader.read(chunk)? > 0 {}
        let whole = reader.count() == before.size;
        let digest = reader.finish();
        let after = self.facts(file)?;
        let same = whole && after.changed == before.changed && after.size == before.size;
        Ok(same.then_some(HashedFile { changed: before.changed, size: before.size, digest, listed: false }))
    }
}

fn changed(stat: &Statx) -> u64 {
    let seconds = u64::try_from(stat.stx_ctime.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(stat.stx_ctime.tv_nsec.into())
}

/// The number of the file system that is mounted there (`s_dev`), which no `stat` tells.
fn device_of_mount(mount: u64) -> io::Result<u32> {
    let text = read_bounded(Path::new("/proc/self/mountinfo"), MAX_MOUNTS)?;
    let found = String::from_utf8_lossy(&text).lines().find_map(|line| {
        let mut words = line.split(' ');
        let (id, device) = (words.next()?.parse::<u64>().ok()?, words.nth(1)?);
        let (major, minor) = device.split_once(':')?;
        (id == mount).then_some(major.parse::<u32>().ok()? << 20 | minor.parse::<u32>().ok()?)
    });
    found.ok_or_else(|| io::Error::other(format!("mount {mount} is not in /proc/self/mountinfo")))
}
