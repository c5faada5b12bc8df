use crate::home::Home;

const SCAN: &[&str] = &["scan", "oci:image", "--db", "starter.db", "--today", "2026-11-24"];

fn scan(more: &[&'static str]) -> Vec<&'static str> {
    [SCAN, more].concat()
}

#[test]
fn the_demo_is_denied_and_says_why() {
    let home = Home::demo();
    let ran = home.run(&scan(&[]));
    assert_eq!(ran.code, 1, "{}", ran.err);
    for part in [
        "24 (12 deb, 5 npm, 5 pypi, 2 maven)",
        "CVE-2021-44228",
        "KEV",
        "Fix first",
        "2.17.0",
        "DENY",
        "known-exploited",
    ] {
        assert!(ran.out.contains(part), "{part} is missing:\n{}", ran.out);
    }
    assert!(
        !ran.out.contains("left-behind") && !ran.out.contains("CVE-2018-20796") && !ran.out.contains("CVE-2024-0193")
    );
    assert!(ran.out.contains("2 that the publisher calls unimportant, 1 in kernel headers"), "{}", ran.out);
    let all = home.run(&scan(&["--all"]));
    assert!(all.out.contains("CVE-2018-20796") && all.out.contains("CVE-2024-0193"));
}

#[test]
fn json_has_the_fields_that_scripts_rely_on() {
    let home = Home::demo();
    let report = home.json(&scan(&["-o", "json"]));
    assert_eq!(report["schemaVersion"], 1);
    assert_eq!(report["packages"].as_array().map(Vec::len), Some(24));
    let finding = &report["findings"][0];
    assert_eq!(
        (&finding["id"], &finding["kind"], &finding["severity"]),
        (&"CVE-2021-44228".into(), &"vulnerability".into(), &"critical".into())
    );
    assert_eq!(finding["package"]["purl"], "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1");
    assert_eq!(finding["location"]["path"], "srv/app/gradle.lockfile");
    assert!(finding["location"]["layer"].as_str().is_some_and(|l| l.starts_with("sha256:")));
    assert_eq!(finding["fix"]["versions"][0], "2.15.0");
    assert!(finding["reasons"].as_array().is_some_and(|r| r.len() >= 2));
    assert_eq!(report["verdict"]["outcome"], "deny");
    assert_eq!(report["unknowns"].as_array().map(Vec::len), Some(0));
}

#[test]
fn equal_input_gives_equal_bytes_cached_or_not() {
    let home = Home::demo();
    let fresh = home.run(&scan(&["-o", "json", "--no-cache"])).out;
    let first = home.run(&scan(&["-o", "json"])).out;
    let cached = home.run(&scan(&["-o", "json"])).out;
    assert!(fresh == first && first == cached);
    let archive =
        home.json(&["scan", "docker-archive:image.tar", "--db", "starter.db", "--today", "2026-11-24", "-o", "json"]);
    let layout: serde_json::Value = serde_json::from_str(&fresh).expect("JSON");
    assert_eq!(archive["findings"].as_array().map(Vec::len), layout["findings"].as_array().map(Vec::len));
    assert_eq!(archive["packages"], layout["packages"]);
}

#[test]
fn every_format_is_written_in_one_scan() {
    let home = Home::demo();
    let formats = [
        "json",
        "cyclonedx-json",
        "cyclonedx-xml",
        "spdx-json",
        "spdx-tag-value",
        "sarif",
        "openvex",
        "junit",
        "gitlab",
        "markdown",
        "html",
    ];
    let outputs: Vec<String> = formats.iter().map(|f| format!("{f}=out.{f}")).collect();
    let mut arguments: Vec<&str> = SCAN.to_vec();
    for output in &outputs {
        arguments.extend(["-o", output]);
    }
    arguments.extend(["-o", "table"]);
    assert_eq!(home.run(&arguments).code, 1);
    for format in formats {
        assert!(home.read(&format!("out.{format}")).contains("CVE-2021-44228"), "{format}");
    }
    assert_eq!(home.run(&scan(&["-o", "json", "-o", "sarif"])).code, 2);
    let ran = home.run(&scan(&["-o", "tabel"]));
    assert!(ran.code == 2 && ran.err.contains("`tabel` is not a format\nhint: "), "{}", ran.err);
}

#[test]
fn policies_decide_and_broken_ones_are_refused() {
    let home = Home::demo();
    home.write("ok.yaml", "apiVersion: seawall/v1\nname: mine\nrules:\n  - id: none\n    on: finding\n    when: finding.id == \"CVE-0000-0000\"\n    outcome: deny\n");
    assert_eq!(home.run(&scan(&["--policy", "ok.yaml"])).code, 0);
    assert_eq!(home.run(&scan(&["--policy", "ok.yaml", "--fail-on", "critical"])).code, 1);
    home.write("bad.yaml", "apiVersion: seawall/v1\nname: mine\nrules:\n  - id: none\n    on: finding\n    when: finding.severty == \"x\"\n    outcome: deny\n");
    let ran = home.run(&scan(&["--policy", "bad.yaml"]));
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("bad.yaml:6:") && ran.err.contains("did you mean `severity`?"), "{}", ran.err);
}

#[test]
fn vex_takes_a_finding_out_of_the_count() {
    let home = Home::demo();
    home.write("vex.json", r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"v1","author":"us","timestamp":"2026-01-01T00:00:00Z","version":1,
        "statements":[{"vulnerability":{"name":"CVE-2021-44228"},"products":[{"@id":"pkg:maven/org.apache.logging.log4j/log4j-core"}],"status":"not_affected","justification":"vulnerable_code_not_in_execute_path"}]}"#);
    let report = home.json(&scan(&["--vex", "vex.json", "-o", "json"]));
    let of = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .find(|f| f["id"] == "CVE-2021-44228")
        .expect("it is kept");
    assert_eq!(of["suppressed"]["by"], "vex");
    assert_eq!(report["hidden"]["suppressed"], 1);
}

#[test]
fn without_a_database_the_answer_is_incomplete() {
    let home = Home::demo();
    let ran = home.run(&["scan", "oci:image"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("no advisory database"), "{}", ran.err);
    assert!(ran.out.contains("24"), "{}", ran.out);
    assert!(
        ran.out.contains("Not looked for: vulnerabilities, malware, end of life (no advisory database)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("Verdict: ? INCOMPLETE (warn so far)") && !ran.out.contains("ALLOW"), "{}", ran.out);
    let report = home.json(&["scan", "oci:image", "-o", "json"]);
    assert_eq!((&report["verdict"]["outcome"], &report["verdict"]["complete"]), (&"warn".into(), &false.into()));
    assert_eq!(report["verdict"]["reasons"][0]["rule"], "not-looked-for");
    assert_eq!(home.run(&["scan", "oci:image", "--db", "missing.db"]).code, 2);
}

#[test]
fn kinds_that_were_not_looked_for_are_named() {
    let home = Home::demo();
    let kinds = |more: &[&'static str]| {
        let report = home.json(&[&scan(more)[..], &["-o", "json"]].concat());
        let list = report["notLookedFor"].as_array().expect("a list").clone();
        list.iter()
            .map(|n| format!("{} {}", n["kind"].as_str().unwrap_or(""), n["why"].as_str().unwrap_or("")))
            .collect::<Vec<_>>()
    };
    let not_built = ["secret not-built", "malware not-built", "misconfiguration not-built", "licence not-built"];
    assert_eq!(kinds(&[]), not_built);
    let only = kinds(&["--detect", "end-of-life"]);
    assert!(
        only.contains(&"vulnerability not-asked".to_owned()) && !only.iter().any(|k| k.starts_with("end")),
        "{only:?}"
    );
    for format in ["table", "markdown", "html", "junit", "gitlab", "sarif"] {
        let ran = home.run(&scan(&["--detect", "end-of-life", "-o", format]));
        let text = ran.out.to_lowercase().replace('\\', "");
        assert!(
            text.contains("not looked for: vulnerabilities, malware (not asked for); secrets"),
            "{format}: {}",
            ran.out
        );
    }
}

#[test]
fn an_end_of_life_is_found_where_it_was_read() {
    let home = Home::demo();
    let report = home.json(&[
        "scan",
        "oci:image",
        "--db",
        "starter.db",
        "--today",
        "2030-01-15",
        "--detect",
        "end-of-life",
        "-o",
        "json",
    ]);
    let location = &report["findings"][0]["location"];
    assert_eq!(location["path"], report["os"]["evidence"]["path"]);
    assert_eq!((&location["layerIndex"], &location["instruction"]), (&0.into(), &"COPY 1-base /".into()));
    std::fs::create_dir_all(home.path("root/usr/lib")).expect("a folder");
    home.write("root/usr/lib/os-release", "ID=debian\nVERSION_ID=12\nPRETTY_NAME=Debian\n");
    let report = home.json(&["scan", "rootfs:root", "--db", "starter.db", "--today", "2030-01-15", "-o", "json"]);
    assert_eq!(report["findings"][0]["location"]["path"], "usr/lib/os-release", "{report}");
}

#[test]
fn a_reader_that_stops_is_no_error() {
    let home = Home::demo();
    // The reading end is closed before anything is written, so that it is no race.
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = home.command(&scan(&["-o", "html"])).stdout(writer).status().expect("runs");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn damage_is_named_by_its_digest() {
    let home = Home::demo();
    let blobs = std::fs::read_dir(home.path("image/blobs/sha256")).expect("blobs");
    let layer =
        blobs.flatten().map(|e| e.path()).find(|p| std::fs::read(p).is_ok_and(|b| b.starts_with(&[0x1f, 0x8b])));
    let layer = layer.expect("a layer");
    let mut bytes = std::fs::read(&layer).expect("readable");
    bytes.truncate(bytes.len() - 9);
    std::fs::write(&layer, &bytes).expect("writable");
    let ran = home.run(&scan(&["--no-cache"]));
    let name = layer.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(ran.code == 2 && ran.err.contains(&name), "{} {}", ran.code, ran.err);
}
