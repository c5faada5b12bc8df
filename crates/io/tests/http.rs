//! The HTTP client against loopback servers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seawall_io::{HttpClient, HttpError, HttpMethod, HttpProxy, HttpSettings, Redirects};

/// The head of a request, line by line, and its body.
type Seen = Arc<Mutex<Vec<(Vec<String>, Vec<u8>)>>>;

/// Answers every request with what `answer` gives for its first line; one request a connection.
fn serve(answer: impl Fn(&str) -> String + Send + 'static) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let Some((head, body)) = read_request(&stream) else { continue };
            let response = answer(&head[0]);
            log.lock().unwrap().push((head, body));
            let _ = stream.write_all(response.as_bytes());
        }
    });
    (address, seen)
}

fn read_request(stream: &TcpStream) -> Option<(Vec<String>, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim_end().is_empty() {
            break;
        }
        head.push(line.trim_end().to_ascii_lowercase());
    }
    let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    (!head.is_empty()).then_some((head, body))
}

fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\nX-Many: a\r\nX-Many: b\r\n\r\n{body}",
        body.len()
    )
}

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nConnection: close\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n")
}

fn settings() -> HttpSettings {
    HttpSettings { proxy: HttpProxy::None, ..HttpSettings::default() }
}

fn client() -> HttpClient {
    HttpClient::new(settings()).unwrap()
}

fn has(seen: &Seen, at: usize, line: &str) -> bool {
    seen.lock().unwrap()[at].0.iter().any(|seen| seen == line)
}

#[test]
fn an_answer_has_status_headers_and_body() {
    let (address, seen) = serve(|_| ok("hello"));
    let response = client().get(&format!("{address}/a?b=c")).header("Accept", "text/plain").send().unwrap();
    assert_eq!((response.status(), response.length()), (200, Some(5)));
    assert_eq!(response.headers("x-many").collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(response.bytes().unwrap(), b"hello");
    assert!(seen.lock().unwrap()[0].0[0].starts_with("get /a?b=c "));
    assert!(has(&seen, 0, "accept: text/plain"));
    assert!(has(&seen, 0, concat!("user-agent: seawall/", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_status_that_is_no_success_is_an_answer_too() {
    let (address, _) = serve(|_| "HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".to_owned());
    let response = client().get(&address).send().unwrap();
    assert_eq!((response.status(), response.is_success()), (401, false));
    assert_eq!(response.bytes().unwrap(), b"no");
}

#[test]
fn credentials_do_not_follow_to_another_origin() {
    let (other, other_seen) = serve(|_| ok("secret-free"));
    let target = format!("{other}/blob");
    let (address, seen) = serve(move |line| match line.split(' ').nth(1) {
        Some("/start") => redirect(307, "/same"),
        _ => redirect(307, &target),
    });
    let response = client()
        .get(&format!("{address}/start"))
        .header("Authorization", "Bearer t")
        .credential("X-Registry-Auth", "t")
        .header("Accept", "x/y")
        .send()
        .unwrap();
    assert_eq!(response.url(), format!("{other}/blob"));
    assert!(has(&seen, 0, "authorization: bearer t") && has(&seen, 1, "authorization: bearer t"));
    assert!(has(&seen, 1, "x-registry-auth: t"));
    assert!(has(&other_seen, 0, "accept: x/y"));
    let text = format!("{:?}", other_seen.lock().unwrap());
    assert!(!text.contains("authorization") && !text.contains("x-registry-auth"), "{text}");
}

#[test]
fn the_redirect_setting_is_obeyed() {
    let (other, _) = serve(|_| ok(""));
    let (address, _) = serve(move |_| redirect(302, &other));
    let with = |redirects| HttpClient::new(HttpSettings { redirects, ..settings() }).unwrap().get(&address).send();
    assert_eq!(with(Redirects::Never).unwrap().status(), 302);
    assert!(matches!(with(Redirects::SameOrigin), Err(HttpError::Redirect { .. })));
    assert_eq!(with(Redirects::Follow).unwrap().status(), 200);
}

#[test]
fn a_redirect_keeps_or_changes_the_method_as_it_should() {
    for (status, method, body) in [(307, "put", "data"), (303, "get", "")] {
        let (address, seen) = serve(move |line| match line.split(' ').nth(1) {
            Some("/start") => redirect(status, "/end"),
            _ => ok(""),
        });
        let url = format!("{address}/start");
        client().request(HttpMethod::Put, &url).body(b"data".to_vec()).send().unwrap();
        let seen = seen.lock().unwrap();
        assert!(seen[1].0[0].starts_with(&format!("{method} /end ")), "{status}: {seen:?}");
        assert_eq!(seen[1].1, body.as_bytes(), "{status}");
    }
}

#[test]
fn a_stream_is_sent_once_with_its_length() {
    let (address, seen) = serve(|line| if line.contains("/moved") { redirect(307, "/x") } else { ok("") });
    let data = &b"0123456789"[..];
    client().request(HttpMethod::Put, &address).stream(data, 10).send().unwrap();
    assert_eq!(seen.lock().unwrap()[0].1, data);
    assert!(has(&seen, 0, "content-length: 10"));
    let moved = client().request(HttpMethod::Put, &format!("{address}/moved")).stream(data, 10).send();
    assert!(matches!(moved, Err(HttpError::Redirect { .. })));
    client().request(HttpMethod::Post, &address).send().unwrap();
    assert!(has(&seen, 2, "content-length: 0"));
}

#[test]
fn bodies_end_at_the_limit() {
    let (address, _) = serve(|line| match line.split(' ').nth(1) {
        Some("/stated") => ok("12345"),
        _ => "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345".to_owned(),
    });
    let get = |path: &str, limit| client().get(&format!("{address}{path}")).max_body(limit).send();
    assert!(matches!(get("/stated", 4), Err(HttpError::TooLarge { limit: 4, .. })));
    assert_eq!(get("/stated", 5).unwrap().bytes().unwrap(), b"12345");
    assert!(matches!(get("/open", 4).unwrap().bytes(), Err(HttpError::TooLarge { limit: 4, .. })));
    assert_eq!(get("/open", 5).unwrap().bytes().unwrap(), b"12345");
    let mut body = get("/open", 4).unwrap().into_body();
    assert_eq!(body.read_to_end(&mut Vec::new()).unwrap_err().kind(), std::io::ErrorKind::FileTooLarge);
}

#[test]
fn a_body_shorter_than_stated_is_an_error() {
    let (address, _) = serve(|_| "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\n12345".to_owned());
    let mut body = client().get(&address).send().unwrap().into_body();
    assert_eq!(body.read_to_end(&mut Vec::new()).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_server_that_never_answers_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let impatient = HttpSettings { stall_timeout: Duration::from_millis(500), ..settings() };
    let result = HttpClient::new(impatient).unwrap().get(&address).send();
    assert!(matches!(result, Err(HttpError::Timeout { .. })), "{result:?}");
    drop(listener);
}

#[test]
fn an_endless_head_is_refused() {
    let (address, _) = serve(|_| format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(200_000)));
    assert!(client().get(&address).send().is_err());
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let client = client();
    assert!(matches!(client.get("http://registry.example/").send(), Err(HttpError::PlainHttp { .. })));
    assert!(matches!(client.get("https://a:b@registry.example/").send(), Err(HttpError::Address { .. })));
    let split = client.get("http://127.0.0.1:1/").header("X-A", "1\r\nX-B: 2").send();
    assert!(matches!(split, Err(HttpError::Header { .. })));
    let nothing = HttpClient::new(HttpSettings { ca: Some(b"not a certificate".to_vec()), ..settings() });
    assert!(matches!(nothing, Err(HttpError::Settings { .. })));
}
