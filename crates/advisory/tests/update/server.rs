//! A loopback server that does on each connection what a test tells it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One step of what the server does on a connection.
pub(crate) enum Step {
    Send(Vec<u8>),
    Wait(u64),
}

pub(crate) struct Request {
    pub(crate) path: String,
    headers: HashMap<String, String>,
    /// How many requests for this path came before.
    pub(crate) before: usize,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

/// Serves until the test process ends; each connection on its own thread and for one request.
pub(crate) fn serve(answer: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            std::thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let Some(first) = lines.next() else { return };
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let headers = lines
                    .take_while(|line| !line.is_empty())
                    .filter_map(|line| line.split_once(": ").map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned())))
                    .collect();
                let before = {
                    let mut log = log.lock().unwrap();
                    let before = log.iter().filter(|seen| **seen == path).count();
                    log.push(path.clone());
                    before
                };
                for step in answer(&Request { path, headers, before }) {
                    match step {
                        Step::Wait(millis) => std::thread::sleep(Duration::from_millis(millis)),
                        Step::Send(bytes) => {
                            if stream.write_all(&bytes).is_err() {
                                return;
                            }
                        }
                    }
                }
                let _ = stream.shutdown(Shutdown::Both);
            });
        }
    });
    Server { address, seen }
}

pub(crate) fn head(status: &str, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}\r\n").into_bytes()
}

pub(crate) fn whole(headers: &str, body: &[u8]) -> Vec<Step> {
    let head = head("200 OK", &format!("Content-Length: {}\r\n{headers}", body.len()));
    vec![Step::Send(head), Step::Send(body.to_vec())]
}

pub(crate) fn status(status: &str, headers: &str) -> Vec<Step> {
    vec![Step::Send(head(status, &format!("Content-Length: 0\r\n{headers}")))]
}
