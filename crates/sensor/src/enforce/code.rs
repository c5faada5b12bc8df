//! Denials of code that is not the program itself: libraries and scripts (ebpf/include/code.h).

use seawall_decide::RuntimeDenial;
use seawall_model::ByteString;

use super::Denial;

/// WHY_… of ebpf/include/listed.h.
const WHY_CHANGED: u32 = 3;
const WHY_WHOLE: u32 = 1 << 8;
const WHY_LIBRARY: u32 = 1 << 9;
const WHY_SCRIPT: u32 = 1 << 10;

impl Denial {
    /// Whether a script was denied: the event of its run is that of the interpreter.
    pub fn is_script(&self) -> bool {
        self.reason == RuntimeDenial::DroppedScripts || self.why(WHY_SCRIPT)
    }

    /// Whether something was denied that was mapped to be executed.
    pub fn is_library(&self) -> bool {
        matches!(self.reason, RuntimeDenial::DroppedLibraries | RuntimeDenial::MemoryLibraries) || self.why(WHY_LIBRARY)
    }

    /// Whether it was judged by its digest.
    pub(super) fn is_by_digest(&self) -> bool {
        matches!(self.reason, RuntimeDenial::UnlistedPrograms | RuntimeDenial::Digests)
    }

    /// Whether a file was refused because it is not as it was when it was hashed.
    pub(crate) fn is_of_change(&self) -> bool {
        self.is_by_digest() && self.number & 0xff == WHY_CHANGED
    }

    fn why(&self, bit: u32) -> bool {
        self.is_by_digest() && self.number & bit != 0
    }

    /// Whether a list of the policy names what was denied.
    pub fn is_listed(&self) -> bool {
        matches!(self.reason, RuntimeDenial::Programs | RuntimeDenial::Files)
    }

    /// The file of a library, a script or what a list names: its end at least, after `…`, or all of its path; none where the kernel could not
    /// tell.
    pub(super) fn code_path(&self) -> Option<ByteString> {
        if !self.is_library() && !self.is_script() && !self.is_listed() {
            return None;
        }
        let names: Vec<_> = self.detail.split(|b| *b == 0).take_while(|name| !name.is_empty()).collect();
        let is_whole = if self.is_by_digest() { self.why(WHY_WHOLE) } else { self.number & 1 != 0 };
        let start = if is_whole { "" } else { "…" };
        let path = names
            .iter()
            .rev()
            .flat_map(|name| [b"/", *name])
            .fold(start.as_bytes().to_vec(), |path, name| [path.as_slice(), name].concat());
        (!names.is_empty()).then(|| path.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(reason: RuntimeDenial, number: u32, bytes: &[u8]) -> Option<String> {
        let mut detail = [0; 64];
        detail[..bytes.len()].copy_from_slice(bytes);
        let (time, pid, started, cgroup, inode) = (0, 1, 0, 0, 0);
        let (dry_run, before, call, path) = (false, false, 0, [0; 256]);
        let denial = Denial { time, pid, started, cgroup, inode, reason, dry_run, before, call, number, detail, path };
        denial.code_path().map(|path| path.to_string())
    }

    #[test]
    fn a_path_is_read_from_its_end() {
        let library = RuntimeDenial::DroppedLibraries;
        assert_eq!(of(library, 1, b"x.so\0tmp\0").as_deref(), Some("/tmp/x.so"));
        assert_eq!(of(library, 0, b"x.so\0deep\0").as_deref(), Some("…/deep/x.so"));
        assert_eq!(
            of(RuntimeDenial::DroppedScripts, 1, &[b'a'; 64]).as_deref(),
            Some(&*format!("/{}", "a".repeat(64)))
        );
        assert_eq!(of(library, 0, b""), None);
        assert_eq!(of(RuntimeDenial::DroppedPrograms, 1, b"x"), None);
    }
}
