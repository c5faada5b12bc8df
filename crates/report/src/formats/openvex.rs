use std::io::{self, Write};

use seawall_model::{Finding, FindingKind, FixState, Report};

use crate::json::Object;
use crate::json::Value;
use crate::{Format, RenderOptions, identity, time, view};

/// OpenVEX 0.2.0. It speaks of vulnerabilities only: secrets, settings and the like are not its subject. A document
/// without a vulnerability has an empty list of statements, although the schema wants at least one: a clean image must
/// not fail to render, and there is nothing true to say.
pub(crate) struct OpenVex;

impl Format for OpenVex {
    fn id(&self) -> &'static str {
        "openvex"
    }

    fn about(&self) -> &'static str {
        "OpenVEX 0.2.0: what is affected and what to do, what is not and why"
    }

    fn specification(&self) -> &'static str {
        "https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md"
    }

    fn media_type(&self) -> &'static str {
        "application/vex+json; version=0.2.0"
    }

    fn file_extension(&self) -> &'static str {
        "openvex.json"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let mut statements: Vec<Value> = Vec::new();
        if !options.sbom_only {
            let target = identity::target(&report.inventory.target);
            let mut seen = std::collections::HashSet::new();
            for finding in report.findings.iter().filter(|f| f.kind == FindingKind::Vulnerability) {
                let statement = Value::from(statement(finding, &target));
                let mut bytes = Vec::new();
                statement.write(&mut bytes)?;
                // The same package in two places is one statement: the schema wants them unique.
                if seen.insert(bytes) {
                    statements.push(statement);
                }
            }
        }
        let tool = format!("{} {}", report.tool.name, report.tool.version);
        let document = Object::new()
            .put("@context", "https://openvex.dev/ns/v0.2.0")
            .put("@id", format!("urn:uuid:{}", identity::document(self.id(), report, options)))
            .put("author", &report.tool.name)
            .put("role", "Scanner")
            .put("timestamp", time::document(report))
            .put("version", 1_u32)
            .put("tooling", tool)
            .put("statements", statements);
        Value::from(document).write(out)
    }
}

fn statement(finding: &Finding, target: &str) -> Object {
    let identifiers = |purl: &str| Object::new().put("purl", purl);
    let mut product = Object::new().put("@id", target);
    if target.starts_with("pkg:") {
        product = product.put("identifiers", identifiers(target));
    }
    if let Some(package) = &finding.package {
        let part = Object::new().put("@id", &package.purl).put("identifiers", identifiers(&package.purl));
        product = product.put("subcomponents", vec![part]);
    }
    let mut aliases = finding.aliases.clone();
    aliases.dedup();
    let vulnerability = Object::new()
        .put_some("@id", view::link(finding))
        .put("name", &finding.id)
        .put_filled("description", &finding.title)
        .put_filled("aliases", &aliases);
    let statement = Object::new().put("vulnerability", vulnerability).put("products", vec![product]);
    let notes = finding.reasons.join("; ");
    let statement = match &finding.suppressed {
        Some(by) if by.by == "vex" => {
            let why = view::why_not_counted(finding);
            if by.statement.to_lowercase().starts_with("fixed") {
                return statement.put("status", "fixed").put("status_notes", why);
            }
            return statement
                .put("status", "not_affected")
                .put_some("justification", justification(&by.statement))
                .put("impact_statement", why);
        }
        Some(_) => {
            let accepted = format!("accepted by {}", view::why_not_counted(finding));
            return statement
                .put("status", "affected")
                .put_filled("status_notes", notes)
                .put("action_statement", accepted);
        }
        None => statement,
    };
    match finding.fix.state {
        FixState::UnderInvestigation => {
            statement.put("status", "under_investigation").put_filled("status_notes", notes)
        }
        FixState::NotAffected => {
            let why = if notes.is_empty() { "the publisher says that it is not affected".to_owned() } else { notes };
            statement.put("status", "not_affected").put("impact_statement", why)
        }
        FixState::Fixed | FixState::Affected | FixState::WontFix | FixState::Deferred => {
            let action = if finding.remediation.is_empty() { "no fix is known yet" } else { &finding.remediation };
            statement.put("status", "affected").put_filled("status_notes", notes).put("action_statement", action)
        }
    }
}

/// The justification word that a statement contains.
fn justification(statement: &str) -> Option<&'static str> {
    [
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    ]
    .into_iter()
    .find(|word| statement.contains(word))
}
