//! What an SBOM format writes, the SBOM reader reads back: the same packages, sources, system, licences and owners.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]

use std::collections::BTreeSet;

use seawall_advisory::{Builder, Database};

use seawall_engine::{Inspector, Silent};
use seawall_inspect::{CATALOGERS, Units, read_sbom};
use seawall_io::Limits;
use seawall_model::{
    Advisory, Affected, Ecosystem, Evidence, FixPlan, FixState, Hidden, Inventory, Package, Platform, Range,
    Recognition, Relationship, RelationshipKind, Report, Severity, SourcePackage, ToolInfo, Unknown, UnknownKind,
    Verdict, VersionRange,
};
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
    let inspector =
        Inspector { units: Units::new(CATALOGERS), limits, cache: None, archives: None, programs: false, parallel: 2 };
    inspector.image(image.expect("opens"), &Silent).expect("reads")
}

/// What a pass does not give so easily: module streams, epochs, content sets, unknowns, odd spellings.
fn enterprise() -> Inventory {
    let mut inventory = inventory();
    inventory.packages.retain(|p| !p.ecosystem.is_operating_system() && p.owned_by.is_none());
    inventory.relationships.clear();
    let mut os = inventory.os.take().expect("a system");
    (os.id, os.version_id) = ("rhel".into(), "8.9".into());
    (os.id_like, os.codename) = (vec!["fedora".into()], Some("Ootpa".into()));
    os.cpe = Some("cpe:/o:redhat:enterprise_linux:8::baseos".into());
    os.repositories = vec!["rhel-8-for-x86_64-baseos-eus-rpms".into(), "x=y: <z>".into()];
    inventory.os = Some(os);
    let evidence = |layer| Evidence {
        path: "var/lib/rpm/rpmdb.sqlite".into(),
        layer: Some(layer),
        how: Recognition::PackageDatabase,
        cataloger: "rpm-sqlite".into(),
    };
    for (name, version, source, module, layer) in [
        ("nodejs", "1:18.14.2-2.module+el8", ("nodejs", Some("1:18.14.2-2.module+el8")), Some("nodejs:18:8:abc"), 0),
        ("openssl-libs", "1:1.1.1k-9.el8", ("openssl", Some("1.1.1k-9.el8")), None, 1),
        ("bash", "0:4.4-1", ("bash", Some("4.4-1+b1")), None, 1),
    ] {
        let mut package = Package::new(Ecosystem::Rpm, name, version);
        (package.namespace, package.distro) = (Some("redhat".into()), Some("rhel-8.9".into()));
        package.architecture = Some("x86_64".into());
        package.source = Some(SourcePackage { name: source.0.into(), version: source.1.map(Into::into) });
        package.modularity = module.map(Into::into);
        package.vendor = Some("Red Hat, Inc.".into());
        package.licences = vec!["MIT".into(), "MIT AND ISC".into(), "GPLv2+ with \u{1b}[31m exceptions".into()];
        package.evidence = vec![evidence(layer)];
        inventory.packages.push(package);
    }
    for (ecosystem, name) in [
        (Ecosystem::Golang, "github.com/BurntSushi/toml/v2"),
        (Ecosystem::Pypi, "Typing_Extensions"),
        (Ecosystem::Composer, "Symfony/HTTP"),
        (Ecosystem::Generic, "odd name </text>"),
        (Ecosystem::Npm, "../odd"),
    ] {
        let mut package = Package::new(ecosystem, name, "1.0+x");
        package.evidence = vec![Evidence { path: "usr/bin/x".into(), ..evidence(1) }];
        inventory.packages.push(package);
    }
    let owner = inventory.packages.iter().find(|p| p.name == "bash").map(|p| p.purl()).expect("an owner");
    let container = inventory.packages.iter().find(|p| p.name == "c").map(|p| p.purl()).expect("a container");
    for package in inventory.packages.iter_mut().filter(|p| p.ecosystem == Ecosystem::Golang) {
        (package.owned_by, package.contained_in) = (Some(owner.clone()), Some(container.clone()));
        let edge = |kind, to: &String| Relationship { from: package.purl(), kind, to: to.clone() };
        inventory.relationships =
            vec![edge(RelationshipKind::ContainedIn, &container), edge(RelationshipKind::OwnedBy, &owner)];
    }
    inventory.packages.sort_by_cached_key(Package::purl);
    inventory.unknowns = [(UnknownKind::Limit, "a/b.jar"), (UnknownKind::Malformed, "c: d")]
        .map(|(kind, path)| Unknown { path: path.into(), layer: None, kind, by: "x".into(), reason: "too big".into() })
        .to_vec();
    inventory
}

const FORMATS: [&str; 4] = ["cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-tag-value"];

#[test]
fn what_other_tools_have_no_field_for_is_read_back_too() {
    let inventory = enterprise();
    for id in FORMATS {
        let back = read_sbom(&render(&inventory, id), id).unwrap_or_else(|e| panic!("{id}: {e}"));
        let mut os = back.os.clone().expect("a system");
        let variant = inventory.os.as_ref().and_then(|o| o.variant_id.clone());
        assert_eq!((os.variant_id.take(), os.codename.take()), (variant, Some("Ootpa".into())), "{id}");
        let known = inventory.os.as_ref().expect("a system");
        assert_eq!((&os.id_like, &os.cpe), (&known.id_like, &known.cpe), "{id}");
        // The tag-value form cannot hold every text as it is, and says so with brackets.
        assert_eq!(os.repositories, known.repositories, "{id}");
        let layers =
            |i: &Inventory| i.layers.iter().map(|l| (l.diff_id, l.digest, l.instruction.clone())).collect::<Vec<_>>();
        assert_eq!(layers(&back), layers(&inventory), "{id}");
        assert_eq!(back.target.tags, inventory.target.tags, "{id}");
        assert_eq!(back.target.manifest_digest, inventory.target.manifest_digest, "{id}");
        assert_eq!(back.target.config_digest, inventory.target.config_digest, "{id}");
        assert_eq!(back.target.platform, inventory.target.platform, "{id}");
        assert_eq!(back.relationships, inventory.relationships, "{id}");
        let unknowns = |i: &Inventory| i.unknowns.iter().map(|u| (u.kind, u.reason.clone())).collect::<Vec<_>>();
        assert_eq!(unknowns(&back).len(), unknowns(&inventory).len(), "{id}: {:?}", back.unknowns);
        assert!(back.unknowns.iter().any(|u| u.kind == UnknownKind::Limit && u.path == "a/b.jar"), "{id}");
        assert_eq!(back.packages.len(), inventory.packages.len(), "{id}");
        for (a, b) in inventory.packages.iter().zip(&back.packages) {
            let what = |p: &Package| {
                let places: Vec<_> = p.evidence.iter().map(|e| (e.path.clone(), e.layer)).collect();
                let owners = (p.owned_by.clone(), p.contained_in.clone());
                (p.purl(), p.version.clone(), p.source.clone(), p.modularity.clone(), p.vendor.clone(), owners, places)
            };
            assert_eq!(what(a), what(b), "{id}");
            if !a.name.contains("text") {
                assert_eq!((a.ecosystem, &a.name), (b.ecosystem, &b.name), "{id}");
            }
            let control = |l: &String| !l.contains(char::is_control) && !l.contains('\u{fffd}');
            let licences = |p: &Package| p.licences.iter().filter(|l| control(l)).cloned().collect::<Vec<_>>();
            assert_eq!(licences(a), licences(b), "{id} {}", a.purl());
        }
    }
}

#[test]
fn detection_from_an_sbom_gives_what_the_image_gives() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("db");
    let mut builder = Builder::new();
    for (number, (stream, name, fixed, module)) in [
        ("debian:12", "openssl", "3.0.10-1", None),
        ("debian:12", "glibc", "2.37-1", None),
        ("redhat:8", "openssl-libs", "1:1.1.1k-10.el8", None),
        ("redhat:rhel_eus:8.9", "bash", "4.5-1", None),
        ("redhat:8", "nodejs", "1:18.15.0-1.module+el8", Some("nodejs:18")),
        ("npm", "c", "1.2.4", None),
        ("maven", "org.slf4j:slf4j-api", "1.7.37", None),
        ("pypi", "pyyaml", "6.1", None),
        ("cargo", "itoa", "1.0.2", None),
    ]
    .into_iter()
    .enumerate()
    {
        let mut advisory = Advisory::new(format!("CVE-2024-{}", number + 1000), "test");
        let range = VersionRange { introduced: None, fixed: Some(fixed.to_owned()), last_affected: None };
        advisory.affected.push(Affected {
            stream: stream.into(),
            name: name.into(),
            state: FixState::Fixed,
            ranges: vec![Range::Versions(range)],
            versions: Vec::new(),
            severity: Severity::High,
            architectures: Vec::new(),
            module: module.map(Into::into),
            fixed_by: None,
        });
        builder.advisory(&advisory);
    }
    builder.finish(&path).expect("writable");
    let database = Database::open(&path).expect("opens");
    for (inventory, least) in [(inventory(), 5), (enterprise(), 5)] {
        let live = seawall_detect::detect(&inventory, &database, "2026-01-01").expect("detects");
        assert!(live.findings.len() >= least, "{:#?}", live.findings.iter().map(|f| &f.id).collect::<Vec<_>>());
        for id in FORMATS {
            let back = read_sbom(&render(&inventory, id), id).unwrap_or_else(|e| panic!("{id}: {e}"));
            let stored = seawall_detect::detect(&back, &database, "2026-01-01").expect("detects");
            assert_eq!(stored.findings, live.findings, "{id}");
            assert_eq!(stored.unknowns, live.unknowns, "{id}");
        }
    }
}

fn render(inventory: &Inventory, id: &str) -> Vec<u8> {
    let report = Report {
        tool: ToolInfo { name: "seawall".into(), version: "0".into() },
        inventory: inventory.clone(),
        findings: Vec::new(),
        hidden: Hidden::default(),
        fix_plan: FixPlan::default(),
        verdict: Verdict::default(),
        not_looked_for: Vec::new(),
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
