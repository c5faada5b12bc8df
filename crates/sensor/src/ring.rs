//! A ring of the kernel, read where it lies.
//!
//! The kernel offers a ring's pages twice in a row, so that no record is in two pieces. What is mapped twice counts twice as
//! resident memory; here it is mapped once, and the one record of each round that goes over the end is put together.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use aya::maps::{Map, MapData};

use crate::SensorError;
use crate::kernel::error_chain;

/// Numbers of include/uapi/linux/bpf.h: a record that is being written, one that was given up, and the bytes before a record.
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;
const HEADER: usize = 8;

/// A ring, and how far it was read.
pub(crate) struct Ring {
    map: MapData,
    consumer: Mapping,
    /// A page with the producer's position, then the records.
    producer: Mapping,
    page: usize,
    size: usize,
    read: usize,
    written: usize,
    joined: Vec<u8>,
}

impl Ring {
    /// Maps the ring.
    pub(crate) fn open(map: Map) -> Result<Self, SensorError> {
        let Map::RingBuf(map) = map else { return Err(SensorError::Load("a map is no ring".to_owned())) };
        let failed = |error: io::Error| SensorError::Load(format!("cannot map a ring: {error}"));
        // One that another agent pinned has the size that it was made with.
        let entries = map.info().map_err(|e| SensorError::Load(error_chain(&e)))?.max_entries();
        let size = usize::try_from(entries).ok().filter(|size| size.is_power_of_two());
        let size = size.ok_or_else(|| SensorError::Load(format!("a ring of {entries} bytes")))?;
        let page = page_size().map_err(failed)?;
        let fd = map.fd().as_fd();
        let consumer = Mapping::new(fd, 0, page, libc::PROT_READ | libc::PROT_WRITE).map_err(failed)?;
        let producer = Mapping::new(fd, page, page + size, libc::PROT_READ).map_err(failed)?;
        let read = consumer.position().load(Ordering::Acquire);
        Ok(Self { map, consumer, producer, page, size, read, written: read, joined: Vec::new() })
    }

    /// Gives the next record to `take`; false where there is none yet. Nothing needs to be done for the next to wake whoever
    /// waits: the kernel looks at the positions when it is asked to wait.
    pub(crate) fn next(&mut self, take: &mut dyn FnMut(&[u8])) -> bool {
        loop {
            if self.read == self.written {
                self.written = self.producer.position().load(Ordering::Acquire);
                if self.read == self.written {
                    return false;
                }
            }
            // Positions and sizes are multiples of eight: no header goes over the end.
            let header = self.read & (self.size - 1) & !7;
            let state = self.producer.word(self.page + header).load(Ordering::Acquire);
            if state & BUSY != 0 {
                return false;
            }
            let length = usize::try_from(state & !DISCARDED).unwrap_or(0).min(self.size - HEADER);
            let told = state & DISCARDED == 0;
            if told {
                self.tell((header + HEADER) & (self.size - 1), length, take);
            }
            self.read = self.read.wrapping_add((HEADER + length).next_multiple_of(8));
            // The kernel writes there again once it sees this.
            self.consumer.position().store(self.read, Ordering::Release);
            if told {
                return true;
            }
        }
    }

    fn tell(&mut self, start: usize, length: usize, take: &mut dyn FnMut(&[u8])) {
        let first = length.min(self.size - start);
        let bytes = self.producer.bytes(self.page + start, first);
        if first == length {
            return take(bytes);
        }
        self.joined.clear();
        self.joined.extend_from_slice(bytes);
        self.joined.extend_from_slice(self.producer.bytes(self.page, length - first));
        take(&self.joined);
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }
}

#[allow(unsafe_code, reason = "no safe interface that is built in has it")]
fn page_size() -> io::Result<usize> {
    // SAFETY: it takes a number and gives one.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).map_err(io::Error::other)
}

/// Memory that the kernel shares: whole pages, not empty.
struct Mapping {
    start: NonNull<u8>,
    length: usize,
}

// SAFETY: the mapping is this value's own, and ends with it.
#[allow(unsafe_code, reason = "a pointer is not sent unless this is said")]
unsafe impl Send for Mapping {}

// SAFETY: through a reference it is only read, but for the position, which is atomic.
#[allow(unsafe_code, reason = "a pointer is not shared unless this is said")]
unsafe impl Sync for Mapping {}

#[allow(unsafe_code, reason = "safe Rust has no memory that the kernel writes")]
impl Mapping {
    fn new(fd: BorrowedFd<'_>, offset: usize, length: usize, access: libc::c_int) -> io::Result<Self> {
        let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
        // SAFETY: a new place is asked for, so that nothing that is mapped changes.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), length, access, libc::MAP_SHARED, fd.as_raw_fd(), offset) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at nothing"))?;
        Ok(Self { start, length })
    }

    /// The position in the first word.
    fn position(&self) -> &AtomicUsize {
        // SAFETY: a page has room for it, and begins at a multiple of its size.
        unsafe { self.start.cast().as_ref() }
    }

    /// The word at a multiple of eight.
    fn word(&self, at: usize) -> &AtomicU32 {
        let at = if at.is_multiple_of(8) && at < self.length { at } else { 0 };
        // SAFETY: the length is one of whole pages, so that eight bytes are left from every multiple of eight below it.
        unsafe { self.start.add(at).cast().as_ref() }
    }

    /// What a record that is done says: the kernel changes it only once it is read.
    fn bytes(&self, at: usize, length: usize) -> &[u8] {
        let at = at.min(self.length);
        // SAFETY: it ends with the mapping at the latest.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(at), length.min(self.length - at)) }
    }
}

#[allow(unsafe_code, reason = "as it was mapped")]
impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this length, and nothing that borrowed of it is left.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), self.length);
        }
    }
}
