use std::path::Path;

/// Writes tar archives entry by entry, also ones that no honest tool would write.
#[derive(Debug, Default, Clone)]
pub struct TarBuilder {
    bytes: Vec<u8>,
}

impl TarBuilder {
    /// An empty archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a regular file.
    pub fn file(self, path: &str, content: &[u8]) -> Self {
        self.raw(path.as_bytes(), b'0', "", 0o644, content)
    }

    /// Adds a program.
    pub fn program(self, path: &str, content: &[u8]) -> Self {
        self.raw(path.as_bytes(), b'0', "", 0o755, content)
    }

    /// Adds a folder.
    pub fn folder(self, path: &str) -> Self {
        self.raw(path.as_bytes(), b'5', "", 0o755, b"")
    }

    /// Adds a symbolic link.
    pub fn symlink(self, path: &str, to: &str) -> Self {
        self.raw(path.as_bytes(), b'2', to, 0o777, b"")
    }

    /// Adds a hard link.
    pub fn hard_link(self, path: &str, to: &str) -> Self {
        self.raw(path.as_bytes(), b'1', to, 0o644, b"")
    }

    /// Adds any entry; a path over 100 bytes is stored as a GNU long name.
    pub fn raw(mut self, path: &[u8], flag: u8, link: &str, mode: u32, content: &[u8]) -> Self {
        if path.len() > 100 {
            self = self.header(b"././@LongLink", b'L', "", 0, path.len() as u64 + 1);
            self = self.content(&[path, b"\0"].concat());
        }
        let short = &path[..path.len().min(100)];
        self.header(short, flag, link, mode, content.len() as u64).content(content)
    }

    /// Adds just a header, which may promise more than follows.
    pub fn header(mut self, path: &[u8], flag: u8, link: &str, mode: u32, size: u64) -> Self {
        let mut block = [0u8; 512];
        block[..path.len()].copy_from_slice(path);
        block[100..108].copy_from_slice(format!("{mode:07o}\0").as_bytes());
        block[108..116].copy_from_slice(b"0000000\0");
        block[116..124].copy_from_slice(b"0000000\0");
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        block[136..148].copy_from_slice(b"00000000000\0");
        block[156] = flag;
        block[157..157 + link.len()].copy_from_slice(link.as_bytes());
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].copy_from_slice(b"        ");
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.bytes.extend_from_slice(&block);
        self
    }

    /// Adds content, padded to a block.
    pub fn content(mut self, content: &[u8]) -> Self {
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// Adds a folder of this machine with all that is in it, sorted by name.
    pub fn tree(mut self, root: &Path) -> Self {
        let mut pending = vec![(root.to_path_buf(), String::new())];
        while let Some((folder, prefix)) = pending.pop() {
            let mut entries: Vec<_> =
                std::fs::read_dir(&folder).expect("a folder").map(|e| e.expect("an entry")).collect();
            entries.sort_by_key(std::fs::DirEntry::file_name);
            for entry in entries {
                let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
                let kind = entry.file_type().expect("a type");
                if kind.is_dir() {
                    self = self.folder(&format!("{path}/"));
                    pending.push((entry.path(), format!("{path}/")));
                } else if kind.is_symlink() {
                    let to = std::fs::read_link(entry.path()).expect("a link");
                    self = self.symlink(&path, &to.to_string_lossy());
                } else {
                    self = self.file(&path, &std::fs::read(entry.path()).expect("readable"));
                }
            }
        }
        self
    }

    /// The archive, ended by two zero blocks.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&[0; 1024]);
        self.bytes
    }
}
