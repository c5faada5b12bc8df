//! `seawall explain`.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use seawall_advisory::{AdvisoryIndex, Database};
use seawall_model::{Finding, Report};

use super::judge::Judging;
use super::{outputs, target};
use crate::Exit;
use crate::cli::{ExplainArgs, GateArgs};
use crate::printer::Printer;
use crate::progress::Line;

pub(crate) fn run(arguments: &ExplainArgs, printer: &Printer) -> Result<Exit> {
    // Every kind is judged: what a gate leaves out would read as not applying.
    let judging = Judging::load(&arguments.judge, &GateArgs::default(), printer)?;
    let Some(database) = &judging.database else {
        bail!("explaining needs an advisory database\nhint: give --db FILE, or run seawall db update");
    };
    let id = match arguments.id.trim() {
        // The field writes CVE ids in capitals; people do not always.
        cve if cve.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("cve-")) => cve.to_uppercase(),
        other => other.to_owned(),
    };
    let id = id.as_str();
    let report = {
        let progress = Line::new(printer.shows_progress());
        let inventory = target::inventory(&arguments.target, &arguments.read, printer, &progress)?;
        judging.judge(inventory, true, false, &progress)?
    };
    let ids = |f: &Finding| [&f.id, &f.advisory].into_iter().chain(&f.aliases).any(|i| i.eq_ignore_ascii_case(id));
    let found: Vec<&Finding> = report.findings.iter().filter(|f| ids(f)).collect();
    let mut out = String::new();
    if found.is_empty() {
        let mentions: Vec<AdvisoryIndex> = database.by_id(id)?.collect();
        if mentions.is_empty() {
            let info = database.info()?;
            bail!(
                "{id} is not known to this database, so there is no saying whether it applies ({} advisories, newest of \
                 {})\nhint: check the id; seawall db status says what the database holds, seawall db update renews it",
                info.counts.advisories,
                if info.newest.is_empty() { "no stated date" } else { &info.newest }
            );
        }
        absent(&mut out, id, &mentions, database, &report)?;
    }
    for finding in &found {
        applies(&mut out, finding);
    }
    let clean: String = out.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    outputs::stdout(clean.as_bytes())?;
    Ok(if found.iter().any(|f| f.suppressed.is_none()) {
        Exit::Deny
    } else if found.is_empty() && !report.is_complete() {
        Exit::Incomplete
    } else {
        Exit::Allow
    })
}

fn applies(out: &mut String, f: &Finding) {
    let package = f.package.as_ref().map_or_else(String::new, |p| format!(" in {}", p.purl));
    let _ = writeln!(out, "{} applies{package}", f.id);
    let _ = writeln!(out, "  {}", f.title);
    let _ = writeln!(out, "  severity    {} (says {})", f.severity, f.severity_source);
    if let Some(score) = f.enrichment.score {
        let _ = writeln!(out, "  CVSS        {score}");
    }
    if let (Some(score), Some(percentile)) = (f.enrichment.epss, f.enrichment.epss_percentile) {
        let (percent, rank) = (f64::from(score) * 100.0, f64::from(percentile) * 100.0);
        let _ = writeln!(out, "  EPSS        {percent:.2} % in 30 days, higher than {rank:.0} % of all");
    }
    if let Some(kev) = &f.enrichment.kev {
        let _ = writeln!(out, "  exploited   known since {}", kev.added);
    }
    let _ = writeln!(out, "  risk        {:.1} of 100", f.risk.score);
    if !f.location.path.is_empty() {
        let _ = writeln!(out, "  where       {}", f.location.path);
    }
    if let Some(index) = f.location.layer_index {
        let instruction = f.location.instruction.as_deref().unwrap_or("no instruction is known");
        let _ = writeln!(out, "  layer       {} ({instruction})", index + 1);
    }
    for reason in &f.reasons {
        let _ = writeln!(out, "  because     {reason}");
    }
    if let Some(s) = &f.suppressed {
        let _ = writeln!(out, "  suppressed  by {} of {}: {}", s.by, s.author, s.statement);
    }
    let _ = writeln!(out, "  to do       {}", f.remediation);
    for link in f.enrichment.references.iter().take(3) {
        let _ = writeln!(out, "  see         {link}");
    }
    out.push('\n');
}

/// Why it does not apply: which of its packages the target has, in which version, or that it has none of them.
fn absent(out: &mut String, id: &str, mentions: &[AdvisoryIndex], database: &Database, report: &Report) -> Result<()> {
    let _ = writeln!(out, "{id} does not apply to {}", target::describe(&report.inventory));
    let mut present = Vec::new();
    let mut named = 0;
    for index in mentions {
        for affecting in database.advisory_affected(*index)? {
            named += 1;
            for package in &report.inventory.packages {
                let source = package.source.as_ref().map(|s| s.name.as_str());
                if package.name == affecting.name || source == Some(affecting.name) {
                    present.push(format!("{} {} ({})", package.name, package.version, affecting.stream));
                }
            }
        }
    }
    present.sort();
    present.dedup();
    if present.is_empty() {
        let _ = writeln!(out, "  none of the {named} package entries that its advisories name is in the target");
    }
    for line in present.iter().take(20) {
        let _ = writeln!(out, "  present, but not in an affected version or stream: {line}");
    }
    let unknowns = &report.inventory.unknowns;
    if !unknowns.is_empty() {
        let parts = if unknowns.len() == 1 { "1 part".to_owned() } else { format!("{} parts", unknowns.len()) };
        let _ = writeln!(out, "  but {parts} of the target could not be read, so this is not the whole answer:");
    }
    for unknown in unknowns.iter().take(5) {
        let _ = writeln!(out, "    {}: {}", unknown.path, unknown.reason);
    }
    Ok(())
}
