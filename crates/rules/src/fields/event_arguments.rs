//! `evt.arg.*`: what a call was given, as rules write it.

use seawall_model::{Argument, ArgumentValue, Descriptor, Event, EventKind, OverlayLayer, Process};

use super::FieldArgument;
use super::fd::{name_of, type_of};
use super::flags;
use super::text::made;
use crate::value::Value;
use crate::view::View;

/// `evt.arg.NAME` and `evt.arg.N`.
pub(super) fn argument<'v>(view: &'v View<'_>, name: &'v FieldArgument, out: &mut Vec<u8>) -> Option<Value<'v>> {
    match name {
        FieldArgument::Name(name) => render(view, *name, out),
        FieldArgument::Index(index) => numbered(view, *index, out),
        _ => None,
    }
}

/// An argument by its number.
pub(super) fn numbered<'v>(view: &'v View<'_>, index: u64, out: &mut Vec<u8>) -> Option<Value<'v>> {
    let (name, value) = view.event().arguments.get(usize::try_from(index).ok()?)?;
    write(view, *name, value, out)
}

/// `evt.rawarg.NAME`.
pub(super) fn raw<'v>(view: &'v View<'_>, name: &'v FieldArgument, out: &mut Vec<u8>) -> Option<Value<'v>> {
    let FieldArgument::Name(name) = name else { return None };
    match view.event().argument(*name)? {
        ArgumentValue::Number(number) => made(out, format_args!("{number}")),
        ArgumentValue::Flags(bits) => made(out, format_args!("{bits}")),
        ArgumentValue::Text(text) => Some(Value::Text(text)),
        ArgumentValue::Path { given, .. } => Some(Value::Text(given)),
    }
}

/// An argument by its name: from what came with the event, otherwise from its file and its process.
pub(super) fn render<'v>(view: &'v View<'_>, name: Argument, out: &mut Vec<u8>) -> Option<Value<'v>> {
    match view.event().argument(name) {
        Some(value) => write(view, name, value, out),
        None => implied(view, name, out),
    }
}

fn write<'v>(view: &'v View<'_>, name: Argument, value: &'v ArgumentValue, out: &mut Vec<u8>) -> Option<Value<'v>> {
    let event = view.event();
    match value {
        ArgumentValue::Text(text) => Some(Value::Text(text)),
        ArgumentValue::Path { given, .. } if name == Argument::Target => Some(Value::Text(given)),
        ArgumentValue::Path { absolute, .. } => Some(Value::Text(absolute)),
        ArgumentValue::Flags(bits) => {
            flags::write(event.kind, name, *bits, out);
            layer(event, name, out);
            Some(Value::Made)
        }
        ArgumentValue::Number(number) => numeric(view, name, *number, out),
    }
}

fn numeric<'v>(view: &'v View<'_>, name: Argument, number: i64, out: &mut Vec<u8>) -> Option<Value<'v>> {
    use Argument::{Egid, Euid, Gid, Rgid, Ruid, Sgid, Suid, Uid};
    let process = view.process();
    match name {
        Argument::Fd => descriptor(view.event(), number, out),
        Argument::Res if number < 0 => match flags::error_name(number.unsigned_abs()) {
            Some(error) => Some(Value::text(error)),
            None => made(out, format_args!("{number}")),
        },
        Uid | Euid | Ruid | Suid => known_name(number, process.uid, process.user.as_deref(), out),
        Gid | Egid | Rgid | Sgid => known_name(number, process.gid, process.group_name.as_deref(), out),
        _ => made(out, format_args!("{number}")),
    }
}

/// A user or group by name where it is the process's own or root; what the sensor knows better it gives as text.
fn known_name<'v>(number: i64, own: u32, name: Option<&'v str>, out: &mut Vec<u8>) -> Option<Value<'v>> {
    match name {
        _ if number == 0 => Some(Value::Text(b"root")),
        Some(name) if number == i64::from(own) => Some(Value::text(name)),
        _ => made(out, format_args!("{number}")),
    }
}

/// `<f>/etc/passwd`.
fn descriptor(event: &Event, number: i64, out: &mut Vec<u8>) -> Option<Value<'static>> {
    let Some(descriptor) = event.descriptor.as_ref().filter(|d| d.number() == number && number >= 0) else {
        return made(out, format_args!("{number}"));
    };
    let mut name = Vec::new();
    let text = name_of(descriptor, &mut name).map(|v| v.in_buffer(&name));
    out.push(b'<');
    out.extend_from_slice(type_of(descriptor, event.kind).1);
    out.push(b'>');
    if let Some(Value::Text(text)) = text {
        out.extend_from_slice(text);
    }
    Some(Value::Made)
}

fn layer(event: &Event, name: Argument, out: &mut Vec<u8>) {
    let Some(file) = event.file().filter(|_| name == Argument::Flags) else { return };
    let word: &[u8] = match file.layer {
        OverlayLayer::None => b"",
        OverlayLayer::Lower => b"FD_LOWER_LAYER",
        OverlayLayer::Upper => b"FD_UPPER_LAYER",
    };
    for word in [if file.created { &b"O_F_CREATED"[..] } else { b"" }, word] {
        if !word.is_empty() {
            if !out.is_empty() {
                out.push(b'|');
            }
            out.extend_from_slice(word);
        }
    }
}

fn implied<'v>(view: &'v View<'_>, name: Argument, out: &mut Vec<u8>) -> Option<Value<'v>> {
    use EventKind::{Creat, Execve, Execveat, Open, OpenByHandleAt, Openat, Openat2};
    let event = view.event();
    match (event.kind, name) {
        (_, Argument::Res) => numeric(view, Argument::Res, event.result, out),
        (_, Argument::Fd) => descriptor(event, event.descriptor.as_ref()?.number(), out),
        (Open | Openat | Openat2 | Creat | OpenByHandleAt, _) => {
            let file = event.file()?;
            match name {
                Argument::Name | Argument::Path => Some(Value::Text(&file.name)),
                Argument::Flags => {
                    flags::write(event.kind, name, u64::from(file.flags), out);
                    layer(event, name, out);
                    Some(Value::Made)
                }
                Argument::Mode => {
                    flags::write(event.kind, name, u64::from(file.mode), out);
                    Some(Value::Made)
                }
                Argument::Dev => made(out, format_args!("{}", file.device)),
                Argument::Ino => made(out, format_args!("{}", file.inode)),
                _ => None,
            }
        }
        (Execve | Execveat, _) => of_process(view.process(), name, out),
        _ => None,
    }
}

fn of_process<'v>(process: &'v Process, name: Argument, out: &mut Vec<u8>) -> Option<Value<'v>> {
    match name {
        Argument::Exe => Some(Value::Text(&process.exe)),
        Argument::Args => Some(Value::Text(&process.arguments)),
        Argument::Cwd => Some(Value::Text(&process.cwd)),
        Argument::Env => Some(Value::Text(&process.environment)),
        Argument::Filename => Some(Value::Text(&process.exe_given)),
        Argument::Tid | Argument::Pid => made(out, format_args!("{}", process.pid)),
        Argument::Flags => {
            let file = &process.executable;
            let parts: [(bool, &str); 4] = [
                (file.writable, "EXE_WRITABLE"),
                (file.layer == OverlayLayer::Upper, "EXE_UPPER_LAYER"),
                (file.memfd, "EXE_FROM_MEMFD"),
                (file.layer == OverlayLayer::Lower, "EXE_LOWER_LAYER"),
            ];
            flags::join(out, parts.iter().filter(|(set, _)| *set).map(|(_, word)| *word));
            Some(Value::Made)
        }
        _ => None,
    }
}

/// `evt.args`.
pub(super) fn all(view: &View<'_>, out: &mut Vec<u8>) -> Option<Value<'static>> {
    let mut one = Vec::new();
    for (name, value) in &view.event().arguments {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(name.name().as_bytes());
        out.push(b'=');
        one.clear();
        if let Some(Value::Text(text)) = write(view, *name, value, &mut one).map(|v| v.in_buffer(&one)) {
            out.extend_from_slice(text);
        }
    }
    // Descriptors of calls that gave none by name are shown too.
    if out.is_empty()
        && let Some(descriptor @ Descriptor::File(_)) = &view.event().descriptor
    {
        return super::event_arguments::descriptor(view.event(), descriptor.number(), out);
    }
    Some(Value::Made)
}
