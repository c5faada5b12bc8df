use std::io::{self, Write};

use seawall_model::{Finding, Outcome, Report};

use crate::view::{self, Section};
use crate::xml::XmlWriter;
use crate::{Format, RenderOptions};

/// JUnit XML: a suite per group of packages, a failing case per finding, and the verdict as a case of its own.
pub(crate) struct Junit;

impl Format for Junit {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn about(&self) -> &'static str {
        "JUnit XML, for the test pages of build servers"
    }

    fn specification(&self) -> &'static str {
        "https://github.com/testmoapp/junitxml"
    }

    fn media_type(&self) -> &'static str {
        "application/xml"
    }

    fn file_extension(&self) -> &'static str {
        "xml"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut suites = Vec::new();
        if !options.sbom_only {
            suites.extend(view::sections(report, report.visible()).iter().map(failures));
            suites.extend(not_counted(report));
        }
        suites.extend(not_looked_at(report, options));
        if !options.sbom_only {
            suites.push(verdict(report));
        }
        let tests: usize = suites.iter().map(|s| s.cases.len()).sum();
        let failures: usize = suites.iter().map(|s| s.with("failure")).sum();
        let skipped: usize = suites.iter().map(|s| s.with("skipped")).sum();
        let mut xml = XmlWriter::new(out)?;
        xml.open(
            "testsuites",
            &[
                ("name", report.inventory.target.name.as_str()),
                ("tests", &tests.to_string()),
                ("failures", &failures.to_string()),
                ("errors", "0"),
                ("skipped", &skipped.to_string()),
                ("time", "0"),
            ],
        )?;
        for suite in &suites {
            suite.write(&mut xml)?;
        }
        xml.finish()
    }
}

struct Suite {
    name: String,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    /// `failure` or `skipped`, what it says, and more of it; nothing where the case passes.
    outcome: Option<(&'static str, String, String)>,
    /// The `type` of a failure.
    kind: String,
}

impl Suite {
    fn with(&self, outcome: &str) -> usize {
        self.cases.iter().filter(|c| c.outcome.as_ref().is_some_and(|(kind, ..)| *kind == outcome)).count()
    }

    fn write(&self, xml: &mut XmlWriter<'_>) -> io::Result<()> {
        xml.open(
            "testsuite",
            &[
                ("name", self.name.as_str()),
                ("tests", &self.cases.len().to_string()),
                ("failures", &self.with("failure").to_string()),
                ("errors", "0"),
                ("skipped", &self.with("skipped").to_string()),
                ("time", "0"),
            ],
        )?;
        for case in &self.cases {
            xml.open("testcase", &[("name", case.name.as_str()), ("classname", &case.class), ("time", "0")])?;
            match &case.outcome {
                Some(("skipped", message, _)) => xml.element("skipped", &[("message", message)], "")?,
                Some((outcome, message, text)) => {
                    xml.element(outcome, &[("message", message), ("type", &case.kind)], text)?;
                }
                None => {}
            }
            xml.close()?;
        }
        xml.close()
    }
}

fn failures(section: &Section<'_>) -> Suite {
    let cases = section.groups.iter().flat_map(|g| &g.findings).map(|finding| case(finding, "failure")).collect();
    Suite { name: section.title.clone(), cases }
}

fn case(finding: &Finding, outcome: &'static str) -> Case {
    let (class, name) = match &finding.package {
        Some(package) => (package.purl.clone(), format!("{} in {} {}", finding.id, package.name, package.version)),
        None => (view::place(finding).to_owned(), format!("{} in {}", finding.id, view::place(finding))),
    };
    let message = if outcome == "skipped" {
        view::why_not_counted(finding)
    } else {
        format!("{}: {} (fix: {})", finding.severity, finding.title, view::fix(&finding.fix))
    };
    let mut text = finding.reasons.clone();
    text.push(finding.remediation.clone());
    text.extend(view::link(finding));
    text.retain(|line| !line.is_empty());
    Case { class, name, kind: finding.severity.name().to_owned(), outcome: Some((outcome, message, text.join("\n"))) }
}

fn not_counted(report: &Report) -> Option<Suite> {
    let cases: Vec<Case> = view::not_visible(report).map(|finding| case(finding, "skipped")).collect();
    (!cases.is_empty()).then(|| Suite { name: "Not counted".to_owned(), cases })
}

fn not_looked_at(report: &Report, options: &RenderOptions) -> Option<Suite> {
    let case = |unknown: &seawall_model::Unknown| Case {
        class: unknown.by.clone(),
        name: unknown.path.clone(),
        outcome: Some(("skipped", format!("not looked at: {}", unknown.reason), String::new())),
        kind: String::new(),
    };
    let mut cases: Vec<Case> = report.inventory.unknowns.iter().map(case).collect();
    if let Some(kinds) = view::not_looked_for(report).filter(|_| !options.sbom_only) {
        cases.push(Case {
            class: "seawall".to_owned(),
            name: "kinds of findings".to_owned(),
            outcome: Some(("skipped", format!("not looked for: {kinds}"), String::new())),
            kind: String::new(),
        });
    }
    (!cases.is_empty()).then(|| Suite { name: "Not looked at".to_owned(), cases })
}

fn verdict(report: &Report) -> Suite {
    let reasons: Vec<String> =
        report.verdict.reasons.iter().map(|r| format!("{} {}: {}", r.outcome, r.rule, r.message)).collect();
    let (_, word) = view::verdict(report);
    let message = format!("{} by policy {}", word.to_lowercase(), report.verdict.policy);
    let outcome = match report.verdict.outcome {
        Outcome::Deny => Some(("failure", message, reasons.join("\n"))),
        // A verdict over part of the target is no test that passed.
        _ => (!report.is_complete()).then(|| ("skipped", message, String::new())),
    };
    let case = Case {
        class: "seawall".to_owned(),
        name: format!("verdict of policy {}", report.verdict.policy),
        outcome,
        kind: "verdict".to_owned(),
    };
    Suite { name: "Verdict".to_owned(), cases: vec![case] }
}
