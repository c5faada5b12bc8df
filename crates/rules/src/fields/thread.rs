//! `thread.*`: the thread, and what its process may do.

use super::{Field, Takes, capability_names};
use crate::value::FieldType::{Boolean, Signed, Text, Unsigned};
use crate::value::Value;
use crate::view::View;

pub(super) static FIELDS: &[Field] = &[
    Field::one("thread.tid", Signed, |v, _, _| Some(Value::Signed(v.event().thread.into())), "the thread").present(),
    Field::one(
        "thread.vtid",
        Signed,
        |v, _, _| Some(Value::Signed(v.event().virtual_thread.into())),
        "the thread in its own PID namespace",
    )
    .present(),
    Field::one(
        "thread.ismain",
        Boolean,
        |v, _, _| Some(Value::Boolean(v.event().thread == v.process().pid)),
        "it is the process's first thread",
    )
    .present(),
    Field::one(
        "thread.cap_permitted",
        Text,
        |v, _, out| capabilities(v, |c| c.permitted, out),
        "the capabilities it may take, `CAP_…`, joined by blanks",
    )
    .present(),
    Field::one(
        "thread.cap_effective",
        Text,
        |v, _, out| capabilities(v, |c| c.effective, out),
        "the capabilities it has",
    )
    .present(),
    Field::one(
        "thread.cap_inheritable",
        Text,
        |v, _, out| capabilities(v, |c| c.inheritable, out),
        "the capabilities it keeps over an exec",
    )
    .present(),
    Field::nothing("thread.cpu", Unsigned, Takes::Nothing, "processor time"),
    Field::nothing("thread.exectime", Unsigned, Takes::Nothing, "processor time since the last switch"),
    Field::nothing("thread.totexectime", Unsigned, Takes::Nothing, "processor time in all"),
    Field::nothing("thread.cgroups", Text, Takes::Nothing, "its control groups"),
    Field::nothing("thread.cgroup", Text, Takes::Key, "its control group of one controller"),
    Field::nothing("thread.vmsize", Unsigned, Takes::Nothing, "virtual memory"),
    Field::nothing("thread.vmrss", Unsigned, Takes::Nothing, "resident memory"),
];

fn capabilities(
    view: &View<'_>,
    set: fn(&seawall_model::Capabilities) -> u64,
    out: &mut Vec<u8>,
) -> Option<Value<'static>> {
    capability_names(set(&view.process().capabilities), out);
    Some(Value::Made)
}
