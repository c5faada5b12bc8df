//! A server on loopback that answers as a closure says, one request on each connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::pushed::Pushed;

#[derive(Debug, Clone)]
pub struct Request {
    /// `GET /path`.
    pub line: String,
    pub path: String,
    head: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// The first byte that is asked for.
    pub fn range(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What happens once the body is sent.
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    Close,
    /// The connection stays open, and nothing comes.
    Stall,
    /// The body is sent again and again.
    Endless,
    /// A byte comes now and then, for as long as the client waits.
    Trickle,
}

#[derive(Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
    length: Option<usize>,
    then: Then,
}

impl Reply {
    pub fn new(status: u16, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), body: body.to_vec(), length: Some(body.len()), then: Then::Close }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(format!("{name}: {value}"));
        self
    }

    /// States another length than the body has.
    pub fn stating(mut self, length: usize) -> Self {
        self.length = Some(length);
        self
    }

    /// Keeps the stated length, but sends only the beginning.
    pub fn cut(mut self, at: usize) -> Self {
        self.body.truncate(at);
        self
    }

    /// Sends the body in chunks, without a length.
    pub fn chunked(mut self) -> Self {
        self.length = None;
        self
    }

    pub fn then(mut self, then: Then) -> Self {
        self.then = then;
        self
    }
}

/// The part of a blob that a request asks for.
pub fn part(request: &Request, blob: &[u8]) -> Reply {
    match request.range() {
        None => Reply::new(200, blob),
        Some(from) => Reply::new(206, &blob[from..])
            .header("Content-Range", &format!("bytes {from}-{}/{}", blob.len() - 1, blob.len())),
    }
}

pub fn redirect(to: &str) -> Reply {
    Reply::new(307, b"").header("Location", to)
}

/// What an honest registry answers.
pub fn honest(request: &Request, image: &Pushed) -> Reply {
    let Some((kind, name)) = request.path.rsplit_once('/') else { return Reply::new(404, b"") };
    if kind.ends_with("/manifests") && (name == "1" || name == image.digest()) {
        return Reply::new(200, &image.manifest).header("Docker-Content-Digest", &image.digest());
    }
    match image.blobs.get(name) {
        Some(blob) if kind.ends_with("/blobs") => part(request, blob),
        _ => Reply::new(404, br#"{"errors": [{"code": "NOT_KNOWN", "message": "SECRET"}]}"#),
    }
}

pub struct Server {
    /// `127.0.0.1:PORT`.
    pub host: String,
    log: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request, given with its number for the same path, from 1.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let (log, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (answer, kept, stopped) = (Arc::new(answer), log.clone(), stop.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
                let (answer, kept) = (answer.clone(), kept.clone());
                std::thread::spawn(move || serve(stream, &*answer, &kept));
            }
        });
        Self { host, log, stop }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().expect("not poisoned").clone()
    }

    /// How many requests had this in their path.
    pub fn count(&self, part: &str) -> usize {
        self.requests().iter().filter(|r| r.path.contains(part)).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(&self.host);
    }
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&Request, usize) -> Reply, log: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap_or(0) > 2 {}
    let line = head.lines().next().unwrap_or_default().rsplit_once(' ').map(|(l, _)| l.to_owned()).unwrap_or_default();
    let path = line.split_once(' ').map(|(_, path)| path.to_owned()).unwrap_or_default();
    let request = Request { line, path, head };
    let number = {
        let mut log = log.lock().expect("not poisoned");
        log.push(request.clone());
        log.iter().filter(|r| r.path == request.path).count()
    };
    let length: u64 = request.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let _ = std::io::copy(&mut reader.take(length), &mut std::io::sink());
    let reply = answer(&request, number);
    let mut text = format!("HTTP/1.1 {} Said\r\nConnection: close\r\n", reply.status);
    for header in &reply.headers {
        text.push_str(&format!("{header}\r\n"));
    }
    match reply.length {
        Some(length) => text.push_str(&format!("Content-Length: {length}\r\n\r\n")),
        None => text.push_str("Transfer-Encoding: chunked\r\n\r\n"),
    }
    // A client that has gone is what some of the tests want.
    let _ = send(&mut stream, text.as_bytes(), &reply);
}

fn send(stream: &mut TcpStream, head: &[u8], reply: &Reply) -> std::io::Result<()> {
    stream.write_all(head)?;
    loop {
        if reply.length.is_none() {
            stream.write_all(format!("{:x}\r\n", reply.body.len()).as_bytes())?;
        }
        stream.write_all(&reply.body)?;
        if reply.length.is_none() {
            stream.write_all(b"\r\n")?;
        }
        match reply.then {
            Then::Endless => {}
            Then::Close => break,
            Then::Trickle => loop {
                std::thread::sleep(Duration::from_millis(40));
                stream.write_all(b"x")?;
            },
            Then::Stall => {
                stream.set_read_timeout(Some(Duration::from_secs(20)))?;
                let _ = stream.read(&mut [0; 16]);
                return Ok(());
            }
        }
    }
    if reply.length.is_none() {
        stream.write_all(b"0\r\n\r\n")?;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let _ = stream.read(&mut [0; 16]);
    Ok(())
}
