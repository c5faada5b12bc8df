//! `k8s.*`: the pod that it happened in.

use seawall_model::Pod;

use super::container::labels;
use super::{Field, Takes};
use crate::value::FieldType::Text;
use crate::value::Value;
use crate::view::View;

pub(super) static FIELDS: &[Field] = &[
    Field::one("k8s.ns.name", Text, |v, _, _| Some(Value::text(&pod(v)?.namespace)), "the pod's namespace"),
    Field::one("k8s.pod.name", Text, |v, _, _| Some(Value::text(&pod(v)?.name)), "the pod's name"),
    Field::one("k8s.pod.uid", Text, |v, _, _| Some(Value::text(&pod(v)?.uid)), "the pod's identifier"),
    Field::one("k8s.pod.id", Text, |v, _, _| Some(Value::text(&pod(v)?.uid)), "as `k8s.pod.uid`"),
    Field::one(
        "k8s.pod.label",
        Text,
        |v, a, _| pod(v)?.labels.get(a.key()?).map(|l| Value::text(l)),
        "a label of the pod by its name",
    )
    .takes(Takes::Key),
    Field::one("k8s.pod.labels", Text, |v, _, out| labels(&pod(v)?.labels, out), "all labels of the pod"),
    Field::one(
        "k8s.sa.name",
        Text,
        |v, _, _| pod(v)?.service_account.as_deref().map(Value::text),
        "Seawall's own: the account that the pod runs under",
    ),
    Field::nothing("k8s.pod.ip", Text, Takes::Nothing, "the pod's address"),
    Field::nothing("k8s.pod.sandbox_id", Text, Takes::Nothing, "the short identifier of the pod's sandbox"),
    Field::nothing("k8s.pod.full_sandbox_id", Text, Takes::Nothing, "the identifier of the pod's sandbox"),
    Field::nothing("k8s.pod.cni.json", Text, Takes::Nothing, "what the network plug-in answered"),
    Field::nothing("k8s.rc.name", Text, Takes::Nothing, "the replication controller"),
    Field::nothing("k8s.rs.name", Text, Takes::Nothing, "the replica set"),
    Field::nothing("k8s.svc.name", Text, Takes::Nothing, "the service"),
    Field::nothing("k8s.deployment.name", Text, Takes::Nothing, "the deployment"),
    Field::nothing("k8s.ns.id", Text, Takes::Nothing, "the namespace's identifier"),
    Field::nothing("k8s.ns.label", Text, Takes::Key, "a label of the namespace"),
    Field::nothing("k8s.ns.labels", Text, Takes::Nothing, "all labels of the namespace"),
];

fn pod<'v>(view: &'v View<'_>) -> Option<&'v Pod> {
    view.process().container.as_ref()?.pod.as_ref()
}
