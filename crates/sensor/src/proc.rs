//! Files of `/proc`. Names in them may hold any bytes.

use std::path::Path;

use seawall_io::read_bounded;

/// Nanoseconds of the unit in which `/proc/PID/stat` tells when a process was made: USER_HZ is 100 everywhere.
pub(crate) const TICK: u64 = 10_000_000;

/// A file below `/proc`; empty where it cannot be read, as where the process has ended.
pub(crate) fn read(name: &str) -> String {
    let bytes = read_bounded(&Path::new("/proc").join(name), 4 << 20).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The 22nd field of `/proc/PID/stat`; the second may hold anything, also blanks and parentheses.
pub(crate) fn made(stat: &str) -> Option<u64> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_forge_the_time() {
        let stat = "7 (a) S 1 2) R 1 1 1 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4242 1 1";
        assert_eq!(made(stat), Some(4242));
        assert_eq!(made("7 (a"), None);
    }
}
