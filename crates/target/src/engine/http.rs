//! The little of HTTP/1.1 that asking an engine takes ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112)): one GET on one
//! connection. The HTTP client of the io room speaks only TCP: its library lets a socket file in through an interface
//! that it does not promise to keep, and pools, redirects and TLS are not wanted here.

use std::io::{self, BufRead, BufReader, Read, Take, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::address::Address;

/// Longest line of the head and of chunk sizes, bytes.
const MAX_LINE: u64 = 8 << 10;
/// Most lines in a head.
const MAX_LINES: usize = 200;

type Connection = BufReader<Box<dyn Read + Send>>;

/// An answer.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Body,
}

/// The body of an answer; ends with `UnexpectedEof` where the connection ends before it.
pub(super) enum Body {
    Length(Take<Connection>),
    Chunked {
        connection: Connection,
        left: u64,
        state: Chunks,
    },
    /// Until the connection ends: whether that is all cannot be told.
    Rest(Connection),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunks {
    First,
    Within,
    Ended,
}

/// Asks for a path that needs no escaping. `stall` bounds each wait.
pub(super) fn get(address: &Address, path: &str, stall: Duration) -> io::Result<Response> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    match address {
        Address::Unix(socket) => {
            let stream = UnixStream::connect(socket)?;
            stream.set_read_timeout(Some(stall))?;
            stream.set_write_timeout(Some(stall))?;
            exchange(stream, &request)
        }
        Address::Tcp(host) => {
            let stream = TcpStream::connect(host.as_str())?;
            stream.set_read_timeout(Some(stall))?;
            stream.set_write_timeout(Some(stall))?;
            exchange(stream, &request)
        }
    }
}

fn exchange(mut stream: impl Read + Write + Send + 'static, request: &str) -> io::Result<Response> {
    stream.write_all(request.as_bytes())?;
    read(BufReader::with_capacity(64 << 10, Box::new(stream)))
}

fn odd(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("what answers there is not an engine: {reason}"))
}

fn read(mut connection: Connection) -> io::Result<Response> {
    let first = line(&mut connection)?;
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).and_then(|s| s.parse().ok());
    let status = status.ok_or_else(|| odd("its first line has no status"))?;
    let (mut length, mut chunked) = (None, false);
    for _ in 0..MAX_LINES {
        let header = line(&mut connection)?;
        if header.is_empty() {
            let body = match (chunked, length) {
                (true, _) => Body::Chunked { connection, left: 0, state: Chunks::First },
                (false, Some(length)) => Body::Length(connection.take(length)),
                (false, None) => Body::Rest(connection),
            };
            return Ok(Response { status, body });
        }
        let Some((name, value)) = header.split_once(':') else { return Err(odd("a header has no colon")) };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.parse::<u64>().map_err(|_| odd("its length is not a number"))?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case("chunked") {
                return Err(odd("its transfer encoding is unknown"));
            }
            chunked = true;
        }
    }
    Err(odd("its head has too many lines"))
}

/// A line without its end.
fn line(connection: &mut Connection) -> io::Result<String> {
    let mut bytes = Vec::new();
    connection.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(if bytes.len() as u64 >= MAX_LINE.saturating_sub(1) {
            odd("a line is too long")
        } else {
            io::ErrorKind::UnexpectedEof.into()
        });
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| odd("its head is not text"))
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match self {
            Self::Rest(connection) => connection.read(buffer),
            Self::Length(body) => match body.read(buffer)? {
                0 if body.limit() > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
                read => Ok(read),
            },
            Self::Chunked { connection, left, state } => {
                if *left == 0 {
                    *left = next_chunk(connection, state)?;
                    if *left == 0 {
                        return Ok(0);
                    }
                }
                match connection.take(*left).read(buffer)? {
                    0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    read => {
                        *left = left.saturating_sub(read as u64);
                        Ok(read)
                    }
                }
            }
        }
    }
}

/// The size of the next chunk; 0 at the end, after which trailers are left unread with the connection.
fn next_chunk(connection: &mut Connection, state: &mut Chunks) -> io::Result<u64> {
    match state {
        Chunks::Ended => return Ok(0),
        Chunks::Within if !line(connection)?.is_empty() => return Err(odd("a chunk does not end where it should")),
        Chunks::First | Chunks::Within => {}
    }
    let text = line(connection)?;
    let size = text.split(';').next().unwrap_or_default().trim();
    if size.is_empty() || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(odd("a chunk has no size"));
    }
    let size = u64::from_str_radix(size, 16).map_err(|_| odd("a chunk is too large"))?;
    *state = if size == 0 { Chunks::Ended } else { Chunks::Within };
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &'static str) -> io::Result<(u16, Vec<u8>)> {
        let mut response = read(BufReader::new(Box::new(text.as_bytes())))?;
        let mut bytes = Vec::new();
        response.body.read_to_end(&mut bytes)?;
        Ok((response.status, bytes))
    }

    #[test]
    fn bodies_are_read_whole() {
        for (text, status, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 200, "abc"),
            ("HTTP/1.0 404 Not Found\r\n\r\nrest", 404, "rest"),
            (
                "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
                200,
                "abc0123456789",
            ),
        ] {
            assert_eq!(answer(text).expect(text), (status, body.as_bytes().to_vec()));
        }
    }

    #[test]
    fn damage_is_an_error() {
        for text in [
            "",
            "SSH-2.0-x\r\n",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
        ] {
            assert!(answer(text).is_err(), "{text:?}");
        }
        let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(10_000));
        assert!(answer(long.leak()).is_err());
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(1_000));
        assert!(answer(many.leak()).is_err());
    }
}
