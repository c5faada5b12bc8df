//! What this machine's kernel tells of packets, connections and io_uring. Each test works in a network of its own that has
//! only loopback. Needs root; a machine without says so loudly, and CI has it.
#![allow(clippy::disallowed_methods, reason = "tests start their own processes")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use seawall_model::{Argument, ArgumentValue, Event, EventKind};
use seawall_sensor::{DirectorySettings, HookState, KernelOptions, Sensor, SensorOptions};

/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

/// One sensor at a time keeps the counts of a test its own.
static ONE: Mutex<()> = Mutex::new(());

/// What these kinds of events say while `work` runs in a network of its own, until as many came as are expected, and a
/// little longer.
fn watched(kinds: &[EventKind], expected: usize, work: fn()) -> Option<Vec<(Event, String)>> {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI runs as root");
        eprintln!("SKIPPED: watching the kernel needs root");
        return None;
    }
    let _one = ONE.lock();
    let mut sensor = Sensor::start(SensorOptions {
        // The test itself is watched.
        kernel: KernelOptions { own_pid: 0, ..KernelOptions::default() },
        kinds: kinds.iter().copied().collect::<BTreeSet<_>>(),
        directory: DirectorySettings::below("/nonexistent"),
        containers_only: false,
        identity_wait: Duration::ZERO,
    })
    .expect("started");
    for (name, _, state) in sensor.packet_hooks() {
        assert_eq!(state, HookState::Attached, "{name}");
    }
    let worker = std::thread::spawn(move || {
        // SAFETY: only the network of this thread changes, on which nothing of the test process rests.
        #[allow(unsafe_code, reason = "a network of its own")]
        let made = unsafe { libc::unshare(libc::CLONE_NEWNET) };
        assert_eq!(made, 0, "a network");
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().expect("ran").success());
        work();
    });
    let own = std::process::id();
    let mut seen = Vec::new();
    let (begin, mut end, mut polls) = (Instant::now(), None, 0);
    while polls < 20 || end.is_none_or(|end| Instant::now() < end) {
        sensor
            .poll(Duration::from_millis(20), &mut |o| {
                if kinds.contains(&o.event.kind) && (o.process.pid == own || o.process.ppid == own) {
                    seen.push((o.event.clone(), o.process.name.to_text()));
                }
            })
            .expect("polled");
        let came = seen.len() >= expected || begin.elapsed() > LONG;
        if end.is_none() && worker.is_finished() && came {
            end = Some(Instant::now() + Duration::from_millis(400));
        }
        polls += u32::from(end.is_some());
    }
    worker.join().expect("the work is done");
    assert_eq!(sensor.statistics().lost_packets.iter().sum::<u64>(), 0);
    assert_eq!(sensor.statistics().unreadable, 0);
    Some(seen)
}

fn text(event: &Event, name: Argument) -> Option<String> {
    match event.argument(name)? {
        ArgumentValue::Text(text) => Some(text.to_text()),
        ArgumentValue::Path { absolute, .. } => Some(absolute.to_text()),
        ArgumentValue::Number(number) => Some(number.to_string()),
        ArgumentValue::Flags(bits) => Some(bits.to_string()),
    }
}

/// A question for `name` of type TXT, and an answer to one.
fn question(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|l| [&[l.len() as u8][..], l.as_bytes()].concat());
    [&b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0"[..], &labels.collect::<Vec<_>>(), b"\0\0\x10\0\x01"].concat()
}

fn answer(question: &[u8]) -> Vec<u8> {
    let mut bytes = [question, b"\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xcb\0\x71\x07"].concat();
    bytes[2] = 0x81;
    bytes[7] = 1;
    bytes
}

#[test]
fn names_that_are_asked_for_and_their_answers_are_told() {
    let seen = watched(&[EventKind::Dns], 5, || {
        let server = UdpSocket::bind("127.0.0.1:53").expect("bound");
        let mut buffer = [0; 512];
        // Once over a connected socket, as the C library asks, and once without, as musl does.
        for connected in [true, false] {
            let client = UdpSocket::bind("127.0.0.1:0").expect("bound");
            let asked = question("secret.tunnel.example");
            if connected {
                client.connect("127.0.0.1:53").expect("connected");
                client.send(&asked).expect("sent");
            } else {
                client.send_to(&asked, "127.0.0.1:53").expect("sent");
            }
            let (length, from) = server.recv_from(&mut buffer).expect("received");
            server.send_to(&answer(&buffer[..length]), from).expect("sent");
            client.recv(&mut buffer).expect("received");
        }
        let odd = UdpSocket::bind("127.0.0.1:0").expect("bound");
        odd.send_to(b"not a question", "127.0.0.1:53").expect("sent");
        // Another port is nobody's business.
        let other = UdpSocket::bind("127.0.0.1:0").expect("bound");
        other.send_to(&question("other.example"), "127.0.0.1:5353").expect("sent");
    });
    let Some(seen) = seen else { return };
    let told: Vec<_> = seen
        .iter()
        .map(|(e, _)| (text(e, Argument::Question), text(e, Argument::Type), text(e, Argument::Answer)))
        .collect();
    let name = Some("secret.tunnel.example".to_owned());
    let (asked, answered) = ((name.clone(), Some("TXT".to_owned()), None), Some("203.0.113.7".to_owned()));
    let answered = (name, Some("TXT".to_owned()), answered);
    assert_eq!(told, [asked.clone(), answered.clone(), asked, answered, (None, None, None)], "{seen:?}");
    for (event, _) in &seen {
        let socket = event.socket().expect("a socket");
        assert_eq!(socket.remote.expect("a server").0.to_string(), "127.0.0.1");
        assert_eq!((socket.remote.expect("a server").1, socket.server), (53, false));
    }
}

#[test]
fn a_client_of_tls_is_told_with_the_name_of_its_server() {
    let seen = watched(&[EventKind::Tls], 1, || {
        let listener = TcpListener::bind("127.0.0.1:8443").expect("bound");
        let name = b"\0\0\0\x12\0\x10\0\0\x0dhidden.exampl";
        let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0, 0, name.len() as u8], name].concat();
        let message = [&[1, 0, 0, body.len() as u8][..], &body].concat();
        let hello = [&[22, 3, 1, 0, message.len() as u8][..], &message].concat();
        let mut client = TcpStream::connect("127.0.0.1:8443").expect("connected");
        let (mut server, _) = listener.accept().expect("accepted");
        client.write_all(b"CONNECT hidden.exampl:443\r\n\r\n").expect("sent");
        client.write_all(&hello).expect("sent");
        client.write_all(&hello).expect("sent");
        server.write_all(&[22, 3, 3, 0, 1, 2]).expect("sent");
        client.read_exact(&mut [0; 6]).expect("read");
    });
    let Some(seen) = seen else { return };
    let told: Vec<_> = seen.iter().map(|(e, _)| text(e, Argument::ServerName)).collect();
    assert_eq!(told, [Some("hidden.exampl".to_owned())], "{seen:?}");
    assert_eq!(seen[0].0.socket().expect("a socket").remote.expect("a server").1, 8443);
}

#[test]
fn a_connection_that_ends_tells_what_it_carried_and_who_had_it() {
    let seen = watched(&[EventKind::Flow], 2, || {
        let listener = TcpListener::bind("127.0.0.1:8080").expect("bound");
        // A process that ends before the kernel has closed its connection.
        let script = "exec 3<>/dev/tcp/127.0.0.1/8080; printf hello >&3; read -r -N 70000 x <&3";
        let mut client = Command::new("/bin/bash").args(["-c", script]).spawn().expect("started");
        let (mut server, _) = listener.accept().expect("accepted");
        server.read_exact(&mut [0; 5]).expect("read");
        server.write_all(&[b'x'; 70_000]).expect("sent");
        assert!(client.wait().expect("ended").success());
        server.read_to_end(&mut Vec::new()).expect("read");
        // Nobody listens there: a connection that never stood carries nothing.
        TcpStream::connect("127.0.0.1:8081").expect_err("refused");
    });
    let Some(seen) = seen else { return };
    let bytes = |e: &Event| (text(e, Argument::BytesOut), text(e, Argument::BytesIn));
    let some = |a: &str, b: &str| (Some(a.to_owned()), Some(b.to_owned()));
    let client = seen.iter().find(|(_, name)| name == "bash").unwrap_or_else(|| panic!("the client's: {seen:?}"));
    assert_eq!(bytes(&client.0), some("5", "70000"));
    assert_eq!(client.0.socket().expect("a socket").remote.expect("a server").1, 8080);
    let server = seen.iter().find(|(_, name)| name != "bash").unwrap_or_else(|| panic!("the server's: {seen:?}"));
    assert_eq!(bytes(&server.0), some("70000", "5"));
    assert_eq!(seen.len(), 2, "{seen:?}");
}
