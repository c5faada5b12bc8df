use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use seawall_sink::{DropReason, SinkSettings};

use crate::support::{LONG, alert, nobody, open, until};

/// Takes octet-counted messages apart.
fn frames(bytes: &[u8]) -> Vec<String> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while let Some(space) = rest.iter().position(|b| *b == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).unwrap().parse().unwrap();
        let Some(message) = rest.get(space + 1..space + 1 + length) else { break };
        found.push(String::from_utf8(message.to_vec()).unwrap());
        rest = &rest[space + 1 + length..];
    }
    assert!(rest.is_empty(), "{} bytes are no frame", rest.len());
    found
}

#[test]
fn tcp_counts_octets_and_connects_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let sinks = open(&[&format!("syslog=tcp:{address},facility=local3")], SinkSettings::default());
    sinks.send(&alert(0));
    let (mut first, _) = listener.accept().unwrap();
    until("the first is out", || sinks.reports()[0].delivered == 1);
    // The daemon is restarted: what comes then goes to the new connection, nothing into the old one.
    first.shutdown(std::net::Shutdown::Both).unwrap();
    let mut bytes = Vec::new();
    let _ = first.read_to_end(&mut bytes);
    drop(first);
    std::thread::sleep(Duration::from_millis(50));
    sinks.send(&alert(1));
    sinks.send(&alert(2));
    let (mut second, _) = listener.accept().unwrap();
    until("all are out", || sinks.reports()[0].delivered == 3);
    sinks.drain(LONG);
    let mut again = Vec::new();
    second.read_to_end(&mut again).unwrap();
    let found = frames(&again);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("<157>1 ") && found[0].ends_with("shell number 1"), "{found:?}");
    let _ = second.write(b"");
}

#[test]
fn a_daemon_that_is_away_is_waited_for() {
    let address = nobody();
    let sinks = open(&[&format!("syslog=tcp:{address}")], SinkSettings::default());
    (0..10).for_each(|n| sinks.send(&alert(n)));
    until("an attempt failed", || sinks.reports()[0].retried > 0);
    let listener = TcpListener::bind(address).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let report = sinks.drain(LONG).remove(0);
    assert_eq!((report.delivered, report.dropped_total()), (10, 0), "{report:?}");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(frames(&bytes).len(), 10);
}

#[test]
fn datagrams_carry_one_message_each() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let unix = UnixDatagram::bind(&path).unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for wait in [unix.set_read_timeout(Some(LONG)), udp.set_read_timeout(Some(LONG))] {
        wait.unwrap();
    }
    let specs = [format!("syslog=unix:{}", path.display()), format!("cef=udp:{}", udp.local_addr().unwrap())];
    let sinks = open(&[&specs[0], &specs[1]], SinkSettings::default());
    sinks.send(&alert(1));
    let mut buffer = [0; 65_536];
    let count = unix.recv(&mut buffer).unwrap();
    let text = String::from_utf8(buffer[..count].to_vec()).unwrap();
    assert!(text.starts_with("<13>1 2026-") && text.ends_with("\u{feff}shell number 1"), "{text}");
    let count = udp.recv(&mut buffer).unwrap();
    let text = String::from_utf8(buffer[..count].to_vec()).unwrap();
    assert!(
        text.contains(" alert - CEF:0|Seawall|"),
        "another format is the message, without a byte order mark: {text}"
    );
    // A record that no datagram carries is counted, and the next one goes.
    let mut large = alert(2);
    large.output = "x".repeat(100_000);
    sinks.send(&large);
    sinks.send(&alert(3));
    let count = udp.recv(&mut buffer).unwrap();
    assert!(String::from_utf8_lossy(&buffer[..count]).contains("shell number 3"));
    until("it is counted", || sinks.reports()[1].dropped.get(&DropReason::TooLarge) == Some(&1));
    until("syslog cuts it", || sinks.reports()[0].cut == 1 && sinks.reports()[0].delivered >= 3);
    // The daemon is restarted with a new socket at the same path.
    drop(unix);
    std::fs::remove_file(&path).unwrap();
    sinks.send(&alert(4));
    until("it is missed", || sinks.reports()[0].retried > 0);
    let unix = UnixDatagram::bind(&path).unwrap();
    unix.set_read_timeout(Some(LONG)).unwrap();
    let count = loop {
        let count = unix.recv(&mut buffer).unwrap();
        if String::from_utf8_lossy(&buffer[..count]).ends_with("shell number 4") {
            break count;
        }
    };
    assert!(count > 100);
}
