use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// The reading end of a pipe between two threads: what another thread decompresses is hashed and read here, so that
/// both cores work on one layer.
#[derive(Debug)]
pub struct Pipe {
    full: Receiver<io::Result<Vec<u8>>>,
    empty: SyncSender<Vec<u8>>,
    chunk: Vec<u8>,
    position: usize,
    ended: bool,
}

/// Makes a pipe of `depth` chunks of `size` bytes. The second value, given to another thread, pumps a reader into the
/// pipe until the reader ends, fails, or the [`Pipe`] is dropped.
pub fn pipe<R: Read>(depth: usize, size: usize) -> (Pipe, impl FnOnce(R) -> R) {
    let (full_sender, full) = sync_channel(depth.max(1));
    let (empty, empty_receiver) = sync_channel(depth.max(1) + 2);
    for _ in 0..depth.max(1) {
        // The channel was made with room for these.
        let _ = empty.try_send(vec![0; size.max(1)]);
    }
    let pump = move |mut reader: R| {
        while let Ok(mut chunk) = empty_receiver.recv() {
            chunk.resize(size.max(1), 0);
            let (length, failed) = fill(&mut reader, &mut chunk);
            chunk.truncate(length);
            // What came before an error is given first.
            if (length > 0 && full_sender.send(Ok(chunk)).is_err()) || (length == 0 && failed.is_none()) {
                break;
            }
            if let Some(error) = failed {
                let _ = full_sender.send(Err(error));
                break;
            }
        }
        reader
    };
    (Pipe { full, empty, chunk: Vec::new(), position: 0, ended: false }, pump)
}

fn fill(reader: &mut impl Read, chunk: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut length = 0;
    while let Some(rest) = chunk.get_mut(length..).filter(|r| !r.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(read) => length = length.saturating_add(read),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return (length, Some(e)),
        }
    }
    (length, None)
}

impl BufRead for Pipe {
    /// The rest of the chunk that came last, or the next one: nothing is copied.
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position >= self.chunk.len() && !self.ended {
            let used = std::mem::take(&mut self.chunk);
            if used.capacity() > 0 {
                let _ = self.empty.try_send(used);
            }
            self.position = 0;
            match self.full.recv() {
                Ok(Ok(chunk)) => self.chunk = chunk,
                Ok(Err(error)) => {
                    self.ended = true;
                    return Err(error);
                }
                Err(_) => self.ended = true,
            }
        }
        Ok(self.chunk.get(self.position..).unwrap_or_default())
    }

    fn consume(&mut self, length: usize) {
        self.position = self.position.saturating_add(length);
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..length), available.get(..length)) {
            to.copy_from_slice(from);
        }
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_everything_and_then_the_error() {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| i as u8).collect();
        let (mut pipe_end, pump) = pipe(3, 1_000);
        let got = std::thread::scope(|scope| {
            scope.spawn(|| pump(&bytes[..]));
            let mut out = Vec::new();
            pipe_end.read_to_end(&mut out).expect("no error");
            out
        });
        assert_eq!(got, bytes);

        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let (mut pipe_end, pump) = pipe(3, 7);
        std::thread::scope(|scope| {
            scope.spawn(|| pump((&b"0123456789"[..]).chain(Broken)));
            let mut out = Vec::new();
            assert_eq!(pipe_end.read_to_end(&mut out).expect_err("broken").to_string(), "broken");
            assert_eq!(out, b"0123456789");
        });
    }

    #[test]
    fn a_dropped_end_stops_the_pump() {
        let (pipe_end, pump) = pipe(2, 10);
        drop(pipe_end);
        pump(io::repeat(1));
    }
}
