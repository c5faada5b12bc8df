//! The documents of `testdata/identity/`: `SEAWALL_BLESS=1 cargo test -p seawall-sensor` writes what is expected anew.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::path::{Path, PathBuf};

use seawall_model::{Container, ContainerEngine};
use serde_json::Value;

use super::cgroup::ContainerId;
use super::docker::{read_document, read_event};
use super::reference::fill_image;
use super::spec::SpecFiles;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/identity");
    let mut cases: Vec<_> = std::fs::read_dir(folder).expect("cases").map(|entry| entry.expect("one").path()).collect();
    cases.sort();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    cases
}

fn text(case: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(case.join(name)).ok()
}

/// A container, and what it was made from, as JSON without what is empty.
fn shown(container: &Container) -> Value {
    let mut value = serde_json::to_value(container).expect("JSON");
    let fields = value.as_object_mut().expect("an object");
    fields.retain(|_, v| !v.is_null() && v.as_array().is_none_or(|a| !a.is_empty()));
    fields.retain(|_, v| v.as_object().is_none_or(|o| !o.is_empty()));
    value
}

fn from_files(case: &Path, id: &str) -> Value {
    let root = case.join("root");
    let files = SpecFiles::new(root.clone(), "/var/lib/docker".into());
    match files.find(id) {
        Ok(Some(found)) => serde_json::json!({"complete": found.complete, "container": shown(&found.container)}),
        Ok(None) => serde_json::json!("nothing"),
        Err(error) => serde_json::json!({"error": error.replace(&root.display().to_string(), "")}),
    }
}

fn from_answer(case: &Path, bytes: &[u8]) -> Value {
    let podman = text(case, "engine").is_some();
    let engine = if podman { ContainerEngine::Podman } else { ContainerEngine::Docker };
    match read_document(bytes, engine) {
        Ok(document) => {
            let image: Value =
                serde_json::from_str(&text(case, "image.json").unwrap_or("{}".to_owned())).expect("JSON");
            let list = |name: &str| -> Vec<String> {
                let names = image[name].as_array().cloned().unwrap_or_default();
                names.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
            };
            let mut container = document.container;
            fill_image(&mut container, &list("RepoTags"), &list("RepoDigests"));
            shown(&container)
        }
        Err(error) => serde_json::json!({"error": error}),
    }
}

fn from_events(lines: &str) -> Value {
    let events = lines.lines().map(|line| match read_event(line.as_bytes(), ContainerEngine::Docker) {
        Ok(Some(event)) => serde_json::json!({format!("{:?}", event.action): shown(&event.container)}),
        Ok(None) => serde_json::json!("nothing"),
        Err(error) => serde_json::json!({"error": error}),
    });
    Value::Array(events.collect())
}

fn from_groups(groups: &str) -> Value {
    let found = ContainerId::of_cgroup_file(groups).into_iter();
    let found = found.map(|id| serde_json::json!({"id": id.id, "engine": id.engine.name(), "pod": id.pod_uid}));
    Value::Array(found.collect())
}

#[test]
fn documents_tell_containers() {
    let mut wrong = Vec::new();
    for case in cases() {
        let actual = if let Some(id) = text(&case, "id") {
            from_files(&case, id.trim())
        } else if let Some(answer) = text(&case, "inspect.json") {
            from_answer(&case, answer.as_bytes())
        } else if let Some(groups) = text(&case, "cgroup") {
            from_groups(&groups)
        } else {
            from_events(&text(&case, "events.jsonl").expect("a case"))
        };
        let actual = format!("{}\n", serde_json::to_string_pretty(&actual).expect("JSON"));
        let file = case.join("expected.json");
        if std::env::var_os("SEAWALL_BLESS").is_some() {
            std::fs::write(&file, &actual).expect("writable");
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != actual {
            wrong.push(format!("{}:\n{actual}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "SEAWALL_BLESS=1 writes them anew\n{}", wrong.join("\n"));
}

#[test]
fn documents_that_are_too_large_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let id = "a".repeat(64);
    let at = folder.path().join(format!("run/containerd/io.containerd.runtime.v2.task/k8s.io/{id}"));
    std::fs::create_dir_all(&at).expect("writable");
    let file = std::fs::File::create(at.join("config.json")).expect("writable");
    file.set_len(super::docker::MAX_DOCUMENT + 1).expect("writable");
    let error = SpecFiles::new(folder.path().into(), folder.path().into()).find(&id).expect_err("too large");
    assert!(error.contains("config.json") && error.contains("limit"), "{error}");
    // Deep nesting in what is passed over, and many labels, are bounded by the size alone.
    let deep = format!("{{\"Id\":\"x\",\"Other\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    assert_eq!(read_document(deep.as_bytes(), ContainerEngine::Docker).expect("fine").container.id, "x");
    let labels: Vec<String> = (0..100_000).map(|n| format!("\"label{n}\":\"{n}\"")).collect();
    let many = format!("{{\"Id\":\"x\",\"Config\":{{\"Labels\":{{{}}}}}}}", labels.join(","));
    let document = read_document(many.as_bytes(), ContainerEngine::Docker).expect("fine");
    assert_eq!(document.container.labels.len(), 100_000);
}
