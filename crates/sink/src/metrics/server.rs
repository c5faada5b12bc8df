use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Metrics;

/// A request line and its headers are not longer.
const MAX_HEAD: usize = 8 << 10;
/// From accepting a connection to having sent the answer.
const DEADLINE: Duration = Duration::from_secs(5);
/// More open connections than this, and the oldest is closed: a client that sends slowly cannot keep others out.
const MAX_CONNECTIONS: usize = 64;
/// Between two looks at connections that had nothing to say.
const NAP: Duration = Duration::from_millis(2);

/// Asked on each request for `/healthz` or `/readyz`: why not, where it is not well.
pub type HealthCheck = Box<dyn Fn() -> Result<(), String> + Send>;

/// Answers GET and HEAD of `/metrics`, `/healthz` (alive) and `/readyz` (does its work) on one address; one thread,
/// bounded in connections, bytes and time.
pub struct MetricsServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Handlers {
    metrics: Arc<Metrics>,
    live: HealthCheck,
    ready: HealthCheck,
}

impl MetricsServer {
    /// Begins to listen on `HOST:PORT`; port 0 takes any that is free.
    ///
    /// # Errors
    /// Where the address cannot be understood or bound.
    pub fn start(address: &str, metrics: Arc<Metrics>, live: HealthCheck, ready: HealthCheck) -> io::Result<Self> {
        let missing = || io::Error::new(ErrorKind::InvalidInput, format!("{address}: no such address"));
        let wanted = address.to_socket_addrs()?.next().ok_or_else(missing)?;
        let listener = TcpListener::bind(wanted)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let (handlers, is_stopped) = (Handlers { metrics, live, ready }, Arc::clone(&stop));
        let body = move || serve(&listener, &handlers, &is_stopped);
        let thread = std::thread::Builder::new().name("metrics".to_owned()).spawn(body)?;
        Ok(Self { address, stop, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsServer {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        // Wakes a thread that waits for a connection; an unspecified address is reached by loopback.
        let mut address = self.address;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                std::net::Ipv6Addr::LOCALHOST.into()
            });
        }
        let is_awake = TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| is_awake) {
            let _ = thread.join();
        }
    }
}

struct Connection {
    stream: TcpStream,
    since: Instant,
    input: Vec<u8>,
    answer: Option<Vec<u8>>,
    sent: usize,
}

fn serve(listener: &TcpListener, handlers: &Handlers, stop: &AtomicBool) {
    let mut open: Vec<Connection> = Vec::new();
    while !stop.load(Relaxed) {
        // With nothing open there is nothing else to look at: the system may wake this thread.
        let mut moved = false;
        let may_block = open.is_empty();
        match listener.set_nonblocking(!may_block).and_then(|()| listener.accept()) {
            Ok((stream, _)) => {
                moved = true;
                if stream.set_nonblocking(true).is_ok() {
                    if open.len() >= MAX_CONNECTIONS {
                        open.remove(0);
                    }
                    open.push(Connection { stream, since: Instant::now(), input: Vec::new(), answer: None, sent: 0 });
                }
            }
            // Without descriptors, accepting fails at once again and again.
            Err(error) if may_block && error.kind() != ErrorKind::Interrupted => {
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(_) => {}
        }
        open.retain_mut(|connection| match connection.step(handlers) {
            Step::Moved => {
                moved = true;
                connection.since.elapsed() < DEADLINE
            }
            Step::Waiting => connection.since.elapsed() < DEADLINE,
            Step::Over => false,
        });
        if !moved && !open.is_empty() {
            std::thread::sleep(NAP);
        }
    }
}

enum Step {
    Moved,
    Waiting,
    Over,
}

impl Connection {
    /// Reads or writes what can be without waiting.
    fn step(&mut self, handlers: &Handlers) -> Step {
        let result = match &self.answer {
            None => self.read(handlers),
            Some(answer) => match answer.get(self.sent..).filter(|rest| !rest.is_empty()) {
                None => {
                    let _ = self.stream.shutdown(Shutdown::Write);
                    return Step::Over;
                }
                Some(rest) => self.stream.write(rest).inspect(|count| self.sent += count),
            },
        };
        match result {
            Ok(0) => Step::Over,
            Ok(_) => Step::Moved,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Step::Waiting,
            Err(_) => Step::Over,
        }
    }

    fn read(&mut self, handlers: &Handlers) -> io::Result<usize> {
        let mut buffer = [0; 2048];
        let count = self.stream.read(&mut buffer)?;
        self.input.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if self.input.windows(4).any(|end| end == b"\r\n\r\n") {
            self.answer = Some(handlers.answer(&self.input));
        } else if self.input.len() > MAX_HEAD {
            self.answer = Some(answer("431 Request Header Fields Too Large", "", "the head is too large\n", true));
        }
        Ok(count)
    }
}

impl Handlers {
    fn answer(&self, head: &[u8]) -> Vec<u8> {
        let line = head.split(|b| *b == b'\r').next().unwrap_or_default();
        let mut words = line.split(|b| *b == b' ');
        let (method, target, version) = (words.next(), words.next(), words.next());
        let (Some(method), Some(target), true) = (method, target, version.is_some_and(|v| v.starts_with(b"HTTP/1.")))
        else {
            return answer("400 Bad Request", "", "not an HTTP/1 request\n", true);
        };
        let with_body = method != b"HEAD";
        if with_body && method != b"GET" {
            return answer("405 Method Not Allowed", "allow: GET, HEAD\r\n", "only GET and HEAD\n", true);
        }
        let health = |check: &HealthCheck| match check() {
            Ok(()) => answer("200 OK", PLAIN, "ok\n", with_body),
            Err(reason) => {
                answer("503 Service Unavailable", PLAIN, &format!("{}\n", crate::text::line(&reason)), with_body)
            }
        };
        match target.split(|b| *b == b'?').next().unwrap_or_default() {
            b"/metrics" => {
                let kind = "content-type: text/plain; version=0.0.4; charset=utf-8\r\n";
                answer("200 OK", kind, &self.metrics.render(), with_body)
            }
            b"/healthz" => health(&self.live),
            b"/readyz" => health(&self.ready),
            _ => answer("404 Not Found", PLAIN, "there are /metrics, /healthz and /readyz\n", with_body),
        }
    }
}

const PLAIN: &str = "content-type: text/plain; charset=utf-8\r\n";

fn answer(status: &str, headers: &str, body: &str, with_body: bool) -> Vec<u8> {
    let length = body.len();
    let shown = if with_body { body } else { "" };
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{shown}").into_bytes()
}
