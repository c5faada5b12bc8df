//! What is written is what each format's own schema allows.
#![allow(missing_docs, dead_code, clippy::disallowed_methods, clippy::print_stderr)]

#[path = "support/sample.rs"]
mod sample;

use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::{Registry, Validator};
use seawall_model::{FindingKind, NotLookedFor, Report, WhyNot};
use seawall_report::{RenderOptions, ReportDiff, format};
use serde_json::Value;

fn cases() -> Vec<(&'static str, Report, RenderOptions)> {
    let plain = RenderOptions::default();
    let sbom = RenderOptions { sbom_only: true, ..plain };
    vec![
        ("rich", sample::rich(), plain),
        ("everything", sample::everything(), plain),
        ("empty", sample::empty(), plain),
        ("next", sample::next(), plain),
        ("rich sbom", sample::rich(), sbom),
        ("empty sbom", sample::empty(), sbom),
    ]
}

fn render(id: &str, report: &Report, options: &RenderOptions) -> String {
    let mut out = Vec::new();
    format(id).unwrap().render(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The folder of the format schemas, unpacked; `None` where the shared data is not on this machine.
fn schemas(into: &Path) -> Option<PathBuf> {
    let home = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("SEAWALL_SHARED").map(PathBuf::from);
    let beside = home.ancestors().map(|folder| folder.join("shared"));
    let data = named.into_iter().chain(beside).map(|f| f.join("data/frameworks")).find(|f| f.is_dir());
    let Some(data) = data else {
        eprintln!("SKIPPED: shared data absent");
        return None;
    };
    for archive in ["report-format-schemas.tar.zst", "format-json-schemas.tar.zst"] {
        let unpacked =
            Command::new("tar").arg("--zstd").arg("-xf").arg(data.join(archive)).arg("-C").arg(into).status();
        if !unpacked.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: tar with zstd is needed to unpack {archive}");
            return None;
        }
    }
    Some(into.to_owned())
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A validator that finds what the schema refers to in the given files, and never anywhere else.
fn validator(schema: &Value, others: &[(&str, Value)]) -> Validator {
    let mut registry = Registry::new();
    for (uri, other) in others {
        registry = registry.add(*uri, other).unwrap();
    }
    let registry = registry.prepare().unwrap();
    jsonschema::options().with_registry(&registry).build(schema).unwrap()
}

fn check(id: &str, validator: &Validator, allowed: &[&str]) {
    for (case, report, options) in cases() {
        let text = render(id, &report, &options);
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .filter(|error| !allowed.contains(&error.as_str()))
            .map(|error| error.chars().take(400).collect())
            .collect();
        assert!(errors.is_empty(), "{id}, {case}: {errors:#?}");
    }
}

#[test]
fn our_own_json_follows_the_committed_schema() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/report.schema.json");
    let schema = validator(&read(&path), &[]);
    check("json", &schema, &[]);
    // The schema is strict: a key that it does not know is refused.
    let mut value: Value = serde_json::from_str(&render("json", &sample::rich(), &RenderOptions::default())).unwrap();
    value["findings"][0]["surprise"] = Value::Bool(true);
    assert!(!schema.is_valid(&value));
}

#[test]
fn the_diff_follows_the_committed_schema() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/diff.schema.json");
    let schema = validator(&read(&path), &[]);
    let mut reports = vec![sample::rich(), sample::next(), sample::everything(), sample::empty()];
    let no_database = NotLookedFor { kind: FindingKind::Malware, part: None, why: WhyNot::NoDatabase };
    reports[3].not_looked_for.push(no_database);
    for old in &reports {
        for new in &reports {
            let mut out = Vec::new();
            ReportDiff::between(old, new).write_json(&mut out).unwrap();
            let mut value: Value = serde_json::from_slice(&out).unwrap();
            let errors: Vec<String> =
                schema.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{errors:#?}");
            assert_eq!(value["new"]["complete"], new.is_complete());
            // The schema is strict, wherever a key is added.
            for place in ["/old", "/findings", "/layers", "/findings/new/0", "/packages/0", "/configuration/0"] {
                if let Some(Value::Object(object)) = value.pointer_mut(place) {
                    object.insert("surprise".into(), Value::Bool(true));
                    assert!(!schema.is_valid(&value), "{place}");
                    value.pointer_mut(place).unwrap().as_object_mut().unwrap().remove("surprise");
                }
            }
        }
    }
}

#[test]
fn cyclonedx_json_follows_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let Some(schemas) = schemas(folder.path()) else { return };
    let file = |name: &str| read(&schemas.join("cyclonedx").join(name));
    let others = [
        ("http://cyclonedx.org/schema/spdx.schema.json", file("spdx.schema.json")),
        ("http://cyclonedx.org/schema/jsf-0.82.schema.json", file("jsf-0.82.schema.json")),
        ("http://cyclonedx.org/schema/cryptography-defs.schema.json", file("cryptography-defs.schema.json")),
    ];
    check("cyclonedx-json", &validator(&file("bom-1.6.schema.json"), &others), &[]);
}

#[test]
fn spdx_json_follows_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let Some(schemas) = schemas(folder.path()) else { return };
    check("spdx-json", &validator(&read(&schemas.join("spdx/spdx-2.3.schema.json")), &[]), &[]);
}

#[test]
fn sarif_follows_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let Some(schemas) = schemas(folder.path()) else { return };
    check("sarif", &validator(&read(&schemas.join("sarif/sarif-schema-2.1.0.json")), &[]), &[]);
}

#[test]
fn openvex_follows_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let Some(schemas) = schemas(folder.path()) else { return };
    let schema = validator(&read(&schemas.join("openvex+spec/openvex_json_schema.json")), &[]);
    // Documented at the format: a target without vulnerabilities has no statement to make.
    check("openvex", &schema, &["/statements: [] has less than 1 item"]);
}

#[test]
fn cyclonedx_xml_follows_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let Some(schemas) = schemas(folder.path()) else { return };
    if Command::new("xmllint").arg("--version").output().is_err() {
        eprintln!("SKIPPED: xmllint (Debian package libxml2-utils) absent");
        return;
    }
    // The schema names its other part by web address; the catalogue says where it lies.
    let catalog = folder.path().join("catalog.xml");
    let entry = format!(
        "<catalog xmlns=\"urn:oasis:names:tc:entity:xmlns:xml:catalog\"><uri name=\"http://cyclonedx.org/schema/spdx\" \
         uri=\"file://{0}\"/><system systemId=\"http://cyclonedx.org/schema/spdx\" uri=\"file://{0}\"/></catalog>",
        schemas.join("cyclonedx/spdx.xsd").display()
    );
    std::fs::write(&catalog, entry).unwrap();
    for (case, report, options) in cases() {
        let path = folder.path().join("bom.xml");
        std::fs::write(&path, render("cyclonedx-xml", &report, &options)).unwrap();
        let output = Command::new("xmllint")
            .env("XML_CATALOG_FILES", &catalog)
            .args(["--nonet", "--noout", "--schema"])
            .arg(schemas.join("cyclonedx/bom-1.6.xsd"))
            .arg(&path)
            .output()
            .unwrap();
        assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// GitLab's schema (15.0.7) is not among the shared data: this is its list of required fields, closed lists and patterns.
#[test]
fn gitlab_has_what_its_schema_requires() {
    let text = |value: &Value, key: &str| value[key].as_str().map(str::to_owned).unwrap_or_default();
    let time = |text: &str| text.len() == 19 && text.as_bytes()[10] == b'T' && !text.ends_with('Z');
    let link = |text: &str| text.starts_with("https://") || text.starts_with("http://");
    // The fields that the schema publishes for each place; it knows no others.
    let only = |place: &Value, known: &[&str]| {
        for key in place.as_object().into_iter().flat_map(|object| object.keys()) {
            assert!(known.contains(&key.as_str()), "`{key}` is no field of GitLab's: {known:?}");
        }
    };
    for (case, report, options) in cases() {
        let value: Value = serde_json::from_str(&render("gitlab", &report, &options)).unwrap();
        assert_eq!(value["version"], "15.0.7", "{case}");
        let scan = &value["scan"];
        only(&value, &["version", "schema", "scan", "vulnerabilities", "remediations"]);
        only(
            scan,
            &[
                "start_time",
                "end_time",
                "messages",
                "options",
                "analyzer",
                "scanner",
                "primary_identifiers",
                "status",
                "type",
            ],
        );
        assert!(time(&text(scan, "start_time")) && time(&text(scan, "end_time")), "{case}");
        assert_eq!((text(scan, "status"), text(scan, "type")), ("success".into(), "container_scanning".into()));
        for tool in ["analyzer", "scanner"] {
            only(&scan[tool], &["id", "name", "url", "version", "vendor"]);
            only(&scan[tool]["vendor"], &["name"]);
            for key in ["id", "name", "version"] {
                assert!(!text(&scan[tool], key).is_empty(), "{case}: {tool} {key}");
            }
            assert!(!text(&scan[tool]["vendor"], "name").is_empty());
        }
        for message in scan["messages"].as_array().into_iter().flatten() {
            only(message, &["level", "value"]);
            assert!(["info", "warn", "fatal"].contains(&text(message, "level").as_str()));
            assert!(!text(message, "value").is_empty());
        }
        let mut ids = std::collections::HashSet::new();
        for one in value["vulnerabilities"].as_array().unwrap() {
            assert!(ids.insert(text(one, "id")), "{case}: an id twice");
            only(
                one,
                &[
                    "id",
                    "name",
                    "description",
                    "severity",
                    "solution",
                    "identifiers",
                    "links",
                    "details",
                    "tracking",
                    "flags",
                    "location",
                ],
            );
            let severities = ["Info", "Unknown", "Low", "Medium", "High", "Critical"];
            assert!(severities.contains(&text(one, "severity").as_str()));
            assert!(text(one, "name").chars().count() <= 255);
            assert!(text(one, "solution").chars().count() <= 7000);
            let identifiers = one["identifiers"].as_array().unwrap();
            assert!(!identifiers.is_empty());
            for identifier in identifiers {
                only(identifier, &["type", "name", "url", "value"]);
                for key in ["type", "name", "value"] {
                    assert!(!text(identifier, key).is_empty(), "{case}: {key}");
                }
                assert!(identifier.get("url").is_none_or(|url| link(url.as_str().unwrap())));
            }
            for other in one["links"].as_array().into_iter().flatten() {
                only(other, &["name", "url"]);
                assert!(link(&text(other, "url")));
            }
            let location = &one["location"];
            only(location, &["dependency", "operating_system", "image", "default_branch_image", "kubernetes_resource"]);
            only(&location["dependency"], &["package", "version", "iid", "direct", "dependency_path"]);
            only(&location["dependency"]["package"], &["name"]);
            assert!(!text(location, "operating_system").is_empty() && !text(location, "image").is_empty());
            assert!(location["dependency"]["package"]["name"].is_string());
            assert!(location["dependency"]["version"].is_string());
        }
        assert!(value["remediations"].is_array());
    }
}
