mod inline;
mod stored;

use seawall_model::{Outcome, Report};
use serde_json::Value as Json;

use crate::bundle::Bundle;
use crate::cel::time::parse_timestamp;
use crate::decide::Decision;
use crate::diagnostic::{Fault, PolicyError};
use crate::facts::Facts;
use crate::reader::Reader;
use crate::yaml::{self, Kind, Node};

const MAX_TEXT: usize = 4 * 1024 * 1024;
const MAX_CASES: usize = 1000;

/// Example cases of a policy (`seawall policy test`): what it must say of which report.
///
/// The form is YAML, read as strictly as a bundle; docs/reference/policy.md has it. A case states its report inline, or
/// names a file, which [`CaseFile::reports`] lists and the caller reads.
#[derive(Debug)]
pub struct CaseFile {
    /// The policy that the cases are for, relative to the case file, where it is stated.
    pub policy: Option<String>,
    cases: Vec<Case>,
}

#[derive(Debug)]
struct Case {
    name: String,
    facts: Facts,
    source: Source,
    expect: Expect,
}

#[derive(Debug)]
enum Source {
    Inline(Box<Report>),
    File(String),
}

#[derive(Debug, Default)]
struct Expect {
    outcome: Option<Outcome>,
    /// Rules that speak, all of them.
    rules: Option<Vec<String>>,
    /// Texts that are in some reason's message.
    messages: Vec<String>,
    /// Ids of the findings that exceptions cover, all of them.
    suppressed: Option<Vec<String>>,
}

/// How one case went.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    /// The case's name.
    pub name: String,
    /// What differs from what was expected, one sentence each; empty where the case holds.
    pub failures: Vec<String>,
    /// What the policy said; `None` where there was no report to ask about.
    pub decision: Option<Decision>,
}

impl CaseFile {
    /// Reads a case file; `file` is the name that faults are shown with.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with line and column.
    pub fn load(file: &str, text: &str) -> Result<Self, PolicyError> {
        let refuse = |faults| PolicyError::new(file, text, faults);
        if text.len() > MAX_TEXT {
            return Err(refuse(vec![Fault::new(0, 1, format!("a case file has at most {MAX_TEXT} bytes"))]));
        }
        let root = yaml::parse(text).map_err(|fault| refuse(vec![fault]))?;
        let Some(root) = root else { return Err(refuse(vec![Fault::new(0, 1, "the case file is empty")])) };
        let mut reader = Reader::new(file, text);
        let fields = reader.fields(&root, "a case file", &["policy", "cases"]);
        let policy = fields.get("policy").and_then(|n| reader.text(n)).map(str::to_owned);
        let nodes = fields.require(&mut reader, "cases").map(|n| reader.list(n, MAX_CASES)).unwrap_or_default();
        let cases: Vec<Case> = nodes.into_iter().filter_map(|node| case(&mut reader, node)).collect();
        if reader.faults.is_empty() { Ok(Self { policy, cases }) } else { Err(refuse(reader.faults)) }
    }

    /// The report files that cases name, relative to the case file.
    pub fn reports(&self) -> impl Iterator<Item = &str> {
        self.cases.iter().filter_map(|case| match &case.source {
            Source::File(path) => Some(path.as_str()),
            Source::Inline(_) => None,
        })
    }
}

fn case(reader: &mut Reader<'_>, node: &Node) -> Option<Case> {
    let known =
        ["name", "now", "facts", "report", "findings", "packages", "image", "os", "unknowns", "target", "expect"];
    let fields = reader.fields(node, "a case", &known);
    let name = fields.require(reader, "name").and_then(|n| reader.text(n))?.to_owned();
    let now = fields.require(reader, "now").and_then(|n| {
        let text = reader.text(n)?;
        let parsed = parse_timestamp(text);
        if parsed.is_none() {
            reader.fail_at(n, format!("`{text}` is neither a date nor a time (RFC 3339)"), None);
        }
        parsed
    });
    let mut facts = Facts::new(now?);
    if let Some(stated) = fields.get("facts") {
        match json(stated) {
            Json::Object(entries) => {
                for (key, value) in entries {
                    facts = facts.with(key, value);
                }
            }
            _ => reader.fail_at(stated, "`facts` must be a mapping", None),
        }
    }
    let source = match fields.get("report") {
        Some(report) => Source::File(reader.text(report)?.to_owned()),
        None => Source::Inline(Box::new(inline::report(reader, &fields))),
    };
    let expect = fields.require(reader, "expect")?;
    let fields = reader.fields(expect, "expect", &["outcome", "rules", "messages", "suppressed"]);
    let outcomes = [("allow", Outcome::Allow), ("warn", Outcome::Warn), ("deny", Outcome::Deny)];
    let outcome = fields.require(reader, "outcome").and_then(|n| reader.choice(n, &outcomes));
    let mut words = |key: &str| {
        fields.get(key).map(|n| {
            if matches!(&n.kind, Kind::List(items) if items.is_empty()) { Vec::new() } else { reader.texts(n) }
        })
    };
    let expect = Expect {
        outcome,
        rules: words("rules"),
        messages: words("messages").unwrap_or_default(),
        suppressed: words("suppressed"),
    };
    Some(Case { name, facts, source, expect })
}

/// A YAML value as JSON, with YAML's own words for numbers and truth.
fn json(node: &Node) -> Json {
    match &node.kind {
        Kind::List(items) => Json::Array(items.iter().map(json).collect()),
        Kind::Map(entries) => Json::Object(
            entries.iter().filter_map(|(key, value)| Some((key.text()?.to_owned(), json(value)))).collect(),
        ),
        Kind::Scalar { text, style } if *style == granit_parser::ScalarStyle::Plain => match text.as_str() {
            "" | "~" | "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            word if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                serde_json::from_str::<serde_json::Number>(word)
                    .map_or_else(|_| Json::String(word.to_owned()), Json::Number)
            }
            word => Json::String(word.to_owned()),
        },
        Kind::Scalar { text, .. } => Json::String(text.clone()),
    }
}

/// Runs the cases of a policy. `read` gives the content of a report file that a case names: what `seawall scan -o json`
/// wrote, or a [`seawall_model::Report`] as it is serialised.
pub fn run_cases(bundle: &Bundle, cases: &CaseFile, read: &dyn Fn(&str) -> Result<String, String>) -> Vec<CaseResult> {
    cases.cases.iter().map(|case| run(bundle, case, read)).collect()
}

fn run(bundle: &Bundle, case: &Case, read: &dyn Fn(&str) -> Result<String, String>) -> CaseResult {
    let stored;
    let report = match &case.source {
        Source::Inline(report) => report.as_ref(),
        Source::File(path) => match read(path).and_then(|text| stored::report(&text)) {
            Ok(report) => {
                stored = report;
                &stored
            }
            Err(error) => {
                return CaseResult {
                    name: case.name.clone(),
                    failures: vec![format!("{path}: {error}")],
                    decision: None,
                };
            }
        },
    };
    let decision = bundle.decide(report, &case.facts);
    let mut failures = Vec::new();
    let verdict = &decision.verdict;
    if let Some(expected) = case.expect.outcome.filter(|expected| *expected != verdict.outcome) {
        failures.push(format!("expected {expected}, but the verdict is {}", verdict.outcome));
    }
    let mut compare = |what: &str, expected: &Option<Vec<String>>, mut found: Vec<String>| {
        let Some(expected) = expected else { return };
        let mut expected = expected.clone();
        expected.sort();
        found.sort();
        if expected != found {
            let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
            failures.push(format!("{what}: expected {}, but found {}", list(&expected), list(&found)));
        }
    };
    compare("rules that speak", &case.expect.rules, verdict.reasons.iter().map(|r| r.rule.clone()).collect());
    let covered = decision.suppressed.iter().filter_map(|(index, _)| report.findings.get(*index)).map(|f| f.id.clone());
    compare("suppressed findings", &case.expect.suppressed, covered.collect());
    for wanted in &case.expect.messages {
        if !verdict.reasons.iter().any(|reason| reason.message.contains(wanted)) {
            let said: Vec<&str> = verdict.reasons.iter().map(|r| r.message.as_str()).collect();
            failures.push(format!("no reason says `{wanted}`; they say: {}", said.join(" | ")));
        }
    }
    CaseResult { name: case.name.clone(), failures, decision: Some(decision) }
}
