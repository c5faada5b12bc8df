//! The content of a file of a folder, opened only once somebody wants it.

use std::io;

use seawall_io::tar::TarError;

use crate::pass::Chunks;

pub(crate) struct FileChunks<F> {
    open: Option<F>,
    file: Option<std::fs::File>,
    buffer: Vec<u8>,
}

const CHUNK: usize = 128 << 10;

impl<F> FileChunks<F> {
    pub(crate) fn new(open: F) -> Self {
        Self { open: Some(open), file: None, buffer: Vec::new() }
    }
}

impl<F: FnOnce() -> io::Result<std::fs::File>> Chunks for FileChunks<F> {
    fn next(&mut self) -> Result<Option<&[u8]>, TarError> {
        use io::Read as _;
        if let Some(open) = self.open.take() {
            self.file = Some(open()?);
        }
        let Some(file) = &mut self.file else { return Ok(None) };
        self.buffer.clear();
        file.take(CHUNK as u64).read_to_end(&mut self.buffer)?;
        Ok(Some(self.buffer.as_slice()).filter(|b| !b.is_empty()))
    }
}
