use std::collections::HashMap;
use std::io::{self, Write};

use seawall_model::{Finding, Report, Severity};

use crate::json::{Object, Value};
use crate::text::{clean, safe_url};
use crate::{Format, RenderOptions, identity, time, view};

/// The version of GitLab's report schemas that this follows.
const SCHEMA: &str = "15.0.7";

/// GitLab's container scanning report. What does not count is told in a message: GitLab has no field for it.
pub(crate) struct Gitlab;

impl Format for Gitlab {
    fn id(&self) -> &'static str {
        "gitlab"
    }

    fn about(&self) -> &'static str {
        "GitLab container scanning report, for merge requests and the vulnerability page"
    }

    fn specification(&self) -> &'static str {
        "https://gitlab.com/gitlab-org/security-products/security-report-schemas"
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    fn file_extension(&self) -> &'static str {
        "gl.json"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut vulnerabilities = Vec::new();
        if !options.sbom_only {
            for finding in report.visible() {
                let fingerprint = identity::finding(finding);
                let place = seen.entry(fingerprint.clone()).or_default();
                vulnerabilities.push(vulnerability(report, finding, &identity::finding_uuid(&fingerprint, *place)));
                *place += 1;
            }
        }
        let document = Object::new()
            .put("version", SCHEMA)
            .put("scan", scan(report, options))
            .put("vulnerabilities", vulnerabilities)
            .put("remediations", Vec::<Object>::new());
        Value::from(document).write(out)
    }
}

fn scan(report: &Report, options: &RenderOptions) -> Object {
    let tool = || {
        Object::new()
            .put("id", filled(&report.tool.name, "seawall"))
            .put("name", "Seawall")
            .put("vendor", Object::new().put("name", "Seawall"))
            .put("version", filled(&report.tool.version, "0"))
    };
    let time = time::document(report);
    let time = time.trim_end_matches('Z');
    let message = |level: &str, text: String| Object::new().put("level", level).put("value", text);
    let mut messages = Vec::new();
    if !options.sbom_only {
        messages.extend(view::hidden(report).map(|hidden| message("info", format!("not listed: {hidden}"))));
        let level = if report.is_complete() { "info" } else { "warn" };
        messages.extend(view::not_looked_for(report).map(|kinds| message(level, format!("not looked for: {kinds}"))));
        messages.push(message(level, format!("verdict: {}", view::verdict(report).1.to_lowercase())));
    }
    let unknowns = &report.inventory.unknowns;
    messages.extend(unknowns.iter().map(|u| message("warn", format!("not looked at: {}: {}", u.path, u.reason))));
    Object::new()
        .put("analyzer", tool())
        .put("scanner", tool())
        .put("type", "container_scanning")
        .put("start_time", time)
        .put("end_time", time)
        .put("status", "success")
        .put_filled("messages", messages)
}

fn filled(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.to_owned() }
}

fn vulnerability(report: &Report, finding: &Finding, id: &str) -> Object {
    let mut about = vec![finding.title.clone()];
    about.extend(finding.reasons.iter().cloned());
    about.retain(|line| !line.is_empty());
    let links =
        finding.enrichment.references.iter().filter_map(|r| safe_url(r)).map(|url| Object::new().put("url", url));
    Object::new()
        .put("id", id)
        .put("name", cut(&filled(&finding.title, &finding.id), 255))
        .put("description", cut(&about.join("\n"), 1_000_000))
        .put("severity", severity(finding.severity))
        .put_filled("solution", cut(&finding.remediation, 7000))
        .put("identifiers", identifiers(finding))
        .put_filled("links", links.collect::<Vec<_>>())
        .put("location", location(report, finding))
}

fn cut(text: &str, characters: usize) -> String {
    clean_lines(text).chars().take(characters).collect()
}

/// Every line harmless, the line ends kept.
fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "Unknown",
        Severity::Negligible => "Info",
        Severity::Low => "Low",
        Severity::Medium => "Medium",
        Severity::High => "High",
        Severity::Critical => "Critical",
    }
}

fn identifiers(finding: &Finding) -> Vec<Object> {
    let identifier = |id: &str, url: Option<String>| {
        let family = id.split('-').next().unwrap_or_default().to_lowercase();
        let family = if matches!(family.as_str(), "cve" | "ghsa" | "usn" | "rhsa" | "osvdb") {
            family
        } else {
            "seawall".to_owned()
        };
        Object::new().put("type", family).put("name", id).put("value", id).put_some("url", url)
    };
    let mut list = vec![identifier(&filled(&finding.id, "unknown"), view::link(finding))];
    list.extend(finding.aliases.iter().filter(|a| !a.is_empty()).map(|alias| identifier(alias, view::id_link(alias))));
    let cwes = finding.enrichment.cwes.iter().filter_map(|cwe| Some((cwe, cwe.strip_prefix("CWE-")?)));
    list.extend(cwes.filter(|(_, n)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())).map(|(cwe, number)| {
        let url = format!("https://cwe.mitre.org/data/definitions/{number}.html");
        Object::new().put("type", "cwe").put("name", cwe).put("value", number).put("url", url)
    }));
    list
}

fn location(report: &Report, finding: &Finding) -> Object {
    let (name, version) = match &finding.package {
        Some(package) => (package.name.as_str(), package.version.as_str()),
        None => (view::place(finding), ""),
    };
    let package = Object::new().put("name", name);
    let system = report.inventory.os.as_ref().map(|os| format!("{} {}", os.id, os.version_id).trim().to_owned());
    let target = &report.inventory.target;
    Object::new()
        .put("dependency", Object::new().put("package", package).put("version", version))
        .put("operating_system", filled(&system.unwrap_or_default(), "unknown"))
        .put("image", filled(target.tags.first().unwrap_or(&target.name), "unknown"))
}
