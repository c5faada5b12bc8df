//! The links that the library can make but not hand out: of programs about devices and settings. Without a link that can be
//! pinned they would end with the agent.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use aya::programs::links::{FdLink, PinnedLink};

use crate::kernel::error_chain;

/// Numbers of include/uapi/linux/bpf.h.
const BPF_OBJ_PIN: libc::c_long = 6;
const BPF_OBJ_GET: libc::c_long = 7;
const BPF_LINK_CREATE: libc::c_long = 28;
/// What a program of devices is attached as.
pub(super) const DEVICE: u32 = 6;
/// What a program of settings is attached as.
pub(super) const SYSCTL: u32 = 18;

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Attaches a loaded program to a control group, beside those of others.
pub(super) fn attach(program: BorrowedFd<'_>, group: BorrowedFd<'_>, kind: u32) -> Result<FdLink, String> {
    let said = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let link = create(program, group, kind).map_err(said("bpf_link_create"))?;
    // The library takes links from pins only; this one lasts for a moment.
    super::mount().map_err(said("/sys/fs/bpf"))?;
    let name = format!("seawall-link-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let path = PathBuf::from("/sys/fs/bpf").join(name);
    pin(&link, &path).map_err(said("bpf_obj_pin"))?;
    let taken = PinnedLink::from_pin(&path).map_err(|e| error_chain(&e));
    match taken {
        Ok(taken) => taken.unpin().map_err(said("the link's pin")),
        Err(error) => {
            // The link itself goes with its descriptor; nothing else can be done about its pin.
            let _ = std::fs::remove_file(&path);
            Err(error)
        }
    }
}

fn create(program: BorrowedFd<'_>, group: BorrowedFd<'_>, kind: u32) -> io::Result<OwnedFd> {
    let mut attributes = [0; 64];
    put(&mut attributes, 0, &program.as_raw_fd().to_ne_bytes());
    put(&mut attributes, 4, &group.as_raw_fd().to_ne_bytes());
    put(&mut attributes, 8, &kind.to_ne_bytes());
    own(bpf(BPF_LINK_CREATE, &mut attributes)?)
}

fn pin(link: &OwnedFd, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut attributes = [0; 64];
    put(&mut attributes, 0, &(path.as_ptr() as u64).to_ne_bytes());
    put(&mut attributes, 8, &link.as_raw_fd().to_ne_bytes());
    bpf(BPF_OBJ_PIN, &mut attributes).map(drop)
}

/// Opens what is pinned at a path, whatever it is.
pub(crate) fn open(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let mut attributes = [0; 64];
    put(&mut attributes, 0, &(path.as_ptr() as u64).to_ne_bytes());
    own(bpf(BPF_OBJ_GET, &mut attributes)?)
}

fn put(attributes: &mut [u8; 64], at: usize, bytes: &[u8]) {
    attributes.iter_mut().skip(at).zip(bytes).for_each(|(to, from)| *to = *from);
}

/// The system call. What attributes point at lives until it returns: both callers keep it in a local.
#[allow(unsafe_code, reason = "no safe interface has this system call")]
fn bpf(command: libc::c_long, attributes: &mut [u8; 64]) -> io::Result<RawFd> {
    // SAFETY: the kernel reads and writes at most the length that it is given, which is the array's.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, attributes.as_mut_ptr(), attributes.len()) };
    RawFd::try_from(result).ok().filter(|fd| *fd >= 0).ok_or_else(io::Error::last_os_error)
}

#[allow(unsafe_code, reason = "the system call gives a bare number")]
fn own(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the kernel made this descriptor for the call before, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
