//! Measures what a decision costs: twenty rules over a thousand findings, and loading them.
//!
//! `cargo run --release -p seawall-decide --example measure`
#![expect(clippy::print_stdout, reason = "an example prints what it measured")]

use std::hint::black_box;
use std::time::Instant;

use seawall_decide::{Bundle, CaseFile, run_cases};

const FINDINGS: usize = 1_000;
const CONDITIONS: [&str; 10] = [
    "finding.severity >= severity(\"critical\") && finding.fix.available",
    "finding.kev.listed || finding.epss >= 0.5",
    "finding.fix.available && has(finding.published) && days_since(finding.published) > 300",
    "finding.id.startsWith(\"CVE-2019-\") && finding.score >= 9.0",
    "finding.package.name.matches(\"^(openssl|curl|libxml2)$\")",
    "finding.package.purl.purl_matches(\"pkg:npm/left-pad\")",
    "finding.kind in [\"malware\", \"secret\"]",
    "finding.aliases.exists(a, a.startsWith(\"GHSA-\")) && finding.score > 9.9",
    "finding.package.name == \"absent\" ? finding.severity > severity(\"low\") : finding.score > 10.0",
    "facts.environment == \"staging\" && finding.severity == severity(\"critical\")",
];

fn main() {
    let mut policy = "apiVersion: seawall/v1\nname: measured\nrules:\n".to_owned();
    for (index, condition) in CONDITIONS.iter().chain(&CONDITIONS).enumerate() {
        policy
            .push_str(&format!("  - id: rule-{index}\n    on: finding\n    when: '{condition}'\n    outcome: warn\n"));
    }
    let mut cases =
        "cases:\n  - name: measured\n    now: 2026-06-01\n    facts: { environment: production }\n    findings:\n"
            .to_owned();
    for index in 0..FINDINGS {
        cases.push_str(&format!(
            "      - {{ id: CVE-2024-{index}, aliases: [GHSA-{index}], severity: {}, package: \"pkg:npm/package-{index}@1.{index}.0\", fix: 2.0.0, score: {}, epss: 0.01, published: 2026-0{}-01 }}\n",
            ["low", "medium", "high", "critical"][index % 4],
            index % 10,
            index % 5 + 1,
        ));
    }
    cases.push_str("    expect: { outcome: warn }\n");
    let cases = match CaseFile::load("cases.yaml", &cases) {
        Ok(cases) => cases,
        Err(error) => return println!("{error}"),
    };
    println!("load     {:>8.1} us", best(200, || Bundle::load("policy.yaml", &policy)));
    match Bundle::load("policy.yaml", &policy) {
        Ok(bundle) => {
            let decision = best(200, || run_cases(&bundle, &cases, &|_| Err(String::new())));
            println!("decide   {decision:>8.1} us for 20 rules over {FINDINGS} findings");
            println!("         {:>8.1} ns for a rule and a finding", decision * 1_000.0 / 20.0 / FINDINGS as f64);
        }
        Err(error) => println!("{error}"),
    }
}

/// The best time of several runs, in microseconds.
fn best<T>(runs: usize, run: impl Fn() -> T) -> f64 {
    let times = (0..runs).map(|_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed().as_secs_f64() * 1e6
    });
    times.fold(f64::INFINITY, f64::min)
}
