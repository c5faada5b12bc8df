use std::path::{Path, PathBuf};

/// Changes inputs by a generator that gives the same sequence for the same seed (xorshift64*).
#[derive(Debug)]
pub struct Mutator(u64);

const LARGEST: usize = 256 << 10;

impl Mutator {
    /// A mutator.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    /// A changed input: bits flipped, parts cut, repeated or taken from another one, numbers blown up.
    pub fn mutate(&mut self, input: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut out = input.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(out.len() + 1);
            match self.below(7) {
                0 if at < out.len() => out[at] ^= 1 << self.below(8),
                1 => out.truncate(at),
                2 => {
                    let end = (at + self.below(64)).min(out.len());
                    let part = out[at..end].to_vec();
                    for _ in 0..self.below(50) {
                        out.splice(at..at, part.iter().copied());
                    }
                }
                3 => {
                    let other = &others[self.below(others.len())];
                    let from = self.below(other.len() + 1);
                    let end = (from + self.below(512)).min(other.len());
                    out.splice(at..at, other[from..end].iter().copied());
                }
                4 => {
                    let big = [0xff, 0x7f, 0x00, b'9', b'[', b'{', b'<', 0x80][self.below(8)];
                    let end = (at + self.below(9)).min(out.len());
                    out[at..end].fill(big);
                }
                5 => {
                    let end = (at + self.below(200)).min(out.len());
                    out.drain(at..end);
                }
                _ => out.insert(at, self.next() as u8),
            }
            out.truncate(LARGEST);
        }
        out
    }
}

/// Every file below these folders of `testdata/`, and a few inputs that any parser should have met.
pub fn corpus(folders: &[PathBuf]) -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = vec![Vec::new(), vec![0; 600], b"{}".to_vec(), b"a: b\n".to_vec(), vec![b'['; 300]];
    for folder in folders {
        collect(folder, &mut out);
    }
    out
}

fn collect(folder: &Path, out: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, out);
        } else if path.file_name().is_some_and(|n| n != "expected.txt")
            && let Ok(bytes) = std::fs::read(&path)
            && bytes.len() <= LARGEST
        {
            out.push(bytes);
        }
    }
}
