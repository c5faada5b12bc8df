//! `dns.*`, `tls.*`, `flow.*`: what the network showed.

use seawall_model::{Argument, ArgumentValue, EventKind};

use super::{Field, Known};
use crate::value::FieldType::{Boolean, Text, Unsigned};
use crate::value::Value;
use crate::view::View;

pub(super) static FIELDS: &[Field] = &[
    Field::one(
        "dns.question.name",
        Text,
        |v, _, _| text(v, EventKind::Dns, Argument::Question),
        "the name that is asked for, without the dot at its end; bytes that are not printable as `\\DDD`",
    )
    .known(of_dns),
    Field::one(
        "dns.question.type",
        Text,
        |v, _, _| text(v, EventKind::Dns, Argument::Type),
        "the type that is asked for: `A`, `AAAA`, `TXT`, `NULL`, `TYPE65280`",
    )
    .known(of_dns),
    Field::one(
        "dns.question.length",
        Unsigned,
        |v, _, _| question(v).map(|name| Value::Unsigned(labels(name).map(|l| l as u64 + 1).sum::<u64>().saturating_sub(1))),
        "how long the name is, in bytes on the wire",
    )
    .known(of_dns),
    Field::one(
        "dns.question.longest_label",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(labels(question(v)?).max().unwrap_or(0) as u64)),
        "how long the longest part between two dots is, in bytes",
    )
    .known(of_dns),
    Field::one(
        "dns.is_answer",
        Boolean,
        |v, _, _| dns(v).then(|| Value::Boolean(v.event().argument(Argument::Status).is_some())),
        "a server answered; otherwise a name is asked for",
    )
    .known(of_dns),
    Field::one(
        "dns.status",
        Text,
        |v, _, _| text(v, EventKind::Dns, Argument::Status),
        "how it was answered: `NOERROR`, `NXDOMAIN`; none for a question",
    )
    .known(of_dns),
    Field::one(
        "dns.answers",
        Text,
        |v, _, _| text(v, EventKind::Dns, Argument::Answer),
        "what was answered, with commas between: addresses, names, texts, or the type of anything else; none for a question",
    )
    .known(of_dns),
    Field::one(
        "dns.malformed",
        Boolean,
        |v, _, _| dns(v).then(|| Value::Boolean(question(v).is_none())),
        "what went to or came from the port of a name server is no question or answer",
    )
    .known(of_dns),
    Field::one(
        "tls.server_name",
        Text,
        |v, _, _| text(v, EventKind::Tls, Argument::ServerName),
        "the server that a client of TLS names (SNI)",
    )
    .known(of_tls),
    Field::one(
        "tls.encrypted_hello",
        Boolean,
        |v, _, _| number(v, EventKind::Tls, Argument::Encrypted).map(|n| Value::Boolean(n != 0)),
        "the client hides the server's true name (ECH)",
    )
    .known(of_tls),
    Field::one(
        "flow.bytes_out",
        Unsigned,
        |v, _, _| number(v, EventKind::Flow, Argument::BytesOut).map(Value::Unsigned),
        "how many bytes this end sent over the connection that ended",
    )
    .known(of_flow),
    Field::one(
        "flow.bytes_in",
        Unsigned,
        |v, _, _| number(v, EventKind::Flow, Argument::BytesIn).map(Value::Unsigned),
        "how many bytes this end received",
    )
    .known(of_flow),
    Field::one(
        "flow.duration",
        Unsigned,
        |v, _, _| number(v, EventKind::Flow, Argument::Duration).map(Value::Unsigned),
        "how long the connection stood, in nanoseconds",
    )
    .known(of_flow),
];

const fn of_dns(kind: EventKind) -> Known {
    if matches!(kind, EventKind::Dns) { Known::Varies } else { Known::Missing }
}

const fn of_tls(kind: EventKind) -> Known {
    if matches!(kind, EventKind::Tls) { Known::Varies } else { Known::Missing }
}

const fn of_flow(kind: EventKind) -> Known {
    if matches!(kind, EventKind::Flow) { Known::Varies } else { Known::Missing }
}

fn dns(view: &View<'_>) -> bool {
    view.event().kind == EventKind::Dns
}

fn bytes<'v>(view: &'v View<'_>, kind: EventKind, name: Argument) -> Option<&'v [u8]> {
    match view.event().argument(name)? {
        ArgumentValue::Text(text) if view.event().kind == kind => Some(text),
        _ => None,
    }
}

fn text<'v>(view: &'v View<'_>, kind: EventKind, name: Argument) -> Option<Value<'v>> {
    bytes(view, kind, name).map(Value::Text)
}

fn question<'v>(view: &'v View<'_>) -> Option<&'v [u8]> {
    bytes(view, EventKind::Dns, Argument::Question)
}

/// The lengths of a name's parts on the wire, where a byte that is written `\DDD` is one.
fn labels(name: &[u8]) -> impl Iterator<Item = usize> {
    let length = |label: &[u8]| label.len().saturating_sub(3 * label.iter().filter(|byte| **byte == b'\\').count());
    name.split(|byte| *byte == b'.').map(length)
}

fn number(view: &View<'_>, kind: EventKind, name: Argument) -> Option<u64> {
    match view.event().argument(name)? {
        ArgumentValue::Number(number) if view.event().kind == kind => u64::try_from(*number).ok(),
        _ => None,
    }
}
