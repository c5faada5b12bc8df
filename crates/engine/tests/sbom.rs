//! What an SBOM format writes, the SBOM reader reads back: the same packages, sources, system, licences and owners.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::collections::BTreeSet;

use seawall_engine::{Inspector, Silent};
use seawall_inspect::{CATALOGERS, Units, read_sbom};
use seawall_io::Limits;
use seawall_model::{FixPlan, Hidden, Inventory, Platform, RelationshipKind, Report, ToolInfo, Verdict};
use seawall_report::{RenderOptions, format};
use seawall_testkit::{ImageBuilder, TarBuilder};

fn inventory() -> Inventory {
    let status = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl (3.0.9-1)\n\
                  Maintainer: Some One <a@example.org>\nVersion: 3.0.9-1+b1\nDepends: libc6\n\n\
                  Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\nVersion: 2.36-9\n\n\
                  Package: python3-yaml\nStatus: install ok installed\nArchitecture: amd64\nVersion: 6.0-3\n\n";
    let egg = "usr/lib/python3/dist-packages/PyYAML-6.0.egg-info";
    let base = TarBuilder::new()
        .file("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12 <&>\"\n")
        .file("var/lib/dpkg/status", status.as_bytes())
        .file("var/lib/dpkg/info/python3-yaml.list", format!("/{egg}\n").as_bytes())
        .file(egg, b"Metadata-Version: 2.1\nName: PyYAML\nVersion: 6.0\nLicense: MIT\n");
    let app = TarBuilder::new()
        .file(
            "app/node_modules/@a/b/package.json",
            br#"{"name":"@a/b","version":"1.0.0","license":"(MIT OR Apache-2.0)","dependencies":{"c":"1"}}"#,
        )
        .file("app/node_modules/c/package.json", br#"{"name":"c","version":"1.2.3","license":"my own words"}"#)
        .file("app/gradle.lockfile", b"org.slf4j:slf4j-api:1.7.36=runtimeClasspath\n")
        .file("app/Cargo.lock", b"[[package]]\nname = \"itoa\"\nversion = \"1.0.1\"\n");
    let folder = tempfile::tempdir().expect("a folder");
    ImageBuilder::new("x:1").layer(base, "FROM x").layer(app, "COPY app /").write_oci(folder.path());
    let platform = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
    let limits = Limits::default();
    let image = seawall_target::open_oci_layout(&folder.path().to_string_lossy(), &limits, &platform, false);
    let inspector = Inspector { units: Units::new(CATALOGERS), limits, cache: None, archives: None, parallel: 2 };
    inspector.image(image.expect("opens"), &Silent).expect("reads")
}

fn render(inventory: &Inventory, id: &str) -> Vec<u8> {
    let report = Report {
        tool: ToolInfo { name: "seawall".into(), version: "0".into() },
        inventory: inventory.clone(),
        findings: Vec::new(),
        hidden: Hidden::default(),
        fix_plan: FixPlan::default(),
        verdict: Verdict::default(),
        database: None,
        created: None,
        show_all: false,
    };
    let mut bytes = Vec::new();
    let options = RenderOptions { width: None, colour: false, sbom_only: true };
    format(id).expect("a format").render(&report, &options, &mut bytes).expect("in memory");
    bytes
}

#[test]
fn every_sbom_format_is_read_back() {
    let inventory = inventory();
    assert_eq!(inventory.packages.len(), 8, "{:#?}", inventory.packages);
    assert!(inventory.packages.iter().any(|p| p.owned_by.is_some()));
    for id in ["cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-tag-value"] {
        let bytes = render(&inventory, id);
        let back = read_sbom(&bytes, id).unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!(back.unknowns, [], "{id}");
        let os = |i: &Inventory| i.os.as_ref().map(|o| (o.id.clone(), o.version_id.clone(), o.pretty_name.clone()));
        assert_eq!(os(&back), os(&inventory), "{id}");
        let purls = |i: &Inventory| i.packages.iter().map(|p| p.purl()).collect::<Vec<_>>();
        assert_eq!(purls(&back), purls(&inventory), "{id}");
        for (a, b) in inventory.packages.iter().zip(&back.packages) {
            let source = |p: &seawall_model::Package| {
                let s = p.source.as_ref();
                let name = s.map_or(p.name.clone(), |s| s.name.clone());
                (name, s.and_then(|s| s.version.clone()).unwrap_or_else(|| p.version.clone()))
            };
            assert_eq!(source(a), source(b), "{id} {}", a.purl());
            assert_eq!((&a.name, &a.version, &a.owned_by), (&b.name, &b.version, &b.owned_by), "{id}");
            assert_eq!(a.licences, b.licences, "{id} {}", a.purl());
            assert_eq!(a.evidence.first().map(|e| &e.path), b.evidence.first().map(|e| &e.path), "{id}");
        }
        let edges = |i: &Inventory| {
            let kept = |r: &&seawall_model::Relationship| r.kind == RelationshipKind::DependsOn;
            i.relationships.iter().filter(kept).cloned().collect::<BTreeSet<_>>()
        };
        assert_eq!(edges(&back), edges(&inventory), "{id}");
    }
}

#[test]
fn hostile_sboms_are_errors_or_unknowns() {
    for bytes in [
        &b"{\"bomFormat\":\"CycloneDX\",\"components\":"[..],
        b"<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"><components><component></bom>",
        b"{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[1]}",
        b"nothing",
        b"",
    ] {
        assert!(read_sbom(bytes, "x").is_err(), "{:?}", String::from_utf8_lossy(bytes));
    }
    let deep = format!(
        "{{\"bomFormat\":\"CycloneDX\",\"components\":{}{}}}",
        "[{\"components\":".repeat(5000),
        "}]".repeat(5000)
    );
    assert!(read_sbom(deep.as_bytes(), "x").is_err());
    let deep = format!("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">{}", "<a>".repeat(5000));
    assert!(read_sbom(deep.as_bytes(), "x").is_err());
    let odd = br#"{"bomFormat":"CycloneDX","components":[{"type":"library","name":"a"},{"type":"library","name":"b","version":"1","purl":"pkg:zz/b@1"},{"type":"library","name":"c","version":"1","purl":"not a purl"},{"type":"container","name":"d"}]}"#;
    assert_eq!(read_sbom(odd, "x").expect("reads").unknowns.len(), 3);
    for (id, bytes) in
        ["cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-tag-value"].map(|id| (id, render(&inventory(), id)))
    {
        for at in (0..bytes.len()).step_by(37) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let _ = read_sbom(&flipped, id);
            let _ = read_sbom(&bytes[..at], id);
        }
    }
}
