use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use seawall_sink::{Metrics, MetricsServer, SinkSettings};

use crate::support::{LONG, alert, open, until};

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap_or_else(|e| panic!("{request:?}: {e}"));
    answer
}

fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
}

fn start() -> (MetricsServer, Arc<AtomicBool>) {
    let folder = tempfile::tempdir().unwrap();
    let sinks = Arc::new(open(&[&format!("jsonl={}/a", folder.path().display())], SinkSettings::default()));
    (0..3).for_each(|n| sinks.send(&alert(n)));
    until("all are delivered", || sinks.reports()[0].delivered == 3);
    let metrics = Arc::new(Metrics::default());
    metrics.counter("seawall_events_total", "Events \\ seen\nso far.", &[("kind", "a\"b\\c\nd")]).add(5);
    metrics.gauge("seawall_containers", "Containers.", &[]).set(-2);
    metrics.collector(move |samples| sinks.collect(samples));
    let ready = Arc::new(AtomicBool::new(false));
    let is_ready = Arc::clone(&ready);
    let check = move || if is_ready.load(Relaxed) { Ok(()) } else { Err("rules are\nloading".to_owned()) };
    let server = MetricsServer::start("127.0.0.1:0", metrics, Box::new(|| Ok(())), Box::new(check)).unwrap();
    (server, ready)
}

#[test]
fn paths_and_methods_are_answered() {
    let (server, ready) = start();
    let address = server.address();
    let answer = get(address, "/metrics?x=1");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("reason=\"queue-full\"} 0\n"), "{answer}");
    assert!(get(address, "/healthz").ends_with("\r\n\r\nok\n"));
    let answer = get(address, "/readyz");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("rules are\\nloading\n"), "{answer}");
    ready.store(true, Relaxed);
    assert!(get(address, "/readyz").starts_with("HTTP/1.1 200 "));
    assert!(get(address, "/").starts_with("HTTP/1.1 404 "));
    assert!(ask(address, "POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(ask(address, "rubbish\r\n\r\n").starts_with("HTTP/1.1 400 "));
    let head = ask(address, "HEAD /healthz HTTP/1.0\r\n\r\n");
    assert!(head.contains("content-length: 3\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let long = format!("GET /metrics HTTP/1.1\r\nx: {}", "y".repeat(8200));
    assert!(ask(address, &long).starts_with("HTTP/1.1 431 "));
    drop(server);
    until("nobody listens any more", || TcpStream::connect(address).is_err());
}

#[test]
fn slow_clients_keep_nobody_out() {
    let (server, _) = start();
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(b"GET /metr").unwrap();
        slow.push(stream);
        if slow.len().is_multiple_of(20) {
            let start = Instant::now();
            assert!(get(server.address(), "/healthz").ends_with("ok\n"));
            // One after another they would take five seconds each.
            assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
        }
    }
    // Each is closed in the end, whether it goes on slowly or not.
    let start = Instant::now();
    for stream in &mut slow {
        stream.set_read_timeout(Some(LONG)).unwrap();
        let closed = stream.read(&mut [0; 8]);
        assert!(closed.is_ok_and(|count| count == 0) || start.elapsed() < LONG);
    }
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
}

/// The parser of Prometheus' own client, from Debian.
#[test]
fn prometheus_reads_the_text() {
    let (server, _) = start();
    let answer = get(server.address(), "/metrics");
    let text = answer.split_once("\r\n\r\n").unwrap().1;
    let script = "
import sys
from prometheus_client.parser import text_string_to_metric_families as parse
for family in parse(sys.stdin.read()):
    for s in family.samples:
        print(family.type, s.name, sorted(s.labels.items()), s.value, repr(family.documentation))
";
    let interpreter = ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let check = Command::new(python).args(["-c", "import prometheus_client.parser"]).stderr(Stdio::null()).status();
        check.is_ok_and(|status| status.success())
    });
    let Some(interpreter) = interpreter else {
        eprintln!("SKIPPED: python3-prometheus-client is absent (tests/packages.txt)");
        return;
    };
    let mut child =
        Command::new(interpreter).args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{text}");
    let read = String::from_utf8(output.stdout).unwrap();
    let samples = text.lines().filter(|l| !l.starts_with('#')).count();
    assert_eq!(read.lines().count(), samples, "{read}");
    assert!(
        read.contains("counter seawall_events_total [('kind', 'a\"b\\\\c\\nd')] 5.0 'Events \\\\ seen\\nso far.'"),
        "{read}"
    );
    assert!(read.contains("gauge seawall_containers [] -2.0 'Containers.'"), "{read}");
    assert!(
        read.contains("counter seawall_sink_delivered_total [('channel', 'jsonl=") && read.contains(")] 3.0"),
        "{read}"
    );
}
