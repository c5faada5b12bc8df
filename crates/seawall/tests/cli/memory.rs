//! `--max-memory` is a cap: what the system says was resident at most stays below it, and what was left out is said.

use std::fmt::Write as _;

use seawall_testkit::{Compress, ImageBuilder, TarBuilder};

use crate::home::Home;

/// The most memory that a run took, bytes, as it says itself with `-v` (VmHWM of /proc/self/status).
fn peak(err: &str) -> u64 {
    let line = err.lines().find_map(|l| l.strip_prefix("peak memory ")).unwrap_or_else(|| panic!("no peak: {err}"));
    line.trim_end_matches(" KiB").parse::<u64>().expect("a number") << 10
}

fn lockfile(packages: usize) -> String {
    let mut text = String::from("{\"lockfileVersion\":3,\"packages\":{");
    for n in 0..packages {
        let comma = if n == 0 { "" } else { "," };
        let _ = write!(
            text,
            "{comma}\"node_modules/name-{n}\":{{\"version\":\"1.0.{n}\",\"integrity\":\"sha512-{n:0>86}==\",\"license\":\"MIT\",\
             \"dependencies\":{{\"name-{}\":\"^1.0.0\"}}}}",
            n + 1
        );
    }
    text + "}}"
}

fn packages(from: usize, count: usize) -> TarBuilder {
    (from..from + count).fold(TarBuilder::new(), |tar, n| {
        let package = format!("{{\"name\":\"package-{n}\",\"version\":\"1.0.{n}\",\"license\":\"MIT\"}}");
        let folder = format!("srv/a-rather-long-folder/another-rather-long-folder/node_modules/package-{n}");
        tar.file(&format!("{folder}/package.json"), package.as_bytes())
            .file(&format!("{folder}/lib/index.js"), b"")
            .file(&format!("{folder}/LICENSE"), b"")
    })
}

/// Large files that catalogers read whole, many packages, a long program, and enough layers for every core.
fn large() -> ImageBuilder {
    let status = (0..20_000).fold(String::new(), |mut text, n| {
        let _ = write!(
            text,
            "Package: package-{n}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-{n}\nDescription: {n:0>200}\n\n"
        );
        text
    });
    ImageBuilder::new("large")
        .layer(
            TarBuilder::new()
                .file("etc/os-release", b"ID=debian\nVERSION_ID=12\n")
                .file("var/lib/dpkg/status", status.as_bytes()),
            "one",
        )
        .layer(packages(0, 3_000), "two")
        .layer(TarBuilder::new().file("app/package-lock.json", lockfile(60_000).as_bytes()), "three")
        .layer(TarBuilder::new().file("usr/bin/program", &[&b"\x7fELF"[..], &vec![7; 24 << 20]].concat()), "four")
        .layer(TarBuilder::new().file("app2/package-lock.json", lockfile(20_000).as_bytes()), "five")
        .layer(packages(3_000, 3_000), "six")
}

#[test]
fn a_cap_is_kept_and_what_did_not_fit_is_said() {
    let home = Home::demo();
    large().write_oci(&home.path("large"));
    let scan = |more: &[&str]| {
        let common =
            ["-v", "scan", "oci:large", "--db", "starter.db", "--today", "2026-01-15", "-o", "json", "--no-cache"];
        home.run(&[&common[..], more].concat())
    };
    let free = scan(&[]);
    assert!(matches!(free.code, 0 | 1), "{}", free.err);
    assert!(peak(&free.err) > 96 << 20, "the image is too small to show anything: {}", peak(&free.err));
    for (text, cap) in [("48M", 48_u64 << 20), ("64M", 64 << 20), ("96M", 96 << 20)] {
        let ran = scan(&["--max-memory", text]);
        assert!(peak(&ran.err) <= cap, "{text}: {} KiB", peak(&ran.err) >> 10);
        assert_eq!(ran.code, 3, "{text}: {}", ran.err);
        let report: serde_json::Value = serde_json::from_str(&ran.out).expect("a whole report");
        let unknowns = report["unknowns"].as_array().expect("unknowns");
        let said = |u: &&serde_json::Value| u["reason"].as_str().is_some_and(|r| r.contains("--max-"));
        assert!(unknowns.iter().filter(said).count() >= 1, "{text}: {unknowns:?}");
        assert!(report["packages"].as_array().is_some_and(|p| p.len() > 100), "{text}");
    }
    assert_eq!(scan(&["--max-memory", "2G"]).out, free.out, "a cap that is never reached changes nothing");
}

#[test]
fn hostile_images_stay_below_the_cap() {
    let home = Home::demo();
    let many = (0..120_000).fold(TarBuilder::new(), |tar, n| tar.file(&format!("{}/{n}", "d".repeat(200)), b""));
    let bomb = TarBuilder::new().file("app/package-lock.json", &vec![b'['; 40 << 20]);
    for (name, image) in [
        ("many", ImageBuilder::new("many").layer(many, "one")),
        ("bomb", ImageBuilder::new("bomb").layer(bomb.clone(), "one").layer(bomb, "two")),
        ("zstd", ImageBuilder::new("zstd").compress(Compress::Zstd).layer(packages(0, 2_000), "one")),
    ] {
        image.write_oci(&home.path(name));
        for (text, cap) in [("48M", 48_u64 << 20), ("64M", 64 << 20)] {
            let target = format!("oci:{name}");
            let ran = home.run(&["-v", "scan", &target, "--db", "starter.db", "--no-cache", "--max-memory", text]);
            assert!(peak(&ran.err) <= cap, "{name} {text}: {}", ran.err);
            assert!(matches!(ran.code, 0 | 3), "{name} {text}: {} {}", ran.code, ran.err);
        }
    }
}

#[test]
fn a_cap_that_cannot_be_kept_is_refused() {
    let home = Home::demo();
    let ran = home.run(&["scan", "oci:image", "--db", "starter.db", "--max-memory", "16M"]);
    assert!(ran.code == 2 && ran.err.contains("a scan needs at least 48M"), "{}", ran.err);
}
