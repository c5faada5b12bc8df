//! The digests of programs, for who lets nothing else run. Beside the registry: hashing costs time, and no package comes of it.

use seawall_io::DigestPieces;
use seawall_model::ProgramFile;

use crate::LayerScan;
use crate::unit::{Cataloger, File, Files, Need, Observation, Observer, Scanner, Want};

/// Takes down the digest of every compiled program and library, and of every script that may be executed.
pub const PROGRAM_DIGESTS: &dyn Cataloger = &ProgramDigests;

struct ProgramDigests;

impl Cataloger for ProgramDigests {
    fn id(&self) -> &'static str {
        "program-digests"
    }
    fn version(&self) -> u32 {
        1
    }
    fn about(&self) -> &'static str {
        "The digests of compiled programs and libraries, and of scripts that may be executed"
    }
    fn specification(&self) -> &'static str {
        "https://man7.org/linux/man-pages/man2/execve.2.html"
    }
    fn wants(&self) -> &'static [Want] {
        &[
            Want { files: Files::Magic(b"\x7fELF"), need: Need::Stream },
            Want { files: Files::Magic(b"#!"), need: Need::Stream },
        ]
    }
    fn catalog(&self, _: &File<'_>, _: &mut Observer<'_>) {}
    fn scanner(&self) -> Option<Box<dyn Scanner>> {
        Some(Box::<Pieces>::default())
    }
}

#[derive(Default)]
struct Pieces {
    digest: DigestPieces,
    /// The first bytes, as many as tell a program.
    head: Vec<u8>,
}

impl Scanner for Pieces {
    fn feed(&mut self, chunk: &[u8]) {
        let missing = ProgramFile::HEAD.saturating_sub(self.head.len());
        self.head.extend(chunk.iter().take(missing));
        self.digest.update(chunk);
    }

    fn finish(self: Box<Self>, file: &File<'_>, seen: &mut Observer<'_>) {
        if ProgramFile::is_one(&self.head, file.mode) {
            seen.observe(Observation::Program(self.digest.finish()));
        }
    }
}

impl LayerScan {
    /// The programs of the layer, sorted by path.
    pub fn programs(&self) -> Vec<ProgramFile> {
        let program = |seen: &crate::pass::Seen| match seen.observation {
            Observation::Program(digest) => Some(ProgramFile { path: seen.path.clone(), digest }),
            _ => None,
        };
        let mut programs: Vec<_> = self.seen.iter().filter_map(program).collect();
        programs.sort();
        programs
    }
}

#[cfg(test)]
mod tests {
    use seawall_io::{Limits, sha256};

    use super::*;
    use crate::{Pass, Units};

    #[test]
    fn what_may_be_executed_is_taken_down() {
        let (units, limits) = (Units::new(&[PROGRAM_DIGESTS]), Limits::default());
        let mut pass = Pass::new(&units, &limits);
        let folder = tempfile::tempdir().expect("a folder");
        let big = [b"\x7fELF".as_slice(), &[7; 100_000]].concat();
        let files: [(&str, u32, &[u8]); 6] = [
            ("bin/run", 0o755, b"#!/bin/sh\n"),
            ("bin/big", 0o711, &big),
            ("lib/a.so", 0o644, &big),
            ("doc/a.sh", 0o644, b"#!/bin/sh\n"),
            ("notes", 0o755, b"no program"),
            ("empty", 0o755, b""),
        ];
        for (path, mode, content) in files {
            let file = folder.path().join("file");
            std::fs::write(&file, content).expect("written");
            pass.file_of_tree(path, content.len() as u64, mode, || std::fs::File::open(&file));
        }
        let found = |path: &str, content: &[u8]| ProgramFile { path: path.to_owned(), digest: sha256(content) };
        let all = [found("bin/big", &big), found("bin/run", b"#!/bin/sh\n"), found("lib/a.so", &big)];
        assert_eq!(pass.finish().programs(), all);
    }
}
