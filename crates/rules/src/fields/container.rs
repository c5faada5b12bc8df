//! `container.*`: the container that it happened in.

use std::collections::BTreeMap;

use seawall_model::{Container, ContainerMount};

use super::text::made;
use super::{Field, FieldArgument, Takes};
use crate::value::FieldType::{Boolean, Text, Unsigned};
use crate::value::Value;
use crate::view::View;

pub(super) static FIELDS: &[Field] = &[
    Field::one(
        "container.id",
        Text,
        |v, _, _| Some(Value::text(v.process().container.as_ref().map_or("host", |c| c.short_id()))),
        "the first twelve characters of its identifier; `host` outside containers",
    )
    .present(),
    Field::one(
        "container.full_id",
        Text,
        |v, _, _| Some(Value::text(v.process().container.as_ref().map_or("host", |c| &c.id))),
        "its whole identifier; `host` outside containers",
    )
    .present(),
    Field::one(
        "container.name",
        Text,
        |v, _, _| match &v.process().container {
            Some(container) => container.name.as_deref().map(Value::text),
            None => Some(Value::text("host")),
        },
        "its name; `host` outside containers",
    ),
    Field::one(
        "container.image",
        Text,
        |v, _, _| text(container(v)?.image.as_ref()),
        "the image, as it was named when the container was made",
    ),
    Field::one(
        "container.image.repository",
        Text,
        |v, _, _| text(container(v)?.image_repository.as_ref()),
        "the image's repository, without tag and digest",
    ),
    Field::one("container.image.tag", Text, |v, _, _| text(container(v)?.image_tag.as_ref()), "the image's tag"),
    Field::one(
        "container.image.digest",
        Text,
        |v, _, _| text(container(v)?.image_digest.as_ref()),
        "the digest of the image's manifest",
    ),
    Field::one(
        "container.image.id",
        Text,
        |v, _, _| text(container(v)?.image_id.as_ref()),
        "the image's own identifier",
    ),
    Field::one(
        "container.type",
        Text,
        |v, _, _| Some(Value::text(v.process().container.as_ref().map_or("host", |c| c.engine.name()))),
        "who runs it: `docker`, `containerd`, `cri-o`, `podman`",
    )
    .present(),
    Field::one(
        "container.privileged",
        Boolean,
        |v, _, _| container(v)?.privileged.map(Value::Boolean),
        "every capability and no masks",
    ),
    Field::one(
        "container.mounts",
        Text,
        |v, _, out| mounts(container(v)?, out),
        "all mounts from outside, `source:dest:mode:rdwr:propagation` and commas",
    ),
    Field::one(
        "container.mount",
        Text,
        |v, a, out| whole(found(v, a, by_source)?, out),
        "a mount by its source, or by its number",
    )
    .takes(Takes::Path),
    Field::one(
        "container.mount.source",
        Text,
        |v, a, _| part(v, a, by_destination, |m| &m.source),
        "the path outside of the mount with this path inside (globs allowed); `N/A` where there is none",
    )
    .takes(Takes::Path),
    Field::one(
        "container.mount.dest",
        Text,
        |v, a, _| part(v, a, by_source, |m| &m.destination),
        "the path inside of the mount with this path outside (globs allowed); `N/A` where there is none",
    )
    .takes(Takes::Path),
    Field::one(
        "container.mount.mode",
        Text,
        |v, a, _| part(v, a, by_source, |m| &m.mode),
        "the options of the mount with this path outside; `N/A` where there is none",
    )
    .takes(Takes::Path),
    Field::one(
        "container.mount.rdwr",
        Text,
        |v, a, _| part(v, a, by_source, |m| if m.writable { "true" } else { "false" }),
        "whether the mount with this path outside may be written; `N/A` where there is none",
    )
    .takes(Takes::Path),
    Field::one(
        "container.mount.propagation",
        Text,
        |v, a, _| part(v, a, by_source, |m| &m.propagation),
        "the propagation of the mount with this path outside; `N/A` where there is none",
    )
    .takes(Takes::Path),
    Field::one(
        "container.start_ts",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(container(v)?.started?)),
        "when it started, nanoseconds since 1970",
    ),
    Field::one(
        "container.duration",
        Unsigned,
        |v, _, _| Some(Value::Unsigned(v.event().time.saturating_sub(container(v)?.started?))),
        "nanoseconds since it started",
    ),
    Field::one("container.ip", Text, |v, _, _| text(container(v)?.addresses.first()), "its first address"),
    Field::one("container.label", Text, |v, a, _| text(container(v)?.labels.get(a.key()?)), "a label by its name")
        .takes(Takes::Key),
    Field::one(
        "container.labels",
        Text,
        |v, _, out| labels(&container(v)?.labels, out),
        "all labels, `name:value` and commas",
    ),
    Field::one(
        "swarm.service",
        Text,
        |v, _, _| text(container(v)?.service.as_ref()),
        "Seawall's own: the Swarm service that it belongs to",
    ),
    Field::one(
        "swarm.task",
        Text,
        |v, _, _| text(container(v)?.task.as_ref()),
        "Seawall's own: the Swarm task that it is",
    ),
    Field::nothing("container.cni.json", Text, Takes::Nothing, "what the network plug-in answered"),
    Field::nothing("container.healthcheck", Text, Takes::Nothing, "its health check"),
    Field::nothing("container.liveness_probe", Text, Takes::Nothing, "its liveness probe"),
    Field::nothing("container.readiness_probe", Text, Takes::Nothing, "its readiness probe"),
    Field::nothing("container.host_pid", Boolean, Takes::Nothing, "it shares the host's PID namespace"),
    Field::nothing("container.host_network", Boolean, Takes::Nothing, "it shares the host's network namespace"),
    Field::nothing("container.host_ipc", Boolean, Takes::Nothing, "it shares the host's IPC namespace"),
];

fn container<'v>(view: &'v View<'_>) -> Option<&'v Container> {
    view.process().container.as_deref()
}

fn text(text: Option<&String>) -> Option<Value<'_>> {
    text.map(|t| Value::text(t))
}

fn by_source(mount: &ContainerMount) -> &str {
    &mount.source
}

fn by_destination(mount: &ContainerMount) -> &str {
    &mount.destination
}

/// A mount by one of its paths, or by its number.
fn found<'v>(
    view: &'v View<'_>,
    argument: &FieldArgument,
    path: fn(&ContainerMount) -> &str,
) -> Option<&'v ContainerMount> {
    let container = container(view)?;
    let FieldArgument::Path(wanted) = argument else { return None };
    match wanted.number() {
        Some(number) => container.mounts.get(number),
        None => container.mounts.iter().find(|mount| wanted.matches(path(mount).as_bytes())),
    }
}

/// `N/A` where the container is known and has no such mount, so that `not … in ("N/A")` means what it says.
fn part<'v>(
    view: &'v View<'_>,
    argument: &FieldArgument,
    path: fn(&ContainerMount) -> &str,
    part: for<'m> fn(&'m ContainerMount) -> &'m str,
) -> Option<Value<'v>> {
    container(view)?;
    Some(Value::text(found(view, argument, path).map_or("N/A", part)))
}

fn whole(mount: &ContainerMount, out: &mut Vec<u8>) -> Option<Value<'static>> {
    let ContainerMount { source, destination, mode, writable, propagation } = mount;
    made(out, format_args!("{source}:{destination}:{mode}:{writable}:{propagation}"))
}

fn mounts(container: &Container, out: &mut Vec<u8>) -> Option<Value<'static>> {
    for mount in &container.mounts {
        if !out.is_empty() {
            out.push(b',');
        }
        whole(mount, out);
    }
    Some(Value::Made)
}

/// Labels as one text.
pub(super) fn labels(labels: &BTreeMap<String, String>, out: &mut Vec<u8>) -> Option<Value<'static>> {
    for (name, value) in labels {
        let comma = if out.is_empty() { "" } else { ", " };
        made(out, format_args!("{comma}{name}:{value}"));
    }
    Some(Value::Made)
}
