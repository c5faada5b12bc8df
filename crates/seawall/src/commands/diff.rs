//! `seawall diff`.

use anyhow::{Result, bail};
use seawall_model::{Outcome, Report};
use seawall_report::ReportDiff;

use super::judge::{self, Judging};
use super::{outputs, target};
use crate::Exit;
use crate::cli::DiffArgs;
use crate::printer::{self, Printer};
use crate::progress::Line;

pub(crate) fn run(arguments: &DiffArgs, printer: &Printer) -> Result<Exit> {
    let outputs = outputs::parse(&arguments.output, "table");
    for output in &outputs {
        if !matches!(output.format.as_str(), "table" | "json" | "markdown") {
            bail!("`{}` is not a format of a diff\nhint: table, json, markdown", output.format);
        }
    }
    let judging = Judging::load(&arguments.judge, &arguments.gate, printer)?;
    let report = |text: &str| -> Result<Report> {
        let progress = Line::new(printer.shows_progress());
        let inventory = target::inventory(text, &arguments.read, printer, &progress)?;
        judging.judge(inventory, false, false, &progress)
    };
    let (old, new) = (report(&arguments.old)?, report(&arguments.new)?);
    let diff = ReportDiff::between(&old, &new);
    for output in &outputs {
        let options = seawall_report::RenderOptions {
            width: output.file.is_none().then(printer::width).flatten(),
            colour: output.file.is_none() && printer::colour(),
            sbom_only: false,
        };
        let mut bytes = Vec::new();
        match output.format.as_str() {
            "json" => diff.write_json(&mut bytes)?,
            "markdown" => diff.write_markdown(&mut bytes)?,
            _ => diff.write_table(&options, &mut bytes)?,
        }
        match &output.file {
            Some(path) => outputs::to_file(path, &mut |out| out.write_all(&bytes))?,
            None => outputs::stdout(&bytes)?,
        }
    }
    Ok(gate(&judging, &new, &diff, printer))
}

/// The policy speaks over what is new only: what was there before is not this change's fault.
fn gate(judging: &Judging, new: &Report, diff: &ReportDiff<'_>, printer: &Printer) -> Exit {
    let mut only_new = new.clone();
    only_new.findings = diff.new_findings.iter().map(|f| (*f).clone()).collect();
    let verdict = judging.decide(&only_new);
    only_new.verdict = verdict;
    for reason in only_new.verdict.reasons.iter().filter(|r| r.outcome == Outcome::Deny) {
        printer.note(&format!("deny: {}: {}", reason.rule, reason.message));
    }
    judge::exit(&only_new)
}
