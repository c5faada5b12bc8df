//! Policies from outside: the examples with their cases, bundles that are refused, and bundles that err while they run.

use std::path::{Path, PathBuf};

use seawall_decide::{Bundle, CaseFile, Facts, run_cases};
use seawall_model::{Finding, Outcome, Report, Severity};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[expect(clippy::disallowed_methods, reason = "a test reads a file of this repository")]
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    found.sort();
    found
}

fn load(text: &str) -> Bundle {
    Bundle::load("policy.yaml", text).unwrap_or_else(|e| panic!("{e}"))
}

/// Runs a case file and gives what failed.
fn failures(bundle: &Bundle, cases: &CaseFile, folder: &Path) -> Vec<String> {
    run_cases(bundle, cases, &|path| Ok(read(&folder.join(path))))
        .into_iter()
        .flat_map(|result| result.failures.into_iter().map(move |f| format!("{}: {f}", result.name)))
        .collect()
}

#[test]
fn every_example_policy_has_cases_that_hold() {
    let folder = repository().join("examples/policies");
    let policies: Vec<PathBuf> = entries(&folder)
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "yaml") && !p.to_string_lossy().ends_with(".cases.yaml"))
        .collect();
    assert!(policies.len() >= 4, "{policies:?}");
    for policy in policies {
        let bundle = Bundle::load(&policy.to_string_lossy(), &read(&policy)).unwrap_or_else(|e| panic!("{e}"));
        let path = policy.with_extension("cases.yaml");
        let cases = CaseFile::load(&path.to_string_lossy(), &read(&path)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(cases.policy.as_deref(), policy.file_name().and_then(|n| n.to_str()), "{}", path.display());
        assert_eq!(failures(&bundle, &cases, &folder), Vec::<String>::new(), "{}", path.display());
    }
}

/// testdata/policy/verdicts/<case>/: `policy.yaml` (or none: the default) and `cases.yaml`.
#[test]
fn tables_of_verdicts_hold() {
    for case in entries(&repository().join("testdata/policy/verdicts")) {
        let policy = case.join("policy.yaml");
        let bundle = if policy.exists() { load(&read(&policy)) } else { Bundle::default_bundle() };
        let cases = CaseFile::load("cases.yaml", &read(&case.join("cases.yaml"))).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(failures(&bundle, &cases, &case), Vec::<String>::new(), "{}", case.display());
    }
}

/// testdata/policy/refused/<case>/: `policy.yaml`, and `expected.txt` with what is said of it.
/// `UPDATE_CASES=1` writes the expected ones anew.
#[test]
fn malformed_policies_are_refused_with_their_places() {
    let cases = entries(&repository().join("testdata/policy/refused"));
    assert!(cases.len() >= 15, "{cases:?}");
    for case in cases {
        let error = Bundle::load("policy.yaml", &read(&case.join("policy.yaml"))).expect_err(&case.to_string_lossy());
        let found = format!("{error}\n");
        let path = case.join("expected.txt");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&path, &found).expect("writable");
        }
        assert_eq!(read(&path), found, "{}", case.display());
    }
}

#[test]
fn a_case_that_does_not_hold_says_why() {
    let cases = "cases:\n  - name: wrong\n    now: 2026-01-01\n    findings: [{ id: CVE-1, severity: low }]\n    expect: { outcome: allow, rules: [a], messages: [b], suppressed: [c] }\n";
    let cases = CaseFile::load("cases.yaml", cases).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        failures(&Bundle::fail_on(Severity::Low), &cases, Path::new("")),
        [
            "wrong: expected allow, but the verdict is deny",
            "wrong: rules that speak: expected a, but found threshold-severity",
            "wrong: suppressed findings: expected c, but found none",
            "wrong: no reason says `b`; they say: CVE-1: the severity is low or worse",
        ]
    );
}

#[test]
fn malformed_case_files_are_refused() {
    for (text, message) in [
        ("", "the case file is empty"),
        ("cases: 1\n", "expected a list, not a value"),
        (
            "cases:\n  - name: a\n    now: soon\n    expect: { outcome: deny }\n",
            "`soon` is neither a date nor a time (RFC 3339)",
        ),
        ("cases:\n  - name: a\n    now: 2026-01-01\n    expect: { outcome: denied }\n", "`denied` is not known here"),
        (
            "cases:\n  - name: a\n    now: 2026-01-01\n    finding: []\n    expect: { outcome: deny }\n",
            "a case has no key `finding`",
        ),
        (
            "cases:\n  - name: a\n    now: 2026-01-01\n    findings: [{ id: x, package: lodash }]\n    expect: { outcome: deny }\n",
            "`lodash` is not a package URL",
        ),
    ] {
        let error = CaseFile::load("cases.yaml", text).expect_err(text);
        assert_eq!(error.diagnostics[0].message, message, "{text}");
    }
}

/// The report of a case with these findings.
fn report(findings: &[Finding]) -> Report {
    let json = serde_json::json!({
        "tool": { "name": "seawall", "version": "" },
        "inventory": {
            "target": { "kind": "dir", "name": "x", "tags": [], "manifestDigest": null, "configDigest": null, "platform": null, "size": null },
            "os": null, "layers": [], "config": null, "packages": [], "relationships": [], "unknowns": []
        },
        "findings": findings, "hidden": { "unimportant": 0, "kernelHeaders": 0, "suppressed": 0 },
        "fix_plan": { "steps": [], "removes": 0.0 },
        "verdict": { "outcome": "allow", "policy": "", "reasons": [], "acceptsUnknowns": false },
        "database": null, "created": null, "show_all": false
    });
    serde_json::from_value(json).expect("a report")
}

fn finding(id: &str, severity: &str, purl: &str) -> Finding {
    let json = serde_json::json!({
        "id": id, "kind": "vulnerability", "severity": severity, "severity_source": "", "severitySource": "", "title": id,
        "aliases": [], "package": { "purl": purl, "name": "n", "version": "1" },
        "location": { "path": "", "layer": null, "layerIndex": null, "instruction": null, "line": null },
        "fix": { "state": "affected", "versions": [] }, "reasons": [], "remediation": "", "advisory": id, "source": "",
        "enrichment": { "score": null, "cvss": [], "epss": null, "epssPercentile": null, "kev": null, "cwes": [], "references": [], "published": null, "modified": null },
        "risk": { "score": 0.0, "impact": 0.0, "likelihood": 0.0 }, "unimportant": false
    });
    serde_json::from_value(json).expect("a finding")
}

fn facts() -> Facts {
    Facts::at("2026-06-01").expect("a date")
}

/// Whatever goes wrong while a condition is evaluated, its rule speaks with its own outcome.
#[test]
fn an_error_never_means_allow() {
    for (on, condition, said) in [
        ("finding", "facts.missing == 'x'", "no such key: missing"),
        ("finding", "facts.text", "the condition is string, not bool"),
        ("finding", "facts.text && true", "expected a bool, not string"),
        ("finding", "facts.text.size() / 0 == 1", "division by zero"),
        ("finding", "facts.text > 1", "string and int have no order"),
        ("finding", "facts.text.year == 1", "string has no field `year`"),
        ("finding", "finding.fix.versions[0] == 'x'", "index 0 is out of bounds of a list of 0"),
        ("finding", "days_since(finding.published) > 3", "`published` is not set; ask has(…) before it is used"),
        (
            "finding",
            "severity(facts.text) > severity('low')",
            "`word` is not a severity (unknown, negligible, low, medium, high, critical)",
        ),
        ("report", "9223372036854775807 + counts.total > 0", "the result is out of range"),
        ("report", "findings.map(f, f.fix.versions[1]).size() > 0", "index 1 is out of bounds of a list of 0"),
    ] {
        for outcome in ["deny", "warn"] {
            let text = format!(
                "apiVersion: seawall/v1\nname: x\nrules:\n  - id: a\n    on: {on}\n    when: {condition:?}\n    outcome: {outcome}\n"
            );
            let report = report(&[finding("CVE-1", "low", "pkg:npm/a@1")]);
            let decision = load(&text).decide(&report, &facts().with("text", "word"));
            assert_eq!(decision.verdict.outcome.to_string(), outcome, "{condition}");
            let expected =
                format!("the condition at policy.yaml:6 could not be evaluated, which counts as {outcome}: {said}");
            assert_eq!(decision.verdict.reasons[0].message, expected, "{condition}");
        }
    }
}

#[test]
fn too_much_work_is_an_error_of_the_rule() {
    let text = "apiVersion: seawall/v1\nname: x\nrules:\n  - id: bomb\n    on: report\n    when: findings.all(a, findings.all(b, findings.all(c, a.id + b.id + c.id != '')))\n    outcome: deny\n";
    let findings: Vec<Finding> = (0..500).map(|n| finding(&format!("CVE-{n}"), "low", "pkg:npm/a@1")).collect();
    let decision = load(text).decide(&report(&findings), &facts());
    assert_eq!(decision.verdict.outcome, Outcome::Deny);
    assert!(decision.verdict.reasons[0].message.contains("too much work"));
}

#[test]
fn the_default_and_fail_on_policies_load() {
    assert_eq!(Bundle::default_bundle().name(), "default");
    assert_eq!(Bundle::default_bundle().rules().count(), 4);
    for severity in Severity::ALL {
        let bundle = Bundle::fail_on(severity);
        assert_eq!(bundle.rules().collect::<Vec<_>>(), [("threshold-severity", Outcome::Deny)]);
        for (name, index) in Severity::ALL.iter().zip(0..) {
            let report = report(&[finding("CVE-1", name.name(), "pkg:npm/a@1")]);
            let denied = bundle.decide(&report, &facts()).verdict.outcome == Outcome::Deny;
            assert_eq!(denied, Severity::ALL[index] >= severity, "--fail-on {severity} of {name}");
        }
    }
}

#[test]
fn unimportant_and_suppressed_findings_do_not_count() {
    let mut unimportant = finding("CVE-1", "critical", "pkg:npm/a@1");
    unimportant.unimportant = true;
    let mut suppressed = finding("CVE-2", "critical", "pkg:npm/a@1");
    suppressed.suppressed = Some(seawall_model::SuppressedBy {
        by: "vex".into(),
        statement: "fixed".into(),
        author: String::new(),
        expires: None,
    });
    let report = report(&[unimportant, suppressed]);
    assert_eq!(Bundle::fail_on(Severity::Low).decide(&report, &facts()).verdict.outcome, Outcome::Allow);
    let all = "apiVersion: seawall/v1\nname: x\nrules:\n  - { id: a, on: finding, when: 'true', outcome: deny, includeUnimportant: true }\n";
    assert_eq!(load(all).decide(&report, &facts()).verdict.reasons[0].subjects, ["CVE-1 in pkg:npm/a@1"]);
}

#[test]
fn merged_bundles_speak_by_name() {
    let bundle = |name: &str, unknowns: &str| {
        load(&format!(
            "apiVersion: seawall/v1\nname: {name}\nunknowns: {unknowns}\nrules:\n  - {{ id: a, on: report, when: 'true', outcome: warn }}\n"
        ))
    };
    let merged = Bundle::merge(vec![bundle("one", "accept"), bundle("two", "deny")]).expect("two names");
    let decision = merged.decide(&report(&[]), &facts());
    assert_eq!(decision.verdict.policy, "one + two");
    assert!(!decision.verdict.accepts_unknowns);
    assert_eq!(decision.verdict.reasons.iter().map(|r| r.rule.as_str()).collect::<Vec<_>>(), ["one/a", "two/a"]);
    assert_eq!(Bundle::merge(vec![bundle("one", "warn"), bundle("one", "warn")]).map(|_| ()), Err("one".to_owned()));
}

#[test]
fn exceptions_hold_for_their_own_bundle_only() {
    let policy = |name: &str, threshold: &str, exceptions: &str| {
        load(&format!("apiVersion: seawall/v1\nname: {name}\nthresholds: {{ failOn: {threshold} }}\n{exceptions}"))
    };
    let exceptions = "exceptions:\n  - { id: CVE-1, owner: team, reason: known, expires: 2030-01-01 }\n";
    let report = report(&[finding("CVE-1", "high", "pkg:npm/a@1"), finding("CVE-2", "high", "pkg:npm/a@1")]);
    let decide = |bundles: Vec<Bundle>| {
        let decision = Bundle::merge(bundles).expect("names differ").decide(&report, &facts());
        let said = decision.verdict.reasons.into_iter().map(|r| (r.rule, r.subjects)).collect::<Vec<_>>();
        (said, decision.suppressed.into_iter().map(|(index, _)| index).collect::<Vec<_>>())
    };
    let subject = |id: &str| format!("{id} in pkg:npm/a@1");
    let speaks = |rule: &str, ids: &[&str]| {
        (format!("{rule}/threshold-severity"), ids.iter().map(|id| subject(id)).collect::<Vec<_>>())
    };
    // The organisation's rule speaks about both, and what it speaks about still counts.
    let (said, suppressed) = decide(vec![policy("org", "high", ""), policy("team", "high", exceptions)]);
    assert_eq!(said, [speaks("org", &["CVE-1", "CVE-2"]), speaks("team", &["CVE-2"])]);
    assert_eq!(suppressed, Vec::<usize>::new());
    // Where the organisation has nothing to say of it, the team's exception takes it out of the count.
    let (said, suppressed) = decide(vec![policy("org", "critical", ""), policy("team", "high", exceptions)]);
    assert_eq!(said, [speaks("team", &["CVE-2"])]);
    assert_eq!(suppressed, [0]);
    // What is typed beside a policy is excused by it.
    let (said, suppressed) = decide(vec![policy("team", "critical", exceptions), Bundle::fail_on(Severity::High)]);
    assert_eq!(said, [speaks("fail-on-high", &["CVE-2"])]);
    assert_eq!(suppressed, [0]);
}

#[test]
fn equal_input_gives_an_equal_decision() {
    let text = read(&repository().join("examples/policies/production.yaml"));
    let findings: Vec<Finding> =
        (0..200).map(|n| finding(&format!("CVE-{}", n * 7 % 200), "high", "pkg:npm/a@1")).collect();
    let report = report(&findings);
    let first = load(&text).decide(&report, &facts());
    assert_eq!(first, load(&text).decide(&report, &facts()));
}

#[test]
fn a_bundle_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Bundle>();
    shared::<Facts>();
}

proptest::proptest! {
    /// Random text is no policy, and reading it ends.
    #[test]
    fn random_text_never_loads(text in "\\PC{0,200}") {
        proptest::prop_assert!(Bundle::load("policy.yaml", &text).is_err());
        let _ = CaseFile::load("cases.yaml", &text);
    }

    /// A good policy with a piece cut out or put in loads or is refused with a place that is in it; it never panics.
    #[test]
    fn damaged_policies_are_refused_in_place(at in 0_usize..1_500, cut in 0_usize..20, put in "[a-z:{}\\[\\]\"'|>&*!#\n -]{0,6}") {
        let good = include_str!("../../../examples/policies/production.yaml");
        let start = (0..=at.min(good.len())).rev().find(|i| good.is_char_boundary(*i)).unwrap_or(0);
        let end = (start + cut..=good.len()).find(|i| good.is_char_boundary(*i)).unwrap_or(good.len());
        let text = format!("{}{put}{}", &good[..start], &good[end..]);
        if let Err(error) = Bundle::load("policy.yaml", &text) {
            let _ = error.to_string();
            for diagnostic in error.diagnostics {
                proptest::prop_assert!(diagnostic.line >= 1 && diagnostic.line <= text.lines().count() + 1);
                proptest::prop_assert!(diagnostic.column >= 1);
            }
        }
    }
}
