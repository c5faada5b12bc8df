//! What layers do to each other.

use seawall_testkit::{Compress, ImageBuilder, TarBuilder};

use crate::home::Home;

fn package(name: &str, version: &str) -> Vec<u8> {
    format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}").into_bytes()
}

fn purls(home: &Home, image: &ImageBuilder, more: &[&str]) -> Vec<String> {
    let _ = std::fs::remove_dir_all(home.path("i"));
    image.write_oci(&home.path("i"));
    let report = home.json(&[&["sbom", "oci:i", "-o", "json"], more].concat());
    let packages = report["packages"].as_array().expect("packages").clone();
    packages.iter().map(|p| p["purl"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn upper_layers_hide_what_they_delete_or_replace() {
    let home = Home::empty();
    let m = |n: &str| format!("app/node_modules/{n}/package.json");
    let base = TarBuilder::new()
        .file(&m("kept"), &package("kept", "1.0.0"))
        .file(&m("deleted"), &package("deleted", "1.0.0"))
        .file(&m("replaced"), &package("replaced", "1.0.0"))
        .file("opt/node_modules/opaque/package.json", &package("opaque", "1.0.0"))
        .file("srv/node_modules/linked/package.json", &package("linked", "1.0.0"));
    let top = TarBuilder::new()
        .file("app/node_modules/.wh.deleted", b"")
        .file(&m("replaced"), &package("replaced", "2.0.0"))
        .file("opt/node_modules/.wh..wh..opq", b"")
        .symlink("srv/node_modules", "/nowhere/at/all")
        .symlink("loop", "loop");
    for compress in [Compress::None, Compress::Gzip, Compress::Zstd] {
        let image = ImageBuilder::new("x").compress(compress).layer(base.clone(), "one").layer(top.clone(), "two");
        assert_eq!(
            purls(&home, &image, &["--no-cache"]),
            ["pkg:npm/kept@1.0.0", "pkg:npm/replaced@2.0.0"],
            "{compress:?}"
        );
    }
}

#[test]
fn a_package_belongs_to_the_layer_that_brought_it() {
    let home = Home::demo();
    let report = home.json(&["scan", "oci:image", "--db", "starter.db", "-o", "json"]);
    let findings = report["findings"].as_array().expect("findings");
    let layer = |package: &str| {
        let of = findings.iter().find(|f| f["package"]["name"] == package).unwrap_or_else(|| panic!("{package}"));
        (of["location"]["layerIndex"].as_u64(), of["location"]["instruction"].as_str().map(str::to_owned))
    };
    // The package database is rewritten whole by the second layer, which brought only curl.
    assert_eq!(layer("libc6"), (Some(0), Some("COPY 1-base /".to_owned())));
    assert_eq!(layer("curl"), (Some(1), Some("COPY 2-runtime /".to_owned())));
    assert_eq!(layer("lodash"), (Some(2), Some("COPY 3-app /".to_owned())));
}

#[test]
fn hard_links_and_odd_names_are_seen() {
    let home = Home::empty();
    let tar = TarBuilder::new()
        .file("store/ab/cdef", &package("linked", "1.0.0"))
        .hard_link("app/node_modules/linked/package.json", "store/ab/cdef")
        .raw(b"app/node_modules/\xff\xfe/package.json", b'0', "", 0o644, &package("odd", "1.0.0"))
        .file(&format!("{}/node_modules/deep/package.json", "d".repeat(150)), &package("deep", "1.0.0"));
    let image = ImageBuilder::new("x").layer(tar, "one");
    assert_eq!(purls(&home, &image, &[]), ["pkg:npm/deep@1.0.0", "pkg:npm/linked@1.0.0", "pkg:npm/odd@1.0.0"]);
}

#[test]
fn what_leaves_its_root_or_breaks_off_is_an_unknown_and_exit_3() {
    let home = Home::empty();
    let tar = TarBuilder::new().file("../../etc/shadow", b"x").file("a/package-lock.json", b"{").finish();
    ImageBuilder::new("x").raw_layer(tar, "one").write_oci(&home.path("i"));
    let ran = home.run(&["sbom", "oci:i", "-o", "json"]);
    assert_eq!(ran.code, 3);
    let report: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let paths: Vec<_> = report["unknowns"].as_array().expect("unknowns").iter().map(|u| u["path"].clone()).collect();
    assert_eq!(paths, ["../../etc/shadow", "a/package-lock.json"]);
}

#[test]
fn limits_cut_off_and_say_so() {
    let home = Home::empty();
    let many = (0..50).fold(TarBuilder::new(), |tar, n| tar.file(&format!("f{n}"), b""));
    ImageBuilder::new("x")
        .layer(many.file("big/package-lock.json", &vec![b' '; 100_000]), "one")
        .write_oci(&home.path("i"));
    let ran = home.run(&["sbom", "oci:i", "-o", "json", "--max-entries", "10"]);
    assert!(ran.code == 3 && ran.out.contains("--max-entries"), "{}", ran.out);
    let ran = home.run(&["sbom", "oci:i", "-o", "json", "--max-file-bytes", "1K"]);
    assert!(ran.code == 3 && ran.out.contains("--max-file-bytes"), "{}", ran.out);
    assert_eq!(home.run(&["sbom", "oci:i", "-o", "json", "--max-memory", "48M"]).code, 3);
}

#[test]
fn programs_are_told_by_layer_where_they_are_asked_for() {
    let home = Home::empty();
    let elf = b"\x7fELF and the rest".as_slice();
    let base = TarBuilder::new().file("bin/hidden", elf).file("etc/text", b"text").raw(
        b"bin/script",
        b'0',
        "",
        0o755,
        b"#!/bin/sh\n",
    );
    let top = TarBuilder::new().file("bin/hidden", b"\x7fELF other").hard_link("bin/again", "bin/hidden");
    ImageBuilder::new("x").layer(base, "one").layer(top, "two").write_oci(&home.path("i"));
    let without = home.json(&["sbom", "oci:i", "-o", "json"]);
    assert!(without["layers"][0]["programs"].is_null(), "{without}");
    let report = home.json(&["sbom", "oci:i", "--programs", "-o", "json"]);
    let programs = |layer: usize| {
        let all = report["layers"][layer]["programs"].as_array().expect("programs").clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        all.iter().map(|p| (text(&p["path"]), text(&p["digest"]))).collect::<Vec<_>>()
    };
    let of = |path: &str, content: &[u8]| (path.to_owned(), seawall_io::sha256(content).to_string());
    assert_eq!(programs(0), [of("bin/hidden", elf), of("bin/script", b"#!/bin/sh\n")]);
    assert_eq!(programs(1), [of("bin/hidden", b"\x7fELF other")]);
}
