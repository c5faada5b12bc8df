use std::collections::BTreeMap;

use seawall_model::{Container, Pod};

/// Longest time text that is read.
const MAX_TIME: usize = 64;

/// Takes from the labels what orchestrators write there: Swarm's service and task
/// ([service labels](https://docs.docker.com/reference/compose-file/deploy/)), and the pod that the kubelet names.
pub(super) fn fill_from_labels(container: &mut Container) {
    let label = |name: &str| container.labels.get(name).filter(|value| !value.is_empty()).cloned();
    let service = label("com.docker.swarm.service.name");
    let task = label("com.docker.swarm.task.name");
    let pod = label("io.kubernetes.pod.name").map(|name| Pod {
        name,
        namespace: label("io.kubernetes.pod.namespace").unwrap_or_default(),
        uid: label("io.kubernetes.pod.uid").unwrap_or_default(),
        ..Pod::default()
    });
    container.service = container.service.take().or(service);
    container.task = container.task.take().or(task);
    container.pod = container.pod.take().or(pod);
}

/// What a pod's author wrote, of the labels of the container that holds the pod's namespaces: without what the kubelet
/// and containerd add.
pub(super) fn pod_labels(mut labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    const ADDED: [&str; 4] = ["io.kubernetes.pod.", "io.kubernetes.container.", "io.cri-containerd.", "io.containerd."];
    labels.retain(|name, _| !ADDED.iter().any(|prefix| name.starts_with(prefix)));
    labels
}

/// Nanoseconds since 1970 of an RFC 3339 time; none for the year 1, which engines write for "never".
pub(super) fn nanoseconds(text: &str) -> Option<u64> {
    let text = text.get(..MAX_TIME.min(text.len()))?;
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_nanosecond()).ok().filter(|time| *time > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(nanoseconds("1970-01-01T00:00:01.5Z"), Some(1_500_000_000));
        assert_eq!(nanoseconds("2024-05-06T07:08:09.123456789+02:00"), Some(1_714_972_089_123_456_789));
        for text in ["0001-01-01T00:00:00Z", "", "yesterday", &"9".repeat(1_000)] {
            assert_eq!(nanoseconds(text), None, "{text}");
        }
    }
}
