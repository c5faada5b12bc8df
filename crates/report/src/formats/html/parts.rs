use std::io::{self, Write};

use seawall_model::{Finding, Report, Severity};

use crate::text::{count, html, safe_url, share};
use crate::{RenderOptions, view};

/// The name and the facts of what was looked at.
pub(super) fn header(report: &Report, options: &RenderOptions, out: &mut dyn Write) -> io::Result<()> {
    let what = if options.sbom_only { "Inventory" } else { "Scan" };
    writeln!(
        out,
        "<header>\n<p class=\"kicker\">Seawall · {what}</p>\n<h1>{}</h1>\n<dl class=\"facts\">",
        html(&report.inventory.target.name)
    )?;
    let digest = report.inventory.target.manifest_digest.or(report.inventory.target.config_digest);
    let mut facts = vec![("Target", view::target(report)), ("System", view::system(report))];
    facts.push(("Packages", view::package_counts(report)));
    if !options.sbom_only {
        facts.push(("Advisories", view::database(report)));
    }
    facts.extend(digest.map(|d| ("Digest", d.to_string())));
    facts.extend(report.created.clone().map(|created| ("Scanned", created)));
    for (name, value) in facts {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", html(&value))?;
    }
    writeln!(out, "</dl>\n</header>")
}

/// The outcome and every reason.
pub(super) fn verdict(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let verdict = &report.verdict;
    let word = verdict.outcome.to_string();
    let shown = view::verdict(report);
    writeln!(
        out,
        "<section class=\"verdict {word}\" aria-labelledby=\"verdict\">\n<h2 id=\"verdict\"><span aria-hidden=\"true\">{}</span> {}</h2>",
        shown.0,
        html(&shown.1)
    )?;
    let line = view::nothing_found(report).unwrap_or_else(|| view::summary(report));
    writeln!(out, "<p>{}</p>", html(&line))?;
    if let Some(kinds) = view::not_looked_for(report) {
        writeln!(out, "<p>Not looked for: {}.</p>", html(&kinds))?;
    }
    if !verdict.reasons.is_empty() {
        writeln!(out, "<p>Policy <code>{}</code> says:</p>\n<ul class=\"reasons\">", html(&verdict.policy))?;
        for reason in &verdict.reasons {
            write!(
                out,
                "<li><strong>{} {}</strong> <code>{}</code> {}",
                view::sign(reason.outcome),
                reason.outcome,
                html(&reason.rule),
                html(&reason.message)
            )?;
            if !reason.subjects.is_empty() {
                let subjects = count(reason.subjects.len(), "subject", "subjects");
                write!(out, "<details><summary>{subjects}</summary><ul>")?;
                for subject in &reason.subjects {
                    write!(out, "<li><code>{}</code></li>", html(subject))?;
                }
                write!(out, "</ul></details>")?;
            }
            writeln!(out, "</li>")?;
        }
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</section>")
}

/// What to upgrade first.
pub(super) fn fix_plan(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let plan = &report.fix_plan;
    if plan.steps.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section aria-labelledby=\"plan\">\n<h2 id=\"plan\">Fix first</h2>\n<p>All steps together remove {} of the risk.</p>\n<ol class=\"plan\">",
        html(&share(plan.removes))
    )?;
    for step in &plan.steps {
        let from = if step.from.is_empty() { String::new() } else { format!(" {} →", html(&step.from)) };
        write!(out, "<li><strong>{}</strong>{from} {}. {}", html(&step.what), html(&step.to), html(&step.how))?;
        let removes = count(step.removes.len(), "finding", "findings");
        write!(out, "<details><summary>removes {removes}</summary><p>")?;
        let ids: Vec<String> = step.removes.iter().map(|id| html(id)).collect();
        writeln!(out, "{}</p></details></li>", ids.join(", "))?;
    }
    writeln!(out, "</ol>\n</section>")
}

/// What was not looked at.
pub(super) fn unknowns(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let unknowns = &report.inventory.unknowns;
    if unknowns.is_empty() {
        return Ok(());
    }
    let things = count(unknowns.len(), "thing", "things");
    writeln!(out, "<section aria-labelledby=\"unknowns\">\n<h2 id=\"unknowns\">Not looked at: {things}</h2>")?;
    writeln!(
        out,
        "<details{}><summary>Paths and reasons</summary>\n<ul>",
        if unknowns.len() <= 5 { " open" } else { "" }
    )?;
    for unknown in unknowns {
        writeln!(out, "<li><code>{}</code>: {}</li>", html(&unknown.path), html(&unknown.reason))?;
    }
    writeln!(out, "</ul>\n</details>\n</section>")
}

/// The findings that count, with the controls that the script brings to life.
pub(super) fn findings(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let total = report.visible().count();
    writeln!(out, "<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>")?;
    if let Some(hidden) = view::hidden(report) {
        writeln!(out, "<p>Not counted: {}.</p>", html(&hidden))?;
    }
    if total == 0 {
        writeln!(out, "<p>None.</p>\n</section>")?;
        return Ok(());
    }
    writeln!(
        out,
        "<div class=\"controls\" hidden>\n<label>Filter <input type=\"search\" id=\"filter\" autocomplete=\"off\" spellcheck=\"false\" placeholder=\"package, id, path, words\"></label>"
    )?;
    writeln!(out, "<div role=\"group\" aria-label=\"Severities shown\">")?;
    for (severity, number) in Severity::ALL.iter().zip(report.counts()).rev().filter(|(_, n)| *n > 0) {
        writeln!(
            out,
            "<button type=\"button\" class=\"toggle\" data-severity=\"{severity}\" aria-pressed=\"true\">{severity} {number}</button>"
        )?;
    }
    writeln!(
        out,
        "</div>\n<p id=\"shown\" role=\"status\" aria-live=\"polite\">{}</p>\n</div>",
        count(total, "finding", "findings")
    )?;
    table("findings-table", report.visible(), false, out)?;
    writeln!(out, "</section>")
}

/// The findings that do not count, and why.
pub(super) fn not_counted(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let total = view::not_visible(report).count();
    if total == 0 {
        return Ok(());
    }
    writeln!(out, "<section aria-labelledby=\"hidden\">\n<h2 id=\"hidden\">Not counted</h2>")?;
    writeln!(out, "<details><summary>{}</summary>", count(total, "finding", "findings"))?;
    table("hidden-table", view::not_visible(report), true, out)?;
    writeln!(out, "</details>\n</section>")
}

fn table<'a>(id: &str, findings: impl Iterator<Item = &'a Finding>, why: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of findings\">\n<table id=\"{id}\" class=\"findings\">\n<thead><tr>"
    )?;
    for (name, kind) in [
        ("Severity", "number"),
        ("Vulnerability", "text"),
        ("Package", "text"),
        ("Installed", "text"),
        ("Fixed", "text"),
        ("Risk", "number"),
        ("EPSS", "number"),
        (if why { "Why" } else { "About" }, "text"),
    ] {
        writeln!(out, "<th scope=\"col\" data-sort=\"{kind}\">{name}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for finding in findings {
        row(finding, why, out)?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>")
}

fn row(finding: &Finding, why: bool, out: &mut dyn Write) -> io::Result<()> {
    let severity = finding.severity;
    let rank = Severity::ALL.iter().position(|s| *s == severity).unwrap_or(0);
    let id = match view::link(finding) {
        Some(link) => format!("<a rel=\"noreferrer noopener\" href=\"{}\">{}</a>", html(&link), html(&finding.id)),
        None => html(&finding.id),
    };
    let exploited = if finding.enrichment.kev.is_some() { " <span class=\"mark\">known exploited</span>" } else { "" };
    let (name, version, fix) = match &finding.package {
        Some(package) => (html(&package.name), html(&package.version), html(&view::fix(&finding.fix))),
        None => (html(view::place(finding)), String::new(), String::new()),
    };
    let epss = finding.enrichment.epss.map(f64::from);
    writeln!(
        out,
        "<tr data-severity=\"{severity}\"><td data-value=\"{rank}\"><span class=\"severity {severity}\">{severity}</span></td>\
         <td>{id}{exploited}</td><th scope=\"row\">{name}</th><td>{version}</td><td>{fix}</td>\
         <td class=\"number\" data-value=\"{}\">{:.0}</td><td class=\"number\" data-value=\"{}\">{}</td><td class=\"about\">",
        finding.risk.score,
        finding.risk.score,
        epss.unwrap_or(-1.0),
        epss.map(|p| html(&share(p))).unwrap_or_default()
    )?;
    if why {
        write!(out, "<p>{}</p>", html(&view::why_not_counted(finding)))?;
    }
    let title = if finding.title.is_empty() { &finding.id } else { &finding.title };
    write!(out, "<details><summary>{}</summary>", html(title))?;
    details(finding, out)?;
    writeln!(out, "</details></td></tr>")
}

fn details(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<dl>")?;
    let mut line = |name: &str, value: String| -> io::Result<()> {
        if value.is_empty() { Ok(()) } else { write!(out, "<dt>{name}</dt><dd>{value}</dd>") }
    };
    line("What to do", html(&finding.remediation))?;
    line("Why", finding.reasons.iter().map(|r| html(r)).collect::<Vec<_>>().join("<br>"))?;
    line("Severity by", html(&finding.severity_source))?;
    line("Also known as", html(&finding.aliases.join(", ")))?;
    let mut place = finding.location.path.clone();
    if let Some(number) = finding.location.line {
        place.push_str(&format!(", line {number}"));
    }
    line("Found in", html(&place))?;
    let layer = finding.location.layer.map(|digest| match finding.location.layer_index {
        Some(index) => format!("{index} ({digest})"),
        None => digest.to_string(),
    });
    line("Layer", html(&layer.unwrap_or_default()))?;
    line("Instruction", html(finding.location.instruction.as_deref().unwrap_or_default()))?;
    let cvss = finding.enrichment.cvss.iter().map(|c| format!("{} {}", c.score, html(&c.vector)));
    line("CVSS", cvss.collect::<Vec<_>>().join("<br>"))?;
    line("Weaknesses", html(&finding.enrichment.cwes.join(", ")))?;
    if let Some(kev) = &finding.enrichment.kev {
        let ransomware = if kev.ransomware { ", used in ransomware campaigns" } else { "" };
        line("Exploited", format!("known since {}{ransomware}", html(&kev.added)))?;
    }
    let links = finding.enrichment.references.iter().filter_map(|r| safe_url(r)).map(|url| {
        let url = html(url);
        format!("<a rel=\"noreferrer noopener\" href=\"{url}\">{url}</a>")
    });
    line("Links", links.collect::<Vec<_>>().join("<br>"))?;
    write!(out, "</dl>")
}

/// The inventory.
pub(super) fn packages(report: &Report, open: bool, out: &mut dyn Write) -> io::Result<()> {
    let packages = &report.inventory.packages;
    writeln!(out, "<section aria-labelledby=\"packages\">\n<h2 id=\"packages\">Packages</h2>")?;
    writeln!(
        out,
        "<details{}><summary>{}</summary>",
        if open { " open" } else { "" },
        count(packages.len(), "package", "packages")
    )?;
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of packages\">\n<table id=\"packages-table\">\n<thead><tr>"
    )?;
    for name in ["Package", "Version", "Type", "Licence", "Found in"] {
        writeln!(out, "<th scope=\"col\" data-sort=\"text\">{name}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for package in packages {
        let places: Vec<String> = package.evidence.iter().take(3).map(|e| html(&e.path)).collect();
        let more = package.evidence.len().saturating_sub(places.len());
        let more = if more > 0 { format!("<br>and {more} more") } else { String::new() };
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}{more}</td></tr>",
            html(&package.name),
            html(&package.version),
            package.ecosystem,
            html(&package.licences.join(", ")),
            places.join("<br>")
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>\n</details>\n</section>")
}
