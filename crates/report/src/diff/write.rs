use std::io::{self, Write};

use seawall_model::{Finding, Severity};

use super::{PackageChange, ReportDiff};
use crate::json::{Object, Value};
use crate::text::{bytes, clean, count, markdown, markdown_code, wrap};
use crate::{RenderOptions, view, words};

impl ReportDiff<'_> {
    /// Writes it as text for people.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write_table(&self, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        let columns = options.width.map_or(usize::MAX, |width| width.clamp(40, 400));
        let mut line = |indent: usize, text: &str| -> io::Result<()> {
            for (place, part) in wrap(text, columns.saturating_sub(indent + 2)).iter().enumerate() {
                let indent = if place == 0 { indent } else { indent + 2 };
                writeln!(out, "{:indent$}{part}", "")?;
            }
            Ok(())
        };
        line(0, &format!("Old  {}", view::target(self.old)))?;
        line(0, &format!("New  {}", view::target(self.new)))?;
        for text in self.size_lines() {
            line(0, &text)?;
        }
        for text in self.gaps() {
            line(0, &text)?;
        }
        line(0, "")?;
        if self.is_empty() {
            return line(0, "Nothing differs.");
        }
        line(0, &self.summary())?;
        for (title, sign, findings) in
            [("New findings", '+', &self.new_findings), ("Gone findings", '-', &self.gone_findings)]
        {
            if !findings.is_empty() {
                line(0, "")?;
                line(0, &format!("{title}: {}", severities(findings)))?;
            }
            for finding in findings {
                line(2, &format!("{sign} {}", clean(&finding_line(finding))))?;
            }
        }
        if !self.packages.is_empty() {
            line(0, "")?;
            line(0, &format!("Packages: {}", self.package_summary()))?;
        }
        for change in &self.packages {
            line(2, &clean(&package_line(change)))?;
        }
        if !self.configuration.is_empty() {
            line(0, "")?;
            line(0, &format!("Configuration: {}", count(self.configuration.len(), "change", "changes")))?;
        }
        for change in &self.configuration {
            let none = "(none)";
            let (old, new) = (change.old.as_deref().unwrap_or(none), change.new.as_deref().unwrap_or(none));
            line(2, &clean(&format!("~ {}: {old} → {new}", change.setting)))?;
        }
        Ok(())
    }

    /// Writes it as JSON: `{"schemaVersion":1,"old":…,"new":…,"findings":{"new":[…],"gone":[…],"unchanged":N},…}`;
    /// docs/reference/diff.schema.json says the shape.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let finding = |finding: &&Finding| {
            Object::new()
                .put("id", &finding.id)
                .put("kind", finding.kind.name())
                .put("severity", finding.severity.name())
                .put("title", &finding.title)
                .put_some("purl", finding.package.as_ref().map(|p| &p.purl))
                .put_filled("path", &finding.location.path)
                .put_filled("fixedVersions", &finding.fix.versions)
                .put("risk", finding.risk.score)
        };
        let side = |report: &seawall_model::Report| {
            let target = &report.inventory.target;
            Object::new()
                .put("kind", target.kind.prefix())
                .put("name", &target.name)
                .put_some("manifestDigest", target.manifest_digest.map(|d| d.to_string()))
                .put_some("size", target.size)
                .put("verdict", words::outcome(report.verdict.outcome))
                .put("complete", report.is_complete())
                .put("unknowns", report.inventory.unknowns.len())
        };
        let findings = Object::new()
            .put("new", self.new_findings.iter().map(finding).collect::<Vec<_>>())
            .put("gone", self.gone_findings.iter().map(finding).collect::<Vec<_>>())
            .put("unchanged", self.unchanged_findings.len());
        let packages = self.packages.iter().map(|change| {
            Object::new()
                .put("ecosystem", change.ecosystem)
                .put("name", &change.name)
                .put("old", &change.old)
                .put("new", &change.new)
        });
        let configuration = self.configuration.iter().map(|change| {
            Object::new()
                .put("setting", &change.setting)
                .put("old", change.old.as_deref())
                .put("new", change.new.as_deref())
        });
        let (came, went, kept) = self.layers();
        let layers = Object::new().put("new", came).put("gone", went).put("unchanged", kept);
        let document = Object::new()
            .put("schemaVersion", 1_u32)
            .put("old", side(self.old))
            .put("new", side(self.new))
            .put("findings", findings)
            .put("packages", packages.collect::<Vec<_>>())
            .put("configuration", configuration.collect::<Vec<_>>())
            .put("layers", layers)
            .put("notLookedFor", self.new.not_looked_for.iter().map(crate::json::not_looked_for).collect::<Vec<_>>());
        Value::from(document).write(out)
    }

    /// Writes it as Markdown for a comment.
    ///
    /// # Errors
    /// Only those of `out`.
    pub fn write_markdown(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "## What changed\n")?;
        writeln!(out, "{} → {}\n", markdown(&view::target(self.old)), markdown(&view::target(self.new)))?;
        let gaps = self.gaps();
        for text in &gaps {
            writeln!(out, "- {}", markdown(text))?;
        }
        if !gaps.is_empty() {
            writeln!(out)?;
        }
        if self.is_empty() {
            return writeln!(out, "Nothing differs.");
        }
        writeln!(out, "**{}**\n", markdown(&self.summary()))?;
        for text in self.size_lines() {
            writeln!(out, "- {}", markdown(&text))?;
        }
        for (title, findings) in [("New findings", &self.new_findings), ("Gone findings", &self.gone_findings)] {
            details(out, &format!("{title}: {}", findings.len()), findings.iter().map(|f| finding_line(f)))?;
        }
        details(out, &format!("Packages: {}", self.package_summary()), self.packages.iter().map(package_line))?;
        let configuration = self.configuration.iter().map(|change| {
            let none = "(none)";
            let (old, new) = (change.old.as_deref().unwrap_or(none), change.new.as_deref().unwrap_or(none));
            format!("{}: {old} → {new}", change.setting)
        });
        details(out, &format!("Configuration: {}", count(self.configuration.len(), "change", "changes")), configuration)
    }

    fn summary(&self) -> String {
        format!(
            "{} ({}), {} gone ({}), {} unchanged",
            count(self.new_findings.len(), "new finding", "new findings"),
            severities(&self.new_findings),
            self.gone_findings.len(),
            severities(&self.gone_findings),
            self.unchanged_findings.len()
        )
        .replace(" ()", "")
    }

    fn package_summary(&self) -> String {
        let number = |test: fn(&PackageChange) -> bool| self.packages.iter().filter(|c| test(c)).count();
        format!(
            "{} added, {} removed, {} changed",
            number(|c| c.old.is_empty()),
            number(|c| c.new.is_empty()),
            number(|c| !c.old.is_empty() && !c.new.is_empty())
        )
    }

    /// What the comparison could not see, so that no difference and not looked at never look alike.
    fn gaps(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let unread = |report: &seawall_model::Report| report.inventory.unknowns.len();
        let (old, new) = (unread(self.old), unread(self.new));
        if old + new > 0 {
            lines.push(format!(
                "Not looked at: {} in old, {} in new",
                count(old, "thing", "things"),
                count(new, "thing", "things")
            ));
        }
        lines.extend(view::not_looked_for(self.new).map(|kinds| format!("Not looked for: {kinds}")));
        lines
    }

    fn size_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(old), Some(new)) = (self.old.inventory.target.size, self.new.inventory.target.size)
            && old != new
        {
            let (sign, difference) = if new > old { ('+', new - old) } else { ('-', old - new) };
            lines.push(format!("Size {} → {} ({sign}{})", bytes(old), bytes(new), bytes(difference)));
        }
        let (came, went, kept) = self.layers();
        if came + went > 0 {
            lines.push(format!("Layers: {came} new, {went} gone, {kept} unchanged"));
        }
        lines
    }
}

fn severities(findings: &[&Finding]) -> String {
    let mut counts = [0; 6];
    for finding in findings {
        for (slot, severity) in counts.iter_mut().zip(Severity::ALL) {
            *slot += usize::from(severity == finding.severity);
        }
    }
    view::severities(&counts)
}

fn finding_line(finding: &Finding) -> String {
    let subject = match &finding.package {
        Some(package) => format!("{} {}", package.name, package.version),
        None => view::place(finding).to_owned(),
    };
    let fix = if view::has_fix(finding) { format!(", fixed in {}", view::fix(&finding.fix)) } else { String::new() };
    let exploited = if finding.enrichment.kev.is_some() { ", known to be exploited" } else { "" };
    format!("{} {} in {subject}{fix}{exploited}", finding.severity, finding.id)
}

fn package_line(change: &PackageChange) -> String {
    let sign = match (change.old.is_empty(), change.new.is_empty()) {
        (true, _) => '+',
        (_, true) => '-',
        _ => '~',
    };
    let arrow = if sign == '~' { " → " } else { "" };
    format!("{sign} {} {} {}{arrow}{}", change.ecosystem, change.name, change.old.join(", "), change.new.join(", "))
}

/// A folded list; nothing where it is empty.
fn details(out: &mut dyn Write, title: &str, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "\n<details>\n<summary>{}</summary>\n", crate::text::html(title))?;
    for line in lines {
        writeln!(out, "- {}", markdown_code(&line))?;
    }
    writeln!(out, "\n</details>")
}
