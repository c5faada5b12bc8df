//! `fd.*`: the file, socket or other thing that it was done to.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

use seawall_model::{Descriptor, EventKind, OverlayLayer, Socket};

use super::flags::O_DIRECTORY;
use super::text::{basename, directory, made};
use super::{Field, Takes};
use crate::value::FieldType::{Boolean, Signed, Text, Unsigned};
use crate::value::Value;
use crate::view::View;

pub(super) static FIELDS: &[Field] = &[
    Field::one(
        "fd.num",
        Signed,
        |v, _, _| Some(Value::Signed(v.event().descriptor.as_ref()?.number())),
        "the descriptor's number; -1 where an open failed",
    ),
    Field::one(
        "fd.type",
        Text,
        |v, _, _| Some(Value::text(kind(v)?.0)),
        "`file`, `directory`, `ipv4`, `ipv6`, `unix`, `pipe`, `event` and so on, by the call that opened it",
    ),
    Field::one(
        "fd.typechar",
        Text,
        |v, _, _| Some(Value::Text(kind(v)?.1)),
        "the same as one letter: `f`, `d`, `4`, `6`, `u`, `p`, `e`",
    ),
    Field::one(
        "fd.name",
        Text,
        |v, _, out| name_of(v.event().descriptor.as_ref()?, out),
        "the absolute path, symbolic links not followed; or `client:port->server:port`",
    ),
    Field::one(
        "fd.nameraw",
        Text,
        |v, _, out| match v.event().descriptor.as_ref()? {
            Descriptor::File(file) => Some(Value::Text(&file.given)),
            other => name_of(other, out),
        },
        "the path as it was given",
    ),
    Field::one("fd.directory", Text, |v, _, _| file_part(v, directory), "the folder that the file is in"),
    Field::one(
        "fd.filename",
        Text,
        |v, _, _| v.event().file().filter(|f| f.number >= 0).and(file_part(v, last_part)),
        "the file's name without its folder, where it was opened",
    ),
    Field::one("fd.uid", Text, |v, _, out| unique(v, out), "container and descriptor, `ID:NUMBER`"),
    Field::one("fd.containername", Text, |v, _, out| in_container(v, |n| n, out), "container and path, `ID:PATH`"),
    Field::one(
        "fd.containerdirectory",
        Text,
        |v, _, out| in_container(v, directory, out),
        "container and folder, `ID:PATH`",
    ),
    Field::one(
        "fd.dev",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.event().file()?.device)),
        "the device that the file is on",
    ),
    Field::one(
        "fd.dev.major",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(major(v.event().file()?.device))),
        "the major number of that device",
    ),
    Field::one(
        "fd.dev.minor",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(minor(v.event().file()?.device))),
        "the minor number of that device",
    ),
    Field::one("fd.ino", Unsigned, |v, _, _| Some(Value::Unsigned(v.event().file()?.inode)), "the file's inode"),
    Field::one(
        "fd.is_upper_layer",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.event().file()?.layer == OverlayLayer::Upper)),
        "the file was written since the container started",
    ),
    Field::one(
        "fd.is_lower_layer",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.event().file()?.layer == OverlayLayer::Lower)),
        "the file is part of the image",
    ),
    Field::one(
        "fd.resolved",
        Text,
        |v, _, _| v.event().file().map(|f| &f.resolved).filter(|r| !r.is_empty()).map(|r| Value::Text(r)),
        "Seawall's own: the path that the kernel arrived at, symbolic links followed",
    ),
    Field::one(
        "fd.is_redirected",
        Boolean,
        |v, _, _| v.event().file().map(|f| Value::Boolean(!f.resolved.is_empty() && f.resolved != f.name)),
        "Seawall's own: the kernel arrived at another path than was asked for",
    ),
    Field::one(
        "fd.is_raced",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.event().file()?.raced.is_some())),
        "Seawall's own: the path was changed while the call ran",
    ),
    Field::nothing("fd.types", Text, Takes::OptionalIndex, "the types of several descriptors"),
    Field::nothing("fd.dev_name", Text, Takes::Nothing, "the name of the device"),
];

/// What a descriptor is called, and its letter. Of a call of the open family the flags decide, not what was opened.
pub(super) fn type_of(descriptor: &Descriptor, kind: EventKind) -> (&'static str, &'static [u8]) {
    use EventKind::{Creat, Open, OpenByHandleAt, Openat, Openat2};
    match descriptor {
        Descriptor::File(file) => {
            let asked = file.flags & O_DIRECTORY != 0;
            let opened = matches!(kind, Open | Openat | Openat2 | OpenByHandleAt | Creat);
            if asked || (file.directory && !opened) { ("directory", b"d") } else { ("file", b"f") }
        }
        Descriptor::Socket(socket) => match socket.family {
            1 => ("unix", b"u"),
            2 => ("ipv4", b"4"),
            10 if is_mapped(socket) => ("ipv4", b"4"),
            10 => ("ipv6", b"6"),
            16 => ("netlink", b"n"),
            _ => ("unknown", b"o"),
        },
        Descriptor::Other { name, .. } => {
            match name.strip_prefix(b"[").unwrap_or(name).split(|b| matches!(b, b']' | b':')).next() {
                Some(b"pipe") => ("pipe", b"p"),
                Some(b"eventfd" | b"event") => ("event", b"e"),
                Some(b"eventpoll") => ("eventpoll", b"l"),
                Some(b"signalfd") => ("signalfd", b"s"),
                Some(b"timerfd") => ("timerfd", b"t"),
                Some(b"userfaultfd") => ("userfaultfd", b"u"),
                Some(b"io_uring") => ("io_uring", b"r"),
                Some(b"pidfd") => ("pidfd", b"P"),
                Some(b"memfd") => ("memfd", b"m"),
                Some(b"inotify") => ("inotify", b"i"),
                Some(b"bpf" | b"bpf-map" | b"bpf-prog" | b"bpf_link" | b"bpf-link") => ("bpf", b"b"),
                _ => ("unknown", b"o"),
            }
        }
    }
}

/// An IPv6 socket that speaks IPv4.
fn is_mapped(socket: &Socket) -> bool {
    let v4 = |end: Option<(IpAddr, u16)>| end.is_some_and(|(address, _)| address.to_canonical().is_ipv4());
    v4(socket.remote) || (socket.remote.is_none() && v4(socket.local))
}

fn kind(view: &View<'_>) -> Option<(&'static str, &'static [u8])> {
    Some(type_of(view.event().descriptor.as_ref()?, view.event().kind))
}

/// `fd.name`.
pub(super) fn name_of<'v>(descriptor: &'v Descriptor, out: &mut Vec<u8>) -> Option<Value<'v>> {
    match descriptor {
        Descriptor::File(file) => Some(Value::Text(&file.name)),
        Descriptor::Other { name, .. } => Some(Value::Text(name)),
        Descriptor::Socket(socket) if socket.family == 1 => {
            out.extend_from_slice(b"->");
            match socket.path.strip_prefix(b"\0") {
                Some(hidden) => {
                    out.push(b'@');
                    out.extend_from_slice(hidden);
                }
                None => out.extend_from_slice(&socket.path),
            }
            Some(Value::Made)
        }
        Descriptor::Socket(socket) => match (socket.client_end(), socket.server_end()) {
            (None, None) => Some(Value::Text(b"")),
            // A socket that listens has one end.
            (None, Some(end)) | (Some(end), None) => {
                write_end(out, end);
                Some(Value::Made)
            }
            (Some(client), Some(server)) => {
                write_end(out, client);
                out.extend_from_slice(b"->");
                write_end(out, server);
                Some(Value::Made)
            }
        },
    }
}

fn write_end(out: &mut Vec<u8>, (address, port): (IpAddr, u16)) {
    let _ = match address.to_canonical() {
        IpAddr::V4(v4) => write_v4(out, v4).and_then(|()| write!(out, ":{port}")),
        v6 @ IpAddr::V6(_) => write!(out, "{v6}:{port}"),
    };
}

fn write_v4(out: &mut Vec<u8>, address: Ipv4Addr) -> std::io::Result<()> {
    let [a, b, c, d] = address.octets();
    write!(out, "{a}.{b}.{c}.{d}")
}

fn file_part<'v>(view: &'v View<'_>, part: fn(&[u8]) -> &[u8]) -> Option<Value<'v>> {
    let descriptor = view.event().descriptor.as_ref()?;
    let Descriptor::File(file) = descriptor else { return None };
    let name: &'v [u8] = &file.name;
    let is_folder = type_of(descriptor, view.event().kind).1 == b"d" && file.number >= 0;
    Some(Value::Text(if is_folder { name } else { part(name) }))
}

/// As Falco has it: a path that ends with a slash stays whole, one without any slash reads `/`.
fn last_part(path: &[u8]) -> &[u8] {
    match memchr::memrchr(b'/', path) {
        None => b"/",
        Some(at) if at + 1 == path.len() => path,
        Some(_) => basename(path),
    }
}

fn container_id<'v>(view: &'v View<'_>) -> &'v str {
    view.process().container.as_ref().map_or("host", |c| c.short_id())
}

fn unique(view: &View<'_>, out: &mut Vec<u8>) -> Option<Value<'static>> {
    made(out, format_args!("{}:{}", container_id(view), view.event().descriptor.as_ref()?.number()))
}

fn in_container(view: &View<'_>, part: fn(&[u8]) -> &[u8], out: &mut Vec<u8>) -> Option<Value<'static>> {
    let file = view.event().file()?;
    out.extend_from_slice(container_id(view).as_bytes());
    out.push(b':');
    out.extend_from_slice(part(&file.name));
    Some(Value::Made)
}

/// As glibc takes `st_dev` apart.
const fn major(device: u64) -> u64 {
    ((device >> 8) & 0xfff) | ((device >> 32) & !0xfff)
}

const fn minor(device: u64) -> u64 {
    (device & 0xff) | ((device >> 12) & !0xff)
}
