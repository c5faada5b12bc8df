//! A socket by the kernel's own addresses, and by the given one where the kernel has none yet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use seawall_model::{ByteString, EventKind, Socket};

use crate::record::{Cursor, Part, Record};

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const TCP_ESTABLISHED: u16 = 1;
const SOCK_STREAM: u16 = 1;

/// The socket that a call was made on.
pub(crate) fn socket(record: &Record<'_>, kind: EventKind, number: i64, part: &[u8]) -> Socket {
    let mut c = Cursor(part);
    let (family, kind_of, protocol, state) = (c.u16(), c.u16(), c.u16(), c.u16());
    let (local_port, remote_port) = (c.u16(), c.u16());
    c.u32();
    let (local, remote): ([u8; 16], [u8; 16]) = (c.array(), c.array());
    let name: [u8; 108] = c.array();
    let length = usize::try_from(c.u32()).unwrap_or(0).min(name.len());
    let mut socket = Socket {
        number,
        family,
        kind: kind_of,
        protocol,
        local: address(family, &local).map(|ip| (ip, local_port)),
        remote: address(family, &remote)
            .map(|ip| (ip, remote_port))
            .filter(|(ip, port)| !ip.is_unspecified() || *port != 0),
        server: matches!(kind, EventKind::Accept | EventKind::Accept4 | EventKind::Listen | EventKind::Bind),
        path: unix_path(name.get(..length).unwrap_or_default()),
        connected: state == TCP_ESTABLISHED,
        name_changed: false,
    };
    if matches!(kind, EventKind::Recvfrom | EventKind::Recvmsg) {
        // Whoever listens on a fixed port and is spoken to is the server.
        socket.server = !socket.connected || (kind_of == SOCK_STREAM && local_port < remote_port);
    }
    let given = record.part(Part::SocketAddress).and_then(given_address);
    match given {
        Some(Given::Internet(ip, port)) if kind != EventKind::Bind => {
            // A call that failed, or a datagram that names its receiver: the kernel's socket has no other end.
            let known = socket.remote.is_some_and(|(_, port)| port != 0);
            if !known {
                socket.remote = Some((ip, port));
                socket.name_changed =
                    matches!(kind, EventKind::Sendto | EventKind::Sendmsg | EventKind::Recvfrom | EventKind::Recvmsg);
            }
            socket.name_changed |= kind == EventKind::Connect;
        }
        Some(Given::Unix(path)) if socket.path.is_empty() => socket.path = path,
        _ => {}
    }
    // A connection under way counts as one (Falco does the same for EINPROGRESS).
    socket.connected |= kind == EventKind::Connect && (record.head.result == 0 || record.head.result == -115);
    socket
}

/// The socket that a request names by its address alone.
pub(crate) fn named(record: &Record<'_>, number: i64) -> Option<Socket> {
    let part = record.part(Part::SocketAddress)?;
    let family = part.first_chunk::<2>().map(|family| u16::from_ne_bytes(*family))?;
    let socket = Socket { number, family, ..Socket::default() };
    Some(match given_address(part)? {
        Given::Internet(ip, port) => Socket { remote: Some((ip, port)), name_changed: true, ..socket },
        Given::Unix(path) => Socket { path, ..socket },
    })
}

fn address(family: u16, bytes: &[u8; 16]) -> Option<IpAddr> {
    match family {
        AF_INET => {
            let [a, b, c, d, ..] = *bytes;
            Some(Ipv4Addr::new(a, b, c, d).into())
        }
        // A mapped address is an IPv4 connection.
        AF_INET6 => Some(Ipv6Addr::from(*bytes).to_canonical()),
        _ => None,
    }
}

enum Given {
    Internet(IpAddr, u16),
    Unix(ByteString),
}

/// A `struct sockaddr` of user memory.
fn given_address(bytes: &[u8]) -> Option<Given> {
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    match u16::from_ne_bytes(*family) {
        AF_UNIX => Some(Given::Unix(unix_path(rest))),
        AF_INET => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let (ip, _) = rest.split_first_chunk::<4>()?;
            Some(Given::Internet(Ipv4Addr::from(*ip).into(), u16::from_be_bytes(*port)))
        }
        AF_INET6 => {
            let (port, rest) = rest.split_first_chunk::<2>()?;
            let (ip, _) = rest.get(4..)?.split_first_chunk::<16>()?;
            Some(Given::Internet(Ipv6Addr::from(*ip).to_canonical(), u16::from_be_bytes(*port)))
        }
        _ => None,
    }
}

/// `sun_path`: ended by a zero byte, unless it begins with one (an abstract name).
fn unix_path(bytes: &[u8]) -> ByteString {
    match bytes.first() {
        None => ByteString::default(),
        Some(0) => {
            let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |p| p + 1);
            bytes.get(..end).unwrap_or_default().into()
        }
        Some(_) => bytes.split(|b| *b == 0).next().unwrap_or_default().into(),
    }
}
