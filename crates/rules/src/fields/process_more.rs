//! `proc.*`: the file that runs, the leaders of session and group, and what is not supplied.

use seawall_model::{OverlayLayer, Process};

use super::text::or_na;
use super::{Field, Takes};
use crate::value::FieldType::{Boolean, Signed, Text, Unsigned};
use crate::value::Value;
use crate::view::View;

pub(super) static FIELDS: &[Field] = &[
    Field::one(
        "proc.is_exe_writable",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().executable.writable)),
        "the user may write to the file that runs",
    )
    .present(),
    Field::one(
        "proc.is_exe_upper_layer",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().executable.layer == OverlayLayer::Upper)),
        "the file that runs was written since the container started",
    )
    .present(),
    Field::one(
        "proc.is_exe_lower_layer",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().executable.layer == OverlayLayer::Lower)),
        "the file that runs is part of the image",
    )
    .present(),
    Field::one(
        "proc.is_exe_from_memfd",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().executable.memfd)),
        "what runs was never a file (`memfd_create`)",
    )
    .present(),
    Field::one(
        "proc.exe_ino",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.process().executable.inode)),
        "the inode of the file that runs",
    )
    .present(),
    Field::one(
        "proc.exe_ino.ctime",
        Unsigned,
        |v, _, _| time(v.process().executable.changed),
        "last change of the inode of the file that runs, nanoseconds since 1970",
    ),
    Field::one(
        "proc.exe_ino.mtime",
        Unsigned,
        |v, _, _| time(v.process().executable.modified),
        "last change of the content of the file that runs, nanoseconds since 1970",
    ),
    Field::one(
        "proc.exe_ino.ctime_duration_proc_start",
        Unsigned,
        |v, _, _| since(v.process().started, v.process().executable.changed),
        "nanoseconds from the last change of the inode to the start of the process",
    ),
    Field::one(
        "proc.exe_ino.ctime_duration_pidns_start",
        Unsigned,
        |v, _, _| since(v.process().container.as_ref()?.started?, v.process().executable.changed),
        "nanoseconds from the last change of the inode to the start of the container",
    ),
    Field::one(
        "proc.pidns_init_start_ts",
        Unsigned,
        |v, _, _| time(v.process().container.as_ref()?.started?),
        "when the container started, nanoseconds since 1970",
    ),
    Field::one(
        "proc.sname",
        Text,
        |v, _, _| Some(or_na(&leader(v, |p| p.session)?.name)),
        "the name of the session's leader",
    ),
    Field::one(
        "proc.sid.exe",
        Text,
        |v, _, _| Some(Value::Text(&leader(v, |p| p.session)?.exe)),
        "`argv[0]` of the session's leader",
    ),
    Field::one(
        "proc.sid.exepath",
        Text,
        |v, _, _| Some(Value::Text(&leader(v, |p| p.session)?.exe_path)),
        "the file that the session's leader runs",
    ),
    Field::one(
        "proc.pgid.name",
        Text,
        |v, _, _| Some(or_na(&leader(v, |p| p.group)?.name)),
        "the name of the process group's leader",
    ),
    Field::one(
        "proc.pgid.exe",
        Text,
        |v, _, _| Some(Value::Text(&leader(v, |p| p.group)?.exe)),
        "`argv[0]` of the process group's leader",
    ),
    Field::one(
        "proc.pgid.exepath",
        Text,
        |v, _, _| Some(Value::Text(&leader(v, |p| p.group)?.exe_path)),
        "the file that the process group's leader runs",
    ),
    Field::one(
        "proc.vpgid.name",
        Text,
        |v, _, _| Some(or_na(&leader(v, |p| p.virtual_group)?.name)),
        "the name of the process group's leader in its own PID namespace",
    ),
    Field::one(
        "proc.vpgid.exe",
        Text,
        |v, _, _| Some(Value::Text(&leader(v, |p| p.virtual_group)?.exe)),
        "`argv[0]` of that leader",
    ),
    Field::one(
        "proc.vpgid.exepath",
        Text,
        |v, _, _| Some(Value::Text(&leader(v, |p| p.virtual_group)?.exe_path)),
        "the file that this leader runs",
    ),
    Field::one(
        "proc.exe_path.given",
        Text,
        |v, _, _| Some(Value::Text(&v.process().exe_given)),
        "Seawall's own: the path that was given to exec, made absolute",
    )
    .present(),
    Field::one(
        "proc.is_exe_deleted",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.process().executable.deleted)),
        "Seawall's own: the file that runs has no name any more",
    )
    .present(),
    Field::one(
        "proc.pidns",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.process().namespaces.pid.into())),
        "Seawall's own: the inode of its PID namespace",
    )
    .present(),
    Field::one(
        "proc.mntns",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.process().namespaces.mount.into())),
        "Seawall's own: the inode of its mount namespace",
    )
    .present(),
    Field::one(
        "proc.netns",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.process().namespaces.network.into())),
        "Seawall's own: the inode of its network namespace",
    )
    .present(),
    Field::nothing("proc.nchilds", Unsigned, Takes::Nothing, "how many children it has"),
    Field::nothing("proc.nthreads", Unsigned, Takes::Nothing, "how many threads it has"),
    Field::nothing("proc.fdopencount", Unsigned, Takes::Nothing, "how many descriptors it has open"),
    Field::nothing("proc.fdlimit", Signed, Takes::Nothing, "how many descriptors it may open"),
    Field::nothing("proc.fdusage", Unsigned, Takes::Nothing, "the share of descriptors that it uses"),
    Field::nothing("proc.vmsize", Unsigned, Takes::Nothing, "its virtual memory"),
    Field::nothing("proc.vmrss", Unsigned, Takes::Nothing, "its resident memory"),
    Field::nothing("proc.vmswap", Unsigned, Takes::Nothing, "its swapped memory"),
    Field::nothing("proc.stdin.type", Text, Takes::Nothing, "the type of its standard input"),
    Field::nothing("proc.stdout.type", Text, Takes::Nothing, "the type of its standard output"),
    Field::nothing("proc.stderr.type", Text, Takes::Nothing, "the type of its standard error"),
    Field::nothing("proc.stdin.name", Text, Takes::Nothing, "the name of its standard input"),
    Field::nothing("proc.stdout.name", Text, Takes::Nothing, "the name of its standard output"),
    Field::nothing("proc.stderr.name", Text, Takes::Nothing, "the name of its standard error"),
    Field::nothing("proc.is_container_healthcheck", Boolean, Takes::Nothing, "it is a container's health check"),
    Field::nothing("proc.is_container_liveness_probe", Boolean, Takes::Nothing, "it is a container's liveness probe"),
    Field::nothing("proc.is_container_readiness_probe", Boolean, Takes::Nothing, "it is a container's readiness probe"),
];

fn time(nanoseconds: u64) -> Option<Value<'static>> {
    (nanoseconds != 0).then_some(Value::Unsigned(nanoseconds))
}

fn since(later: u64, earlier: u64) -> Option<Value<'static>> {
    (later != 0 && earlier != 0).then(|| Value::Unsigned(later.saturating_sub(earlier)))
}

/// The farthest of itself and its ancestors in one unbroken line that share an identifier with it.
fn leader<'a>(view: &View<'a>, identifier: fn(&Process) -> u32) -> Option<&'a Process> {
    let wanted = identifier(view.process());
    if wanted == 0 {
        return None;
    }
    view.ancestors().take_while(|p| identifier(p) == wanted).last().or(Some(view.process()))
}
