//! One snapshot of each command: exit code, standard output and standard error in `testdata/cli/<command>/<case>.txt`.
//! `SEAWALL_BLESS=1` writes them anew; read the difference before it is committed.

use std::path::{Path, PathBuf};

use crate::home::Home;

/// `<command>/<case>`, and what is typed, in a folder with the demo's image and database. The date is fixed.
const CASES: &[(&str, &str)] = &[
    ("scan/table", "scan oci:image --db starter.db --today 2026-01-15"),
    ("scan/archive", "scan image.tar --db starter.db --today 2026-01-15 -o markdown"),
    ("scan/past-end-of-life", "scan oci:image --db starter.db --today 2030-01-15 --detect end-of-life"),
    ("scan/malware-only", "scan oci:image --db starter.db --today 2026-01-15 --detect malware"),
    ("scan/fail-on", "scan oci:image --db starter.db --today 2030-01-15 --detect end-of-life --fail-on low"),
    ("scan/expired-exception", "scan oci:image --db starter.db --today 2026-01-15 --policy expired.yaml"),
    ("scan/no-database", "scan oci:image"),
    ("scan/no-target", "scan oci:nowhere --db starter.db"),
    ("scan/unknown-format", "scan oci:image --db starter.db -o pdf"),
    ("scan/no-database-but-deny", "scan oci:image --policy deny.yaml"),
    ("scan/kind-to-come", "scan oci:image --db starter.db --detect secret"),
    ("scan/help", "scan --help"),
    ("sbom/table", "sbom oci:image -o table"),
    ("sbom/help", "sbom --help"),
    ("diff/same", "diff oci:image image.tar --db starter.db --today 2026-01-15"),
    ("diff/json", "diff dir:old dir:new --db starter.db --today 2026-01-15 -o json"),
    ("diff/denied", "diff dir:old dir:new --db starter.db --today 2026-01-15 --fail-on high"),
    ("diff/no-database", "diff dir:old dir:new"),
    ("diff/unknown-format", "diff dir:old dir:new --db starter.db -o sarif"),
    ("diff/help", "diff --help"),
    ("explain/applies", "explain CVE-2021-44228 oci:image --db starter.db --today 2026-01-15"),
    ("explain/does-not-apply", "explain CVE-2020-7471 dir:new --db starter.db --today 2026-01-15"),
    ("explain/none-of-its-packages", "explain cve-2021-44228 dir:new --db starter.db --today 2026-01-15"),
    ("explain/part-unread", "explain CVE-2021-44228 dir:unread --db starter.db --today 2026-01-15"),
    ("explain/no-database", "explain CVE-2021-44228 oci:image"),
    ("explain/unheard-of", "explain CVE-1999-0001 oci:image --db starter.db --today 2026-01-15"),
    ("explain/help", "explain --help"),
    ("db/status", "db status --db starter.db"),
    ("db/verify", "db verify --db starter.db"),
    ("db/verify-damaged", "db verify --db damaged.db"),
    ("db/absent", "db status --db nowhere.db"),
    ("db/build", "db build --from feeds -o built.db"),
    ("db/build-nothing", "db build --from old -o built.db"),
    ("db/status-json", "db status --db starter.db --json"),
    ("db/export", "db export carried.db --db starter.db"),
    ("db/import", "db import carried.db --db imported.db"),
    ("db/import-damaged", "db import damaged.db --db imported.db"),
    ("db/update-no-such-feed", "db update --db starter.db --only nothing"),
    ("db/help", "db --help"),
    ("policy/check-broken", "policy check broken.yaml"),
    ("policy/check", "policy check expired.yaml"),
    ("policy/test", "policy test deny.yaml"),
    ("policy/test-fails", "policy test expired.yaml deny.cases.yaml"),
    ("policy/help", "policy --help"),
    ("watch/help", "watch --help"),
    ("rules/help", "rules tune --help"),
    ("guard/help", "guard --help"),
    ("version/less", "version compare rpm 1.0~rc1-1 1.0-1"),
    ("version/equal", "version compare pep440 1.0 1.0.0"),
    ("version/help", "version compare --help"),
    ("version/greater", "version compare deb 1:1.0 2.0"),
    ("version/no-such-scheme", "version compare cobol 1 2"),
    ("version/not-a-version", "version compare semver one 2.0.0"),
    ("completions/help", "completions --help"),
    ("completions/no-such-shell", "completions cobol"),
    ("man/seawall", "man"),
    ("man/pages", "man pages"),
    ("seawall/wrong-configuration", "--config wrong.toml scan oci:image"),
    ("seawall/help", "--help"),
    ("seawall/no-such-command", "scam"),
];

const EXPIRED: &str = r#"apiVersion: seawall/v1
name: expired
rules:
  - id: exploited
    on: finding
    when: finding.kev.listed
    outcome: deny
    message: "{{ finding.id }} is being exploited"
exceptions:
  - id: CVE-2021-44228
    owner: team@example.org
    reason: it was to be gone by now
    expires: 2025-12-31
"#;

const DENY: &str = r#"apiVersion: seawall/v1
name: deny
rules:
  - { id: curl, on: package, when: 'package.name == "curl"', outcome: deny }
"#;

const CASES_OF_DENY: &str = r#"cases:
  - name: curl is stopped
    now: 2026-01-15
    packages: [{ purl: "pkg:deb/debian/curl@1" }]
    expect: { outcome: deny, rules: [curl] }
"#;

const BROKEN: &str = "apiVersion: seawall/v1\nname: broken\nrules:\n  - id: typo\n    on: finding\n    when: finding.severty >= severity(\"high\")\n    outcome: deny\n";

fn file(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/cli").join(format!("{case}.txt"))
}

/// Digests of what was compressed say which version of the compressing library was at work, not what Seawall does.
fn without_digests(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_hexdigit() {
            run.push(c);
            continue;
        }
        out.push_str(if run.len() == 64 { "DIGEST" } else { &run });
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

#[test]
fn every_command_says_what_it_said() {
    let home = Home::demo();
    home.write("expired.yaml", EXPIRED);
    home.write("broken.yaml", BROKEN);
    home.write("deny.yaml", DENY);
    home.write("deny.cases.yaml", CASES_OF_DENY);
    home.write("wrong.toml", "[scan]\nfail-onn = \"high\"\n");
    for (folder, version) in [("old", "2.31.0"), ("new", "2.19.1")] {
        std::fs::create_dir_all(home.path(folder)).expect("a folder");
        home.write(&format!("{folder}/requirements.txt"), format!("requests=={version}\ndjango==4.0\n"));
    }
    std::fs::create_dir_all(home.path("unread")).expect("a folder");
    home.write("unread/package-lock.json", "{");
    home.feeds("feeds");
    let mut damaged = std::fs::read(home.path("starter.db")).expect("a database");
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    home.write("damaged.db", damaged);
    let size = std::fs::metadata(home.path("starter.db")).expect("a database").len();
    let bless = std::env::var_os("SEAWALL_BLESS").is_some();
    let mut wrong = Vec::new();
    for (case, typed) in CASES {
        let ran = home.run(&typed.split(' ').collect::<Vec<_>>());
        let text = format!(
            "$ seawall {typed}\n-- exit code: {}\n-- standard output:\n{}\n-- standard error:\n{}",
            ran.code, ran.out, ran.err
        );
        let folder = home.path("").to_string_lossy().into_owned();
        let text = text.replace(&folder, "").replace(env!("CARGO_PKG_VERSION"), "VERSION");
        let text = without_digests(&text.replace(&format!(" {size} bytes"), " SIZE bytes"));
        let text = text.replace(&format!("\"bytes\": {size}"), "\"bytes\": SIZE");
        let path = file(case);
        if bless {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(&path, text).expect("writable");
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            wrong.push(format!("{case} (now):\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "SEAWALL_BLESS=1 accepts these:\n{}", wrong.join("\n\n"));
}

#[test]
fn no_snapshot_is_left_over() {
    for command in std::fs::read_dir(file("x").parent().expect("a folder")).expect("snapshots").flatten() {
        for snapshot in std::fs::read_dir(command.path()).expect("a folder").flatten() {
            let path = snapshot.path();
            assert!(CASES.iter().any(|(case, _)| path.ends_with(format!("{case}.txt"))), "{}", path.display());
        }
    }
}
