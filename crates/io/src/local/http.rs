//! The little of HTTP/1.1 that asking an engine takes ([RFC 9112](https://www.rfc-editor.org/rfc/rfc9112)): one request
//! on one connection. [`HttpClient`](crate::HttpClient) speaks only TCP: its library lets a socket file in through an
//! interface that it does not promise to keep, and pools, redirects and TLS are not wanted here.

use std::io::{self, BufRead, BufReader, Read, Take, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::LocalAddress;
use crate::HttpMethod;

/// Longest line of the head and of chunk sizes, bytes.
const MAX_LINE: u64 = 8 << 10;
/// Most lines in a head.
const MAX_LINES: usize = 200;

type Connection = BufReader<Box<dyn Read + Send>>;

/// An answer.
pub struct LocalResponse {
    /// The status code.
    pub status: u16,
    /// The body, unbounded: read it with a limit.
    pub body: LocalBody,
}

/// The body of an answer; ends with `UnexpectedEof` where the connection ends before it.
pub struct LocalBody(Framing);

enum Framing {
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
enum Chunks {
    First,
    Within,
    Ended,
}

/// Asks one service. Each request has a connection of its own.
#[derive(Debug, Clone)]
pub struct LocalHttp {
    address: LocalAddress,
    stall: Duration,
}

/// Ends an answer that is being read by another thread, which sees the connection's end.
#[derive(Debug)]
pub struct LocalCloser(Stream);

impl LocalCloser {
    /// Ends it.
    pub fn close(&self) {
        // Fails only where the other side has closed already.
        let _ = match &self.0 {
            Stream::Unix(stream) => stream.shutdown(Shutdown::Both),
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

impl LocalHttp {
    /// Asks at `address`; `stall` bounds each wait for bytes.
    pub fn new(address: LocalAddress, stall: Duration) -> Self {
        Self { address, stall }
    }

    /// Where it asks.
    pub fn address(&self) -> &LocalAddress {
        &self.address
    }

    /// Asks for a path that needs no escaping.
    ///
    /// # Errors
    /// The system's, or that what answers does not speak HTTP.
    pub fn get(&self, path: &str) -> io::Result<LocalResponse> {
        self.send(HttpMethod::Get, path, "")
    }

    /// Sends a JSON document, or nothing where it is empty, to a path that needs no escaping.
    ///
    /// # Errors
    /// As [`LocalHttp::get`].
    pub fn send(&self, method: HttpMethod, path: &str, document: &str) -> io::Result<LocalResponse> {
        let stream = Stream::connect(&self.address)?;
        stream.stall(Some(self.stall))?;
        exchange(stream, method, path, document)
    }

    /// Asks for an answer that never ends and may pause for any time; only its head must come in time.
    ///
    /// # Errors
    /// As [`LocalHttp::get`].
    pub fn follow(&self, path: &str) -> io::Result<(LocalResponse, LocalCloser)> {
        let stream = Stream::connect(&self.address)?;
        stream.stall(Some(self.stall))?;
        let closer = LocalCloser(stream.again()?);
        let response = exchange(stream, HttpMethod::Get, path, "")?;
        closer.0.stall(None)?;
        Ok((response, closer))
    }
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn connect(address: &LocalAddress) -> io::Result<Self> {
        Ok(match address {
            LocalAddress::Unix(socket) => Self::Unix(UnixStream::connect(socket)?),
            LocalAddress::Tcp(host) => Self::Tcp(TcpStream::connect(host.as_str())?),
        })
    }

    fn stall(&self, stall: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Unix(s) => s.set_read_timeout(stall).and_then(|()| s.set_write_timeout(stall)),
            Self::Tcp(s) => s.set_read_timeout(stall).and_then(|()| s.set_write_timeout(stall)),
        }
    }

    /// The same connection once more.
    fn again(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
        })
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

fn exchange(mut stream: Stream, method: HttpMethod, path: &str, document: &str) -> io::Result<LocalResponse> {
    let method = method.name();
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n");
    if !document.is_empty() {
        let length = document.len();
        request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {length}\r\n"));
    } else if method != "GET" {
        request.push_str("Content-Length: 0\r\n");
    }
    request.push_str("\r\n");
    request.push_str(document);
    match &mut stream {
        Stream::Unix(stream) => stream.write_all(request.as_bytes())?,
        Stream::Tcp(stream) => stream.write_all(request.as_bytes())?,
    }
    read(BufReader::with_capacity(64 << 10, Box::new(stream)))
}

fn odd(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("what answers there is not an engine: {reason}"))
}

fn read(mut connection: Connection) -> io::Result<LocalResponse> {
    let first = line(&mut connection)?;
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).and_then(|s| s.parse().ok());
    let status = status.ok_or_else(|| odd("its first line has no status"))?;
    let (mut length, mut chunked) = (None, false);
    for _ in 0..MAX_LINES {
        let header = line(&mut connection)?;
        if header.is_empty() {
            let body = match (chunked, length) {
                (true, _) => Framing::Chunked { connection, left: 0, state: Chunks::First },
                (false, Some(length)) => Framing::Length(connection.take(length)),
                (false, None) => Framing::Rest(connection),
            };
            return Ok(LocalResponse { status, body: LocalBody(body) });
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

impl Read for LocalBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match &mut self.0 {
            Framing::Rest(connection) => connection.read(buffer),
            Framing::Length(body) => match body.read(buffer)? {
                0 if body.limit() > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
                read => Ok(read),
            },
            Framing::Chunked { connection, left, state } => {
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
    fn a_document_is_sent_and_an_endless_answer_can_be_ended() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = LocalAddress::Tcp(listener.local_addr().expect("a port").to_string());
        let server = std::thread::spawn(move || {
            let mut seen = Vec::new();
            for answer in ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\nfirst\n"] {
                let (mut stream, _) = listener.accept().expect("a client");
                let (mut request, mut part) = (String::new(), [0; 4_096]);
                while !request.contains("\r\n\r\n") || (request.starts_with("POST") && !request.ends_with('}')) {
                    let length = stream.read(&mut part).expect("a request");
                    request.push_str(&String::from_utf8_lossy(&part[..length]));
                }
                stream.write_all(answer.as_bytes()).expect("it takes it");
                // The first ends at once, the second stays open.
                let stays = !seen.is_empty();
                seen.push((request, stays.then_some(stream)));
            }
            seen
        });
        let stall = Duration::from_secs(3);
        let client = LocalHttp::new(address, stall);
        let response = client.send(HttpMethod::Post, "/x", "{\"a\":1}").expect("an answer");
        assert_eq!(response.status, 204);
        let (response, closer) = client.follow("/events").expect("an answer");
        let mut body = BufReader::new(response.body);
        let mut line = String::new();
        body.read_line(&mut line).expect("a line");
        assert_eq!(line, "first\n");
        // Longer than the stall: nothing comes, and that is no error until it is ended.
        let reader = std::thread::spawn(move || body.read_line(&mut line).map(|n| (n, line)));
        std::thread::sleep(stall + Duration::from_millis(500));
        assert!(!reader.is_finished());
        closer.close();
        assert_eq!(reader.join().expect("it ended").expect("the end"), (0, "first\n".to_owned()));
        let seen = server.join().expect("it ended");
        assert!(
            seen[0].0.starts_with("POST /x HTTP/1.1\r\n") && seen[0].0.ends_with("Content-Length: 7\r\n\r\n{\"a\":1}")
        );
        assert!(seen[1].0.starts_with("GET /events ") && seen[1].0.ends_with("Connection: close\r\n\r\n"));
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
