use std::io::Write;
use std::process::Stdio;

use crate::home::{Home, demo_image};

#[test]
fn versions_are_compared_one_by_one_and_in_lines() {
    let home = Home::empty();
    assert_eq!(home.run(&["version", "compare", "deb", "1.0~rc1", "1.0"]).out, "<\n");
    assert_eq!(home.run(&["version", "compare", "rpm", "1:1-1", "2-1"]).out, ">\n");
    assert_eq!(home.run(&["version", "compare", "npm", "1.0", "1.0.0"]).out, "=\n");
    let ran = home.run(&["version", "compare", "dpkg", "1", "2"]);
    assert_eq!(ran.code, 2);
    let mut child =
        home.command(&["version", "compare", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
    child.stdin.take().expect("piped").write_all(b"deb\t1\t2\nbad line\ngo\tv1.2.3\tv1.2.2\n").expect("writable");
    let output = child.wait_with_output().expect("ends");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.len() == 3 && lines[0] == "<" && lines[1].starts_with("? line 2") && lines[2] == ">", "{out}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_diff_is_a_gate_on_what_is_new() {
    let home = Home::demo();
    let ran = home.run(&["diff", "oci:image", "oci:image", "--db", "starter.db"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    home.write("requirements.txt", "requests==2.19.1\n");
    std::fs::create_dir_all(home.path("old")).expect("a folder");
    std::fs::create_dir_all(home.path("new")).expect("a folder");
    home.write("old/requirements.txt", "requests==2.31.0\n");
    home.write("new/requirements.txt", "requests==2.19.1\n");
    let ran = home.run(&["diff", "dir:old", "dir:new", "--db", "starter.db", "--fail-on", "high"]);
    assert!(ran.code == 1 && ran.out.contains("CVE-2018-18074"), "{} {}", ran.code, ran.out);
    let better = home.run(&["diff", "dir:new", "dir:old", "--db", "starter.db", "--fail-on", "high"]);
    assert_eq!(better.code, 0);
    let json = home.json(&["diff", "dir:old", "dir:new", "--db", "starter.db", "-o", "json"]);
    assert!(json.is_object());
}

#[test]
fn explain_says_why_and_why_not() {
    let home = Home::demo();
    let ran = home.run(&["explain", "CVE-2021-44228", "oci:image", "--db", "starter.db"]);
    assert_eq!(ran.code, 1);
    for part in
        ["applies in pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", "2.13.0 <= 2.14.1 < 2.15.0", "COPY 3-app /"]
    {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    std::fs::create_dir_all(home.path("dir")).expect("a folder");
    home.write("dir/requirements.txt", "django==4.0\n");
    let ran = home.run(&["explain", "CVE-2020-7471", "dir:dir", "--db", "starter.db"]);
    assert!(ran.code == 0 && ran.out.contains("does not apply") && ran.out.contains("django 4.0"), "{}", ran.out);
    let unheard_of = home.run(&["explain", "CVE-1999-1", "dir:dir", "--db", "starter.db"]);
    assert!(
        unheard_of.code == 2 && unheard_of.err.contains("CVE-1999-1 is not known to this database"),
        "{}",
        unheard_of.err
    );
    assert!(unheard_of.out.is_empty(), "{}", unheard_of.out);
}

#[test]
fn the_database_is_looked_at_carried_over_and_verified() {
    let home = Home::demo();
    let status = home.run(&["db", "status", "--db", "starter.db"]);
    assert!(status.code == 0 && status.out.contains("advisories     25"), "{}", status.out);
    assert_eq!(home.json(&["db", "status", "--db", "starter.db", "--json"])["counts"]["knownExploited"], 3);
    assert_eq!(home.run(&["db", "verify", "--db", "starter.db"]).code, 0);
    assert_eq!(home.run(&["db", "export", "carried.db", "--db", "starter.db"]).code, 0);
    assert_eq!(home.run(&["db", "import", "carried.db"]).code, 0);
    assert_eq!(home.run(&["scan", "oci:image"]).code, 1, "the imported database is found");
    let mut bytes = std::fs::read(home.path("starter.db")).expect("readable");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    home.write("damaged.db", &bytes);
    assert_eq!(home.run(&["db", "verify", "--db", "damaged.db"]).code, 2);
    assert_eq!(home.run(&["db", "import", "damaged.db"]).code, 2);
    let again = home.run(&["-q", "db", "build", "--from", "image", "-o", "x.db"]);
    assert!(again.code == 2 && again.err.contains("none of its files is a feed"), "{}", again.err);
}

#[test]
fn an_sbom_is_judged_like_its_image() {
    let home = Home::demo();
    let of = |target: &str| {
        let report = home.json(&["scan", target, "--db", "starter.db", "--today", "2026-11-24", "-o", "json"]);
        let findings = report["findings"].as_array().expect("findings").clone();
        findings.iter().map(|f| (f["id"].to_string(), f["package"]["purl"].to_string())).collect::<Vec<_>>()
    };
    let image = of("oci:image");
    for format in ["cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-tag-value"] {
        let output = format!("{format}=s.{format}");
        assert_eq!(home.run(&["sbom", "oci:image", "-o", &output]).code, 0);
        assert_eq!(of(&format!("s.{format}")), image, "{format}");
    }
}

#[test]
fn example_policies_hold_their_cases() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/policies");
    let home = Home::empty();
    let mut tested = 0;
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path().to_string_lossy().into_owned();
        if path.ends_with(".cases.yaml") {
            let bundle = path.replace(".cases.yaml", ".yaml");
            let ran = home.run(&["policy", "test", &bundle, &path]);
            assert_eq!(ran.code, 0, "{bundle}: {}{}", ran.out, ran.err);
            tested += 1;
        }
    }
    assert!(tested >= 2);
}

#[test]
fn a_policy_case_reads_what_a_scan_wrote() {
    let home = Home::demo();
    home.write("p.yaml", "apiVersion: seawall/v1\nname: p\nrules:\n  - { id: needs, on: package, when: 'package.name == \"curl\" && \"libcurl4\" in package.dependencies', outcome: warn }\n  - { id: log4j, on: finding, when: 'finding.id == \"CVE-2021-44228\" && finding.kev.listed && finding.location.layerIndex == 2', outcome: deny }\n  - { id: labels, on: image, when: 'image.layers == 3 && os.codename == \"bookworm\"', outcome: warn }\n");
    home.write("excused.yaml", "apiVersion: seawall/v1\nname: excused\nexceptions:\n  - { id: CVE-2021-44228, owner: me, reason: r, expires: 2030-01-01 }\n");
    home.write("p.cases.yaml", "policy: p.yaml\ncases:\n  - name: stored\n    now: 2026-06-01\n    report: stored.json\n    expect: { outcome: deny, rules: [log4j, needs, labels] }\n");
    let scan = ["scan", "oci:image", "--db", "starter.db", "--today", "2026-01-15", "-o", "json=stored.json"];
    for more in [&[][..], &["--policy", "excused.yaml"]] {
        home.run(&[&scan[..], more].concat());
        let ran = home.run(&["policy", "test", "p.yaml"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
    home.run(&["sbom", "oci:image", "-o", "json=stored.json"]);
    let ran = home.run(&["policy", "test", "p.yaml"]);
    assert!(ran.code == 1 && ran.out.contains("an inventory without findings"), "{}{}", ran.out, ran.err);
}

#[test]
fn completions_and_help_are_there() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish"] {
        let ran = home.run(&["completions", shell]);
        assert!(ran.code == 0 && ran.out.contains("seawall"), "{shell}");
    }
    let ran = home.run(&["man", "pages"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    for (page, part) in
        [("seawall", "seawall\\-scan(1)"), ("seawall-scan", "fail\\-on"), ("seawall-db-update", "EXIT STATUS")]
    {
        let text = home.read(&format!("pages/{page}.1"));
        assert!(text.contains(".TH") && text.contains(part), "{page}: {text}");
    }
    assert!(!home.path("pages/seawall-reference.1").exists(), "hidden commands have no page");
    for command in ["scan", "sbom", "diff", "explain", "db", "policy", "version", "man"] {
        assert_eq!(home.run(&[command, "--help"]).code, 0);
    }
    assert_eq!(home.run(&["scna"]).code, 2);
    assert_eq!(home.run(&["scan", "./nothing"]).code, 2);
    assert_eq!(home.run(&["scan", "registry:localhost:1/x", "--offline"]).code, 2);
}

#[test]
fn an_image_is_told_from_what_is_there() {
    let home = Home::demo();
    home.write("layout.tar", demo_image().oci_archive());
    for target in ["image", "image.tar", "layout.tar"] {
        let report = home.json(&["sbom", target, "-o", "json"]);
        assert_eq!(report["packages"].as_array().map(Vec::len), Some(24), "{target}");
    }
}

#[test]
fn a_table_names_java_archives_that_say_nothing() {
    let home = Home::empty();
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cataloger/java-archive");
    let jar = std::fs::read(cases.join("manifest-and-name/root/lib/nameless.jar")).expect("a case");
    std::fs::create_dir_all(home.path("lib")).expect("a folder");
    home.write("lib/nameless.jar", &jar);
    let without = home.run(&["sbom", "dir:lib", "-o", "json"]);
    assert!(without.code == 3 && without.out.contains("states no version"), "{}", without.out);
    let digest = sha1_of(&jar);
    home.write("table", format!("{digest}\torg.example:known\t1.2\n"));
    let with = home.run(&["sbom", "dir:lib", "-o", "json", "--java-archives", "table"]);
    assert!(with.code == 0 && with.out.contains("pkg:maven/org.example/known@1.2"), "{}", with.out);
}

fn sha1_of(bytes: &[u8]) -> String {
    use sha1::Digest as _;
    sha1::Sha1::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}
