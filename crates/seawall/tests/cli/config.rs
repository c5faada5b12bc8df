//! `seawall.toml`: what it may say, what outweighs it, and that nothing of it goes unseen.

use crate::home::{Home, Ran};

const SCAN: [&str; 6] = ["scan", "oci:image", "--db", "starter.db", "--today", "2026-01-15"];

fn scan(home: &Home, more: &[&str], variables: &[(&str, &str)]) -> Ran {
    let mut command = home.command(&[&SCAN[..], more].concat());
    let output = command.envs(variables.iter().copied()).output().expect("runs");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn flags_outweigh_variables_and_these_the_file() {
    let home = Home::demo();
    home.write("seawall.toml", "[scan]\nfail-on = \"critical\"\ndetect = [\"vulnerability\"]\noutput = [\"json\"]\n");
    let by = |more: &[&str], variables: &[(&str, &str)]| {
        let ran = scan(&home, more, variables);
        let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {}", ran.err));
        report["verdict"]["policy"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(by(&[], &[]), "fail-on-critical");
    assert_eq!(by(&[], &[("SEAWALL_FAIL_ON", "high")]), "fail-on-high");
    assert_eq!(by(&["--fail-on", "low"], &[("SEAWALL_FAIL_ON", "high")]), "fail-on-low");
    // A list that is typed replaces the file's.
    let ran = scan(&home, &["-o", "table", "--detect", "malware"], &[]);
    assert!(
        ran.out.contains("Looked only for malware") || ran.out.contains("vulnerabilities, end of life (not asked"),
        "{}",
        ran.out
    );
}

#[test]
fn a_table_outweighs_what_is_for_every_command() {
    let home = Home::demo();
    home.write("seawall.toml", "db = \"starter.db\"\ntoday = \"2026-01-15\"\nfail-on = \"low\"\n[scan]\nfail-on = \"critical\"\n[db-status]\ndb = \"elsewhere.db\"\n");
    let report = home.json(&["scan", "oci:image", "-o", "json"]);
    assert_eq!(report["verdict"]["policy"], "fail-on-critical");
    assert_eq!(home.run(&["diff", "oci:image", "image.tar"]).code, 0);
    assert_eq!(home.run(&["db", "verify"]).code, 0);
    let status = home.run(&["db", "status"]);
    assert!(status.code == 2 && status.err.contains("elsewhere.db"), "{}", status.err);
}

#[test]
fn what_the_file_of_the_working_directory_sets_is_said_also_to_the_quiet() {
    let home = Home::demo();
    home.write("mine.toml", "[scan]\nfail-on = \"low\"\n");
    let named = scan(&home, &["--config", "mine.toml"], &[]);
    assert!(named.code == 1 && named.err.is_empty(), "{}", named.err);
    home.write("vex.json", r#"{"@context":"https://openvex.dev/ns/v0.2.0","@id":"v","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[]}"#);
    home.write("seawall.toml", "[scan]\nvex = [\"vex.json\"]\n[sbom]\noutput = [\"json\"]\n");
    for more in [&[][..], &["-q"]] {
        let ran = scan(&home, more, &[]);
        assert_eq!(ran.err, "note: seawall.toml sets vex; --config /dev/null leaves it out\n");
    }
    assert_eq!(scan(&home, &["--config", "/dev/null"], &[]).err, "");
    assert_eq!(scan(&home, &[], &[("SEAWALL_CONFIG", "/dev/null")]).err, "");
    // One in a folder that is scanned is never read.
    std::fs::create_dir_all(home.path("repository")).expect("a folder");
    std::fs::remove_file(home.path("seawall.toml")).expect("it is there");
    home.write("repository/seawall.toml", "nonsense = [");
    let ran = home.run(&["scan", "dir:repository", "--db", "starter.db"]);
    assert!(ran.code == 0 && ran.err.is_empty(), "{}", ran.err);
}

#[test]
fn the_users_file_comes_last_and_only_one_is_read() {
    let home = Home::demo();
    std::fs::create_dir_all(home.path("xdg/seawall")).expect("a folder");
    home.write("xdg/seawall/config.toml", "plain-http = true\n[scan]\nfail-on = \"critical\"\n");
    let folder = home.path("xdg").to_string_lossy().into_owned();
    let with = |home: &Home| scan(home, &["-o", "json"], &[("XDG_CONFIG_HOME", &folder)]);
    assert!(with(&home).out.contains("fail-on-critical"));
    home.write("seawall.toml", "offline = true\n");
    let ran = with(&home);
    assert!(!ran.out.contains("fail-on-critical") && ran.err.contains("sets offline"), "{}", ran.err);
}

#[test]
fn faults_have_a_place_and_a_suggestion() {
    let home = Home::demo();
    for (text, said) in [
        (
            "[scan]\nfail_onn = \"high\"\n",
            "seawall.toml:2:1: `seawall scan` has no key `fail_onn`\nhint: did you mean `fail-on`?",
        ),
        ("offlin = true\n", "seawall.toml:1:1: there is no key `offlin`\nhint: did you mean `offline`?"),
        ("[scna]\noffline = true\n", "seawall.toml:1:2: no command is called `scna`\nhint: did you mean `scan`?"),
        ("[scan]\n  fail-on = \"hihg\"\n", "seawall.toml:2:13: invalid value 'hihg' for '--fail-on <SEVERITY>'"),
        ("[scan]\nfail-on = [\"high\"]\n", "seawall.toml:2:11: `fail-on` takes one value, not a list"),
        ("[scan]\nvex = []\n", "seawall.toml:2:7: `vex` is an empty list"),
        ("offline = \"yes\"\n", "seawall.toml:1:11: `offline` is a switch: write true or false"),
        (
            "output = [\"json\"]\n",
            "seawall.toml:1:1: `output` is not the same for every command\nhint: write it in one of [",
        ),
        ("[scan]\nquiet = true\n", "seawall.toml:2:1: `seawall scan` has no key `quiet`"),
        ("[scan]\nmirror = [\"mirror.example\"]\n", "seawall.toml:2:1: `mirror` cannot be set here"),
        ("plain-http = true\n", "seawall.toml:1:1: `plain-http` cannot be set here"),
        ("[scan\n", "seawall.toml:1:6: "),
        ("a = 1\na = 2\n", "seawall.toml:2:1: "),
    ] {
        home.write("seawall.toml", text);
        let ran = scan(&home, &[], &[]);
        assert!(ran.code == 2 && ran.err.contains(said), "{text}: {} {}", ran.code, ran.err);
    }
    // Every fault is named, in the order of the file.
    home.write("seawall.toml", "[scan]\nbb = 1\naa = 2\n");
    let err = scan(&home, &[], &[]).err;
    assert!(err.find(":2:1:") < err.find(":3:1:") && err.contains(":3:1:"), "{err}");
    // Help and what needs no settings are there all the same.
    assert_eq!(home.run(&["scan", "--help"]).code, 0);
    assert_eq!(home.run(&["completions", "bash"]).code, 0);
    let absent = scan(&home, &["--config", "absent.toml"], &[]);
    assert!(absent.code == 2 && absent.err.contains("cannot read absent.toml"), "{}", absent.err);
}
