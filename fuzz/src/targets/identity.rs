//! What tells of containers and of what they did: engines' answers and events, runtime specifications, control groups,
//! recordings.

use seawall_model::ContainerEngine;
use seawall_sensor::{
    ContainerId, read_containerd_database, read_engine_answer, read_engine_event, read_runtime_spec, replay,
};

use super::{Target, target};

pub(super) fn targets() -> Vec<Target> {
    let corpus = &["identity"];
    vec![
        target("engine-answer", corpus, |bytes| {
            let _ = read_engine_answer(bytes, ContainerEngine::Docker);
        }),
        target("engine-event", corpus, |bytes| {
            let _ = read_engine_event(bytes, ContainerEngine::Podman);
        }),
        target("runtime-spec", corpus, |bytes| {
            let _ = read_runtime_spec(bytes, "fuzz");
        }),
        target("containerd-database", &["identity/containerd-database"], |bytes| {
            let file = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), bytes).expect("writable");
            let _ = read_containerd_database(file.path(), "k8s.io", &"a".repeat(64));
        }),
        target("recording", &["recording"], |bytes| {
            let mut told = 0;
            if let Ok(events) = replay(bytes, &mut |observation| {
                told += 1;
                // Whoever judges walks the ancestors, which a file can make a ring of.
                let _ = observation.ancestor(64);
            }) {
                assert_eq!(events, told);
            }
        }),
        target("control-group", corpus, |bytes| {
            if let Ok(text) = std::str::from_utf8(bytes) {
                for id in ContainerId::of_cgroup_file(text) {
                    assert!(!id.id.is_empty() && !id.short().is_empty());
                }
            }
        }),
    ]
}
