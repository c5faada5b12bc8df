//! A record of a system call becomes an event.

use seawall_model::{
    Argument, ArgumentValue, ByteString, Descriptor, Event, EventKind, File, OverlayLayer, ProcessKey,
};

use crate::calls::{self, Spec, Take};
use crate::paths::{absolute, walked};
use crate::record::{FilePart, Part, Record};
use crate::socket;

const O_ACCMODE: u32 = 3;
const O_DIRECTORY: u32 = 0o200_000;
const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;

/// The event of a record; `offset` is what lies between the kernel's clock and the wall clock, in nanoseconds.
pub(crate) fn event(record: &Record<'_>, process: ProcessKey, cwd: &[u8], offset: i64, number: u64) -> Option<Event> {
    let head = &record.head;
    let spec = calls::by_number(head.number)?;
    let paths = Paths::of(record, cwd);
    let descriptor = descriptor(record, spec, &paths);
    let mut arguments = Vec::with_capacity(spec.arguments.len());
    let of = |take: Take| argument(record, take, &paths, descriptor.as_ref());
    arguments.extend(spec.arguments.iter().filter_map(|(name, take)| Some((*name, of(*take)?))));
    Some(Event {
        number,
        time: head.time.saturating_add_signed(offset),
        cpu: head.cpu,
        kind: spec.kind,
        result: head.result,
        thread: head.tid,
        virtual_thread: head.virtual_tid,
        process,
        arguments,
        descriptor,
    })
}

/// The paths of a call, as given and made absolute.
struct Paths {
    given: [Option<ByteString>; 2],
    absolute: [Option<ByteString>; 2],
}

impl Paths {
    fn of(record: &Record<'_>, cwd: &[u8]) -> Self {
        let given = [record.text(Part::Path1), record.text(Part::Path2)];
        let folders = [record.part(Part::Dir1), record.part(Part::Dir2)].map(|f| f.map(walked));
        let absolute = std::array::from_fn(|i| {
            let given = *given.get(i)?;
            let folder = folders.get(i).and_then(|f| f.as_deref()).unwrap_or(cwd);
            Some(absolute(folder, given?))
        });
        Self { given: given.map(|g| g.map(ByteString::from)), absolute }
    }
}

fn argument(record: &Record<'_>, take: Take, paths: &Paths, descriptor: Option<&Descriptor>) -> Option<ArgumentValue> {
    let raw = |index: usize| record.head.arguments.get(index).copied();
    let path = |index: usize| {
        let absolute = paths.absolute.get(index)?.clone()?;
        Some(ArgumentValue::Path { absolute, given: paths.given.get(index)?.clone()? })
    };
    let file = || match descriptor {
        Some(Descriptor::File(file)) if file.number >= 0 => Some(file),
        _ => None,
    };
    Some(match take {
        // The kernel looks at 32 bits of these; the upper half of the register is not defined.
        Take::Number(index) => ArgumentValue::Number(i64::from(raw(index)? as u32 as i32)),
        Take::Wide(index) => ArgumentValue::Number(raw(index)?.cast_signed()),
        Take::Flags(index) => ArgumentValue::Flags(raw(index)?),
        Take::Result => ArgumentValue::Number(record.head.result),
        Take::Path1 => path(0)?,
        Take::Path2 => path(1)?,
        Take::Given1 => ArgumentValue::Text(paths.given[0].clone()?),
        Take::Text => ArgumentValue::Text(record.text(Part::Text)?.into()),
        Take::Data => ArgumentValue::Text(record.part(Part::Data)?.into()),
        Take::Device => ArgumentValue::Number(file()?.device.cast_signed()),
        Take::How(index) => ArgumentValue::Flags(how(record, index)?),
        Take::Inode => ArgumentValue::Number(file()?.inode.cast_signed()),
    })
}

/// The number that the call was given, or gave back.
fn descriptor_number(record: &Record<'_>, spec: &Spec) -> i64 {
    match usize::try_from(spec.call.descriptor) {
        Ok(100) => record.head.result.max(-1),
        Ok(index) => record.head.arguments.get(index).map_or(-1, |raw| i64::from(*raw as u32 as i32)),
        Err(_) => -1,
    }
}

fn descriptor(record: &Record<'_>, spec: &Spec, paths: &Paths) -> Option<Descriptor> {
    if spec.call.descriptor < 0 {
        return None;
    }
    let number = descriptor_number(record, spec);
    if let Some(part) = record.part(Part::Socket) {
        return Some(Descriptor::Socket(socket::socket(record, spec.kind, number, part)));
    }
    let opens = spec.call.enter;
    let part = record.part(Part::File).map(FilePart::parse);
    if part.is_none() && !opens {
        return None;
    }
    let resolved = record.part(Part::FilePath).map(walked).unwrap_or_default();
    // Pipes, event counters and the like have no folder above them; the kernel's own name for them is all there is.
    if !opens && part.is_some_and(|p| p.mode & S_IFMT == 0 || p.mode & S_IFMT == 0o010_000) {
        return Some(Descriptor::Other { number, name: resolved });
    }
    let flags = open_flags(record, spec).or(part.map(|p| p.open_flags)).unwrap_or_default();
    let name = if opens { paths.absolute[0].clone().unwrap_or_default() } else { resolved.clone() };
    let part = part.unwrap_or(FilePart::parse(&[]));
    Some(Descriptor::File(File {
        number,
        name,
        given: paths.given[0].clone().unwrap_or_default(),
        resolved,
        raced: record.text(Part::Enter1).map(ByteString::from),
        flags,
        mode: open_mode(record, spec),
        device: part.device,
        inode: part.inode,
        directory: flags & O_DIRECTORY != 0 || part.mode & S_IFMT == S_IFDIR,
        created: false,
        layer: layer(part.flags),
    }))
}

/// Where in an overlay the flags of `struct file_part` say that a file lies.
pub(crate) fn layer(flags: u32) -> OverlayLayer {
    if flags & FilePart::UPPER != 0 {
        OverlayLayer::Upper
    } else if flags & FilePart::LOWER != 0 {
        OverlayLayer::Lower
    } else {
        OverlayLayer::None
    }
}

fn flags_of(record: &Record<'_>, spec: &Spec, wanted: Argument) -> Option<u32> {
    let (_, take) = spec.arguments.iter().find(|(name, _)| *name == wanted)?;
    match take {
        Take::Flags(index) => record.head.arguments.get(*index).map(|raw| *raw as u32),
        _ => None,
    }
}

/// A number of `struct open_how`, as it was when the call was done.
fn how(record: &Record<'_>, index: usize) -> Option<u64> {
    let bytes = record.part(Part::SocketAddress)?.get(8 * index..8 * (index + 1))?;
    Some(u64::from_ne_bytes(bytes.try_into().ok()?))
}

fn open_flags(record: &Record<'_>, spec: &Spec) -> Option<u32> {
    match spec.kind {
        EventKind::Open | EventKind::Openat | EventKind::OpenByHandleAt => flags_of(record, spec, Argument::Flags),
        // A thread could have changed the structure meanwhile: how the file may be used is what the kernel says.
        EventKind::Openat2 => {
            let asked = how(record, 0)? as u32;
            let opened = record.part(Part::File).map(|part| FilePart::parse(part).open_flags);
            Some(opened.map_or(asked, |opened| asked & !O_ACCMODE | opened & O_ACCMODE))
        }
        // creat is open with O_CREAT|O_WRONLY|O_TRUNC.
        EventKind::Creat => Some(0o1101),
        _ => None,
    }
}

fn open_mode(record: &Record<'_>, spec: &Spec) -> u32 {
    match spec.kind {
        EventKind::Open | EventKind::Openat | EventKind::Creat => {
            flags_of(record, spec, Argument::Mode).unwrap_or_default()
        }
        EventKind::Openat2 => how(record, 1).unwrap_or_default() as u32,
        _ => 0,
    }
}
