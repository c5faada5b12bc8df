use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The memory of this process against a cap, measured and not counted: what the system says is resident, so that buffers
/// of libraries and what an allocator keeps are in it. Only what is kept for later is counted, since joining, matching and
/// writing it takes its memory when nothing can be left out any more.
///
/// Whoever is about to take much asks first, and leaves out and says so what does not fit.
#[derive(Debug, Clone, Default)]
pub struct MemoryCap {
    cap: Option<u64>,
    kept: Arc<AtomicU64>,
}

/// Two caps are equal that allow the same.
impl PartialEq for MemoryCap {
    fn eq(&self, other: &Self) -> bool {
        self.cap == other.cap
    }
}

impl Eq for MemoryCap {}

/// What a parser makes of a file takes several times the file's bytes.
const PARSED: u64 = 10;

/// The program itself, and the buffers that are always there.
const BASE: u64 = 20 << 20;

impl MemoryCap {
    /// A cap of so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self { cap: Some(bytes), kept: Arc::default() }
    }

    /// The cap; `None` where there is none.
    pub fn bytes(&self) -> Option<u64> {
        self.cap
    }

    /// Bytes that are left; `u64::MAX` where there is no cap. Costs some microseconds.
    pub fn room(&self) -> u64 {
        match self.cap {
            Some(cap) => cap.saturating_sub(resident().unwrap_or(0)),
            None => u64::MAX,
        }
    }

    /// Whether a file of so many bytes may be read whole and parsed.
    pub fn holds(&self, size: u64) -> bool {
        // Small files cannot be what fills the memory; they are not worth the question.
        size < 32 << 10 || self.cap.is_none() || size.saturating_mul(PARSED) <= self.room()
    }

    /// Takes so many bytes for something that is kept until the end; whether they were still there. Clones share what was
    /// taken.
    pub fn keep(&self, bytes: u64) -> bool {
        let Some(cap) = self.cap else { return true };
        let all = cap.saturating_sub(BASE);
        self.kept.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) <= all - all / 8
    }

    /// Whether so much is taken that nothing more should be kept: joining, matching and writing still need room.
    pub fn is_nearly_full(&self) -> bool {
        self.cap.is_some_and(|cap| self.room() < cap / 4)
    }
}

/// Resident bytes of this process; `None` where the system does not say
/// ([proc_pid_status](https://www.man7.org/linux/man-pages/man5/proc_pid_status.5.html)).
pub fn resident() -> Option<u64> {
    status("VmRSS:")
}

/// The most bytes of this process that were ever resident; `None` where the system does not say.
pub fn peak_resident() -> Option<u64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<u64> {
    let mut text = String::new();
    std::fs::File::open("/proc/self/status").ok()?.take(16 << 10).read_to_string(&mut text).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_no_longer_room() {
        let cap = MemoryCap::new(resident().expect("proc is mounted") + (64 << 20));
        assert!(cap.holds(1 << 20) && !cap.holds(64 << 20));
        let before = cap.room();
        let taken = vec![1u8; 48 << 20];
        assert!(cap.room() < before - (40 << 20), "{} of {before}", cap.room());
        assert!(cap.is_nearly_full());
        let small = MemoryCap::new(36 << 20);
        assert!(small.keep(8 << 20) && small.clone().keep(6 << 20) && !small.keep(1 << 20));
        assert!(MemoryCap::default().keep(u64::MAX));
        assert_eq!(taken.iter().filter(|b| **b == 1).count(), 48 << 20);
        assert!(MemoryCap::default().holds(u64::MAX) && !MemoryCap::default().is_nearly_full());
    }
}
