//! `proc.*`: the process that did it.

use seawall_model::Process;

use super::text::or_na;
use super::{Extract, Field, FieldArgument, Takes, present, varies};
use crate::value::FieldType::{Boolean, Signed, Text, Unsigned};
use crate::value::Value;
use crate::view::View;

const fn ancestors(name: &'static str, kind: crate::FieldType, read: super::ReadProcess, about: &'static str) -> Field {
    Field { name, kind, takes: Takes::OptionalIndex, extract: Extract::Ancestors(read), known: present, about }
}

const fn of_parent(name: &'static str, kind: crate::FieldType, read: super::ReadOne, about: &'static str) -> Field {
    Field { name, kind, takes: Takes::Nothing, extract: Extract::One(read), known: varies, about }
}

pub(super) static FIELDS: &[Field] = &[
    Field::one("proc.pid", Signed, |v, _, _| Some(Value::Signed(v.process().pid.into())), "its PID").present(),
    Field::one("proc.name", Text, |v, _, _| Some(or_na(&v.process().name)), "its name, 15 bytes at most (`comm`)")
        .present(),
    Field::one("proc.exe", Text, |v, _, _| Some(Value::Text(&v.process().exe)), "the first argument, `argv[0]`")
        .present(),
    Field::one(
        "proc.exepath",
        Text,
        |v, _, _| Some(Value::Text(&v.process().exe_path)),
        "the file that runs, as the kernel resolved it",
    )
    .present(),
    Field::one(
        "proc.args",
        Text,
        |v, _, _| Some(Value::Text(&v.process().arguments)),
        "the arguments after the first, joined by blanks",
    )
    .present(),
    Field::one("proc.arg", Text, argument, "an argument by its number, from 0 for the one after `argv[0]`")
        .takes(Takes::Index),
    Field::one(
        "proc.cmdline",
        Text,
        |v, _, _| Some(Value::Text(&v.process().command_line)),
        "the name and the arguments, joined by blanks",
    )
    .present(),
    Field::one(
        "proc.exeline",
        Text,
        |v, _, out| Some(joined(&v.process().exe, &v.process().arguments, out)),
        "`argv[0]` and the arguments",
    )
    .present(),
    Field::one(
        "proc.cmdlenargs",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.process().arguments.len() as u64)),
        "bytes of all arguments after the first",
    )
    .present(),
    Field::one(
        "proc.cmdnargs",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(words(&v.process().arguments).count() as u64)),
        "how many arguments follow the first",
    )
    .present(),
    Field::one("proc.env", Text, environment, "the environment, joined by blanks, or one variable by its name")
        .takes(Takes::OptionalKey),
    Field::one("proc.cwd", Text, |v, _, _| Some(Value::Text(&v.process().cwd)), "its working directory").present(),
    Field::one(
        "proc.tty",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.process().tty.into())),
        "its terminal's device number; 0 for none",
    )
    .present(),
    Field::one(
        "proc.vpid",
        Signed,
        |v, _, _| Some(Value::Signed(v.process().virtual_pid.into())),
        "its PID in its own PID namespace",
    )
    .present(),
    Field::one("proc.pgid", Signed, |v, _, _| Some(Value::Signed(v.process().group.into())), "its process group")
        .present(),
    Field::one(
        "proc.vpgid",
        Signed,
        |v, _, _| Some(Value::Signed(v.process().virtual_group.into())),
        "its process group in its own PID namespace",
    )
    .present(),
    Field::one("proc.sid", Signed, |v, _, _| Some(Value::Signed(v.process().session.into())), "its session").present(),
    Field::one(
        "proc.is_sid_leader",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().session == v.process().pid)),
        "it leads its session",
    )
    .present(),
    Field::one(
        "proc.is_pgid_leader",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().group == v.process().pid)),
        "it leads its process group",
    )
    .present(),
    Field::one(
        "proc.is_vpgid_leader",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().virtual_group == v.process().virtual_pid)),
        "it leads its process group in its own PID namespace",
    )
    .present(),
    Field::one("proc.duration", Unsigned, |v, _, _| duration(v, v.process()), "nanoseconds since it was made"),
    Field::one("proc.pid.ts", Unsigned, |v, _, _| started(v.process()), "when it was made, nanoseconds since 1970"),
    of_parent("proc.ppid", Signed, |v, _, _| Some(Value::Signed(v.process().ppid.into())), "the parent's PID")
        .present(),
    of_parent(
        "proc.pvpid",
        Signed,
        |v, _, _| Some(Value::Signed(v.ancestor(1)?.virtual_pid.into())),
        "the parent's PID in its own PID namespace",
    ),
    of_parent("proc.pname", Text, |v, _, _| Some(or_na(&v.ancestor(1)?.name)), "the parent's name"),
    of_parent(
        "proc.pcmdline",
        Text,
        |v, _, _| Some(Value::Text(&v.ancestor(1)?.command_line)),
        "the parent's name and arguments",
    ),
    of_parent("proc.pexe", Text, |v, _, _| Some(Value::Text(&v.ancestor(1)?.exe)), "the parent's `argv[0]`"),
    of_parent(
        "proc.pexepath",
        Text,
        |v, _, _| Some(Value::Text(&v.ancestor(1)?.exe_path)),
        "the file that the parent runs",
    ),
    of_parent(
        "proc.ppid.duration",
        Unsigned,
        |v, _, _| duration(v, v.ancestor(1)?),
        "nanoseconds since the parent was made",
    ),
    of_parent(
        "proc.ppid.ts",
        Unsigned,
        |v, _, _| started(v.ancestor(1)?),
        "when the parent was made, nanoseconds since 1970",
    ),
    ancestors(
        "proc.apid",
        Signed,
        |p, _, _| Some(Value::Signed(p.pid.into())),
        "an ancestor's PID; without a number, any ancestor's",
    ),
    ancestors(
        "proc.aname",
        Text,
        |p, _, _| Some(or_na(&p.name)),
        "an ancestor's name: 0 is the process, 1 its parent; without a number, any ancestor's",
    ),
    ancestors("proc.aexe", Text, |p, _, _| Some(Value::Text(&p.exe)), "an ancestor's `argv[0]`"),
    ancestors("proc.aexepath", Text, |p, _, _| Some(Value::Text(&p.exe_path)), "the file that an ancestor runs"),
    ancestors("proc.acmdline", Text, |p, _, _| Some(Value::Text(&p.command_line)), "an ancestor's name and arguments"),
    ancestors("proc.aargs", Text, |p, _, _| Some(Value::Text(&p.arguments)), "an ancestor's arguments"),
    ancestors(
        "proc.aenv",
        Text,
        |p, _, _| Some(&p.environment).filter(|e| !e.is_empty()).map(|e| Value::Text(e)),
        "an ancestor's environment",
    ),
];

/// Two texts joined by a blank.
pub(super) fn joined<'v>(first: &'v [u8], second: &'v [u8], out: &mut Vec<u8>) -> Value<'v> {
    if second.is_empty() {
        return Value::Text(first);
    }
    out.extend_from_slice(first);
    out.push(b' ');
    out.extend_from_slice(second);
    Value::Made
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| *b == b' ').filter(|word| !word.is_empty())
}

fn argument<'v>(view: &'v View<'_>, index: &'v FieldArgument, _: &mut Vec<u8>) -> Option<Value<'v>> {
    let FieldArgument::Index(index) = index else { return None };
    words(&view.process().arguments).nth(usize::try_from(*index).ok()?).map(Value::Text)
}

fn environment<'v>(view: &'v View<'_>, name: &'v FieldArgument, _: &mut Vec<u8>) -> Option<Value<'v>> {
    let environment: &[u8] = &view.process().environment;
    if environment.is_empty() {
        return None;
    }
    let Some(name) = name.key() else { return Some(Value::Text(environment)) };
    words(environment).find_map(|word| word.strip_prefix(name.as_bytes())?.strip_prefix(b"=")).map(Value::Text)
}

fn duration(view: &View<'_>, process: &Process) -> Option<Value<'static>> {
    (process.started != 0).then(|| Value::Unsigned(view.event().time.saturating_sub(process.started)))
}

fn started(process: &Process) -> Option<Value<'static>> {
    (process.started != 0).then_some(Value::Unsigned(process.started))
}
