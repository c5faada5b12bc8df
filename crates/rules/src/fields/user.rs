//! `user.*` and `group.*`: who did it.

use super::{Field, Takes};
use crate::value::FieldType::{Signed, Text, Unsigned};
use crate::value::Value;

pub(super) static FIELDS: &[Field] = &[
    Field::one("user.uid", Unsigned, |v, _, _| Some(Value::Unsigned(v.process().uid.into())), "the user").present(),
    Field::one(
        "user.name",
        Text,
        |v, _, _| Some(name(v.process().user.as_deref())),
        "the user's name; `<NA>` where it is not known",
    )
    .present(),
    Field::one(
        "user.loginuid",
        Signed,
        |v, _, _| Some(login(v.process().login_uid)),
        "the user who signed in; -1 for none (4294967295 means the same)",
    )
    .present(),
    Field::one(
        "user.loginname",
        Text,
        |v, _, _| Some(name(v.process().login_user.as_deref())),
        "the name of the user who signed in",
    )
    .present(),
    Field::one(
        "user.euid",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.process().euid.into())),
        "Seawall's own: the effective user",
    )
    .present(),
    Field::one("group.gid", Unsigned, |v, _, _| Some(Value::Unsigned(v.process().gid.into())), "the group").present(),
    Field::one(
        "group.name",
        Text,
        |v, _, _| Some(name(v.process().group_name.as_deref())),
        "the group's name; `<NA>` where it is not known",
    )
    .present(),
    Field::nothing("user.homedir", Text, Takes::Nothing, "the user's home"),
    Field::nothing("user.shell", Text, Takes::Nothing, "the user's shell"),
];

fn name(name: Option<&str>) -> Value<'_> {
    Value::text(name.unwrap_or("<NA>"))
}

fn login(uid: u32) -> Value<'static> {
    Value::Signed(if uid == u32::MAX { -1 } else { uid.into() })
}
