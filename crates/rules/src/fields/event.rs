//! `evt.*`: the event itself.

use seawall_model::{ArgumentValue, Event, EventKind, File};

use super::event_arguments::{self, all, argument};
use super::flags::{O_ACCMODE, O_CREAT, O_RDWR, O_TMPFILE_BIT, O_WRONLY, error_name};
use super::text::made;
use super::{Field, FieldArgument, Known, Takes};
use crate::time::{clock, date_and_time, iso8601};
use crate::value::FieldType::{Boolean, Bytes, Signed, Text, Unsigned};
use crate::value::Value;

pub(super) static FIELDS: &[Field] = &[
    Field::one(
        "evt.num",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.event().number)),
        "the how-manieth event of this run, from 1",
    )
    .present(),
    Field::one(
        "evt.time",
        Text,
        |v, _, out| made(out, format_args!("{}", clock(v.event().time))),
        "the time of day, UTC, with nanoseconds",
    )
    .present(),
    Field::one(
        "evt.time.s",
        Text,
        |v, _, out| made(out, format_args!("{:.8}", clock(v.event().time))),
        "the time of day, UTC, without nanoseconds",
    )
    .present(),
    Field::one(
        "evt.time.iso8601",
        Text,
        |v, _, out| made(out, format_args!("{}", iso8601(v.event().time))),
        "date and time in ISO 8601, UTC, with nanoseconds",
    )
    .present(),
    Field::one(
        "evt.datetime",
        Text,
        |v, _, out| made(out, format_args!("{}", date_and_time(v.event().time))),
        "date and time, UTC, with nanoseconds",
    )
    .present(),
    Field::one(
        "evt.datetime.s",
        Text,
        |v, _, out| made(out, format_args!("{:.19}", date_and_time(v.event().time))),
        "date and time, UTC, without nanoseconds",
    )
    .present(),
    Field::one("evt.rawtime", Unsigned, |v, _, _| Some(Value::Unsigned(v.event().time)), "nanoseconds since 1970")
        .present(),
    Field::one(
        "evt.rawtime.s",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.event().time / 1_000_000_000)),
        "seconds since 1970",
    )
    .present(),
    Field::one(
        "evt.rawtime.ns",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.event().time % 1_000_000_000)),
        "the nanoseconds after the second",
    )
    .present(),
    Field::one(
        "evt.type",
        Text,
        |v, _, _| Some(Value::text(v.event().kind.name())),
        "what happened: the name of the system call",
    )
    .known(|kind| Known::Always(Value::Text(kind.name().as_bytes()))),
    Field::one("evt.dir", Text, |_, _, _| Some(Value::text("<")), "always `<`: events come when the kernel is done")
        .known(|_| Known::Always(Value::Text(b"<"))),
    Field::one("evt.source", Text, |_, _, _| Some(Value::text("syscall")), "always `syscall`")
        .known(|_| Known::Always(Value::Text(b"syscall"))),
    Field::one("evt.is_async", Boolean, |_, _, _| Some(Value::Boolean(false)), "always false")
        .known(|_| Known::Always(Value::Boolean(false))),
    Field::one(
        "evt.cpu",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(u64::from(v.event().cpu))),
        "the processor it ran on",
    )
    .present(),
    Field::one("evt.count", Unsigned, |_, _, _| Some(Value::Unsigned(1)), "always 1")
        .known(|_| Known::Always(Value::Unsigned(1))),
    Field::one("evt.args", Text, |v, _, out| all(v, out), "all arguments, `name=value` and blanks"),
    Field::one("evt.info", Text, |v, _, out| all(v, out), "as `evt.args`"),
    Field::one("evt.arg", Text, by_name, "an argument by its name or number").takes(Takes::Key),
    Field::one("evt.arg.", Text, argument, "an argument by its name; flags are shown by their names, paths absolute"),
    Field::one(
        "evt.rawarg.",
        Text,
        event_arguments::raw,
        "an argument as the kernel has it: numbers as numbers, paths as they were given",
    ),
    Field::one(
        "evt.buffer",
        Bytes,
        |v, _, _| Some(Value::Text(buffer(v.event())?)),
        "the first bytes that were sent or received",
    ),
    Field::one(
        "evt.buflen",
        Unsigned,
        |v, _, _| u64::try_from(v.event().result).ok().filter(|_| buffer(v.event()).is_some()).map(Value::Unsigned),
        "how many bytes were sent or received",
    ),
    Field::one("evt.res", Text, |v, _, out| result(v.event(), out), "`SUCCESS`, or the name of the error")
        .known(of_calls),
    Field::one(
        "evt.rawres",
        Signed,
        |v, _, _| Some(Value::Signed(v.event().result)),
        "what the call returned; negative is an error",
    )
    .known(of_calls),
    Field::one(
        "evt.failed",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.event().result < 0)),
        "the call returned an error",
    )
    .known(of_calls),
    Field::one(
        "evt.is_open_read",
        Boolean,
        |v, _, _| Some(Value::Boolean(opened(v.event()).is_some_and(|f| f.flags & O_ACCMODE != O_WRONLY))),
        "a file was opened for reading",
    )
    .known(of_opens),
    Field::one(
        "evt.is_open_write",
        Boolean,
        |v, _, _| {
            Some(Value::Boolean(opened(v.event()).is_some_and(|f| matches!(f.flags & O_ACCMODE, O_WRONLY | O_RDWR))))
        },
        "a file was opened for writing",
    )
    .known(of_opens),
    Field::one(
        "evt.is_open_exec",
        Boolean,
        |v, _, _| Some(Value::Boolean(made_executable(v.event()))),
        "a file was made that may be executed",
    )
    .known(of_opens_and_creat),
    Field::one(
        "evt.is_open_create",
        Boolean,
        |v, _, _| Some(Value::Boolean(created(v.event()))),
        "a file was opened that was not there before",
    )
    .known(of_opens),
    Field::nothing(
        "evt.latency",
        Unsigned,
        Takes::Nothing,
        "time between call and return: calls are seen when they return",
    ),
    Field::nothing("evt.deltatime", Unsigned, Takes::Nothing, "time since the event before"),
    Field::nothing("evt.reltime", Unsigned, Takes::Nothing, "time since the first event"),
    Field::nothing("evt.category", Text, Takes::Nothing, "the class of the event"),
    Field::nothing("evt.hostname", Text, Takes::Nothing, "the node: each alert has it beside the rule"),
    Field::nothing("evt.is_io", Boolean, Takes::Nothing, "reads and writes are not events"),
    Field::nothing("evt.is_io_read", Boolean, Takes::Nothing, "reads are not events"),
    Field::nothing("evt.is_io_write", Boolean, Takes::Nothing, "writes are not events"),
    Field::nothing("evt.io_dir", Text, Takes::Nothing, "reads and writes are not events"),
    Field::nothing("evt.is_wait", Boolean, Takes::Nothing, "waiting is not an event"),
    Field::nothing("evt.asynctype", Text, Takes::Nothing, "there are no asynchronous events"),
    Field::nothing("evt.pluginname", Text, Takes::Nothing, "there are no plugins"),
    Field::nothing("evt.plugininfo", Text, Takes::Nothing, "there are no plugins"),
];

fn by_name<'v>(view: &'v crate::View<'_>, name: &'v FieldArgument, out: &mut Vec<u8>) -> Option<Value<'v>> {
    match FieldArgument::named(name.key()?) {
        FieldArgument::Name(name) => event_arguments::render(view, name, out),
        FieldArgument::Index(index) => event_arguments::numbered(view, index, out),
        _ => None,
    }
}

fn is_call(kind: EventKind) -> bool {
    use EventKind::{Dns, Drop, Flow, IoUringRequest, Procexit, Signal, Tls};
    !matches!(kind, Procexit | Signal | Dns | Tls | Flow | IoUringRequest | Drop)
}

fn of_calls(kind: EventKind) -> Known {
    if is_call(kind) { Known::Present } else { Known::Missing }
}

fn is_open(kind: EventKind) -> bool {
    matches!(kind, EventKind::Open | EventKind::Openat | EventKind::Openat2 | EventKind::OpenByHandleAt)
}

fn of_opens(kind: EventKind) -> Known {
    if is_open(kind) { Known::Present } else { Known::Always(Value::Boolean(false)) }
}

fn of_opens_and_creat(kind: EventKind) -> Known {
    if kind == EventKind::Creat { Known::Present } else { of_opens(kind) }
}

fn opened(event: &Event) -> Option<&File> {
    event.file().filter(|_| is_open(event.kind))
}

fn made_executable(event: &Event) -> bool {
    let Some(file) = event.file() else { return false };
    let makes = match event.kind {
        EventKind::Creat => true,
        EventKind::OpenByHandleAt => false,
        kind => is_open(kind) && file.flags & (O_CREAT | O_TMPFILE_BIT) != 0,
    };
    makes && file.mode & 0o111 != 0
}

fn created(event: &Event) -> bool {
    opened(event).is_some_and(|f| f.created || (f.flags & O_TMPFILE_BIT != 0 && event.result >= 0))
}

fn buffer(event: &Event) -> Option<&[u8]> {
    match event.argument(seawall_model::Argument::Data)? {
        ArgumentValue::Text(bytes) => Some(bytes),
        _ => None,
    }
}

fn result(event: &Event, out: &mut Vec<u8>) -> Option<Value<'static>> {
    if event.result >= 0 {
        return Some(Value::Text(b"SUCCESS"));
    }
    match error_name(event.result.unsigned_abs()) {
        Some(name) => Some(Value::Text(name.as_bytes())),
        None => made(out, format_args!("{}", event.result)),
    }
}
