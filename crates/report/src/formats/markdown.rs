use std::io::{self, Write};

use seawall_model::{Finding, Report};

use crate::text::{count, markdown, markdown_code, share};
use crate::{Format, RenderOptions, view};

/// Findings in the table: the comment of a pull request has room for 65,536 characters.
const FINDINGS: usize = 50;

/// Steps of the fix plan.
const STEPS: usize = 5;

/// Things that were not looked at, and subjects of a rule.
const LINES: usize = 10;

/// Markdown for the comment of a pull or merge request.
pub(crate) struct Markdown;

impl Format for Markdown {
    fn id(&self) -> &'static str {
        "markdown"
    }

    fn about(&self) -> &'static str {
        "Markdown for the comment of a pull request: verdict, counts, fix plan, the worst findings"
    }

    fn specification(&self) -> &'static str {
        "https://github.github.com/gfm/"
    }

    fn media_type(&self) -> &'static str {
        "text/markdown; charset=utf-8; variant=GFM"
    }

    fn file_extension(&self) -> &'static str {
        "md"
    }

    fn render(&self, report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
        if options.sbom_only {
            return packages(report, out);
        }
        let (sign, word) = view::verdict(report);
        writeln!(out, "## {sign} Seawall: {word}\n")?;
        writeln!(out, "{}, {}\n", markdown_code(&report.inventory.target.name), markdown(&view::system(report)))?;
        counts(report, out)?;
        reasons(report, out)?;
        fix_plan(report, out)?;
        findings(report, out)?;
        unknowns(report, out)?;
        writeln!(
            out,
            "<sub>{} {}, {}</sub>",
            markdown(&report.tool.name),
            markdown(&report.tool.version),
            markdown(&view::database(report))
        )
    }
}

fn packages(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## Packages of {}\n", markdown_code(&report.inventory.target.name))?;
    writeln!(out, "| Package | Version | Type | Licence |\n| --- | --- | --- | --- |")?;
    for package in &report.inventory.packages {
        let licences: Vec<String> = package.licences.iter().map(|l| markdown(l)).collect();
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            markdown_code(&package.name),
            markdown_code(&package.version),
            package.ecosystem,
            licences.join(", ")
        )?;
    }
    writeln!(out)?;
    unknowns(report, out)
}

fn counts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    match view::nothing_found(report) {
        Some(nothing) => writeln!(out, "**{}**\n", markdown(&nothing))?,
        None => {
            let counts = report.counts();
            let columns = seawall_model::Severity::ALL.iter().zip(counts).rev().filter(|(_, n)| *n > 0);
            let columns: Vec<(String, usize)> = columns.map(|(s, n)| (s.to_string(), n)).collect();
            let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
            writeln!(out, "{}", line(columns.iter().map(|(name, _)| name.clone()).collect()))?;
            writeln!(out, "{}", line(columns.iter().map(|_| "---:".to_owned()).collect()))?;
            writeln!(out, "{}\n", line(columns.iter().map(|(_, n)| n.to_string()).collect()))?;
            writeln!(out, "{}\n", markdown(&view::summary(report)))?;
        }
    }
    if let Some(hidden) = view::hidden(report) {
        writeln!(out, "Not counted: {}.\n", markdown(&hidden))?;
    }
    match view::not_looked_for(report) {
        Some(kinds) => writeln!(out, "Not looked for: {}.\n", markdown(&kinds)),
        None => Ok(()),
    }
}

fn reasons(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let verdict = &report.verdict;
    if verdict.reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Verdict by policy {}\n", markdown_code(&verdict.policy))?;
    for reason in &verdict.reasons {
        let mark = view::sign(reason.outcome);
        writeln!(
            out,
            "- {mark} **{}** {}: {}",
            reason.outcome,
            markdown_code(&reason.rule),
            markdown(&reason.message)
        )?;
        for subject in reason.subjects.iter().take(LINES) {
            writeln!(out, "  - {}", markdown_code(subject))?;
        }
        if reason.subjects.len() > LINES {
            writeln!(out, "  - and {} more", reason.subjects.len() - LINES)?;
        }
    }
    writeln!(out)
}

fn fix_plan(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let plan = &report.fix_plan;
    if plan.steps.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Fix first\n\nAll steps together remove {} of the risk.\n", markdown(&share(plan.removes)))?;
    for (place, step) in plan.steps.iter().take(STEPS).enumerate() {
        let from = if step.from.is_empty() { String::new() } else { format!(" {} →", markdown_code(&step.from)) };
        let removes = count(step.removes.len(), "finding", "findings");
        let what = markdown_code(&step.what);
        writeln!(
            out,
            "{}. {what}{from} {}: removes {removes}. {}",
            place + 1,
            markdown_code(&step.to),
            markdown(&step.how)
        )?;
    }
    if plan.steps.len() > STEPS {
        writeln!(out, "\nand {}", count(plan.steps.len() - STEPS, "more step", "more steps"))?;
    }
    writeln!(out)
}

fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let total = report.visible().count();
    if total == 0 {
        return Ok(());
    }
    let title = if total > FINDINGS {
        format!("The {FINDINGS} worst of {total} findings")
    } else {
        count(total, "finding", "findings")
    };
    writeln!(out, "<details>\n<summary>{title}</summary>\n")?;
    writeln!(
        out,
        "| Severity | Vulnerability | Package | Installed | Fixed | Risk | |\n| --- | --- | --- | --- | --- | ---: | --- |"
    )?;
    for finding in report.visible().take(FINDINGS) {
        row(finding, out)?;
    }
    writeln!(out, "\n</details>\n")
}

fn row(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (name, version) = match &finding.package {
        Some(package) => (markdown_code(&package.name), markdown_code(&package.version)),
        None => (markdown_code(view::place(finding)), String::new()),
    };
    let id = match view::link(finding) {
        // Angle brackets would hold more, but the address is already free of anything that ends it.
        Some(link) => {
            format!("[{}]({})", markdown(&finding.id), link.replace('(', "%28").replace(')', "%29").replace('|', "%7C"))
        }
        None => markdown(&finding.id),
    };
    let mut marks = String::new();
    if finding.enrichment.kev.is_some() {
        marks.push_str("**known to be exploited** ");
    }
    let fix = if finding.package.is_some() { markdown(&view::fix(&finding.fix)) } else { String::new() };
    let title: String = finding.title.chars().take(120).collect();
    writeln!(
        out,
        "| {} | {id} | {name} | {version} | {fix} | {:.0} | {marks}{} |",
        finding.severity,
        finding.risk.score,
        markdown(&title)
    )
}

fn unknowns(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let unknowns = &report.inventory.unknowns;
    if unknowns.is_empty() {
        return Ok(());
    }
    let things = count(unknowns.len(), "thing", "things");
    writeln!(out, "<details>\n<summary>Not looked at: {things}</summary>\n")?;
    for unknown in unknowns.iter().take(LINES) {
        writeln!(out, "- {}: {}", markdown_code(&unknown.path), markdown(&unknown.reason))?;
    }
    if unknowns.len() > LINES {
        writeln!(out, "- and {} more", unknowns.len() - LINES)?;
    }
    writeln!(out, "\n</details>\n")
}
