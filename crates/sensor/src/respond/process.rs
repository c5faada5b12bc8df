//! One process, by its PID and when it was made.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::proc::{TICK, made, read};

/// A file of `/proc/self`.
pub(super) fn read_own(name: &str) -> String {
    read(&format!("self/{name}"))
}

/// Sends a signal to the process that was made at `started`, nanoseconds since boot; another that has its PID by now is
/// never hit.
pub(super) fn signal(pid: u32, started: u64, signal: Signal) -> Result<(), String> {
    if pid <= 1 || pid == std::process::id() {
        return Err(format!("process {pid} is the host's first or the guard itself"));
    }
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or("no such process")?;
    let handle = pidfd_open(raw, PidfdFlags::empty()).map_err(|error| format!("process {pid}: {error}"))?;
    // The handle stays with the process that has the PID now; what /proc says of the PID is about that one for as long as
    // it has not ended, and if it has, the signal reaches nobody.
    if made(&read(&format!("{pid}/stat"))) != Some(started / TICK) {
        return Err(format!("process {pid} has ended"));
    }
    pidfd_send_signal(&handle, signal).map_err(|error| format!("process {pid}: {error}"))
}

/// When the process was made that has a PID now, nanoseconds since boot.
pub(super) fn started(pid: u32) -> Option<u64> {
    Some(made(&read(&format!("{pid}/stat")))? * TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_was_meant_is_hit() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("it starts");
        let started = made(&read(&format!("{}/stat", child.id()))).expect("a time") * TICK;
        assert!(signal(child.id(), started + 5 * TICK, Signal::KILL).is_err());
        assert!(child.try_wait().expect("a child").is_none());
        signal(child.id(), started, Signal::KILL).expect("killed");
        assert!(!child.wait().expect("a child").success());
        for pid in [0, 1, std::process::id()] {
            assert!(signal(pid, 0, Signal::KILL).is_err());
        }
    }
}
