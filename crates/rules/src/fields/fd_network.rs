//! `fd.*` of sockets.

use std::net::IpAddr;

use seawall_model::{Descriptor, Socket};

use super::{Extract, Field, ReadEnds, Takes, varies};
use crate::value::FieldType::{Address, Boolean, Domain, Network, Text, Unsigned};
use crate::value::{FieldType, Value};
use crate::view::View;

const fn ends(name: &'static str, kind: FieldType, read: ReadEnds, about: &'static str) -> Field {
    Field { name, kind, takes: Takes::Nothing, extract: Extract::Ends(read), known: varies, about }
}

pub(super) static FIELDS: &[Field] = &[
    ends(
        "fd.ip",
        Address,
        |s| [address(s.client_end()), address(s.server_end())],
        "the address of either side: `=` and `in` where one fits, `!=` where both differ",
    ),
    Field::one("fd.cip", Address, |v, _, _| address(socket(v)?.client_end()), "the client's address"),
    Field::one("fd.sip", Address, |v, _, _| address(socket(v)?.server_end()), "the server's address"),
    Field::one("fd.lip", Address, |v, _, _| address(socket(v)?.local), "the address of this end"),
    Field::one("fd.rip", Address, |v, _, _| address(socket(v)?.remote), "the address of the other end"),
    ends(
        "fd.net",
        Network,
        |s| [address(s.client_end()), address(s.server_end())],
        "as `fd.ip`, compared with networks",
    ),
    Field::one(
        "fd.cnet",
        Network,
        |v, _, _| address(socket(v)?.client_end()),
        "the client's address, compared with networks",
    ),
    Field::one(
        "fd.snet",
        Network,
        |v, _, _| address(socket(v)?.server_end()),
        "the server's address, compared with networks",
    ),
    Field::one(
        "fd.lnet",
        Network,
        |v, _, _| address(socket(v)?.local),
        "the address of this end, compared with networks",
    ),
    Field::one(
        "fd.rnet",
        Network,
        |v, _, _| address(socket(v)?.remote),
        "the address of the other end, compared with networks",
    ),
    ends("fd.port", Unsigned, |s| [port(s.client_end()), port(s.server_end())], "the port of either side, as `fd.ip`"),
    Field::one("fd.cport", Unsigned, |v, _, _| port(socket(v)?.client_end()), "the client's port"),
    Field::one("fd.sport", Unsigned, |v, _, _| port(socket(v)?.server_end()), "the server's port"),
    Field::one("fd.lport", Unsigned, |v, _, _| port(socket(v)?.local), "the port of this end"),
    Field::one("fd.rport", Unsigned, |v, _, _| port(socket(v)?.remote), "the port of the other end"),
    Field::one(
        "fd.cip.name",
        Domain,
        |v, _, _| address(socket(v)?.client_end()),
        "the client's address, compared with the addresses of names",
    ),
    Field::one(
        "fd.sip.name",
        Domain,
        |v, _, _| address(socket(v)?.server_end()),
        "the server's address, compared with the addresses of names",
    ),
    Field::one(
        "fd.lip.name",
        Domain,
        |v, _, _| address(socket(v)?.local),
        "the address of this end, compared with the addresses of names",
    ),
    Field::one(
        "fd.rip.name",
        Domain,
        |v, _, _| address(socket(v)?.remote),
        "the address of the other end, compared with the addresses of names",
    ),
    Field::one("fd.l4proto", Text, |v, _, _| Some(Value::text(protocol(socket(v)?)?)), "`tcp`, `udp`, `icmp` or `raw`"),
    Field::one(
        "fd.sockfamily",
        Text,
        |v, _, _| match socket(v)?.family {
            2 | 10 => Some(Value::Text(b"ip")),
            1 => Some(Value::Text(b"unix")),
            _ => None,
        },
        "`ip` or `unix`",
    ),
    Field::one(
        "fd.is_server",
        Boolean,
        |v, _, _| Some(Value::Boolean(socket(v)?.server)),
        "this end accepted or listens",
    ),
    Field::one("fd.connected", Boolean, |v, _, _| state(v, |s| s.connected), "the socket is connected"),
    Field::one("fd.name_changed", Boolean, |v, _, _| state(v, |s| s.name_changed), "the call changed the addresses"),
    Field::nothing("fd.proto", Text, Takes::Nothing, "the service of a port, of either side"),
    Field::nothing("fd.cproto", Text, Takes::Nothing, "the service of the client's port"),
    Field::nothing("fd.sproto", Text, Takes::Nothing, "the service of the server's port"),
    Field::nothing("fd.lproto", Text, Takes::Nothing, "the service of the port of this end"),
    Field::nothing("fd.rproto", Text, Takes::Nothing, "the service of the port of the other end"),
];

fn socket<'v>(view: &'v View<'_>) -> Option<&'v Socket> {
    view.event().socket()
}

fn address(end: Option<(IpAddr, u16)>) -> Option<Value<'static>> {
    end.map(|(address, _)| Value::Address(address.to_canonical()))
}

fn port(end: Option<(IpAddr, u16)>) -> Option<Value<'static>> {
    end.map(|(_, port)| Value::Unsigned(port.into()))
}

fn state(view: &View<'_>, state: fn(&Socket) -> bool) -> Option<Value<'static>> {
    match view.event().descriptor.as_ref()? {
        Descriptor::Socket(socket) => Some(Value::Boolean(state(socket))),
        _ => Some(Value::Boolean(false)),
    }
}

fn protocol(socket: &Socket) -> Option<&'static str> {
    const STREAM: u16 = 1;
    const DATAGRAM: u16 = 2;
    if !matches!(socket.family, 2 | 10) {
        return None;
    }
    match (socket.protocol, socket.kind & 0xf) {
        (6, _) | (0, STREAM) => Some("tcp"),
        (17, _) | (0, DATAGRAM) => Some("udp"),
        (1 | 58, _) => Some("icmp"),
        _ => Some("raw"),
    }
}
