//! What the programs of ebpf/flow.bpf.c tell becomes events.

use seawall_model::{Argument, ArgumentValue, ByteString, Descriptor, Event, EventKind, ProcessKey};

use super::dns::{self, DnsAnswer, read_dns_message};
use super::tls::read_client_hello;
use crate::paths::absolute;
use crate::record::{Part, Record, RecordKind};
use crate::socket;

/// Bytes of all answers that are kept.
const LONGEST_ANSWERS: usize = 2048;

/// The event of a record.
pub(crate) fn event(record: &Record<'_>, process: ProcessKey, cwd: &[u8], offset: i64, number: u64) -> Option<Event> {
    let head = &record.head;
    let (kind, arguments) = match head.kind {
        RecordKind::Dns => (EventKind::Dns, asked(record)),
        RecordKind::Tls => (EventKind::Tls, greeted(record)?),
        RecordKind::Flow => (EventKind::Flow, carried(record)),
        RecordKind::Uring => (EventKind::IoUringRequest, requested(record, cwd)),
        _ => return None,
    };
    let descriptor = if head.kind == RecordKind::Uring {
        socket::named(record, descriptor_of(record)).map(Descriptor::Socket)
    } else {
        record.part(Part::Socket).map(|part| Descriptor::Socket(socket::socket(record, kind, -1, part)))
    };
    Some(Event {
        number,
        time: head.time.saturating_add_signed(offset),
        cpu: head.cpu,
        kind,
        result: 0,
        thread: head.tid,
        virtual_thread: head.virtual_tid,
        process,
        arguments,
        descriptor,
    })
}

fn text(bytes: impl Into<ByteString>) -> ArgumentValue {
    ArgumentValue::Text(bytes.into())
}

/// What is not a message has no question: a rule can ask for that.
fn asked(record: &Record<'_>) -> Vec<(Argument, ArgumentValue)> {
    let bytes = record.part(Part::Data).unwrap_or_default();
    let is_tcp = record.part(Part::Socket).and_then(|s| s.get(4..6)).is_some_and(|p| p == 6u16.to_ne_bytes());
    // Over TCP each message has its length before it (RFC 1035, section 4.2.2).
    let bytes = if is_tcp { bytes.get(2..).unwrap_or_default() } else { bytes };
    let mut arguments = vec![(Argument::Size, ArgumentValue::Number(i64::try_from(bytes.len()).unwrap_or(0)))];
    let Some(message) = read_dns_message(bytes) else { return arguments };
    arguments.push((Argument::Question, text(message.name)));
    arguments.push((Argument::Type, text(dns::kind_name(message.kind))));
    if message.answer {
        arguments.push((Argument::Status, text(dns::code_name(message.code))));
        arguments.push((Argument::Answer, text(joined(&message.answers))));
    }
    arguments
}

/// Answers with commas between them, which no answer has in it.
fn joined(answers: &[DnsAnswer]) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::new();
    for answer in answers {
        let one = match answer {
            DnsAnswer::Address(address) => address.to_string().into_bytes(),
            DnsAnswer::Name(name) | DnsAnswer::Text(name) => name.to_vec(),
            DnsAnswer::Other(kind) => dns::kind_name(*kind).into_bytes(),
        };
        if all.len() + one.len() >= LONGEST_ANSWERS {
            break;
        }
        if !all.is_empty() {
            all.push(b',');
        }
        all.extend(one);
    }
    all
}

fn greeted(record: &Record<'_>) -> Option<Vec<(Argument, ArgumentValue)>> {
    let hello = read_client_hello(record.part(Part::Data)?)?;
    let mut arguments = Vec::new();
    if let Some(name) = hello.server_name {
        arguments.push((Argument::ServerName, text(name)));
    }
    arguments.push((Argument::Encrypted, ArgumentValue::Number(i64::from(hello.encrypted))));
    Some(arguments)
}

fn carried(record: &Record<'_>) -> Vec<(Argument, ArgumentValue)> {
    let [sent, received, duration, ..] = record.head.arguments;
    let number = |value: u64| ArgumentValue::Number(i64::try_from(value).unwrap_or(i64::MAX));
    vec![
        (Argument::BytesOut, number(sent)),
        (Argument::BytesIn, number(received)),
        (Argument::Duration, number(duration)),
    ]
}

fn descriptor_of(record: &Record<'_>) -> i64 {
    let [_, descriptor, ..] = record.head.arguments;
    descriptor.cast_signed()
}

fn requested(record: &Record<'_>, cwd: &[u8]) -> Vec<(Argument, ArgumentValue)> {
    let [operation, ..] = record.head.arguments;
    let mut arguments = vec![
        (Argument::Opcode, ArgumentValue::Flags(operation)),
        (Argument::Fd, ArgumentValue::Number(descriptor_of(record))),
    ];
    if let Some(given) = record.text(Part::Path1) {
        let path = ArgumentValue::Path { absolute: absolute(cwd, given), given: given.into() };
        arguments.push((Argument::Name, path));
    }
    arguments
}
