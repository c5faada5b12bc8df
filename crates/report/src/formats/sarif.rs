use std::collections::BTreeMap;
use std::io::{self, Write};

use seawall_model::{Finding, Report, Severity};

use crate::json::{Object, Value};
use crate::text::{clean, percent};
use crate::{Format, RenderOptions, identity, view};

/// SARIF 2.1.0, in the form that code hosts show well.
pub(crate) struct Sarif;

impl Format for Sarif {
    fn id(&self) -> &'static str {
        "sarif"
    }

    fn about(&self) -> &'static str {
        "SARIF 2.1.0, for code scanning pages; what does not count is there as suppressed"
    }

    fn specification(&self) -> &'static str {
        "https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"
    }

    fn media_type(&self) -> &'static str {
        "application/sarif+json"
    }

    fn file_extension(&self) -> &'static str {
        "sarif"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let findings: &[Finding] = if options.sbom_only { &[] } else { &report.findings };
        let rules = rules(findings);
        let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut seen = BTreeMap::new();
        let results: Vec<Object> = findings.iter().map(|f| result(report, f, &index, &mut seen)).collect();
        let driver = Object::new()
            .put("name", &report.tool.name)
            .put("semanticVersion", &report.tool.version)
            .put("rules", rules.values().map(|findings| rule(findings)).collect::<Vec<_>>());
        let notification = |level: &str, text: &str| {
            let message = Object::new().put("text", clean(text).as_ref());
            Object::new().put("level", level).put("message", message)
        };
        let unknowns = report.inventory.unknowns.iter();
        let mut notifications: Vec<Object> =
            unknowns.map(|u| notification("warning", &format!("not looked at: {}: {}", u.path, u.reason))).collect();
        if let Some(kinds) = view::not_looked_for(report).filter(|_| !options.sbom_only) {
            let level = if report.is_complete() { "note" } else { "warning" };
            notifications.push(notification(level, &format!("not looked for: {kinds}")));
        }
        let invocation =
            Object::new().put("executionSuccessful", true).put_filled("toolExecutionNotifications", notifications);
        let run = Object::new()
            .put("tool", Object::new().put("driver", driver))
            .put("invocations", vec![invocation])
            .put(
                "automationDetails",
                Object::new().put("id", format!("seawall/{}/", percent(&report.inventory.target.name, "/"))),
            )
            .put("results", results)
            .put("properties", properties(report, options));
        let document = Object::new()
            .put(
                "$schema",
                "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            )
            .put("version", "2.1.0")
            .put("runs", vec![run]);
        Value::from(document).write(out)
    }
}

fn properties(report: &Report, options: &RenderOptions) -> Object {
    let target = &report.inventory.target;
    let about = Object::new()
        .put("imageName", &target.name)
        .put_some("imageDigest", target.manifest_digest.map(|d| d.to_string()));
    if options.sbom_only {
        return about;
    }
    let verdict = crate::words::outcome(report.verdict.outcome);
    about.put("verdict", verdict).put("verdictComplete", report.is_complete()).put(
        "verdictReasons",
        report.verdict.reasons.iter().map(|r| format!("{}: {}", r.rule, r.message)).collect::<Vec<_>>(),
    )
}

/// Findings by id; an empty id is not allowed in a rule.
fn rules(findings: &[Finding]) -> BTreeMap<&str, Vec<&Finding>> {
    let mut rules: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        rules.entry(&finding.id).or_default().push(finding);
    }
    rules
}

fn rule(findings: &[&Finding]) -> Object {
    let Some(first) = findings.first() else { return Object::new() };
    // One rule has one severity: the worst that any package has from it.
    let worst = findings.iter().max_by_key(|f| f.severity).unwrap_or(first);
    let title = clean(if first.title.is_empty() { &first.id } else { &first.title });
    let mut tags = vec![first.kind.name().to_owned(), "security".to_owned(), worst.severity.name().to_uppercase()];
    tags.extend(first.enrichment.cwes.iter().map(|cwe| format!("external/cwe/{}", cwe.to_lowercase())));
    let advice = if first.remediation.is_empty() { "No fix is known yet." } else { &first.remediation };
    let properties = Object::new()
        .put_some("security-severity", security_severity(worst))
        .put("precision", "very-high")
        .put("tags", tags);
    Object::new()
        .put("id", &first.id)
        .put("name", pascal(first.kind.name()))
        .put("shortDescription", Object::new().put("text", title.as_ref()))
        .put("fullDescription", Object::new().put("text", title.as_ref()))
        .put_some("helpUri", view::link(first))
        .put("help", Object::new().put("text", clean(advice).as_ref()))
        .put("defaultConfiguration", Object::new().put("level", level(worst.severity)))
        .put("properties", properties)
}

fn pascal(kebab: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    kebab.split('-').map(word).collect()
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium | Severity::Unknown => "warning",
        Severity::Low | Severity::Negligible => "note",
    }
}

/// The number from which code hosts make a word: the score where it says the same as the severity, else the middle of
/// the severity's band, since a publisher's own severity outweighs a base score.
fn security_severity(finding: &Finding) -> Option<String> {
    let score = finding.enrichment.score.filter(|s| Severity::from_score(*s) == finding.severity);
    let number = score.or(match finding.severity {
        Severity::Critical => Some(9.5),
        Severity::High => Some(8.0),
        Severity::Medium => Some(5.5),
        Severity::Low => Some(2.0),
        Severity::Negligible => Some(0.1),
        Severity::Unknown => None,
    })?;
    Some(format!("{number:.1}"))
}

fn result(
    report: &Report,
    finding: &Finding,
    rules: &BTreeMap<&str, usize>,
    seen: &mut BTreeMap<String, usize>,
) -> Object {
    let fingerprint = identity::finding(finding);
    let place = seen.entry(fingerprint.clone()).or_default();
    *place += 1;
    let fingerprints = Object::new()
        .put("seawallFinding/v1", &fingerprint)
        .put("primaryLocationLineHash", format!("{}:{place}", fingerprint.chars().take(16).collect::<String>()));
    let suppression = match (&finding.suppressed, finding.unimportant && !report.show_all) {
        (None, false) => Vec::new(),
        _ => vec![
            Object::new()
                .put("kind", "external")
                .put("status", "accepted")
                .put("justification", view::why_not_counted(finding)),
        ],
    };
    let package = finding.package.as_ref();
    let properties = Object::new()
        .put("kind", finding.kind.name())
        .put("severity", finding.severity.name())
        .put("severitySource", &finding.severity_source)
        .put("risk", finding.risk.score)
        .put_some("purl", package.map(|p| &p.purl))
        .put_some("installedVersion", package.map(|p| &p.version))
        .put_filled("fixedVersions", &finding.fix.versions)
        .put("fixState", crate::words::fix_state(finding.fix.state))
        .put_some("epss", finding.enrichment.epss)
        .put("knownExploited", finding.enrichment.kev.is_some())
        .put_some("layer", finding.location.layer.map(|d| d.to_string()))
        .put_some("instruction", finding.location.instruction.as_ref())
        .put_filled("reasons", &finding.reasons);
    Object::new()
        .put("ruleId", &finding.id)
        .put_some("ruleIndex", rules.get(finding.id.as_str()).copied())
        .put("level", level(finding.severity))
        .put("message", Object::new().put("text", message(finding)))
        .put("locations", vec![location(report, finding)])
        .put("partialFingerprints", fingerprints)
        .put_filled("suppressions", suppression)
        .put("properties", properties)
}

fn message(finding: &Finding) -> String {
    let mut text = match &finding.package {
        Some(package) => format!("{} {}: {}", package.name, package.version, finding.title),
        None => finding.title.clone(),
    };
    if text.is_empty() {
        text.clone_from(&finding.id);
    }
    if finding.package.is_some() {
        text.push_str(&format!(" (severity {}, fix: {})", finding.severity, view::fix(&finding.fix)));
    }
    if !finding.remediation.is_empty() {
        text.push_str(&format!(" {}", finding.remediation));
    }
    // `[text](1)` in a SARIF message is a link to a location, `{0}` an argument.
    // Readers print it as it is, so it is made harmless here.
    clean(&text).replace('[', "\\[").replace(']', "\\]").replace('{', "{{").replace('}', "}}")
}

fn location(report: &Report, finding: &Finding) -> Object {
    let path = if finding.location.path.is_empty() { &report.inventory.target.name } else { &finding.location.path };
    let uri = percent(path.trim_start_matches('/'), "/!$&'()*+,;=@");
    // A first segment with a colon would read as a scheme, an empty one as the folder itself.
    let uri = if uri.is_empty() { "target".to_owned() } else { uri };
    let artifact = Object::new().put("uri", uri);
    let region = Object::new().put("startLine", finding.location.line.unwrap_or(1).max(1));
    let logical = finding
        .package
        .iter()
        .map(|p| Object::new().put("name", &p.name).put("fullyQualifiedName", &p.purl).put("kind", "package"));
    Object::new()
        .put("physicalLocation", Object::new().put("artifactLocation", artifact).put("region", region))
        .put_filled("logicalLocations", logical.collect::<Vec<_>>())
}
